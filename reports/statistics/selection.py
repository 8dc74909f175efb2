"""What choosing did: how much better the chosen looked than it is, and whether choosing longer made it worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import integrate, stats

from reports.statistics.checks import Direction, aligned, complete, count, sample, sign


@dataclass(frozen=True)
class KendallTau:
    """Agreement of two orders; None for both where one of them is all ties."""

    tau: float | None
    p: float | None


@dataclass(frozen=True)
class SelectionGap:
    """Honesty of a choice made on validation scores, in the metric's unit.

    Attributes:
        chosen: Place of the best validation score; the first of several.
        gap: By how much its validation score is better than its test score.
        regret: By how much its test score is worse than the best test score among all.
        order: Agreement of the two orders.
    """

    chosen: int
    gap: float
    regret: float
    order: KendallTau


@dataclass(frozen=True)
class Overtuning:
    """How far choosing on went wrong.

    Attributes:
        absolute: By how much the last incumbent is worse on test than the best of all incumbents.
        relative: The same as a share of all that was ever gained over the first; above 1 it ended worse than it began.
            None where nothing was gained and something lost.
    """

    absolute: float
    relative: float | None


def kendall_tau(a: npt.ArrayLike, b: npt.ArrayLike) -> KendallTau:
    """Kendall's τ_b = (concordant - discordant) / √((pairs - ties in a)(pairs - ties in b)), exact p without ties.

    Source: Kendall, "The treatment of ties in ranking problems" (1945), through `scipy.stats.kendalltau`.

    Raises:
        ValueError: If there are fewer than two complete pairs of finite values.
    """
    first, second = aligned(a, b, least=2)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return KendallTau(None, None)
    found = stats.kendalltau(first, second)
    return KendallTau(float(found.statistic), float(found.pvalue))


def selection_gap(validation: npt.ArrayLike, test: npt.ArrayLike, *, direction: Direction = "maximize") -> SelectionGap:
    """What the choice by validation score promised, and what it missed on test.

    gap = validation - test of the chosen, regret = best test - test of the chosen, both signed so that worse is above
    0. Source: Cawley and Talbot, "On over-fitting in model selection" (2010).

    Raises:
        ValueError: If there are fewer than two candidates, or one lacks a finite score on either.
    """
    side = sign(direction)
    first, second = side * sample("validation", validation, least=2), side * sample("test", test, least=2)
    complete(first, second)
    chosen = int(first.argmax())
    gap, regret = float(first[chosen] - second[chosen]), float(second.max() - second[chosen])
    return SelectionGap(chosen, gap, regret, kendall_tau(first, second))


def overtuning(test: npt.ArrayLike, *, direction: Direction = "minimize") -> Overtuning:
    """Excess of the final incumbent on test: e_T - min e_t, and relative to e_1 - min e_t, e being test errors.

    Source: Schneider, Bischl and Feurer, "Overtuning in Hyperparameter Optimization" (2025).

    Args:
        test: Test score of each incumbent in the order in which they took over.
        direction: Which scores are better; errors by default.

    Raises:
        ValueError: If there is no incumbent, or a score is not finite.
    """
    errors = -sign(direction) * sample("test", test)
    best = float(errors.min())
    absolute, gained = float(errors[-1]) - best, float(errors[0]) - best
    if gained:
        return Overtuning(absolute, absolute / gained)
    return Overtuning(absolute, None if absolute else 0.0)


def winners_curse(candidates: int) -> float:
    """Expected best of n equal candidates in standard deviations of their noise: E max of n standard normals.

    ∫ x · n φ(x) Φ(x)ⁿ⁻¹ dx. Source: Tippett, "On the extreme individuals" (1925).

    Raises:
        ValueError: If there is no candidate.
    """
    n = count("candidates", candidates, least=1)
    value, _ = integrate.quad(lambda x: x * n * np.exp(stats.norm.logpdf(x) + (n - 1) * stats.norm.logcdf(x)), -9, 12)
    return float(value)
