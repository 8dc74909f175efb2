"""Does a worker grow? Resident memory of one process that trains hundreds of trials, one after the other.

    python -m tests.benchmarks.memory [--trials 500] [--every 50]

The trainer of a worker, in this process and never recycled: the notebook's network with every pooling and two window
sizes, so that ten compiled models are kept and changed trial after trial, on 64 images. Each trial builds a fresh
model for its weights, trains two epochs and takes a checkpoint; every tenth is saved whole. Printed is the memory after
every so many trials, as a multiple of that after the fiftieth, by when every model has been compiled.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.environment import quick_imports
from sweeps.records import TrialSpec, TrialStarted
from sweeps.seeds import trial_seeds

POOLINGS, SIZES = ("capsule", "max", "average", "soft", "none"), (3, 4)
COMPILED_BY = 50


def resident() -> int:
    """Bytes of this process in memory now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def specs(trials: int, poolings: Sequence[str]) -> Iterator[TrialSpec]:
    numbers = np.random.default_rng(0)
    networks = list(product(poolings, SIZES))
    for number in range(trials):
        pooling, size = networks[number % len(networks)]
        params: dict[str, Any] = {"pooling": pooling, "pool_size": size}
        params["learning_rate"] = float(10 ** numbers.uniform(-4, -2))
        if pooling == "capsule":
            params["temperature"] = float(numbers.uniform(0.5, 5))
        yield TrialStarted(
            number=number,
            study="memory",
            arm=None,
            order=number,
            params=params,
            config_hash="",
            shared_hash="",
            sampler_phase="",
            epochs=2,
            seeds=trial_seeds(0, "search", number, split=0),
        )


def growth(trials: int, poolings: Sequence[str] = POOLINGS) -> Iterator[tuple[int, int]]:
    """Train trial after trial; the number of those behind, and the bytes in memory."""
    with quick_imports():
        from sweeps.training.trainer import Trainer
    space = {"pooling": list(poolings), "pool_size": {"int": [3, 4]}}
    config = SweepConfig.from_mapping({"space": space, "training": {"batch_size": 32}}, source="benchmark")
    images, labels = np.zeros((64, 28, 28), np.uint8), np.arange(64, dtype=np.uint8) % 10
    trainer = Trainer(config, Dataset(images, labels, images[:32], labels[:32], classes=10), worker="w")
    for spec in specs(trials, poolings):
        for epoch in range(spec.epochs):
            trainer.train(spec, epoch, attempt=1)
        trainer.checkpoint(spec.number)
        if spec.number % 10 == 0:
            trainer.save(spec.number)
        yield spec.number + 1, resident()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--every", type=int, default=50)
    asked = parser.parse_args()
    base = 0
    for behind, memory in growth(asked.trials):
        base = memory if behind == COMPILED_BY else base
        if behind % asked.every == 0 and base:
            print(f"after {behind:4d} trials: {memory / 2**20:7.0f} MiB, {memory / base:.3f} times", flush=True)


if __name__ == "__main__":
    main()
