"""A mean over seeds and examples at once, drawn anew in both."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import FloatArray, count, share, table
from reports.statistics.location import Estimate

_AT_ONCE = 2_000_000


def crossed_bootstrap(
    differences: npt.ArrayLike, *, rng: np.random.Generator, draws: int = 9_999, alpha: float = 0.05
) -> Estimate:
    """Mean of a table of seeds (rows) by examples (columns) with a percentile bootstrap over both.

    Each draw takes rows with replacement and, by themselves, columns with replacement, and averages the cells where
    they meet: Σ R_i C_j D_ij / (rows · columns), R and C the times each was drawn. On large tables it agrees with
    `crossed_standard_error`, but that it counts the noise of single cells three times instead of twice. With few seeds
    it is too narrow, as every bootstrap: a cross-check, not the interval of a verdict.
    Source: Owen, "The pigeonhole bootstrap" (2007); McCullagh, "Resampling and exchangeable arrays" (2000).

    Args:
        differences: Of two arms, every seed on every example; the order of the seeds does not matter.
        rng: The only source of randomness.
        draws: How many resamples.
        alpha: One minus the coverage.

    Returns:
        The mean with its interval; `n` is the number of seeds.

    Raises:
        ValueError: If `differences` is no complete table of finite numbers of at least 2 by 2, or `draws` or `alpha`
            is out of bounds.
    """
    numbers = table("differences", differences)
    count("draws", draws, least=1)
    tails = [share("alpha", alpha) / 2, 1 - alpha / 2]
    # Sorted, the seeds meet the same draws in whatever order they finished.
    numbers = numbers[np.lexsort(numbers.T[::-1])]
    mean = math.fsum(numbers.ravel().tolist()) / numbers.size
    # Of what is left around the mean, so that a constant table draws exactly itself.
    low, high = mean + np.quantile(_means(numbers - mean, rng, draws), tails)
    return Estimate(mean, float(low), float(high), len(numbers))


def _means(numbers: FloatArray, rng: np.random.Generator, draws: int) -> FloatArray:
    rows, columns = numbers.shape
    batch = max(1, _AT_ONCE // max(rows, columns))
    parts = []
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        seeds, examples = _times_drawn(rows, size, rng), _times_drawn(columns, size, rng)
        parts.append(((examples @ numbers.T) * seeds).sum(axis=1) / numbers.size)
    return np.concatenate(parts)


def _times_drawn(things: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """How often each of so many things is taken when as many are drawn with replacement, one row a draw."""
    taken = rng.integers(things, size=(draws, things)) + things * np.arange(draws)[:, None]
    return np.bincount(taken.ravel(), minlength=draws * things).reshape(draws, things).astype(np.float64)
