"""Best so far of each arm's search up to the same spend, and of its random draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.figures import improvements
from reports.finite import finite, finites
from reports.statistics import Direction, shuffled_best_by_cost

Chanced = tuple[list[float], list[float | None]]
"""What was spent, and the median best of random draws by then."""

POINTS = 60
"""The most points of a curve, but for the search's own."""

_SEED = 20_240_501


class Drawn(Protocol):
    """A tuning curve, as far as it is needed here."""

    @property
    def arm(self) -> str:
        """Its arm."""

    @property
    def draws(self) -> list[int]:
        """From 1 on."""

    @property
    def median(self) -> list[float | None]:
        """Of the best of so many."""


@dataclass(frozen=True)
class SpendCurve:
    """Best so far of an arm up to what the arm that spent least has spent.

    Attributes:
        arm: Its name.
        spent: Trials or worker seconds at which the best changed, and where the curve stops.
        best: The best by then.
        by_chance: What was spent by random draws alone.
        median: The median of their best over all orders in which they might have run.
    """

    arm: str
    spent: list[float]
    best: list[float | None]
    by_chance: list[float]
    median: list[float | None]


def spending(evidence: Evidence, by: str, stop: float | None, chance: Mapping[str, Chanced]) -> list[SpendCurve]:
    """One curve an arm by `trials` or `seconds`, up to `stop`."""
    if not stop:
        return []
    progress = evidence.frames.progress
    return [
        _spend(arm, progress[progress["arm"] == arm], by, stop, *chance.get(arm, ([], [])))
        for arm in evidence.look.styles
    ]


def _spend(
    arm: str, rows: pd.DataFrame, by: str, stop: float, chance: list[float], median: list[float | None]
) -> SpendCurve:
    steps = improvements(rows[rows[by] <= stop].sort_values("trials"))
    spent, best = steps[by].astype(float).tolist(), finites(steps["best"])
    if best and spent[-1] < stop:  # what was best stays so until the next trial ends
        spent, best = [*spent, stop], [*best, best[-1]]
    return SpendCurve(arm, spent, best, chance, median)


def by_trials(curves: Sequence[Drawn], stop: float | None) -> dict[str, Chanced]:
    """The median of the tuning curve, exactly."""
    kept = {curve.arm: sum(draws <= (stop or 0) for draws in curve.draws) for curve in curves}
    return {c.arm: ([float(draws) for draws in c.draws[: kept[c.arm]]], c.median[: kept[c.arm]]) for c in curves}


def by_seconds(
    scores: dict[str, np.ndarray], costs: dict[str, np.ndarray], stop: float | None, direction: Direction
) -> dict[str, Chanced]:
    """The median over orders of the draws, one of which is as good as another."""
    ends = {arm: min(stop or 0.0, math.fsum(costs[arm].tolist())) for arm in scores}
    return {arm: _shuffled(scores[arm], costs[arm], end, direction) for arm, end in ends.items() if end}


def _shuffled(scores: np.ndarray, costs: np.ndarray, end: float, direction: Direction) -> Chanced:
    budgets = budgets_to(end)
    return budgets.tolist(), finites(median_by_chance(scores, costs, budgets, direction))


def budgets_to(end: float) -> np.ndarray:
    """Even steps up to the end."""
    return np.linspace(0.0, end, POINTS + 1)[1:]


def median_by_chance(scores: np.ndarray, costs: np.ndarray, budgets: np.ndarray, direction: Direction) -> np.ndarray:
    """The median best of random draws at each budget, over the same orders whatever the budgets are."""
    rng = np.random.default_rng([_SEED, len(scores)])
    # The same seconds summed in another order may pass the last budget by their last bits.
    limits = budgets * (1 + 1e-12)
    return shuffled_best_by_cost(scores, costs, budgets=limits, rng=rng, direction=direction)


def smallest(evidence: Evidence, by: str) -> float | None:
    """What the arm that has spent least has spent, of those that have ended a trial at all."""
    spent = evidence.frames.progress.groupby("arm")[by].max()
    known = [float(spent[arm]) for arm in evidence.look.styles if arm in spent.index]
    return finite(min(known, default=None))
