"""What follows from an epoch of a trial: that it goes on, or how it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeps.attempts import Ending
from sweeps.config import ObjectiveConfig
from sweeps.records import EpochEnded, TrialSpec
from sweeps.search.arm import Arm
from sweeps.selection import score


def judge(
    event: EpochEnded,
    spec: TrialSpec,
    *,
    course: Sequence[EpochEnded],
    objective: ObjectiveConfig,
    patience: int,
    arm: Arm,
) -> Ending | None:
    """Judge a trial after an epoch, and have its study take note of the metric; None if it goes on.

    Args:
        event: The epoch.
        spec: The trial.
        course: All its epochs that count, this one included.
        objective: What it is judged by.
        patience: Epochs without a better one after which it ends; 0 for any number.
        arm: Its study, whose pruner is asked.
    """
    metric = objective.metric
    if metric not in event.metrics:
        return Ending("failed", f"no metric {metric}; the model reports {', '.join(event.metrics)}", is_wrong=True)
    broken = [name for name in (metric, "loss") if not math.isfinite(event.metrics.get(name, 0.0))]
    if broken:
        return Ending("failed", f"diverged: {broken[0]} is not finite after epoch {event.epoch + 1}")
    arm.report(spec.order, event.epoch, event.metrics[metric])
    if event.epoch + 1 >= spec.epochs:
        return Ending("complete")
    best = score([each.metrics[metric] for each in course], direction=objective.direction, at="best").best_epoch
    if patience and best is not None and event.epoch - best >= patience:
        return Ending("complete", is_early=True)
    return Ending("pruned") if arm.should_prune(spec.order, event.epoch) else None
