"""Stops a sweep in which one error ends trial after trial: the rest of the budget would go the same way."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeps.errors import SweepHaltedError
from sweeps.records import AttemptLost, EpochEnded, TrialFailed, TrialTested


@dataclass
class _Row:
    """Trials of one study that failed by one error, with none between them that did not."""

    cause: tuple[str, str]
    numbers: list[int] = field(default_factory=list)
    message: str = ""


class CircuitBreaker:
    """Counts failures in a row, study by study, so that an arm that always fails is not hidden by one that never does.

    Args:
        limit: Trials that may fail in a row by the same error; 0 allows any number.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[str, _Row] = {}

    def note(
        self, study: str, event: EpochEnded | TrialTested | TrialFailed | AttemptLost, *, wrong: str | None = None
    ) -> None:
        """Note what ended a trial of a study; `wrong` names what an epoch report lacks, if that is the matter."""
        if isinstance(event, TrialFailed):
            cause, message = (event.error, _place(event.traceback)), event.message
        elif isinstance(event, AttemptLost):
            error, message = ("worker lost", "again and again") if event.retry else ("timeout", "its attempt was ended")
            cause = error, event.reason
        elif wrong is not None:
            cause, message = ("wrong report", wrong), "after its first epoch"
        else:
            self._rows.pop(study, None)
            return
        row = self._rows.get(study)
        if row is None or row.cause != cause:
            row = self._rows[study] = _Row(cause)
        row.numbers.append(event.number)
        row.message = message

    def check(self) -> None:
        """Let the sweep go on, or not.

        Raises:
            SweepHaltedError: If too many trials of a study failed in a row by the same error.
        """
        for study, row in self._rows.items():
            if self._limit and len(row.numbers) >= self._limit:
                error, place = row.cause
                raise SweepHaltedError(
                    f"{study}: {len(row.numbers)} trials in a row ({', '.join(map(str, row.numbers))}) failed by the "
                    f"same error, {error}: {row.message} ({place}); mend it and resume the sweep, or allow more with "
                    "faults.same_error"
                )


def _place(traceback: str) -> str:
    """Where it was raised; messages may differ from trial to trial where the error does not."""
    frames = [line.strip() for line in traceback.splitlines() if line.lstrip().startswith('File "')]
    return frames[-1] if frames else "place unknown"
