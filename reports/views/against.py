"""An arm's random draws against the baseline's: at one budget, and from which budget on they are no worse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reports.statistics import Direction, Overtaking, equal_budget_interval, overtaking, overtaking_by_cost
from reports.views.spending import budgets_to, median_by_chance

Scores = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Chance:
    """How often the best of so many draws of an arm beats that of the other's, which is the baseline.

    Attributes:
        arm: Its name.
        other: The baseline.
        draws: Of each of them.
        chance: Over all ways to draw so many from those that there are.
        low: Of the 95 % interval of that chance for the arms themselves.
        high: Of the same.
        n: Draws of the arm that there are.
        others: Draws of the baseline.
    """

    arm: str
    other: str
    draws: int
    chance: float
    low: float | None
    high: float | None
    n: int
    others: int


@dataclass(frozen=True)
class Crossover:
    """From which budget on the median of an arm is no worse than that of the other, which is the baseline.

    Attributes:
        arm: Its name.
        other: The baseline.
        n: Draws of the arm.
        others: Draws of the baseline.
        at: The smallest budget, in draws or seconds, from which it is so up to the stop; None without a crossing.
        best: The median best of the arm there.
        low: The earliest crossing, at 95 %; None where there is none up to the stop.
        high: The latest; None where it may as well lie beyond the stop.
        better: Budgets, from the first to the last, at which the arm is shown to be better, each by itself.
        worse: Those at which it is shown to be worse.
        reach: Beyond it so many draws show nothing; None where they never do.
        stop: Where the shorter arm ends.
    """

    arm: str
    other: str
    n: int
    others: int
    at: float | None
    best: float | None
    low: float | None
    high: float | None
    better: list[list[float]]
    worse: list[list[float]]
    reach: float | None
    stop: float


def chances(scores: Scores, draws: int, baseline: str | None, direction: Direction) -> list[Chance]:
    """Of every arm against the baseline; none without one."""
    if baseline is None or baseline not in scores:
        return []
    theirs = scores[baseline]
    found = {
        arm: equal_budget_interval(values, theirs, draws=draws, direction=direction)
        for arm, values in scores.items()
        if arm != baseline
    }
    return [
        Chance(arm, baseline, draws, each.value, each.low, each.high, len(scores[arm]), len(theirs))
        for arm, each in found.items()
    ]


def by_draws(scores: Scores, baseline: str | None, direction: Direction) -> list[Crossover]:
    """Of every arm against the baseline, by draws; none without a baseline."""
    if baseline is None or baseline not in scores:
        return []
    return [
        _of(arm, baseline, scores, overtaking(values, scores[baseline], direction=direction))
        for arm, values in scores.items()
        if arm != baseline
    ]


def by_seconds(
    scores: Scores, costs: Scores, most: float | None, baseline: str | None, direction: Direction
) -> list[Crossover]:
    """The same by worker seconds, up to `most`; none of an arm whose draws took no time."""
    if baseline is None or baseline not in scores:
        return []
    ends = {arm: min(most or 0.0, math.fsum(costs[arm].tolist())) for arm in scores}
    return [
        _of(arm, baseline, scores, _by_cost(arm, baseline, scores, costs, min(ends[arm], ends[baseline]), direction))
        for arm in scores
        if arm != baseline and ends[arm] and ends[baseline]
    ]


def _by_cost(arm: str, other: str, scores: Scores, costs: Scores, end: float, direction: Direction) -> Overtaking:
    budgets = budgets_to(end)
    ours, theirs = (median_by_chance(scores[name], costs[name], budgets, direction) for name in (arm, other))
    return overtaking_by_cost(
        scores[arm],
        scores[other],
        costs=(costs[arm], costs[other]),
        budgets=budgets,
        curves=(ours, theirs),
        direction=direction,
    )


def _of(arm: str, other: str, scores: Scores, found: Overtaking) -> Crossover:
    return Crossover(
        arm,
        other,
        len(scores[arm]),
        len(scores[other]),
        found.at,
        found.value,
        found.low,
        found.high,
        [list(run) for run in found.better],
        [list(run) for run in found.worse],
        found.reach,
        found.stop,
    )
