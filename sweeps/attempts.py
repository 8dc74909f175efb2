"""What became of the trials under way: their attempts, epochs, failures and losses. The same for every phase."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sweeps.config import FaultsConfig, ObjectiveConfig
from sweeps.out_of_memory import is_out_of_memory
from sweeps.records import (
    AnyEvent,
    ArtifactWritten,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ModelFacts,
    ResourceEvent,
    State,
    TrialEnded,
    TrialFailed,
    TrialSpec,
    TrialTested,
    WorkerEvent,
    WorkerStarted,
)
from sweeps.results import conclude


@dataclass(frozen=True)
class Assignment:
    """A trial to train from `epoch` on, for the `attempt`-th time (from 1); `is_new` if the log has not seen it yet.

    `alone` if no other may run on its device meanwhile.
    """

    spec: TrialSpec
    attempt: int
    is_new: bool
    epoch: int = 0
    alone: bool = False


@dataclass(frozen=True)
class Ending:
    """How a trial ends, and why if it failed.

    Attributes:
        is_wrong: Whether its reports are not what the sweep needs, as those of every other trial will be.
        is_early: Whether it is complete because it got no better.
    """

    state: State
    reason: str | None = None
    is_wrong: bool = False
    is_early: bool = False


class Attempts:
    """The trials of a phase, each tried again after a loss, and after a failure as often as the sweep allows.

    Args:
        faults: What the sweep puts up with.

    Attributes:
        specs: Every trial that was chosen, by number.
    """

    def __init__(self, faults: FaultsConfig) -> None:
        self._faults = faults
        self.specs: dict[int, TrialSpec] = {}
        self._courses: dict[int, list[EpochEnded]] = {}
        self._facts: dict[int, ModelFacts] = {}
        self._attempts: dict[int, int] = {}
        self._losses: Counter[int] = Counter()
        self._failures: Counter[int] = Counter()
        self._checkpoints: dict[int, int] = {}
        self._alone: set[int] = set()
        self._again: deque[int] = deque()

    def begin(self, spec: TrialSpec) -> Assignment:
        """Assign a trial for the first time."""
        self.specs[spec.number] = spec
        return self._assign(spec, is_new=True)

    def again(self) -> Assignment | None:
        """A trial that is to be tried again; None if there is none."""
        return self._assign(self.specs[self._again.popleft()], is_new=False) if self._again else None

    def expects(self, event: WorkerEvent) -> bool:
        """Whether the event is of the attempt that was assigned last."""
        return isinstance(event, WorkerStarted) or event.attempt == self._attempts.get(event.number)

    def course(self, number: int) -> list[EpochEnded]:
        """A trial's epoch reports that count, in order."""
        return self._courses.get(number, [])

    def facts(self, number: int) -> ModelFacts | None:
        """A trial's network, as far as any worker told."""
        return self._facts.get(number)

    def attempt(self, number: int) -> int:
        """The attempt that was assigned last."""
        return self._attempts[number]

    def note(self, event: EpochEnded) -> None:
        """Keep an epoch report."""
        self._courses[event.number].append(event)
        if event.model is not None:
            self._facts[event.number] = event.model

    def fail(self, event: TrialFailed) -> Ending | ResourceEvent | None:
        """Take note of an exception: the trial's end, what ran short if that is the matter, or None to try again."""
        number = event.number
        self._failures[number] += 1
        if is_out_of_memory(event) and number not in self._alone:
            self._alone.add(number)
            self._again.append(number)
            detail = f"{event.error}; tried again, alone on its device"
            return ResourceEvent(kind="out_of_memory", number=number, worker=event.worker, detail=detail)
        if self._failures[number] - (number in self._alone) <= self._faults.retries:
            self._again.append(number)
            return None
        return Ending("failed", f"{event.error}: {event.message}")

    def lose(self, event: AttemptLost) -> Ending | None:
        """Take note of a lost attempt: the trial's end, or None to try again."""
        if not event.retry:
            return Ending("failed", event.reason)
        self._losses[event.number] += 1
        losses = self._losses[event.number]
        if losses >= self._faults.losses:
            return Ending("failed", f"lost {losses} workers in a row, the last by: {event.reason}")
        self._again.append(event.number)
        return None

    def conclude(
        self, number: int, ending: Ending, objective: ObjectiveConfig, *, tested: TrialTested | None = None
    ) -> TrialEnded:
        """The result of a trial that ends so, from its epoch reports; and what its model made of the test set."""
        return conclude(
            number,
            self.course(number),
            objective=objective,
            attempt=self.attempt(number),
            state=ending.state,
            reason=ending.reason,
            facts=self.facts(number),
            stopped_early=ending.is_early,
            tested=tested,
        )

    def wants_checkpoint(self, event: EpochEnded, *, stopping: bool) -> bool:
        """Every so many epochs, and at a stop."""
        every = self._faults.checkpoint_every
        return bool(every) and (stopping or (event.epoch + 1) % every == 0)

    def note_checkpoint(self, number: int, epochs: int) -> None:
        """A trial that is lost goes on from there; with this it has come further than at its last loss."""
        self._checkpoints[number] = epochs
        self._losses.pop(number, None)

    def next_checkpoint(self, number: int, epoch: int) -> int:
        """The epoch before which nothing is to be saved of a trial, or its last."""
        spec, every = self.specs[number], self._faults.checkpoint_every
        return min(spec.epochs, (epoch // every + 1) * every if every else spec.epochs)

    def end(self, number: int) -> None:
        """Forget what is only needed while a trial goes on; nothing is expected of it any more."""
        self._attempts.pop(number, None)
        self._courses.pop(number, None)
        self._facts.pop(number, None)

    def replay(self, event: AnyEvent) -> None:
        """Take note of what a log says of attempts, but for what `note`, `fail` and `lose` take."""
        match event:
            case AttemptStarted():
                self._attempts[event.number] = event.attempt
                del self._courses.setdefault(event.number, [])[event.epoch :]
            case ArtifactWritten(kind="checkpoint", number=int(number)):
                self._losses.pop(number, None)

    def resume(self, unfinished: Iterable[int], checkpoints: Mapping[int, int]) -> None:
        """Have every trial that had not ended tried again, from its checkpoint where there still is one."""
        self._again = deque(unfinished)
        self._checkpoints = dict(checkpoints)

    def _assign(self, spec: TrialSpec, *, is_new: bool) -> Assignment:
        attempt = self._attempts[spec.number] = self._attempts.get(spec.number, 0) + 1
        epoch = self._checkpoints.get(spec.number, 0)
        del self._courses.setdefault(spec.number, [])[epoch:]
        return Assignment(spec, attempt, is_new, epoch, alone=spec.number in self._alone)
