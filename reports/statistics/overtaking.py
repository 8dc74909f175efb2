"""From which budget of random draws on one arm is no worse than another, by the medians of their best.

The draws are taken for independent ones of one search space each, as in `tuning`; those of two arms for independent
of one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import Direction, FloatArray, complete, count, oriented, sample, share, sign
from reports.statistics.location import mean_interval
from reports.statistics.quantile_order import quantile_order_p
from reports.statistics.tuning import median_tuning_curve

Runs = tuple[tuple[float, float], ...]
"""Budgets from the first to the last, the ends included."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Overtaking:
    """Where the curve of a comes to lie at or above that of b for good, in draws or in seconds.

    Attributes:
        at: The smallest budget from which a is no worse up to the stop; None where it is worse at the stop.
        value: The median best of a there; None without a crossing.
        low: Lower end of the interval; None where all budgets up to the stop lie before it.
        high: Upper end; None where the interval is open, since a may as well be worse at the stop.
        better: Budgets at which a is shown to be better, each by itself.
        worse: Budgets at which a is shown to be worse, each by itself.
        reach: The largest budget at which so many draws show anything at all, however far apart the arms are.
        stop: What the shorter of the two came to.
    """

    at: float | None
    value: float | None
    low: float | None
    high: float | None
    better: Runs
    worse: Runs
    reach: float | None
    stop: float


@dataclass(frozen=True)
class _Unit:
    """Seconds of a draw, or 1: the mean, and how small and how large it may be."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class _Told:
    """Budgets, and of which of them something is shown."""

    budgets: FloatArray
    shown: npt.NDArray[np.bool_]


_ONE = _Unit(1.0, 1.0, 1.0)

_Arms = tuple[FloatArray, FloatArray]
_Units = tuple[_Unit, _Unit]
_Counts = npt.NDArray[np.intp]


def overtaking(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    costs: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    draws: int | None = None,
    alpha: float = 0.05,
    direction: Direction = "maximize",
) -> Overtaking:
    """The crossing of two median tuning curves for good, with an interval of coverage at least 1 - alpha.

    The crossing n* is the smallest n with Q_a(q^(1/m)) at least as good as Q_b(q^(1/m)), q = ½, for all m from n to the
    stop. The interval goes from the first budget, of those that buy both a draw, at which a is not shown to be worse to
    the first of those up to the stop at all of which it is shown to be better. Each end is wrong only where one test by
    `quantile_order_p` is, at alpha/2: at n*, and at the budget before n* or at the stop. So no correction for the
    number of budgets is due. Near the number of draws nothing can be shown, whatever the distributions are, and the
    interval is open.
    By seconds s an arm has the median best of the ⌊s/c⌋ draws that they buy at its mean cost c; alpha is then halved,
    one half for the order and one for the four ends of Student's intervals of the costs.
    Source: inversion of tests, Neyman, "Outline of a theory of statistical estimation" (1937), over the curves of
    Lourie, Cho and He, "Show Your Work with Confidence" (2024), who show that bootstrapped ones hold too little.

    Args:
        a: Scores of the draws of the arm in question; the infinity that is worst where one came to nothing.
        b: Those of the other.
        costs: Seconds of each draw of a and of b; without them the budget is one of draws.
        draws: Where a budget of draws stops; at the shorter sample without it.
        alpha: One minus the coverage.
        direction: Which scores are better.

    Raises:
        ValueError: If a score is NaN, `draws` is above the shorter sample, a cost is negative or not finite or all are
            0, there is not one cost for each score, or `alpha` is no share.
    """
    arms = oriented("a", a, direction), oriented("b", b, direction)
    shorter, level = min(map(len, arms)), share("alpha", alpha) / 2
    if costs is None:
        units = (_ONE, _ONE)
        stop = float(shorter if draws is None else count("draws", draws, least=1, most=shorter))
    else:
        units = (_unit("a", arms[0], costs[0], alpha / 4), _unit("b", arms[1], costs[1], alpha / 4))
        stop, level = min(unit.mean * len(arm) for unit, arm in zip(units, arms, strict=True)), level / 2
    at, value = _crossing(arms, units, stop)
    worse, better = _behind(arms, units, stop, level), _behind(arms[::-1], units[::-1], stop, level)
    return Overtaking(
        at=at,
        value=None if value is None else sign(direction) * value,
        low=_low(worse, units[0].low, stop),
        high=_since(better),
        better=_runs(better),
        worse=_runs(worse),
        reach=_reach(arms, units, stop, level),
        stop=stop,
    )


def _unit(name: str, scores: FloatArray, costs: npt.ArrayLike, alpha: float) -> _Unit:
    spent = sample(f"costs of {name}", costs)
    complete(scores, spent)
    if (spent < 0).any() or not spent.any():
        raise ValueError(f"costs of {name}: must not be negative nor all 0, got from {spent.min()} to {spent.max()}")
    mean = mean_interval(spent, alpha=alpha)
    if mean.low is None or mean.high is None:
        return _Unit(mean.value, _ROUNDING * mean.value, np.inf)
    return _Unit(mean.value, max(mean.low, _ROUNDING * mean.value), mean.high)


def _crossing(arms: _Arms, units: _Units, stop: float) -> tuple[float | None, float | None]:
    budgets, *bought = _steps(arms, (units[0].mean, units[1].mean), stop)
    curves = (np.concatenate(([-np.inf], median_tuning_curve(arm).values)) for arm in arms)
    ours, theirs = (curve[draws] for curve, draws in zip(curves, bought, strict=True))
    at = _since(_Told(budgets, (ours >= theirs) & np.isfinite(ours)))
    return at, None if at is None else float(ours[budgets == at][0])


def _behind(arms: _Arms, units: _Units, stop: float, level: float) -> _Told:
    """Where the first arm is worse even if its draws are as cheap, and the other's as dear, as they may be."""
    budgets, ours, theirs = _steps(arms, (units[0].low, units[1].high), stop)
    has = (ours > 0) & (theirs > 0)
    shown = [_shown(arms[0], n, arms[1], m, level) for n, m in zip(ours[has], theirs[has], strict=True)]
    return _Told(budgets[has], np.array(shown, dtype=bool))


def _low(worse: _Told, first_draw: float, stop: float) -> float | None:
    """The first budget that is not shown to be worse; where none before it is, the first draw."""
    if not worse.shown[:1].any():
        return first_draw if first_draw <= stop else None
    return None if worse.shown.all() else float(worse.budgets[~worse.shown][0])


def _reach(arms: _Arms, units: _Units, stop: float, level: float) -> float | None:
    """Up to where arms would be told apart of which every draw of one is better than every draw of the other."""
    bottom, top = (np.zeros(len(arms[0])), np.ones(len(arms[1]))), (np.zeros(len(arms[1])), np.ones(len(arms[0])))
    found = (*_runs(_behind(bottom, units, stop, level)), *_runs(_behind(top, units[::-1], stop, level)))
    return max((last for _, last in found), default=None)


def _shown(a: FloatArray, draws_a: int, b: FloatArray, draws_b: int, level: float) -> bool:
    # All of a's draws lie below the quantile with a chance that p cannot go under.
    if 0.5 ** (len(a) / draws_a) > level:
        return False
    return quantile_order_p(a, b, levels=(0.5 ** (1 / draws_a), 0.5 ** (1 / draws_b))) <= level


def _steps(arms: _Arms, seconds: tuple[float, float], stop: float) -> tuple[FloatArray, _Counts, _Counts]:
    """The budgets at which either arm has one draw more, up to the stop, and how many each has then."""
    every = [unit * np.arange(1, len(arm) + 1) for unit, arm in zip(seconds, arms, strict=True)]
    budgets = np.unique(np.concatenate([*every, [stop]]))
    budgets = budgets[budgets <= stop * (1 + _ROUNDING)]
    ours, theirs = (
        np.minimum(np.floor(budgets / unit + _ROUNDING), len(arm)).astype(np.intp)
        for unit, arm in zip(seconds, arms, strict=True)
    )
    return budgets, ours, theirs


def _since(told: _Told) -> float | None:
    """The first of the last budgets that all are shown."""
    return _runs(told)[-1][0] if told.shown[-1:].any() else None


def _runs(told: _Told) -> Runs:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], told.shown, [False]))))
    starts, ends = told.budgets[edges[::2]].tolist(), told.budgets[edges[1::2] - 1].tolist()
    return tuple(zip(starts, ends, strict=True))
