"""How often one training of an arm beats one of another: a chance, which says nothing of the size."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import Direction, FloatArray, aligned, complete, oriented, share, sign
from reports.statistics.location import Estimate, bootstrap

Zone = Literal["not significant", "significant, not meaningful", "significant and meaningful"]

_AT_ONCE = 2_000_000


def probability_of_improvement(
    a: npt.ArrayLike, b: npt.ArrayLike, *, paired: bool, direction: Direction = "maximize"
) -> float:
    """Share of comparisons that a wins, a tie counting half.

    Paired: mean of 1[a better] + ½ · 1[equal] over the pairs. Unpaired: U / (n_a · n_b), the same over all
    combinations. They answer different questions and may lie far apart. A run that failed counts as
    the infinity that is worst.
    Source: Mann and Whitney (1947); Agarwal et al., "Deep RL at the Edge of the Statistical Precipice" (2021).

    Raises:
        ValueError: If a sample is empty or holds NaN, pairs are incomplete, or `direction` is unknown.
    """
    first, second = oriented("a", a, direction), oriented("b", b, direction)
    if paired:
        complete(first, second)
    return float(_paired(first, second) if paired else _unpaired(first, second))


def improvement_interval(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    paired: bool,
    direction: Direction = "maximize",
    draws: int = 9_999,
    alpha: float = 0.05,
) -> Estimate:
    """`probability_of_improvement` with a percentile bootstrap over the pairs, for either form of the statistic.

    Source: Bouthillier et al., "Accounting for Variance in Machine Learning Benchmarks" (2021).

    Raises:
        ValueError: If pairs are incomplete or not finite, or an argument is out of bounds.
    """
    first, second = aligned(a, b)
    side, statistic = sign(direction), _paired if paired else _unpaired
    batch = max(1, _AT_ONCE // len(first) ** (1 if paired else 2))
    return bootstrap(
        statistic, side * first, side * second, rng=rng, paired=True, draws=draws, alpha=alpha, batch=batch
    )


def improvement_zone(low: float, high: float, *, meaningful: float = 0.75) -> Zone:
    """What an interval of the probability of improvement shows.

    Not significant if it reaches ½, not meaningful if it ends at or below `meaningful`, else both.
    Source: Bouthillier et al. (2021), section 4; 0.75 is their convention.

    Raises:
        ValueError: If the interval is out of order or outside 0 to 1, or `meaningful` is no share.
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(f"low and high: must be in order within 0 to 1, got {low} and {high}")
    if low <= 0.5:
        return "not significant"
    return "significant, not meaningful" if high <= share("meaningful", meaningful) else "significant and meaningful"


def _wins(a: FloatArray, b: FloatArray) -> FloatArray:
    # Compared, never subtracted: two runs that failed are a tie, and their difference no number.
    return np.where(a == b, 0.5, np.where(a > b, 1.0, 0.0))


def _paired(a: FloatArray, b: FloatArray, axis: int = -1) -> FloatArray:
    return np.asarray(_wins(a, b).mean(axis=axis))


def _unpaired(a: FloatArray, b: FloatArray, axis: int = -1) -> FloatArray:
    wins = _wins(np.moveaxis(a, axis, -1)[..., :, None], np.moveaxis(b, axis, -1)[..., None, :])
    return np.asarray(wins.mean(axis=(-2, -1)))
