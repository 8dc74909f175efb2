"""Runs of different length epoch by epoch, and the time that they take to a goal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.statistics import kaplan_meier, restricted_mean
from sweeps.records import Direction

_NEARLY = 1e-12


@dataclass(frozen=True, eq=False)
class Courses:
    """What some runs reported.

    Attributes:
        values: Runs by epochs, NaN where a run reported nothing finite.
        lengths: Epochs of each run; no run is without.
        complete: Whether it came to its end.
        finals: The last finite value of each run; NaN without any.
    """

    values: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.intp]
    complete: npt.NDArray[np.bool_]
    finals: npt.NDArray[np.float64]

    @classmethod
    def of(cls, epochs: pd.DataFrame, trials: pd.DataFrame, metric: str) -> Courses:
        """The runs of `trials` in the order of their numbers."""
        numbers = np.sort(trials["number"].to_numpy())
        mine = epochs[epochs["number"].isin(numbers)]
        found = np.unique(mine["number"].to_numpy())
        rows, places = np.searchsorted(found, mine["number"].to_numpy()), mine["epoch"].to_numpy()
        values = np.full((len(found), int(places.max()) + 1 if len(places) else 0), np.nan)
        values[rows, places] = mine.get(f"metric.{metric}", np.nan)
        values[~np.isfinite(values)] = np.nan
        lengths = np.zeros(len(found), dtype=np.intp)
        np.maximum.at(lengths, rows, places + 1)
        complete = np.isin(found, trials.loc[trials["state"] == "complete", "number"].to_numpy())
        return cls(values, lengths, complete, _last(values))


@dataclass(frozen=True)
class Spread:
    """Runs epoch by epoch, from the first on; None where no run has a finite value.

    Attributes:
        epochs: Counted from 1.
        at_risk: Runs that got that far.
        median: Of those with a finite value.
        low: Their lower quartile.
        high: Their upper quartile.
        carried: Median of all runs, each with the last value that it has.
    """

    epochs: list[int]
    at_risk: list[int]
    median: list[float | None]
    low: list[float | None]
    high: list[float | None]
    carried: list[float | None]


@dataclass(frozen=True)
class Goal:
    """Epochs until the goal, by Kaplan and Meier; runs that ended without it are censored.

    Attributes:
        times: Epochs at which something happened.
        share: Runs not there yet.
        low: Lower end of its interval.
        high: Upper end.
        at_risk: Runs under observation just before.
        runs: All runs.
        reached: Runs that got there.
        mean: Mean epochs up to the horizon; None without a horizon.
        error: Its standard error.
        hits: The epoch of each run, in order, for those that got there.
        ends: The last epoch of each other run, in order.
    """

    times: list[float]
    share: list[float]
    low: list[float]
    high: list[float]
    at_risk: list[int]
    runs: int
    reached: int
    mean: float | None
    error: float | None
    hits: list[int]
    ends: list[int]


def spread(runs: Courses) -> Spread:
    """Quartiles of the runs that are left at each epoch, and the median of all with their last values."""
    length = runs.values.shape[1]
    carried = np.full(len(runs.lengths), np.nan)
    rows = []
    for epoch in range(length):
        column = runs.values[:, epoch]
        carried = np.where(np.isnan(column), carried, column)
        rows.append((*_quartiles(column), _quartiles(carried)[1]))
    low, median, high, all_of_them = (list(part) for part in zip(*rows, strict=True)) if rows else ([], [], [], [])
    at_risk = [int((runs.lengths > epoch).sum()) for epoch in range(length)]
    return Spread(list(range(1, length + 1)), at_risk, median, low, high, all_of_them)


def goal(runs: Courses, threshold: float | None, direction: Direction, *, alpha: float) -> Goal | None:
    """When the runs first reached the threshold."""
    if threshold is None or not len(runs.lengths):
        return None
    slack = _NEARLY * max(1.0, abs(threshold))
    side = 1 if direction == "maximize" else -1
    there = np.greater_equal(side * runs.values, side * threshold - slack)
    reached = np.asarray(there.any(axis=1), dtype=np.bool_)
    times = np.where(reached, there.argmax(axis=1) + 1, runs.lengths)
    found = kaplan_meier(times, reached.tolist(), alpha=alpha)
    return Goal(
        times=found.times.tolist(),
        share=found.share.tolist(),
        low=found.low.tolist(),
        high=found.high.tolist(),
        at_risk=found.at_risk.tolist(),
        runs=len(times),
        reached=int(reached.sum()),
        mean=None,
        error=None,
        hits=np.sort(times[reached]).tolist(),
        ends=np.sort(times[~reached]).tolist(),
    )


def horizon_of(goals: Iterable[Goal | None]) -> float | None:
    """The last epoch up to which every arm is known: where its last run was seen, or all had got there."""
    known = [each for each in goals if each is not None]
    bounds = [each.times[-1] for each in known if each.share[-1] > 0]
    ends = [each.times[-1] for each in known]
    return min(bounds) if bounds else max(ends, default=None)


def with_mean(found: Goal | None, horizon: float | None) -> Goal | None:
    """The same with its mean time up to the horizon."""
    if found is None or horizon is None:
        return found
    reached = [True] * len(found.hits) + [False] * len(found.ends)
    mean = restricted_mean([*found.hits, *found.ends], reached, horizon=horizon)
    return replace(found, mean=mean.value, error=mean.standard_error)


def _quartiles(column: npt.NDArray[np.float64]) -> tuple[float | None, float | None, float | None]:
    known = column[~np.isnan(column)]
    if not len(known):
        return None, None, None
    low, median, high = np.quantile(known, (0.25, 0.5, 0.75)).tolist()
    return low, median, high


def _last(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    last = np.full(len(values), np.nan)
    for column in values.T:
        last = np.where(np.isnan(column), last, column)
    return last
