"""What the loop knows of workers, what workers know of a trainer, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from sweeps.records import AttemptStarted, EpochEnded, TrialSpec, WorkerEvent


@dataclass(frozen=True)
class ModelSaved:
    """A worker's answer to `release(..., keep=True)`: the trial's model, as the bytes of a `.keras` file."""

    number: int
    worker: str
    payload: bytes


Report: TypeAlias = WorkerEvent | ModelSaved


class Trainer(Protocol):
    """What a worker opens once and keeps: see `sweeps.training.trainer.Trainer`.

    Attributes:
        backend: What computes.
    """

    backend: str

    def train(self, spec: TrialSpec, epoch: int, *, attempt: int) -> EpochEnded:
        """Train one epoch; epoch 0 begins the trial anew."""

    def save(self, number: int) -> bytes:
        """The model of the trial trained last, as a `.keras` file."""


class Workers(Protocol):
    """Warm training processes, as the loop sees them. Calls out of order raise RuntimeError.

    The life of a trial: `start`, then `wait` and `train` in turn, then `release`.

    Attributes:
        count: Number of workers.
        cpus: Cores of each.
        gpus: GPUs of each.
        overlap: Whether they train while the driver does something else.
    """

    count: int
    cpus: float
    gpus: float
    overlap: bool

    def has_room(self) -> bool:
        """Whether a worker is ready and idle."""

    def start(self, spec: TrialSpec, *, attempt: int) -> AttemptStarted:
        """Give a trial to an idle worker, which begins it with epoch 0."""

    def train(self, number: int, epoch: int) -> None:
        """Let a trial go on with its next epoch."""

    def wait(self) -> Report:
        """The next thing that happened on any worker."""

    def release(self, number: int, *, keep: bool) -> None:
        """Let go of a trial; with `keep`, `wait` brings its model before the worker is idle again."""

    def saving(self) -> bool:
        """Whether a model is still to come."""

    def close(self) -> None:
        """End all workers."""
