"""What a budget of random draws is worth: the best of n configs, by expectation and by quantile.

Every curve here takes its scores for independent draws of one search space, which those of an adaptive sampler are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from reports.statistics.bands import Kind, cdf_band
from reports.statistics.checks import Direction, FloatArray, count, oriented, sample, share, sign
from reports.statistics.location import Estimate

Estimator = Literal["u", "v"]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class TuningCurve:
    """A quantile of the best of n draws, n from 1 on, with a band that holds for every n together."""

    values: FloatArray
    low: FloatArray
    high: FloatArray


def expected_max_curve(
    scores: npt.ArrayLike,
    *,
    estimator: Estimator = "u",
    draws: int | None = None,
    direction: Direction = "maximize",
) -> FloatArray:
    """Expected best of n draws, n = 1 to `draws`, from N scores y₍₁₎ ≤ … ≤ y₍N₎.

    u: Σ y₍ᵢ₎ · C(i-1, n-1) / C(N, n), draws without replacement: unbiased, unsteady towards n = N.
    v: Σ y₍ᵢ₎ · [(i/N)ⁿ - ((i-1)/N)ⁿ], draws with replacement: steadier, biased towards worse.
    Source: Dodge et al., "Show Your Work" (2019); Tang et al., "Showing Your Work Doesn't Always Work" (2020).

    Raises:
        ValueError: If a score is not finite, `draws` is above N, or `estimator` is unknown.
    """
    side = sign(direction)
    numbers = np.sort(side * sample("scores", scores))
    if estimator not in ("u", "v"):
        raise ValueError(f"estimator: must be 'u' or 'v', got {estimator!r}")
    weights = _weights_u if estimator == "u" else _weights_v
    most = _budget(draws, len(numbers))
    return side * np.array([weights(len(numbers), n) @ numbers for n in range(1, most + 1)])


def median_tuning_curve(
    scores: npt.ArrayLike,
    *,
    quantile: float = 0.5,
    draws: int | None = None,
    direction: Direction = "maximize",
    band: Kind = "ld",
    alpha: float = 0.05,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> TuningCurve:
    """Median of the best of n draws, n = 1 to `draws`: Q(q^(1/n)), q = ½.

    The band reads the quantiles off the band of the distribution. A draw that was pruned or failed scored badly: it
    stays in as the infinity that is worst, for without it the curve is too good.
    Source: Lourie, Cho and He, "Show Your Work with Confidence" (2024).

    Args:
        scores: One for each draw.
        quantile: Which quantile of the best, counted from the worse end.
        draws: Where the curve stops; as far as there are scores.
        direction: Which scores are better.
        band: Which simultaneous band, see `cdf_band`.
        alpha: One minus its coverage.
        bounds: The least and the largest score there can be; the band reaches them where the data say nothing.

    Raises:
        ValueError: If a score is NaN or outside `bounds`, `draws` is above the number of scores, or an argument is
            out of bounds.
    """
    side = sign(direction)
    numbers = np.sort(oriented("scores", scores, direction))
    n = len(numbers)
    worst, best = sorted((side * bounds[0], side * bounds[1]))
    finite = numbers[np.isfinite(numbers)]
    if len(finite) and not worst <= finite[0] <= finite[-1] <= best:
        raise ValueError(f"scores: must lie within bounds {bounds}, got {side * finite[0]} and {side * finite[-1]}")
    levels = share("quantile", quantile) ** (1 / np.arange(1, _budget(draws, n) + 1))
    limits, steps = cdf_band(n, kind=band, alpha=alpha), np.clip([worst, *numbers, best], worst, best)
    curves = (_first_at(np.arange(n + 1) / n, levels), _first_at(limits.high, levels), _first_at(limits.low, levels))
    value, low, high = (side * steps[places] for places in curves)
    return TuningCurve(value, *((low, high) if side > 0 else (high, low)))


def equal_budget_chance(
    a: npt.ArrayLike, b: npt.ArrayLike, *, draws: int | None = None, direction: Direction = "maximize"
) -> float:
    """Chance that the best of n draws of a beats the best of n draws of b, a tie counting half.

    Σᵢ Σⱼ wᵢ vⱼ (1[aᵢ better] + ½ · 1[equal]) with the weights of `expected_max_curve`'s u. Budgets are equal by
    construction, so an arm gains nothing by having been searched for longer. Source: as `expected_max_curve`.

    Raises:
        ValueError: If a score is NaN, or `draws` is above the shorter sample, which is where it ends by itself.
    """
    first, second = np.sort(oriented("a", a, direction)), np.sort(oriented("b", b, direction))
    n = _budget(draws, min(len(first), len(second)))
    weights = np.concatenate(([0.0], np.cumsum(_weights_u(len(second), n))))
    below = weights[np.searchsorted(second, first, side="left")]
    level = weights[np.searchsorted(second, first, side="right")]
    return float(_weights_u(len(first), n) @ (below + level) / 2)


def equal_budget_interval(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    draws: int | None = None,
    alpha: float = 0.05,
    direction: Direction = "maximize",
) -> Estimate:
    """`equal_budget_chance` between the least and the largest that bands of the two distributions allow.

    P(best of n of a beats that of b) is largest where a is distributed as the lower edge of its band says, with the
    rest above all that was seen, and b as the upper edge of its own; least the other way round. Each band holds with
    probability 1 - alpha/2. What nobody drew may still be there: draws without any of a kind that is one in N leave
    room for it, which no resampling of them does. So the interval is wide unless n is a small part of the draws.
    Source: `cdf_band`, inverted as in Lourie, Cho and He, "Show Your Work with Confidence" (2024).

    Raises:
        ValueError: As `equal_budget_chance`, or if `alpha` is no share.
    """
    value = equal_budget_chance(a, b, draws=draws, direction=direction)
    first, second = np.sort(oriented("a", a, direction)), np.sort(oriented("b", b, direction))
    fewest = min(len(first), len(second))
    n, level = _budget(draws, fewest), share("alpha", alpha) / 2
    low, high = 1 - _most_chance(second, first, n, level), _most_chance(first, second, n, level)
    # The bands are of draws with replacement, the chance is of draws without.
    return Estimate(value, min(low, value), max(high, value), fewest)


def _most_chance(a: FloatArray, b: FloatArray, n: int, alpha: float) -> float:
    lower, upper = cdf_band(len(a), alpha=alpha).low, cdf_band(len(b), alpha=alpha).high
    ours, theirs = np.diff(lower**n, append=1.0), np.cumsum(np.diff(upper**n, prepend=0.0))
    reached = np.concatenate(([0.0], theirs))
    numbers, others = np.append(a, np.inf), np.concatenate(([-np.inf], b))
    below, level = (np.searchsorted(others, numbers, side=side) for side in ("left", "right"))
    return float(ours @ (reached[below] + reached[level]) / 2)


def _budget(draws: int | None, scores: int) -> int:
    return scores if draws is None else count("draws", draws, least=1, most=scores)


def _weights_u(scores: int, n: int) -> FloatArray:
    # C(i-1, n-1) / C(N, n), downwards from n/N at i = N, since the binomials themselves overflow.
    places = np.arange(scores, n, -1)
    ratios = np.concatenate(([n / scores], (places - n) / (places - 1)))
    return np.concatenate((np.zeros(n - 1), np.cumprod(ratios)[::-1]))


def _weights_v(scores: int, n: int) -> FloatArray:
    return np.diff((np.arange(scores + 1) / scores) ** n)


def _first_at(distribution: FloatArray, levels: FloatArray) -> npt.NDArray[np.intp]:
    # q^(1/n) may miss a step k/N by its last bit, which would be the next score up.
    return np.searchsorted(distribution, levels - _ROUNDING, side="left")
