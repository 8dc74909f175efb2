"""What the loop knows of workers, what workers know of a trainer, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from sweeps.datasets import TestSet
from sweeps.records import (
    AttemptStarted,
    EpochEnded,
    ResourceEvent,
    TrialFailed,
    TrialSpec,
    TrialTested,
    WorkerEnded,
    WorkerEvent,
)

Kind: TypeAlias = Literal["model", "checkpoint"]


@dataclass(frozen=True)
class Saved:
    """A worker's answer to `save`: a trial's model (a `.keras` file) or checkpoint (for `start`) after `epochs`.

    If there is a `problem`, it says why there is no payload.
    """

    number: int
    worker: str
    kind: Kind
    epochs: int
    payload: bytes
    problem: str | None = None


@dataclass(frozen=True)
class Reports:
    """Several epochs of a trial that a worker trained without a word in between, in order; the last may have raised."""

    events: tuple[EpochEnded | TrialFailed, ...]


@dataclass(frozen=True)
class Tested:
    """A worker's answer to `test`: what the trial's model makes of the test set, and files to keep by their kind."""

    __test__ = False  # pytest takes it for a class of tests

    event: TrialTested
    files: dict[str, bytes] = field(default_factory=dict)


Report: TypeAlias = WorkerEvent | WorkerEnded | ResourceEvent | Saved | Reports | Tested


def opened(test: TestSet | None) -> TestSet:
    """The test set, if it has been opened.

    Raises:
        RuntimeError: If not: no phase but one that has said so in the log may see it.
    """
    if test is None:
        raise RuntimeError("the test set is not open; call open_test first")
    return test


class Trainer(Protocol):
    """What a worker opens once and keeps: see `sweeps.training.trainer.Trainer`.

    Attributes:
        backend: What computes.
    """

    backend: str

    def train(self, spec: TrialSpec, epoch: int, *, attempt: int, checkpoint: bytes | None = None) -> EpochEnded:
        """Train one epoch; epoch 0 begins the trial anew, a checkpoint where it was taken."""

    def test(self, number: int, test: TestSet, *, attempt: int) -> Tested:
        """Show the test set to the model of the trial trained last, with the weights that its value counts for.

        Shown too are the shifted copies that `confirm.shifts` asks for, one after the other.
        """

    def save(self, number: int) -> bytes:
        """The model of the trial trained last, as a `.keras` file."""

    def checkpoint(self, number: int) -> bytes:
        """All that another trainer needs to go on with the trial trained last."""


class Workers(Protocol):
    """Warm training processes, as the loop sees them. Calls out of order raise RuntimeError.

    The life of a trial: `start`, then `wait` and `train` in turn, now and then `save`, then `release`.

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

    def has_room(self, *, alone: bool = False) -> bool:
        """Whether a worker is ready and idle; `alone`: whether all that share its device are idle too."""

    def clear(self) -> None:
        """Have a device come free for a trial that is to run `alone`; to be called until there is room for it.

        Nothing else is begun on that device meanwhile; there may be room on others.
        """

    def start(
        self,
        spec: TrialSpec,
        *,
        attempt: int,
        epoch: int = 0,
        checkpoint: bytes | None = None,
        alone: bool = False,
        until: int | None = None,
    ) -> AttemptStarted:
        """Give a trial to an idle worker, which begins it with epoch 0, or from a checkpoint with a later one.

        While it runs `alone`, no other is begun on its device. For `until` see `train`.
        """

    def train(self, number: int, epoch: int, *, until: int | None = None) -> None:
        """Let a trial go on with its next epoch, and with those before `until` where they take next to no time."""

    def open_test(self, test: TestSet) -> None:
        """Hand over the test set, which no worker holds until then; whoever calls this has said so in the log."""

    def test(self, number: int) -> None:
        """Have a trial's model shown the test set as it stands now; `wait` brings `Tested`, or `TrialFailed`."""

    def save(self, number: int, kind: Kind) -> None:
        """Have a trial's model or checkpoint sent as it stands now; `wait` brings it, before anything sent later."""

    def wait(self) -> Report | None:
        """The next thing that happened on any worker; None if nothing did for a moment."""

    def release(self, number: int) -> None:
        """Let go of a trial; its worker is idle once it owes nothing more."""

    def busy(self) -> bool:
        """Whether a trial is on a worker, or something saved still to come."""

    def close(self) -> None:
        """End all workers."""
