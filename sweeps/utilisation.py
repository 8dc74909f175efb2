"""How much of the workers' time was spent training: the overhead of the machine, as a share."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeps.records import AnyEvent, AttemptLost, DriverStarted, EpochEnded, WorkerStarted


@dataclass
class Utilisation:
    """Folds a log into one share.

    A worker lives from its start until it is lost, or until the last event of its driver: the hours between an
    interrupted driver and the next are nobody's.
    """

    _busy: float = 0.0
    _lived: float = 0.0
    _living: dict[str, float] = field(default_factory=dict)
    _now: float = 0.0

    def fold(self, event: AnyEvent) -> None:
        """Take in one more event, in the order of the log."""
        if isinstance(event, DriverStarted):
            for worker in tuple(self._living):
                self._end(worker, self._now)
        self._now = max(self._now, event.time)
        match event:
            case WorkerStarted():
                self._living[event.worker] = event.time
            case AttemptLost():
                self._end(event.worker, event.time)
            case EpochEnded():
                self._busy += event.seconds + (event.model.build_seconds if event.model else 0.0)

    @property
    def share(self) -> float | None:
        """Of the workers' time up to the last event, the part spent building, training and validating; None before any.

        Epochs of attempts that were lost, or trained again after an interruption, count: the worker was busy.
        """
        available = self._lived + sum(self._now - began for began in self._living.values())
        return min(1.0, self._busy / available) if available > 0 else None

    def _end(self, worker: str, time: float) -> None:
        began = self._living.pop(worker, None)
        self._lived += 0.0 if began is None else max(0.0, time - began)
