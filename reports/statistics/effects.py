"""Sizes of a difference without its unit, and what the pairing was worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import Direction, aligned, sample
from reports.statistics.improvement import probability_of_improvement
from reports.statistics.location import moments


@dataclass(frozen=True)
class PairingGain:
    """What pairing by seed was worth.

    Attributes:
        correlation: Of the arms over the pairs; None where an arm is constant. At 0 or below, pairing did nothing.
        variance_ratio: (s_a² + s_b²) / s_d², how many times more separate replicates would have been needed; None where
            the differences are constant.
    """

    correlation: float | None
    variance_ratio: float | None


def cohen_d(a: npt.ArrayLike, b: npt.ArrayLike) -> float | None:
    """(mean a - mean b) / pooled standard deviation; None without spread.

    Source: Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988).

    Raises:
        ValueError: If either sample has fewer than two values, or one that is not finite.
    """
    first, second = sample("a", a, least=2), sample("b", b, least=2)
    (mean_a, sd_a), (mean_b, sd_b) = moments(first), moments(second)
    df_a, df_b = len(first) - 1, len(second) - 1
    pooled = math.sqrt((df_a * sd_a**2 + df_b * sd_b**2) / (df_a + df_b))
    return (mean_a - mean_b) / pooled if pooled else None


def hedges_g(a: npt.ArrayLike, b: npt.ArrayLike) -> float | None:
    """Cohen's d with the small-sample factor 1 - 3 / (4 · (n_a + n_b - 2) - 1); None without spread.

    Source: Hedges, "Distribution theory for Glass's estimator of effect size" (1981), approximate form.

    Raises:
        ValueError: As `cohen_d`.
    """
    d = cohen_d(a, b)
    return None if d is None else d * _small_sample(np.size(a) + np.size(b) - 2)


def hedges_gz(a: npt.ArrayLike, b: npt.ArrayLike) -> float | None:
    """Paired effect d̄ / s_d with the factor 1 - 3 / (4 · (n - 1) - 1); None where all differences are equal.

    Source: as `hedges_g`, with the standard deviation of the differences.

    Raises:
        ValueError: If there are fewer than two complete pairs of finite values.
    """
    first, second = aligned(a, b, least=2)
    mean, deviation = moments(first - second)
    return mean / deviation * _small_sample(len(first) - 1) if deviation else None


def cliffs_delta(a: npt.ArrayLike, b: npt.ArrayLike, *, direction: Direction = "maximize") -> float:
    """P(a better) - P(b better) over all combinations: 2 · P - 1 of the unpaired probability of improvement.

    Source: Cliff, "Dominance statistics" (1993).

    Raises:
        ValueError: As `probability_of_improvement`.
    """
    return 2 * probability_of_improvement(a, b, paired=False, direction=direction) - 1


def relative_reduction(a: float, b: float) -> float:
    """Share of the baseline's error that the arm saves: (b - a) / b.

    Raises:
        ValueError: If the baseline's error is not above 0, or either is not finite.
    """
    if not (math.isfinite(a) and math.isfinite(b) and b > 0):
        raise ValueError(f"a and b: errors must be finite and the baseline's above 0, got {a} and {b}")
    return (b - a) / b


def pairing_gain(a: npt.ArrayLike, b: npt.ArrayLike) -> PairingGain:
    """How alike the arms are over the pairs, and how much smaller that made the variance of their difference.

    Var(a - b) = s_a² + s_b² - 2 ρ s_a s_b. Source: Student, "The probable error of a mean" (1908).

    Raises:
        ValueError: If there are fewer than two complete pairs of finite values.
    """
    first, second = aligned(a, b, least=2)
    (_, sd_a), (_, sd_b), (_, sd) = moments(first), moments(second), moments(first - second)
    correlation = float(np.corrcoef(first, second)[0, 1]) if sd_a and sd_b else None
    return PairingGain(correlation, (sd_a**2 + sd_b**2) / sd**2 if sd else None)


def _small_sample(df: int) -> float:
    return 1 - 3 / (4 * df - 1)
