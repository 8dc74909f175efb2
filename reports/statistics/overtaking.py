"""From which budget of random draws on one arm is no worse than another, by the medians of their best.

The draws are taken for independent ones of one search space each, as in `tuning`; those of two arms for independent
of one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.budgets import searches_within_cost
from reports.statistics.checks import Direction, FloatArray, complete, count, oriented, sample, share, sign
from reports.statistics.quantile_order import quantile_order_p
from reports.statistics.tuning import median_tuning_curve

Runs = tuple[tuple[float, float], ...]
"""Budgets from the first to the last, the ends included."""


@dataclass(frozen=True)
class Overtaking:
    """Where the curve of a comes to lie at or above that of b for good, in draws or in seconds.

    Attributes:
        at: The smallest budget from which a is no worse up to the last; None where it is worse at the last.
        value: The median best of a there; None without a crossing.
        low: Lower end of the interval; None where a is shown to be worse up to the last budget.
        high: Upper end; None where the interval is open, since a may as well be worse at the last budget.
        better: Budgets at which a is shown to be better, each by itself.
        worse: Budgets at which a is shown to be worse, each by itself.
        reach: The largest budget at which so many draws show anything at all, however far apart the arms are.
        stop: The last budget.
    """

    at: float | None
    value: float | None
    low: float | None
    high: float | None
    better: Runs
    worse: Runs
    reach: float | None
    stop: float


_Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Sight:
    """Both arms at a budget: what is compared of them, and the quantile of it that the median best is."""

    a: FloatArray
    b: FloatArray
    quantile: float

    def worse(self, level: float) -> bool:
        """Whether a is shown to be worse."""
        return _shown(self.a, self.b, self.quantile, level)

    def better(self, level: float) -> bool:
        """Whether a is shown to be better."""
        return _shown(self.b, self.a, self.quantile, level)

    def telling(self, level: float) -> bool:
        """Whether anything were shown if one arm lay below the other altogether."""
        zeros, ones = np.zeros(len(self.a)), np.ones(len(self.b))
        return _shown(zeros, ones, self.quantile, level) or _shown(ones - 1, zeros + 1, self.quantile, level)


@dataclass(frozen=True)
class _Race:
    """Both curves at each budget, what is seen there, and the first budget from which a lower end is sought."""

    budgets: FloatArray
    ours: FloatArray
    theirs: FloatArray
    sights: Sequence[_Sight]
    start: int = 0


def overtaking(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    draws: int | None = None,
    alpha: float = 0.05,
    direction: Direction = "maximize",
) -> Overtaking:
    """The crossing of two median tuning curves for good, with an interval of coverage at least 1 - alpha.

    The crossing n* is the smallest n with Q_a(q^(1/m)) at least as good as Q_b(q^(1/m)), q = ½, for all m from n to the
    last budget. The interval goes from the first budget at which a is not shown to be worse to the first of those up to
    the last at all of which it is shown to be better. Each end is wrong only where one test by `quantile_order_p` is,
    at alpha/2: at n*, and at the budget before n* or the last. So no correction for the number of budgets is due. Near
    the number of draws nothing can be shown, whatever the distributions are, and the interval is open.
    Source: inversion of tests, Neyman, "Outline of a theory of statistical estimation" (1937), over the curves of
    Lourie, Cho and He, "Show Your Work with Confidence" (2024), who show that bootstrapped ones hold too little.

    Args:
        a: Scores of the draws of the arm in question; the infinity that is worst where one came to nothing.
        b: Those of the other.
        draws: The last budget; the shorter sample without it.
        alpha: One minus the coverage.
        direction: Which scores are better.

    Raises:
        ValueError: If a score is NaN, `draws` is above the shorter sample, or `alpha` is no share.
    """
    arms = oriented("a", a, direction), oriented("b", b, direction)
    shorter = min(map(len, arms))
    budgets = np.arange(1, (shorter if draws is None else count("draws", draws, least=1, most=shorter)) + 1)
    ours, theirs = (median_tuning_curve(arm, draws=len(budgets)).values for arm in arms)
    sights = [_Sight(*arms, 0.5 ** (1 / n)) for n in budgets.tolist()]
    race = _Race(budgets.astype(np.float64), ours, theirs, sights)
    return _overtaking(race, share("alpha", alpha) / 2, sign(direction))


def overtaking_by_cost(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    costs: tuple[npt.ArrayLike, npt.ArrayLike],
    budgets: npt.ArrayLike,
    curves: tuple[npt.ArrayLike, npt.ArrayLike],
    alpha: float = 0.05,
    direction: Direction = "maximize",
) -> Overtaking:
    """The same over budgets of seconds, between the median bests of searches that last so long.

    At every budget the draws make up searches, one after another, whose medians are compared by `quantile_order_p`:
    whatever a draw's cost has to do with its score. A lower end is sought from the first budget on that is no less than
    the mean cost of a draw of either arm. How many searches there are hangs on their costs, so that the coverage is
    close rather than exact.
    Source: as `overtaking`, with `searches_within_cost`.

    Args:
        a: Scores of the draws of the arm in question, in the order of the draws.
        b: Those of the other.
        costs: Of each draw of a and of b.
        budgets: Increasing; the crossing is one of them.
        curves: Median best of a and of b at each budget, as `shuffled_best_by_cost` has it.
        alpha: One minus the coverage.
        direction: Which scores are better.

    Raises:
        ValueError: If a score is NaN, a cost or budget is negative or not finite, there is not one cost for each score
            and one value of a curve for each budget, budgets do not increase, or `alpha` is no share.
    """
    arms, limits = (oriented("a", a, direction), oriented("b", b, direction)), sample("budgets", budgets)
    if (np.diff(limits) <= 0).any():
        raise ValueError(f"budgets: must increase, got {limits.tolist()}")
    ours, theirs = (oriented(f"curves[{place}]", curve, direction) for place, curve in enumerate(curves))
    complete(ours, limits)
    complete(theirs, limits)
    dearest = max(float(np.mean(sample("costs", each))) for each in costs)
    searches = [
        [searches_within_cost(arm, each, budget=limit) for arm, each in zip(arms, costs, strict=True)]
        for limit in limits.tolist()
    ]
    sights = [_Sight(first, second, 0.5) for first, second in searches]
    race = _Race(limits, ours, theirs, sights, int(np.searchsorted(limits, dearest)))
    return _overtaking(race, share("alpha", alpha) / 2, sign(direction))


def _overtaking(race: _Race, level: float, side: float) -> Overtaking:
    budgets = race.budgets
    worse, better, telling = (
        np.array([ask(each, level) for each in race.sights], dtype=bool)
        for ask in (_Sight.worse, _Sight.better, _Sight.telling)
    )
    ahead = _since(budgets, (race.ours >= race.theirs) & np.isfinite(race.ours))
    low, high = _low(budgets, worse, race.start), _since(budgets, better)
    if ahead is not None:  # the curves and the searches of seconds are not quite the same draws
        low, high = ahead if low is None else min(low, ahead), None if high is None else max(high, ahead)
    return Overtaking(
        at=ahead,
        value=None if ahead is None else side * float(race.ours[budgets == ahead][0]),
        low=low,
        high=high,
        better=_runs(budgets, better),
        worse=_runs(budgets, worse),
        reach=float(budgets[telling][-1]) if telling.any() else None,
        stop=float(budgets[-1]),
    )


def _shown(a: FloatArray, b: FloatArray, quantile: float, level: float) -> bool:
    # All of a lies below its quantile with a chance that p cannot go under.
    if not len(a) or not len(b) or quantile ** len(a) > level:
        return False
    return quantile_order_p(a, b, levels=(quantile, quantile)) <= level


def _low(budgets: FloatArray, worse: _Truths, start: int) -> float | None:
    """The first budget, from the start on, at which a is not shown to be worse; the very first if that is the start."""
    open_ = np.flatnonzero(~worse[start:])
    if not len(worse[start:]) or (len(open_) and not open_[0]):
        return float(budgets[0])
    return float(budgets[start + open_[0]]) if len(open_) else None


def _since(budgets: FloatArray, told: _Truths) -> float | None:
    """The first of the last budgets that are told of."""
    return _runs(budgets, told)[-1][0] if told[-1] else None


def _runs(budgets: FloatArray, told: _Truths) -> Runs:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], told, [False]))))
    return tuple(zip(budgets[edges[::2]].tolist(), budgets[edges[1::2] - 1].tolist(), strict=True))
