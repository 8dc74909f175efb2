"""When a trial ends by itself, whatever phase it is of: it breaks, it has had its epochs, or it gets no better."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeps.attempts import Ending
from sweeps.config import ObjectiveConfig, TrainingConfig
from sweeps.records import EpochEnded, TrialSpec
from sweeps.selection import score


def fault_of(event: EpochEnded, objective: ObjectiveConfig) -> Ending | None:
    """The end of a trial whose report lacks the metric or is not finite; None where it is sound."""
    metric = objective.metric
    if metric not in event.metrics:
        return Ending("failed", f"no metric {metric}; the model reports {', '.join(event.metrics)}", is_wrong=True)
    broken = [name for name in (metric, "loss") if not math.isfinite(event.metrics.get(name, 0.0))]
    return Ending("failed", f"diverged: {broken[0]} is not finite after epoch {event.epoch + 1}") if broken else None


def end_of(
    event: EpochEnded, spec: TrialSpec, *, course: Sequence[EpochEnded], objective: ObjectiveConfig, patience: int
) -> Ending | None:
    """The end of a trial that has had its epochs or is out of patience; None if it goes on.

    Args:
        event: A sound epoch report.
        spec: The trial.
        course: All its epochs that count, this one included.
        objective: What it is judged by.
        patience: Epochs without a better one after which it ends; 0 for any number.
    """
    if event.epoch + 1 >= spec.epochs:
        return Ending("complete")
    values = [each.metrics[objective.metric] for each in course]
    best = score(values, direction=objective.direction, at="best").best_epoch
    is_out = patience and best is not None and event.epoch - best >= patience
    return Ending("complete", is_early=True) if is_out else None


def patience_of(spec: TrialSpec, training: TrainingConfig) -> int:
    """Epochs without a better one after which a trial ends; a param of this name replaces the sweep's."""
    return int(spec.params.get("early_stopping", training.early_stopping))
