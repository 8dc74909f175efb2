"""What runs inside a training process, whoever started it."""

from __future__ import annotations

import os
import platform
import time
import traceback
from collections.abc import Callable
from importlib import import_module, metadata

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.environment import quick_imports
from sweeps.records import EpochEnded, TrialFailed, TrialSpec, WorkerStarted
from sweeps.workers.protocol import Kind, Saved, Trainer

DEFAULT_TRAINER = "sweeps.training.trainer:Trainer"
REPORTED_PACKAGES = ("capsweep", "keras", "tensorflow", "jax", "torch", "numpy", "optuna", "ray")


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
        with quick_imports():
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

    def train(
        self, spec: TrialSpec, epoch: int, *, attempt: int, checkpoint: bytes | None = None
    ) -> EpochEnded | TrialFailed:
        """Train one epoch; what it raises comes back as `TrialFailed`."""
        try:
            return self._opened().train(spec, epoch, attempt=attempt, checkpoint=checkpoint)
        except Exception as error:
            return TrialFailed(
                number=spec.number,
                attempt=attempt,
                worker=self._name,
                error=type(error).__name__,
                message=str(error),
                traceback=traceback.format_exc(),
            )

    def save(self, number: int, kind: Kind, *, epochs: int) -> Saved:
        """The model or the checkpoint of the trial that was trained last."""
        trainer = self._opened()
        payload = trainer.save(number) if kind == "model" else trainer.checkpoint(number)
        return Saved(number, self._name, kind, epochs, payload)

    def _opened(self) -> Trainer:
        if self._trainer is None:
            raise RuntimeError(f"worker {self._name} is not open; call open first")
        return self._trainer


def package_versions() -> dict[str, str]:
    """The versions that may change a number, of those packages that are installed."""
    versions = {"python": platform.python_version()}
    for package in REPORTED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
