"""Differences of means by Student's t: of pairs, of separate samples, within a margin, and between strata."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import aligned, positive, sample, share
from reports.statistics.location import moments


@dataclass(frozen=True)
class TTest:
    """A difference of means with its interval and two-sided test.

    Attributes:
        difference: Mean of a minus mean of b, in the metric's unit.
        low: Lower end of the interval.
        high: Upper end of the interval.
        t: The difference in standard errors; None where there is no spread to measure it by.
        df: Degrees of freedom.
        p: Two-sided; without spread, 1 for no difference and 0 for any.
    """

    difference: float
    low: float
    high: float
    t: float | None
    df: float
    p: float


@dataclass(frozen=True)
class Tost:
    """Two one-sided tests: the interval of 1 - 2 alpha, the larger p, and whether it lies within the margin."""

    low: float
    high: float
    p: float
    equivalent: bool


def paired_t(a: npt.ArrayLike, b: npt.ArrayLike, *, alpha: float = 0.05) -> TTest:
    """Mean difference of pairs: d̄ ± t(1 - alpha/2, n - 1) · s_d / √n.

    Source: Student, "The probable error of a mean" (1908).

    Raises:
        ValueError: If there are fewer than two pairs, a pair is incomplete, or a value is not finite.
    """
    first, second = aligned(a, b, least=2)
    mean, deviation = moments(first - second)
    return _tested(mean, deviation / math.sqrt(len(first)), len(first) - 1, alpha)


def welch(a: npt.ArrayLike, b: npt.ArrayLike, *, alpha: float = 0.05) -> TTest:
    """Difference of means of separate samples with unequal variances.

    se² = s_a²/n_a + s_b²/n_b, df = se⁴ / Σ (s²/n)² / (n - 1). For paired data it throws the pairing away.
    Source: Welch, "The generalization of 'Student's' problem" (1947).

    Raises:
        ValueError: If either sample has fewer than two values, or one that is not finite.
    """
    first, second = sample("a", a, least=2), sample("b", b, least=2)
    (mean_a, sd_a), (mean_b, sd_b) = moments(first), moments(second)
    part_a, part_b = sd_a**2 / len(first), sd_b**2 / len(second)
    square = part_a + part_b
    spread = part_a**2 / (len(first) - 1) + part_b**2 / (len(second) - 1)
    df = square**2 / spread if spread else float(len(first) + len(second) - 2)
    return _tested(mean_a - mean_b, math.sqrt(square), df, alpha)


def tost(a: npt.ArrayLike, b: npt.ArrayLike, *, margin: float, alpha: float = 0.05) -> Tost:
    """Equivalence of paired arms: d̄ is tested against -margin from below and against +margin from above.

    Equivalent if both reject at alpha, which is the interval of 1 - 2 alpha lying within ±margin.
    Source: Schuirmann, "A comparison of the two one-sided tests procedure" (1987).

    Raises:
        ValueError: If there are fewer than two complete pairs of finite values, or `margin` is not above 0.
    """
    positive("margin", margin)
    test = paired_t(a, b, alpha=share("2 * alpha", 2 * alpha))
    error = (test.high - test.low) / 2 / float(stats.t.ppf(1 - alpha, test.df))
    room = margin - abs(test.difference)
    p = float(stats.t.sf(room / error, test.df)) if error else float(room <= 0)
    return Tost(test.low, test.high, p, p <= alpha)


def interaction_contrast(first: npt.ArrayLike, second: npt.ArrayLike, *, alpha: float = 0.05) -> TTest:
    """Difference in differences: how much larger the effect is in one stratum than in another.

    mean(first) - mean(second) of paired differences (a minus b) in two strata that share no pair, by Welch's
    interval. Source: as `welch`.

    Raises:
        ValueError: If either stratum has fewer than two differences, or one that is not finite.
    """
    return welch(sample("first", first, least=2), sample("second", second, least=2), alpha=alpha)


def _tested(difference: float, error: float, df: float, alpha: float) -> TTest:
    half = float(stats.t.ppf(1 - share("alpha", alpha) / 2, df)) * error
    t = difference / error if error else None
    p = float(difference == 0) if t is None else float(2 * stats.t.sf(abs(t), df))
    return TTest(difference, difference - half, difference + half, t, df, p)
