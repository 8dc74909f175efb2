"""Formulas in place of networks; workers in other processes import them by name."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from search_spaces import Params
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.records import EpochEnded, Seeds, TrialSpec
from sweeps.seeds import derive, trial_seeds
from sweeps.training.synthetic import SyntheticTrainer
from sweeps.workers.protocol import Tested


def learning(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Better with the learning rate near 1e-3, with every epoch, and with luck."""
    rate = float(params.get("learning_rate", 1e-3))
    luck = derive(seeds.init, epoch) / 2**31
    accuracy = 0.9 - abs(rate - 1e-3) * 20 + 0.01 * epoch + 0.02 * luck
    return {"loss": 1 - accuracy, "val_loss": 1 - accuracy, "accuracy": accuracy, "val_accuracy": accuracy}


def _tested(params: Params, seeds: Seeds) -> dict[str, float]:
    """What the test set makes of a config: no epoch counts here."""
    return {"accuracy": learning(params, seeds, 99)["val_accuracy"] - 1, "loss": 0.5}


def _shifted(params: Params, seeds: Seeds, name: str) -> dict[str, float]:
    """Worse than on the test set, on each copy by another amount."""
    metrics = _tested(params, seeds)
    return {**metrics, "accuracy": metrics["accuracy"] - derive(name) / 2**31}


learning.test = _tested  # type: ignore[attr-defined]
learning.shifted = _shifted  # type: ignore[attr-defined]


def untestable(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Learns, and fails at the test set."""
    return learning(params, seeds, epoch)


def _raise(params: Params, seeds: Seeds) -> dict[str, float]:
    raise ValueError("planted at the test")


untestable.test = _raise  # type: ignore[attr-defined]


def dying_at_test(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Learns, and kills its own process at the test set: once for all workers together, if there is to be a mark."""
    return learning(params, seeds, epoch)


def _die(params: Params, seeds: Seeds) -> dict[str, float]:
    mark = Path(os.environ.get("CAPSWEEP_TEST_MARK", ""))
    with contextlib.suppress(FileExistsError):  # another has died already, perhaps in this very moment
        mark.is_dir() or mark.touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)
    return _tested(params, seeds)


dying_at_test.test = _die  # type: ignore[attr-defined]


def failing_later(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Fails for max pooling with any seed that no search has, until a mark is there."""
    of_a_search = {trial_seeds(0, "search", index, split=0).init for index in range(50)}
    is_mended = Path(os.environ["CAPSWEEP_TEST_MARK"]).exists()
    if params["pooling"] == "max" and seeds.init not in of_a_search and not is_mended:
        raise ValueError("planted later")
    return learning(params, seeds, epoch)


failing_later.test = _tested  # type: ignore[attr-defined]


def raising(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Fails for max pooling at its second epoch."""
    if params["pooling"] == "max" and epoch == 1:
        raise ValueError("planted <failure>")
    return learning(params, seeds, epoch)


def diverging(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Max pooling has no finite loss from its fourth epoch on."""
    metrics = learning(params, seeds, epoch)
    return {**metrics, "loss": float("nan")} if params["pooling"] == "max" and epoch >= 3 else metrics


def dying_once(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Kills its own process at the second epoch of max pooling, once for all workers together."""
    mark = Path(os.environ["CAPSWEEP_TEST_MARK"])
    if params["pooling"] == "max" and epoch == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return learning(params, seeds, epoch)


def hanging(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Never comes back from the second epoch of max pooling."""
    if params["pooling"] == "max" and epoch == 1:
        threading.Event().wait()
    return learning(params, seeds, epoch)


def deadly(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Kills every worker that touches it, if the pooling is max."""
    if params["pooling"] == "max":
        os.kill(os.getpid(), signal.SIGKILL)
    return learning(params, seeds, epoch)


def short_of_memory(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Every trial of max pooling runs out of memory at its second epoch, once."""
    mark = Path(os.environ["CAPSWEEP_TEST_MARK"]) / str(seeds.init)
    if params["pooling"] == "max" and epoch == 1 and not mark.exists():
        mark.touch()
        raise MemoryError("planted")
    return learning(params, seeds, epoch)


_LEAK: list[bytes] = []


def leaking(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Keeps 8 MiB for ever at each epoch."""
    _LEAK.append(os.urandom(8 * 2**20))
    return learning(params, seeds, epoch)


def waiting(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Does not end its first epoch before a mark is there."""
    while epoch == 0 and not Path(os.environ["CAPSWEEP_TEST_MARK"]).exists():
        threading.Event().wait(0.02)
    return learning(params, seeds, epoch)


class SpeechlessError(Exception):
    """Cannot say what is wrong."""

    def __str__(self) -> str:
        raise ValueError("no words")


def speechless(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Raises what cannot be printed."""
    raise SpeechlessError


def leaving(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Leaves, as a user's script may."""
    sys.exit(3)


def unspeakable(params: Params, seeds: Seeds, epoch: int) -> dict[str, float]:
    """Says too much, and what UTF-8 cannot say."""
    raise ValueError("\udc80 " + "x" * 10_000_000)


class Unsaveable(SyntheticTrainer):
    """Its model cannot be saved."""

    def save(self, number: int) -> bytes:
        raise NotImplementedError("no\nget_config")


class FilingTrainer(SyntheticTrainer):
    """Has a file to keep of every test: predictions that follow from the trial's arm and seeds."""

    def test(self, number: int, test: TestSet, *, attempt: int) -> Tested:
        spec, label, file = self._spec, test.y.astype(np.uint16), io.BytesIO()
        wrong = np.array([derive(spec.arm, spec.seeds.init, place) % 2 for place in range(len(label))])
        sure = np.full(len(label), 0.9, np.float32)
        np.savez_compressed(file, label=label, predicted=label + wrong, confidence=sure, p_true=sure)
        return replace(super().test(number, test, attempt=attempt), files={"predictions.npz": file.getvalue()})


class FilingUnsaveable(FilingTrainer, Unsaveable):
    """Has files to keep, and no model."""


class SharingTrainer(SyntheticTrainer):
    """Reports what it may take of a GPU."""

    def __init__(self, config: SweepConfig, data: Dataset, *, worker: str) -> None:
        super().__init__(config, data, worker=worker)
        fraction = float(os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"])
        self._formula = lambda params, seeds, epoch: {"gpus": float(config.workers.gpus), "fraction": fraction}


class DyingAlone(SharingTrainer):
    """Its process does not live to see a whole GPU."""

    def __init__(self, config: SweepConfig, data: Dataset, *, worker: str) -> None:
        super().__init__(config, data, worker=worker)
        if config.workers.gpus == 1:
            os.kill(os.getpid(), signal.SIGKILL)


class SlowTrainer(SyntheticTrainer):
    """Says that each epoch took it 1,000 seconds."""

    def train(self, spec: TrialSpec, epoch: int, *, attempt: int, checkpoint: bytes | None = None) -> EpochEnded:
        return replace(super().train(spec, epoch, attempt=attempt, checkpoint=checkpoint), seconds=1000.0)


gpu_share = learning


class CostlyTrainer(SyntheticTrainer):
    """Says that an epoch takes a capsule three times as long as the others, and fails one trial in eight midway."""

    def train(self, spec: TrialSpec, epoch: int, *, attempt: int, checkpoint: bytes | None = None) -> EpochEnded:
        if spec.seeds.init % 8 == 0 and epoch == 2:
            raise ValueError("planted")
        event = super().train(spec, epoch, attempt=attempt, checkpoint=checkpoint)
        return replace(event, seconds=3.0 if spec.params["pooling"] == "capsule" else 1.0)
