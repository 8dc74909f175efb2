"""A trial's result, from its epoch reports and the sweep's objective: the same for every phase."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeps.config import ObjectiveConfig
from sweeps.records import EpochEnded, State, TrialEnded
from sweeps.selection import score


def conclude(
    number: int,
    course: Sequence[EpochEnded],
    *,
    objective: ObjectiveConfig,
    attempt: int,
    state: State,
    reason: str | None = None,
) -> TrialEnded:
    """Sum up a trial.

    Args:
        number: The trial's.
        course: Its epoch reports, in order; may be empty where it failed.
        objective: What makes its value.
        attempt: The last one.
        state: How it ended; a failed trial has no value.
        reason: Why, if it failed.
    """
    values = [epoch.metrics.get(objective.metric, math.nan) for epoch in course]
    judged = score(values, direction=objective.direction, at=objective.at) if values else None
    last = course[-1] if course else None
    return TrialEnded(
        number=number,
        attempt=attempt,
        state=state,
        value=judged.value if judged and state != "failed" else None,
        epochs=len(course),
        step=last.step if last else 0,
        last=last.metrics if last else {},
        best_value=judged.best_value if judged else None,
        best_epoch=judged.best_epoch if judged else None,
        prune_step=last.step if last and state == "pruned" else None,
        reason=reason,
    )
