"""A trial's result, from its epoch reports and the sweep's objective: the same for every phase."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeps.config import COSTS, ObjectiveConfig
from sweeps.records import EpochEnded, ModelFacts, State, TrialEnded, TrialTested, worker_seconds
from sweeps.selection import Score, score


def conclude(
    number: int,
    course: Sequence[EpochEnded],
    *,
    objective: ObjectiveConfig,
    attempt: int,
    state: State,
    reason: str | None = None,
    facts: ModelFacts | None = None,
    stopped_early: bool = False,
    tested: TrialTested | None = None,
) -> TrialEnded:
    """Sum up a trial.

    Args:
        number: The trial's.
        course: Its epoch reports, in order; may be empty where it failed.
        objective: What makes its value, what stands beside it, and what it must not pass.
        attempt: The last one.
        state: How it ended; a failed trial has no value, and one that lacks an objective has failed.
        reason: Why, if it failed.
        facts: Its network.
        stopped_early: Whether it is complete because it got no better.
        tested: What its model made of the test set, where that was open.
    """
    values = [epoch.metrics.get(objective.metric, math.nan) for epoch in course]
    judged = score(values, direction=objective.direction, at=objective.at) if values else None
    measured = {} if state == "failed" else _measure(course, objective, judged, facts, whole=state == "complete")
    also = {target.metric: measured[target.metric] for target in objective.also if target.metric in measured}
    if state == "complete" and len(also) < len(objective.also):
        lacking = next(target.metric for target in objective.also if target.metric not in also)
        state, reason, measured, also = "failed", f"no {lacking}, which is an objective", {}, {}
        tested = None
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
        early_stop_epoch=last.epoch if last and stopped_early else None,
        reason=reason,
        test=tested.metrics.get(test_metric(objective)) if tested else None,
        nll=tested.nll if tested else None,
        brier=tested.brier if tested else None,
        ece=tested.ece if tested else None,
        also=also if state == "complete" else {},
        constraints={name: b.excess(measured[name]) for name, b in objective.constraints.items() if name in measured},
    )


def test_metric(objective: ObjectiveConfig) -> str:
    """What the objective's metric is called on the test set: `accuracy` for `val_accuracy`."""
    return objective.metric.removeprefix("val_")


def _measure(
    course: Sequence[EpochEnded],
    objective: ObjectiveConfig,
    judged: Score | None,
    facts: ModelFacts | None,
    *,
    whole: bool,
) -> dict[str, float]:
    """Every metric and cost that the objective needs and that is known and finite.

    Metrics are those of the epoch that counts. A trial that was stopped has none, and no training time: what it would
    have come to nobody knows.
    """
    known: dict[str, float | None] = {}
    if facts is not None:
        known = {"parameters": facts.parameters, "macs": facts.macs, "inference_seconds": facts.inference_seconds}
    if whole and course and judged:
        best = judged.best_epoch if objective.at == "best" else None
        counts = course[-1 if best is None else best]
        known |= {name: value for name, value in counts.metrics.items() if name not in COSTS}
        known["train_seconds"] = sum(map(worker_seconds, course))
    found = {name: known.get(name) for name in objective.measures}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}
