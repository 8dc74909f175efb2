"""What follows from an epoch of a trial of the search: that it goes on, or how it ends."""

from __future__ import annotations

from collections.abc import Sequence

from sweeps.attempts import Ending
from sweeps.config import ObjectiveConfig
from sweeps.judging import end_of, fault_of
from sweeps.records import EpochEnded, TrialSpec
from sweeps.search.arm import Arm


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
    if (fault := fault_of(event, objective)) is not None:
        return fault
    arm.report(spec.order, event.epoch, event.metrics[objective.metric])
    if (end := end_of(event, spec, course=course, objective=objective, patience=patience)) is not None:
        return end
    return Ending("pruned") if arm.should_prune(spec.order, event.epoch) else None
