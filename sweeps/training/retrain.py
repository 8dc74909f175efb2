"""Trains one trial again from its recorded seeds, to get the model that was not kept."""

from __future__ import annotations

import os

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import TrialSpec
from sweeps.training.trainer import Trainer


def retrain(config: SweepConfig, data: Dataset, spec: TrialSpec) -> tuple[bytes, dict[str, float]]:
    """Train all epochs of a trial.

    Returns:
        The model as a `.keras` file, and the metrics after the last epoch.
    """
    trainer = Trainer(config, data, worker=f"retrain-{os.getpid()}")
    for epoch in range(spec.epochs):
        report = trainer.train(spec, epoch, attempt=0)
    return trainer.save(spec.number), report.metrics
