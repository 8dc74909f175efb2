"""How often one training of an arm beats one of another: a chance, which says nothing of the size."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import Direction, FloatArray, complete, oriented, share
from reports.statistics.location import Estimate, moments

Zone = Literal["not significant", "significant, not meaningful", "significant and meaningful"]


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
        return float(_wins(first, second).mean())
    return float(_wins(first[:, None], second[None, :]).mean())


def improvement_interval(
    a: npt.ArrayLike, b: npt.ArrayLike, *, direction: Direction = "maximize", alpha: float = 0.05
) -> Estimate:
    """`probability_of_improvement` over all combinations, with an interval that takes the pairs for the sample.

    Each pair adds to the share θ by its placements, the share of b that its a beats and the share of a that beats its
    b; n times the variance of θ is the variance s² of their sum. Without pairing it is at most θ (1-θ), Birnbaum and
    Klose's bound, so that (θ - p)² = t² · r · p (1-p) / n is Wilson's interval for the part r = s² / θ (1-θ) of the
    bound, on n - 1 degrees of freedom. √n further pairs at the bound are added to r: a few placements can be all the
    same, and a few wins without a loss would leave nothing to estimate r from.

    In simulations with 3 to 20 pairs (normal scores of equal and of unequal spread, ties, failures, pairs correlated
    from -0.5 to 0.9, θ from 0.5 to 0.99) 95 % cover at least 94 %, with 40 at least 91 %; a percentile bootstrap over
    6 pairs covers 56 % at θ = 0.95.
    Source: Munzel, "Nonparametric methods for paired samples" (1999); Schüürhuis, Konietschke and Brunner, "A new
    approach to the nonparametric Behrens-Fisher problem with compatible confidence intervals" (2025); the √n is ours.

    Raises:
        ValueError: If pairs are incomplete or hold NaN, or an argument is out of bounds.
    """
    first, second = oriented("a", a, direction), oriented("b", b, direction)
    complete(first, second)
    share("alpha", alpha)
    n, wins = len(first), _wins(first[:, None], second[None, :])
    value = float(wins.mean())
    if n < 2:
        return Estimate(value, None, None, n)
    bound = value * (1 - value)
    spread = moments(wins.mean(axis=1) + wins.mean(axis=0))[1]
    part = ((n - 1) * (spread**2 / bound if bound else 1.0) + math.sqrt(n)) / (n - 1 + math.sqrt(n))
    width = float(stats.t.ppf(1 - alpha / 2, n - 1)) ** 2 * part / n
    centre, half = (value + width / 2) / (1 + width), math.sqrt(width * bound + width**2 / 4) / (1 + width)
    return Estimate(value, max(0.0, centre - half), min(1.0, centre + half), n)


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
