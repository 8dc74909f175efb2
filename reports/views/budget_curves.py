"""What tuning is worth at a budget: the best of n random draws with its band, and the search beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.finite import finites
from reports.statistics import (
    Direction,
    expected_max_curve,
    median_tuning_curve,
)
from reports.view import View
from reports.views import against, budget_figures
from reports.views.cohort import LIMIT, draws_of, scores_of
from reports.views.spaces import Space, spaces_of
from reports.views.spending import POINTS, SpendCurve, by_seconds, by_trials, smallest, spending

KEY = "budget"


@dataclass(frozen=True)
class Draws:
    """The random draws of an arm.

    Attributes:
        arm: Its name.
        n: How many ended.
        left: How many of the sampler's phases they are from are still running.
        states: State -> how many, as they ended.
        unusable: Those that count as the worst: pruned, failed, out of bounds or without a finite value.
        phases: What the sampler called them.
    """

    arm: str
    n: int
    left: int
    states: dict[str, int]
    unusable: int
    phases: list[str]


@dataclass(frozen=True)
class DrawCurve:
    """The best of so many draws of an arm; None where that is nothing, or without end.

    Attributes:
        arm: Its name.
        draws: From 1 to the smaller number of the arms.
        median: Half of all searches of so many draws come to this or better.
        low: Of the simultaneous 95 % band.
        high: Of the same.
        expected: Unbiased mean of the best, unusable draws taken for the worst score seen.
    """

    arm: str
    draws: list[int]
    median: list[float | None]
    low: list[float | None]
    high: list[float | None]
    expected: list[float | None]


@dataclass(frozen=True)
class Result:
    """See the classes above.

    Attributes:
        why: What is missing for curves of random draws; empty where nothing is.
        draws: One an arm that has any.
        spaces: One an arm.
        stop: Draws at which all curves stop; None without curves.
        curves: One an arm that has draws.
        chances: Against the baseline, at half of `stop`.
        crossings: Against the baseline, by draws.
        crossings_seconds: The same by worker seconds of draws.
        trials: Best so far by ended trials.
        trials_stop: Where those curves stop.
        seconds: Best so far by worker seconds.
        seconds_stop: Where those curves stop.
    """

    why: str
    draws: list[Draws]
    spaces: list[Space]
    stop: int | None
    curves: list[DrawCurve]
    chances: list[against.Chance]
    crossings: list[against.Crossover]
    crossings_seconds: list[against.Crossover]
    trials: list[SpendCurve]
    trials_stop: float | None
    seconds: list[SpendCurve]
    seconds_stop: float | None


def analyse(evidence: Evidence) -> Result:
    """Curves of the random draws of each arm, and of its search."""
    direction, search = evidence.look.direction, evidence.trials("search")
    chosen = draws_of(search)
    of_arm = {arm: chosen[chosen["arm"] == arm] for arm in evidence.look.styles}
    scores = {arm: scores_of(rows.head(LIMIT), direction) for arm, rows in of_arm.items() if len(rows)}
    costs = {arm: of_arm[arm]["spent"].head(LIMIT).to_numpy(dtype=np.float64) for arm in scores}
    running = search[search["state"] == "running"]
    stop = min(map(len, scores.values()), default=None)
    curves = _curves(scores, stop, direction) if stop else []
    trials_stop, seconds_stop = (smallest(evidence, by) for by in ("trials", "seconds"))
    return Result(
        why=_why(search, scores),
        draws=[_draws(arm, of_arm[arm], scores_of(of_arm[arm], direction), running) for arm in scores],
        spaces=spaces_of(evidence.config),
        stop=stop,
        curves=curves,
        chances=against.chances(scores, max(1, (stop or 0) // 2), evidence.baseline, direction),
        crossings=against.by_draws(scores, evidence.baseline, direction),
        crossings_seconds=against.by_seconds(scores, costs, seconds_stop, evidence.baseline, direction),
        trials=spending(evidence, "trials", trials_stop, by_trials(curves, trials_stop)),
        trials_stop=trials_stop,
        seconds=spending(evidence, "seconds", seconds_stop, by_seconds(scores, costs, seconds_stop, direction)),
        seconds_stop=seconds_stop,
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """By draws, then by trials and by worker seconds."""
    yield budget_figures.by_draws(result, evidence)
    yield from budget_figures.by_spend(result, evidence)


def _why(search: pd.DataFrame, scores: dict[str, np.ndarray]) -> str:
    if not len(search[search["state"] != "running"]):
        return "No trial of the search has ended yet."
    if not scores:
        return "No trial of this search was drawn at random, so that no curve of it has a band that is true."
    if not any(np.isfinite(values).any() for values in scores.values()):
        return "No random draw came to a value that could be chosen."
    return ""


def _draws(arm: str, rows: pd.DataFrame, scores: np.ndarray, running: pd.DataFrame) -> Draws:
    phases = sorted(set(rows["sampler_phase"]))
    left = running[(running["arm"] == arm) & running["sampler_phase"].isin(phases)]
    states = {str(state): int(many) for state, many in sorted(rows["state"].value_counts().items())}
    return Draws(arm, len(rows), len(left), states, int((~np.isfinite(scores)).sum()), phases)


def _curves(scores: dict[str, np.ndarray], stop: int, direction: Direction) -> list[DrawCurve]:
    points = grid_of(stop, len(scores))
    usable = np.concatenate([values[np.isfinite(values)] for values in scores.values()])
    worst = None if not len(usable) else usable.min() if direction == "maximize" else usable.max()
    return [_curve(arm, values, points, worst, direction) for arm, values in scores.items()]


def _curve(arm: str, scores: np.ndarray, points: Sequence[int], worst: float | None, direction: Direction) -> DrawCurve:
    places, most = np.array(points) - 1, points[-1]
    curve = median_tuning_curve(scores, draws=most, direction=direction)
    expected = np.full(most, np.nan)
    if worst is not None:
        filled = np.where(np.isfinite(scores), scores, worst)
        expected = expected_max_curve(filled, draws=most, direction=direction)
    return DrawCurve(
        arm, list(points), *(finites(values[places]) for values in (curve.values, curve.low, curve.high, expected))
    )


def grid_of(most: int, arms: int) -> list[int]:
    """Budgets from 1 to `most`: all of them where that is few enough to draw, else ever wider apart."""
    points = max(8, min(POINTS, 2000 // (6 * max(1, arms))))
    if most <= points:
        return list(range(1, most + 1))
    return sorted({round(value) for value in np.geomspace(1, most, points)})
