"""Runs that end early: time to a goal with those that never got there, and curves that do not forget the fallen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import FloatArray, aligned, positive, sample, share


@dataclass(frozen=True)
class Survival:
    """Share of runs that have not reached the goal, after each time at which something happened.

    Attributes:
        times: Distinct times, ascending.
        share: Not there yet, just after the time.
        low: Lower end of the pointwise interval.
        high: Upper end.
        at_risk: Runs under observation just before the time.
        events: Runs that reached the goal at the time.
    """

    times: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: npt.NDArray[np.intp]
    events: npt.NDArray[np.intp]


@dataclass(frozen=True)
class RestrictedMean:
    """Mean time up to the horizon, with its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True)
class RunCurve:
    """Curves of runs of different length, epoch by epoch.

    Attributes:
        survivors: Mean of the runs that got that far, which pruning makes too good.
        carried: Mean of all runs, each with the last value that it has.
        at_risk: How many got that far.
        runs: How many there are.
    """

    survivors: FloatArray
    carried: FloatArray
    at_risk: npt.NDArray[np.intp]
    runs: int


def kaplan_meier(times: npt.ArrayLike, reached: Sequence[bool], *, alpha: float = 0.05) -> Survival:
    """Share of runs still short of a goal: Π over event times of 1 - d/r, runs that ended without it censored.

    The interval is that of ln(-ln S) with Greenwood's variance, Σ d / (r · (r - d)). Where S is 1 it is [1, 1]; where
    S is 0 it has no such interval, and the upper end stays where it was.
    Source: Kaplan and Meier (1958), through `scipy.stats.ecdf`; Kalbfleisch and Prentice (1980) for the interval.

    Args:
        times: Epochs or seconds until the goal or the end of the run.
        reached: Whether the run reached the goal.
        alpha: One minus the coverage at each time.

    Raises:
        ValueError: If there is no run, a time is negative or not finite, or there is not one flag a time.
    """
    numbers, goals = aligned(times, np.asarray(reached, dtype=np.float64))
    if (numbers < 0).any():
        raise ValueError(f"times: must not be negative, got {numbers.min()}")
    hit = goals.astype(bool)
    survival = stats.ecdf(stats.CensoredData(uncensored=numbers[hit], right=numbers[~hit])).sf
    moments = np.asarray(survival.quantiles, dtype=np.float64)
    shares = np.asarray(survival.probabilities, dtype=np.float64)
    at_risk = np.array([(numbers >= moment).sum() for moment in moments], dtype=np.intp)
    events = np.array([(numbers[hit] == moment).sum() for moment in moments], dtype=np.intp)
    low, high = _greenwood(shares, at_risk, events, alpha)
    return Survival(moments, shares, low, high, at_risk, events)


def restricted_mean(times: npt.ArrayLike, reached: Sequence[bool], *, horizon: float) -> RestrictedMean:
    """Mean time to the goal, counting no time beyond the horizon: the area under Kaplan and Meier's curve.

    ∫ S(t) dt from 0 to the horizon; variance Σ (area after t)² · d / (r · (r - d)).
    Source: Irwin (1949); Royston and Parmar, "Restricted mean survival time" (2013).

    Raises:
        ValueError: As `kaplan_meier`, or if runs are lost before `horizon`, beyond which nothing is known.
    """
    curve = kaplan_meier(times, reached)
    positive("horizon", horizon)
    if horizon > curve.times[-1] and curve.share[-1] > 0:
        raise ValueError(f"horizon: must not be after {curve.times[-1]:g}, when a run was last seen, got {horizon:g}")
    inside = curve.times < horizon
    edges = np.concatenate(([0.0], curve.times[inside], [horizon]))
    areas = np.diff(edges) * np.concatenate(([1.0], curve.share[inside]))
    after = areas.sum() - np.cumsum(areas)[:-1]
    left = curve.at_risk[inside] * (curve.at_risk[inside] - curve.events[inside])
    terms = after**2 * np.divide(curve.events[inside], left, out=np.zeros(len(left)), where=left > 0)
    return RestrictedMean(float(areas.sum()), float(np.sqrt(terms.sum())))


def run_curve(curves: Sequence[npt.ArrayLike]) -> RunCurve:
    """Mean curve of runs of which some ended early, with how many are left at each epoch.

    Survivors alone get better by losing the worst; all runs with their last values do not.
    Source: Little and Rubin, "Statistical Analysis with Missing Data" (2019), on both.

    Raises:
        ValueError: If there is no run, or one has no epoch or a value that is not finite.
    """
    if not curves:
        raise ValueError("curves: needs at least 1 run, got 0")
    runs = [sample(f"curves[{place}]", curve) for place, curve in enumerate(curves)]
    length = max(len(run) for run in runs)
    at_risk = np.array([sum(len(run) > epoch for run in runs) for epoch in range(length)], dtype=np.intp)
    survivors = [np.mean(np.sort([run[epoch] for run in runs if len(run) > epoch])) for epoch in range(length)]
    carried = [np.mean(np.sort([run[min(epoch, len(run) - 1)] for run in runs])) for epoch in range(length)]
    return RunCurve(np.array(survivors), np.array(carried), at_risk, len(runs))


def _greenwood(
    shares: FloatArray, at_risk: npt.NDArray[np.intp], events: npt.NDArray[np.intp], alpha: float
) -> tuple[FloatArray, FloatArray]:
    z = float(stats.norm.isf(share("alpha", alpha) / 2))
    low, high, variance, last = np.ones(len(shares)), np.ones(len(shares)), 0.0, 1.0
    for place, (left, r, d) in enumerate(zip(shares, at_risk, events, strict=True)):
        if left == 0:
            low[place], high[place] = 0.0, last
        elif left < 1:
            variance += d / (r * (r - d))
            reach = np.exp(z * np.sqrt(variance) / abs(np.log(left)))
            low[place], high[place] = left**reach, left ** (1 / reach)
        last = float(high[place])
    return low, high
