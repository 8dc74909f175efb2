"""The loop: what is decided is executed, what happened is remembered. It knows none of the three libraries."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from sweeps.artifacts import Artifacts
from sweeps.attempts import Assignment
from sweeps.records import (
    AttemptLost,
    Audited,
    EpochEnded,
    ResourceEvent,
    TrialEnded,
    TrialFailed,
    WorkerEnded,
    WorkerEvent,
)
from sweeps.runlog import RunLog
from sweeps.workers.protocol import Reports, Saved, Tested, Workers


class Source(Protocol):
    """Who decides: what to train next, when a trial has ended, which models are worth keeping."""

    def ask(self) -> Assignment | None:
        """The next trial; None while there is nothing to start."""

    def observe(self, event: WorkerEvent) -> TrialEnded | ResourceEvent | None:
        """Take note of an event; the trial's result if the event ended it, or what ran short if that is the matter."""

    def expects(self, event: WorkerEvent) -> bool:
        """Whether the event is of an attempt that still counts."""

    def until(self, number: int, epoch: int) -> int:
        """Nothing is to be decided of the trial between its epochs from `epoch` on and before this one."""

    def wants_checkpoint(self, event: EpochEnded, *, stopping: bool) -> bool:
        """Whether the trial, as it stands after this epoch, is to be kept against a loss."""

    def note_checkpoint(self, number: int, epochs: int) -> None:
        """From now on a lost trial goes on after its first `epochs`."""

    def wants_test(self, event: EpochEnded) -> bool:
        """Whether the trial has been trained to its end, and is to be shown the test set before it ends."""

    def keeps(self, result: TrialEnded) -> bool:
        """Whether the trial's model should be kept."""

    def finished(self) -> bool:
        """Whether every trial has ended and no other will come."""


def run_phase(
    source: Source, workers: Workers, log: RunLog, artifacts: Artifacts, *, stopping: Callable[[], bool] = lambda: False
) -> None:
    """Train all that `source` asks for; every event is in the log before anything follows from it.

    While workers train, the next trial is already chosen and logged: none is idle for a suggestion. Once `stopping`
    says so, nothing is begun any more, and every trial comes to rest with a checkpoint after its epoch.
    """
    ahead: Assignment | None = None
    apart: deque[Assignment] = deque()
    while not _at_rest(halt := stopping(), source, workers):
        if not halt:
            ahead = _begin(ahead, apart, source, workers, log, artifacts)
        if workers.overlap and ahead is None and not halt:
            ahead = _choose(source, log)
        report = workers.wait()
        if report is None:
            continue
        if isinstance(report, Saved):
            _keep(report, source, log, artifacts)
        elif isinstance(report, ResourceEvent | WorkerEnded):
            log.append(report)
        else:
            events = _events_of(report, source, artifacts)
            _hear(events, source, workers, log, artifacts, stopping=stopping)


def _events_of(report: WorkerEvent | Reports | Tested, source: Source, artifacts: Artifacts) -> Sequence[WorkerEvent]:
    """What a worker reports; files that come with it are kept before anything names them."""
    if isinstance(report, Reports):
        return report.events
    if not isinstance(report, Tested):
        return (report,)
    if source.expects(report.event):
        for kind, payload in report.files.items():
            artifacts.keep_file(report.event.number, kind, payload)
    return (report.event,)


def _hear(
    events: Sequence[WorkerEvent],
    source: Source,
    workers: Workers,
    log: RunLog,
    artifacts: Artifacts,
    *,
    stopping: Callable[[], bool],
) -> None:
    """Take note of what a worker reports, in one stroke, and do what follows from the last of it."""
    heard: list[WorkerEvent | TrialEnded | ResourceEvent] = []
    for event in filter(source.expects, events):
        result = source.observe(event)
        heard += [event] if result is None else [event, result]
        if result is not None:
            break  # what the worker has trained beyond is of no use to anybody
    else:
        result = None
    if not heard:
        return
    log.append(*heard)
    if isinstance(result, TrialEnded):
        _finish(result, source, workers, artifacts, lost=isinstance(event, AttemptLost))
    elif isinstance(event, EpochEnded):
        _go_on(event, source, workers, log, stopping=stopping())
    elif isinstance(event, TrialFailed):
        workers.release(event.number)


def _at_rest(halt: bool, source: Source, workers: Workers) -> bool:
    return (halt or source.finished()) and not workers.busy()


def _begin(
    work: Assignment | None,
    apart: deque[Assignment],
    source: Source,
    workers: Workers,
    log: RunLog,
    artifacts: Artifacts,
) -> Assignment | None:
    """Start all that there is room for, `work` first; what is left of it.

    A trial that needs a device alone waits `apart` until one has come free; the others go on meanwhile.
    """
    while True:
        while apart and workers.has_room(alone=True):
            _start(apart.popleft(), source, workers, log, artifacts)
        if apart:
            workers.clear()
        if work is None and (workers.has_room() or workers.has_room(alone=True)):
            work = _choose(source, log)
        if work is None:
            return None
        if work.alone:
            apart.append(work)
        elif workers.has_room():
            _start(work, source, workers, log, artifacts)
        else:
            return work
        work = None


def _choose(source: Source, log: RunLog) -> Assignment | None:
    work = source.ask()
    if work is not None and work.is_new:
        log.append(work.spec)
    return work


def _start(work: Assignment, source: Source, workers: Workers, log: RunLog, artifacts: Artifacts) -> None:
    checkpoint = artifacts.checkpoint(work.spec.number) if work.epoch else None
    until = source.until(work.spec.number, work.epoch)
    log.append(
        workers.start(
            work.spec,
            attempt=work.attempt,
            epoch=work.epoch,
            checkpoint=checkpoint,
            alone=work.alone,
            until=until,
        )
    )


def _keep(saved: Saved, source: Source, log: RunLog, artifacts: Artifacts) -> None:
    if saved.problem:
        log.append(ResourceEvent(kind="not_saved", number=saved.number, worker=saved.worker, detail=saved.problem))
    elif saved.kind == "model":
        artifacts.keep_model(saved.number, saved.payload)
    elif artifacts.keep_checkpoint(saved.number, saved.payload, epochs=saved.epochs):
        source.note_checkpoint(saved.number, saved.epochs)


def _finish(result: TrialEnded, source: Source, workers: Workers, artifacts: Artifacts, *, lost: bool) -> None:
    if not lost:
        if source.keeps(result):
            workers.save(result.number, "model")
        workers.release(result.number)
    artifacts.forget(result.number)


def _go_on(report: EpochEnded, source: Source, workers: Workers, log: RunLog, *, stopping: bool) -> None:
    if source.wants_test(report):
        log.append(Audited(action="test set read", detail=f"trial {report.number}"))
        workers.test(report.number)
        return
    if source.wants_checkpoint(report, stopping=stopping):
        workers.save(report.number, "checkpoint")
    if stopping:
        workers.release(report.number)
    else:
        epoch = report.epoch + 1
        workers.train(report.number, epoch, until=source.until(report.number, epoch))
