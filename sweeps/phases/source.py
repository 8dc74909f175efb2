"""The source of a phase whose trials are all known before it begins: no model chooses them, none is pruned."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sweeps.attempts import Assignment, Attempts, Ending
from sweeps.breaker import CircuitBreaker
from sweeps.config import SweepConfig
from sweeps.judging import end_of, fault_of, patience_of
from sweeps.phases.specs import key_of
from sweeps.records import (
    AnyEvent,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    Phase,
    ResourceEvent,
    TrialEnded,
    TrialFailed,
    TrialSpec,
    TrialStarted,
    TrialTested,
    WorkerEvent,
    WorkerStarted,
)


class FixedPlan:
    """Trains every trial of a phase to its end, and in `confirm` shows its model the test set.

    Args:
        config: The sweep.
        phase: Which one.
        specs: Its trials, in the order in which they are begun; their numbers are given when they are.
        first_number: Of the first trial that is begun.
    """

    def __init__(self, config: SweepConfig, phase: Phase, specs: Iterable[TrialSpec], *, first_number: int) -> None:
        self.phase = phase
        self._config = config
        self._attempts = Attempts(config.faults)
        self._breaker = CircuitBreaker(config.faults.same_error)
        self._waiting = {key_of(spec): spec for spec in specs}
        self._next_number = first_number
        self._running: set[int] = set()
        self._tested: dict[int, TrialTested] = {}

    @property
    def size(self) -> int:
        """How many of its trials have not ended."""
        return len(self._waiting) + len(self._running)

    @property
    def tests(self) -> bool:
        """Whether its trials are shown the test set."""
        return self.phase == "confirm"

    def ask(self) -> Assignment | None:
        """The next trial; one that lost its worker comes first.

        Raises:
            SweepHaltedError: If one error ends trial after trial.
        """
        self._breaker.check()
        work = self._attempts.again() or self._begin()
        # Others beside it would be in its times.
        return replace(work, alone=True) if work and self.phase == "cost_probe" else work

    def observe(self, event: WorkerEvent) -> TrialEnded | ResourceEvent | None:
        """Take note of what a worker reports; the trial's result if it ends here, or what it ran short of."""
        if isinstance(event, WorkerStarted):
            return None
        outcome = self._note(event)
        if not isinstance(outcome, Ending):
            return outcome
        result = self._conclude(event.number, outcome)
        is_wrong = outcome.is_wrong or (outcome.state == "complete" and result.state == "failed")
        wrong = result.reason if is_wrong else None
        self._breaker.note(self._attempts.specs[event.number].study, event, wrong=wrong)
        self._end(event.number)
        return result

    def expects(self, event: WorkerEvent) -> bool:
        """Whether the event is of the attempt that was assigned last."""
        return self._attempts.expects(event)

    def until(self, number: int, epoch: int) -> int:
        """The next epoch after which the trial may end or be saved, or its last."""
        spec = self._attempts.specs[number]
        is_watched = patience_of(spec, self._config.training)
        return epoch + 1 if is_watched else self._attempts.next_checkpoint(number, epoch)

    def wants_checkpoint(self, event: EpochEnded, *, stopping: bool) -> bool:
        """Every so many epochs, and at a stop."""
        return self._attempts.wants_checkpoint(event, stopping=stopping)

    def note_checkpoint(self, number: int, epochs: int) -> None:
        """A trial that is lost goes on from there."""
        self._attempts.note_checkpoint(number, epochs)

    def wants_test(self, event: EpochEnded) -> bool:
        """Whether the trial is over but for the test set."""
        return self.tests and self._end_of(event) is not None

    def keeps(self, result: TrialEnded) -> bool:
        """None: what is exported is the model of the trial that was chosen, and that one is the search's."""
        return False

    def finished(self) -> bool:
        """Whether every trial has ended."""
        return not self._waiting and not self._running

    def replay(self, events: Iterable[AnyEvent], *, checkpoints: Mapping[int, int]) -> list[TrialEnded]:
        """Take up what a log says of this phase; see `Search.replay`."""
        due: dict[int, Ending] = {}
        for event in events:
            match event:
                case AttemptStarted():
                    self._attempts.replay(event)
                case TrialStarted():
                    self._waiting.pop(key_of(event), None)
                    self._attempts.specs[event.number] = event
                    self._running.add(event.number)
                case EpochEnded() | TrialTested() | TrialFailed() | AttemptLost():
                    outcome = self._note(event)
                    if isinstance(outcome, Ending):
                        due[event.number] = outcome
                case TrialEnded():
                    due.pop(event.number, None)
                    self._end(event.number)
                case _:
                    self._attempts.replay(event)
        results = [self._conclude(number, ending) for number, ending in due.items()]
        for result in results:
            self._end(result.number)
        self._attempts.resume(sorted(self._running), checkpoints)
        return results

    def _begin(self) -> Assignment | None:
        if not self._waiting:
            return None
        key = next(iter(self._waiting))
        spec = replace(self._waiting.pop(key), number=self._next_number, time=time.time())
        self._next_number += 1
        self._running.add(spec.number)
        return self._attempts.begin(spec)

    def _note(self, event: EpochEnded | TrialTested | TrialFailed | AttemptLost) -> Ending | ResourceEvent | None:
        match event:
            case TrialFailed():
                return self._attempts.fail(event)
            case AttemptLost():
                return self._attempts.lose(event)
            case TrialTested():
                self._tested[event.number] = event
                return self._end_of(self._attempts.course(event.number)[-1])
        self._attempts.note(event)
        fault = fault_of(event, self._config.objective)
        return fault or (None if self.tests else self._end_of(event))

    def _end_of(self, event: EpochEnded) -> Ending | None:
        spec = self._attempts.specs[event.number]
        return end_of(
            event,
            spec,
            course=self._attempts.course(event.number),
            objective=self._config.objective,
            patience=patience_of(spec, self._config.training),
        )

    def _conclude(self, number: int, ending: Ending) -> TrialEnded:
        tested = self._tested.get(number) if ending.state == "complete" else None
        return self._attempts.conclude(number, ending, self._config.objective, tested=tested)

    def _end(self, number: int) -> None:
        self._attempts.end(number)
        self._running.discard(number)
