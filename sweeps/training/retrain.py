"""Trains one trial again from its recorded seeds, to get the model that was not kept."""

from __future__ import annotations

import os

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import TrialSpec
from sweeps.training.trainer import Trainer


def retrain(config: SweepConfig, data: Dataset, spec: TrialSpec, *, epochs: int) -> tuple[bytes, dict[str, float]]:
    """Train a trial as far as it came.

    Args:
        config: The sweep.
        data: Its examples.
        spec: The trial.
        epochs: How many it had: fewer than it might have had where it stopped early.

    Returns:
        The model as a `.keras` file, and the metrics after the last epoch.
    """
    trainer = Trainer(config, data, worker=f"retrain-{os.getpid()}")
    for epoch in range(epochs):
        report = trainer.train(spec, epoch, attempt=0)
    return trainer.save(spec.number), report.metrics
