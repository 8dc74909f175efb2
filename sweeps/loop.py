"""The loop: what is decided is executed, what happened is remembered. It knows none of the three libraries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sweeps.records import AttemptLost, EpochEnded, TrialEnded, TrialSpec, WorkerEvent
from sweeps.runlog import RunLog
from sweeps.workers.protocol import ModelSaved, Workers


@dataclass(frozen=True)
class Assignment:
    """A trial to train, for the `attempt`-th time (from 1); `is_new` if the log does not know it yet."""

    spec: TrialSpec
    attempt: int
    is_new: bool


class Source(Protocol):
    """Who decides: what to train next, when a trial has ended, which models are worth keeping."""

    def ask(self) -> Assignment | None:
        """The next trial; None while there is nothing to start."""

    def observe(self, event: WorkerEvent) -> TrialEnded | None:
        """Take note of an event; the trial's result if the event ended it."""

    def keeps(self, result: TrialEnded) -> bool:
        """Whether the trial's model should be kept."""

    def finished(self) -> bool:
        """Whether every trial has ended and no other will come."""


def run_phase(source: Source, workers: Workers, log: RunLog) -> None:
    """Train all that `source` asks for; every event is in the log before anything follows from it.

    While workers train, the next trial is already chosen and logged: none is idle for a suggestion.
    """
    ahead: Assignment | None = None
    while not source.finished() or workers.saving():
        while workers.has_room() and (work := ahead or _choose(source, log)) is not None:
            ahead = None
            log.append(workers.start(work.spec, attempt=work.attempt))
        if workers.overlap and ahead is None:
            ahead = _choose(source, log)
        report = workers.wait()
        if isinstance(report, ModelSaved):
            log.store(report.payload, number=report.number, kind="model", suffix=".keras")
            continue
        log.append(report)
        result = source.observe(report)
        if result is not None:
            log.append(result)
            if not isinstance(report, AttemptLost):
                workers.release(result.number, keep=source.keeps(result))
        elif isinstance(report, EpochEnded):
            workers.train(report.number, report.epoch + 1)


def _choose(source: Source, log: RunLog) -> Assignment | None:
    work = source.ask()
    if work is not None and work.is_new:
        log.append(work.spec)
    return work
