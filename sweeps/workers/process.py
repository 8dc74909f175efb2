"""What runs inside a training process, whoever started it."""

from __future__ import annotations

import os
import platform
import time
import traceback
from collections.abc import Callable
from importlib import import_module, metadata

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.environment import quick_imports
from sweeps.records import EpochEnded, TrialFailed, TrialSpec, WorkerStarted
from sweeps.workers.protocol import Kind, Reports, Saved, Tested, Trainer

_LONGEST_MESSAGE, _LONGEST_TRACEBACK = 2_000, 20_000
_SHORT = 0.05  # seconds: fifty times what a word to the driver and back takes
DEFAULT_TRAINER = "sweeps.training.trainer:Trainer"
REPORTED_PACKAGES = ("capsweep", "keras", "tensorflow", "jax", "torch", "numpy", "optuna", "ray")


class Worker:
    """One training process: a trainer, opened once, whose exceptions travel as data.

    Args:
        name: Unique in the sweep.
        trainer: `module:class` of the trainer.

    Attributes:
        passes: What is raised as it is, because it is meant for the process and not for the trial.
    """

    passes: tuple[type[BaseException], ...] = (KeyboardInterrupt,)

    def __init__(self, name: str, trainer: str = DEFAULT_TRAINER) -> None:
        self._name = name
        self._path = trainer
        self._trainer: Trainer | None = None
        self._spec: TrialSpec | None = None

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

    def train_on(
        self, spec: TrialSpec, epoch: int, *, until: int, attempt: int, checkpoint: bytes | None = None
    ) -> EpochEnded | TrialFailed | Reports:
        """Train an epoch, and those before `until` as long as they are so short that a word after each costs more."""
        began = time.perf_counter()
        events = [self.train(spec, epoch, attempt=attempt, checkpoint=checkpoint)]
        while isinstance(events[-1], EpochEnded) and epoch + len(events) < until and _is_short(began):
            events.append(self.train(spec, epoch + len(events), attempt=attempt))
        return events[0] if len(events) == 1 else Reports(tuple(events))

    def train(
        self, spec: TrialSpec, epoch: int, *, attempt: int, checkpoint: bytes | None = None
    ) -> EpochEnded | TrialFailed:
        """Train one epoch; what it raises comes back as `TrialFailed`."""
        self._spec, began = spec, time.perf_counter()
        try:
            return self._opened().train(spec, epoch, attempt=attempt, checkpoint=checkpoint)
        except self.passes:
            raise
        except BaseException as error:  # a user's code may raise anything, and leave by sys.exit
            return self._failed(error, spec.number, attempt, began)

    def _failed(self, error: BaseException, number: int, attempt: int, began: float) -> TrialFailed:
        return TrialFailed(
            number=number,
            attempt=attempt,
            worker=self._name,
            error=type(error).__name__,
            message=_shortened(_words_of(error), _LONGEST_MESSAGE),
            traceback=_shortened(traceback.format_exc(), _LONGEST_TRACEBACK),
            seconds=time.perf_counter() - began,
        )

    def test(self, number: int, test: TestSet, *, attempt: int) -> Tested | TrialFailed:
        """Show the test set to the trial that was trained last; what it raises comes back as `TrialFailed`."""
        began = time.perf_counter()
        try:
            return self._opened().test(number, test, attempt=attempt)
        except self.passes:
            raise
        except BaseException as error:
            return self._failed(error, number, attempt, began)

    def go_on(self, epoch: int, *, until: int, attempt: int) -> EpochEnded | TrialFailed | Reports:
        """Go on with the trial that was trained last, whose spec need not travel again."""
        if self._spec is None:
            raise RuntimeError(f"worker {self._name} has had no trial; call train first")
        return self.train_on(self._spec, epoch, until=until, attempt=attempt)

    def save(self, number: int, kind: Kind, *, epochs: int) -> Saved:
        """The model or the checkpoint of the trial that was trained last, or why it cannot be had."""
        trainer = self._opened()
        try:
            payload = trainer.save(number) if kind == "model" else trainer.checkpoint(number)
        except Exception as error:
            words = " ".join(_words_of(error).split())
            problem = _shortened(f"{kind}: {type(error).__name__}: {words}", _LONGEST_MESSAGE)
            return Saved(number, self._name, kind, epochs, b"", problem)
        return Saved(number, self._name, kind, epochs, payload)

    def _opened(self) -> Trainer:
        if self._trainer is None:
            raise RuntimeError(f"worker {self._name} is not open; call open first")
        return self._trainer


def _is_short(began: float) -> bool:
    return time.perf_counter() - began < _SHORT


def _words_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as another:
        return f"(its message cannot be had: {type(another).__name__})"


def _shortened(text: str, most: int) -> str:
    """Both ends of a text that is too long for a log, and nothing that UTF-8 cannot say."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= most else f"{text[: most // 2]} [...] {text[-most // 2 :]}"


def package_versions() -> dict[str, str]:
    """The versions that may change a number, of those packages that are installed."""
    versions = {"python": platform.python_version()}
    for package in REPORTED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
