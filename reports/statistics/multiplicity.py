"""Several comparisons at once: what each p is worth within its family."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import FloatArray, count, sample


def holm(p_values: npt.ArrayLike, *, comparisons: int | None = None) -> FloatArray:
    """Adjusted p that bound the chance of any false claim in the family.

    The i-th smallest of m, i from 0, becomes max over j ≤ i of min(1, (m - j) · p₍ⱼ₎).
    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).

    Args:
        p_values: One for each comparison, in any order.
        comparisons: Size of the declared family where some of it has no p: an arm given up counts as p = 1.

    Raises:
        ValueError: If a p lies outside 0 to 1, or the family is smaller than the p given.
    """
    numbers = _probabilities(p_values)
    family = count("comparisons", len(numbers) if comparisons is None else comparisons, least=len(numbers))
    order = np.argsort(numbers, kind="stable")
    steps = np.minimum(1.0, (family - np.arange(len(numbers))) * numbers[order])
    adjusted = np.empty_like(numbers)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Adjusted p that bound the expected share of false claims among the claims, for exploration.

    The i-th smallest of m, i from 1, becomes min over j ≥ i of m · p₍ⱼ₎ / j. Source: Benjamini and Hochberg,
    "Controlling the false discovery rate" (1995), through `scipy.stats.false_discovery_control`.

    Raises:
        ValueError: If a p lies outside 0 to 1.
    """
    numbers = _probabilities(p_values)
    return np.asarray(stats.false_discovery_control(numbers), dtype=np.float64) if len(numbers) else numbers


def _probabilities(p_values: npt.ArrayLike) -> FloatArray:
    numbers = sample("p_values", p_values, least=0)
    outside = numbers[(numbers < 0) | (numbers > 1)]
    if len(outside):
        raise ValueError(f"p_values: must lie from 0 to 1, got {outside[0]}")
    return numbers
