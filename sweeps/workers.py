"""Who executes: warm training processes behind one small protocol, and their in-process twin.

`InlineWorkers` trains in the driver's own process, one trial at a time; `ray_workers.RayWorkers` does the same on a
cluster. One suite of contract tests runs over both.
"""

from __future__ import annotations

import math
import os
import platform
import socket
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Protocol, Self, TypeAlias

from search_spaces import CapsweepError
from sweeps.config import FaultsConfig, SweepConfig
from sweeps.datasets import Dataset
from sweeps.errors import WorkerError
from sweeps.hardware import count_cpus
from sweeps.records import AttemptLost, AttemptStarted, EpochEnded, TrialFailed, TrialSpec, WorkerEvent, WorkerStarted

DEFAULT_TRAINER = "sweeps.training.trainer:Trainer"
REPORTED_PACKAGES = ("capsweep", "keras", "tensorflow", "jax", "torch", "numpy", "optuna", "ray")


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


@dataclass(frozen=True)
class Patience:
    """How long workers are waited for, in seconds; None for ever.

    Attributes:
        trial: For a whole attempt.
        call: For a single answer.
    """

    trial: float | None
    call: float | None

    @classmethod
    def of(cls, faults: FaultsConfig) -> Self:
        """As a sweep file has it."""
        return cls(faults.trial_timeout, faults.no_progress)

    def left(self, *, trial: float, call: float) -> float:
        """Seconds left to an attempt that has taken `trial` seconds, `call` of them without a word."""
        limits = ((self.trial, trial), (self.call, call))
        return min((limit - taken for limit, taken in limits if limit is not None), default=math.inf)

    def lost(self, spec: TrialSpec, attempt: int, worker: str, *, trial: float) -> AttemptLost:
        """What to report of an attempt that took too long."""
        too_slow = self.trial is not None and trial >= self.trial
        reason = f"took longer than {self.trial:g} s" if too_slow else f"no word from its worker for {self.call:g} s"
        return AttemptLost(number=spec.number, attempt=attempt, worker=worker, reason=reason, retry=not too_slow)


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


class Worker:
    """One training process: a trainer, opened once, whose exceptions travel as data.

    Args:
        name: Unique in the sweep.
        trainer: `module:class` of the trainer.
    """

    def __init__(self, name: str, trainer: str = DEFAULT_TRAINER) -> None:
        self._name = name
        self._path = trainer
        self._trainer: Trainer | None = None

    def open(self, config: SweepConfig, data: Dataset, *, node: str, device: str) -> WorkerStarted:
        """Import the backend and get the data ready; the first and slowest call."""
        began = time.perf_counter()
        module, _, name = self._path.partition(":")
        factory: Callable[..., Trainer] = getattr(import_module(module), name)
        self._trainer = factory(config, data, worker=self._name)
        return WorkerStarted(
            worker=self._name,
            node=node,
            pid=os.getpid(),
            device=device,
            backend=self._trainer.backend,
            versions=package_versions(),
            deterministic=False,  # this version never asks for deterministic kernels
            seconds=time.perf_counter() - began,
        )

    def train(self, spec: TrialSpec, epoch: int, *, attempt: int) -> EpochEnded | TrialFailed:
        """Train one epoch; what it raises comes back as `TrialFailed`."""
        try:
            return self._opened().train(spec, epoch, attempt=attempt)
        except Exception as error:
            return TrialFailed(
                number=spec.number,
                attempt=attempt,
                worker=self._name,
                error=type(error).__name__,
                message=str(error),
                traceback=traceback.format_exc(),
            )

    def save(self, number: int) -> ModelSaved:
        """The model of the trial that was trained last."""
        return ModelSaved(number, self._name, self._opened().save(number))

    def _opened(self) -> Trainer:
        if self._trainer is None:
            raise RuntimeError(f"worker {self._name} is not open; call open first")
        return self._trainer


class InlineWorkers:
    """One worker in the driver's own process, with all its cores: `wait` does the work.

    Args:
        config: The sweep.
        data: Its images.
        trainer: `module:class` of the trainer.
    """

    overlap = False

    def __init__(self, config: SweepConfig, data: Dataset, *, trainer: str = DEFAULT_TRAINER) -> None:
        self.count, self.cpus, self.gpus = 1, float(count_cpus()), 0.0
        self._worker = Worker("inline", trainer)
        self._work: deque[Callable[[], Report]] = deque()
        self._work.append(lambda: self._open(config, data))
        self._ready = False
        self._spec: TrialSpec | None = None
        self._attempt = 0
        self._saving = False
        self._idle_since = self._began = time.perf_counter()
        self._patience = Patience.of(config.faults)

    def has_room(self) -> bool:
        """Whether the worker is open and idle."""
        return self._ready and self._spec is None and not self._saving

    def start(self, spec: TrialSpec, *, attempt: int) -> AttemptStarted:
        """Begin a trial."""
        if not self.has_room():
            raise RuntimeError("no worker is idle; ask has_room first")
        self._spec, self._attempt, self._began = spec, attempt, time.perf_counter()
        self._work.append(lambda: self._worker.train(spec, 0, attempt=attempt))
        waited = time.perf_counter() - self._idle_since
        return AttemptStarted(number=spec.number, attempt=attempt, worker="inline", wait_seconds=waited, concurrency=1)

    def train(self, number: int, epoch: int) -> None:
        """Go on with the trial."""
        spec, attempt = self._expect(number), self._attempt
        self._work.append(lambda: self._worker.train(spec, epoch, attempt=attempt))

    def wait(self) -> Report:
        """Do the next piece of work; only after it can be seen how long it took."""
        if not self._work:
            raise RuntimeError("nothing is under way; start a trial first")
        report = self._work.popleft()()
        taken = time.perf_counter() - self._began
        if not isinstance(report, EpochEnded) or self._patience.left(trial=taken, call=0.0) > 0:
            return report
        spec, self._spec, self._idle_since = self._expect(report.number), None, time.perf_counter()
        return self._patience.lost(spec, self._attempt, report.worker, trial=taken)

    def release(self, number: int, *, keep: bool) -> None:
        """Let go of the trial."""
        self._expect(number)
        self._spec, self._idle_since = None, time.perf_counter()
        if keep:
            self._saving = True
            self._work.append(lambda: self._save(number))

    def saving(self) -> bool:
        """Whether the model is still to come."""
        return self._saving

    def close(self) -> None:
        """Drop what is not done."""
        self._work.clear()

    def _open(self, config: SweepConfig, data: Dataset) -> WorkerStarted:
        try:
            started = self._worker.open(config, data, node=socket.gethostname(), device="inline")
        except CapsweepError:
            raise
        except Exception as error:
            raise WorkerError(f"the worker could not start: {type(error).__name__}: {error}") from error
        self._ready, self._idle_since = True, time.perf_counter()
        return started

    def _save(self, number: int) -> ModelSaved:
        saved = self._worker.save(number)
        self._saving, self._idle_since = False, time.perf_counter()
        return saved

    def _expect(self, number: int) -> TrialSpec:
        if self._spec is None or self._spec.number != number:
            raise RuntimeError(f"trial {number} is not on a worker; start it first")
        return self._spec


def package_versions() -> dict[str, str]:
    """The versions that may change a number, of those packages that are installed."""
    versions = {"python": platform.python_version()}
    for package in REPORTED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
