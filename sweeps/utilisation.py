"""What became of the workers' time: how much of it was training, and what the rest was."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field

from sweeps.records import (
    AnyEvent,
    AttemptLost,
    AttemptStarted,
    DriverStarted,
    EpochEnded,
    ModelFacts,
    TrialEnded,
    TrialTested,
    WorkerEnded,
    WorkerStarted,
)


@dataclass(frozen=True)
class Shares:
    """Parts of the workers' time from when they were asked for to the last event; together 1.

    Attributes:
        train: Training, validating and testing, in attempts that were lost too.
        trace: Building models, and what the first epoch of a new one took longer than its second.
        start: Until a new worker was ready.
        wait: Without a trial.
        report: With one, between its epochs: messages, checkpoints, bookkeeping.
    """

    train: float
    trace: float
    start: float
    wait: float
    report: float

    def __str__(self) -> str:
        words = {"train": "training", "trace": "building and tracing", "start": "starting", "wait": "waiting"}
        return ", ".join(f"{value:.0%} {words.get(name, 'reporting')}" for name, value in asdict(self).items())


@dataclass
class _Life:
    """One worker: since when it lives, and since when it has had nothing to do."""

    began: float
    idle: float | None


@dataclass
class Utilisation:
    """Folds a log into shares.

    A worker lives until it is lost, or until the last event of its driver: the hours between an interrupted driver and
    the next are nobody's. The time of a trace shows in a trial's second epoch; where there is none, it counts as
    training.
    """

    _spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lived: float = 0.0
    _living: dict[str, _Life] = field(default_factory=dict)
    _workers: dict[int, str] = field(default_factory=dict)
    _cold: dict[int, float] = field(default_factory=dict)
    _now: float = 0.0

    def fold(self, event: AnyEvent) -> None:
        """Take in one more event, in the order of the log."""
        if isinstance(event, DriverStarted):
            for worker in tuple(self._living):
                self._end(worker, self._now)
        self._now = max(self._now, event.time)
        match event:
            case WorkerStarted():
                self._living[event.worker] = _Life(event.time - event.seconds, event.time)
                self._spent["start"] += event.seconds
            case AttemptStarted():
                self._workers[event.number] = event.worker
                self._occupy(event.worker, event.time)
            case EpochEnded():
                self._train(event)
            case TrialTested():
                self._spent["train"] += event.seconds
            case TrialEnded():
                self._rest(self._workers.get(event.number), event.time)
            case AttemptLost() | WorkerEnded():
                self._end(event.worker, event.time)

    def shares(self) -> Shares | None:
        """Up to the last event; None before any worker has lived."""
        lived = self._lived + sum(max(0.0, self._now - life.began) for life in self._living.values())
        if lived <= 0:
            return None
        spent = self._spent.copy()
        for life in self._living.values():
            spent["wait"] += 0.0 if life.idle is None else max(0.0, self._now - life.idle)
        # Nodes' clocks differ: what was measured on them may come to more than the time that passed here.
        whole = max(lived, sum(spent.values()))
        parts = {name: spent[name] / whole for name in ("train", "trace", "start", "wait")}
        return Shares(**parts, report=max(0.0, 1 - sum(parts.values())))

    def _train(self, event: EpochEnded) -> None:
        self._spent["train"] += event.seconds
        if isinstance(event.model, ModelFacts):
            self._spent["trace"] += event.model.build_seconds
        first = self._cold.pop(event.number, None)
        if event.is_first and event.traces:
            self._cold[event.number] = event.seconds
        elif first is not None and not event.is_first:
            longer = max(0.0, first - event.seconds)
            self._spent["trace"] += longer
            self._spent["train"] -= longer

    def _occupy(self, worker: str, time: float) -> None:
        life = self._living.get(worker)
        if life and life.idle is not None:
            self._spent["wait"] += max(0.0, time - life.idle)
            life.idle = None

    def _rest(self, worker: str | None, time: float) -> None:
        life = self._living.get(worker or "")
        if life:
            life.idle = time

    def _end(self, worker: str, time: float) -> None:
        self._occupy(worker, time)
        life = self._living.pop(worker, None)
        self._lived += max(0.0, time - life.began) if life else 0.0
