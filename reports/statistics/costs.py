"""What a gain costs: ratios of pairs, the configs that nothing beats, and how much of the plane they claim."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import Direction, FloatArray, aligned, share, sign, table
from reports.statistics.location import Estimate, mean_interval

_BOTH_LOWER: tuple[Direction, ...] = ("minimize", "minimize")


def geometric_ratio(a: npt.ArrayLike, b: npt.ArrayLike, *, alpha: float = 0.05) -> Estimate:
    """How many times the cost of b the cost of a is, over pairs: exp of the t-interval of ln(a / b).

    Turned around it is its own inverse, which a ratio of means is not.
    Source: Fleming and Wallace, "How not to lie with statistics" (1986), with Student's interval of the logarithms.

    Raises:
        ValueError: If pairs are incomplete, or a cost is not finite or not above 0.
    """
    first, second = aligned(a, b)
    for name, costs in (("a", first), ("b", second)):
        if (costs <= 0).any():
            raise ValueError(f"{name}: costs must be above 0, got {costs.min()}")
    logs = mean_interval(np.log(first / second), alpha=alpha)
    low, high = (None if end is None else float(np.exp(end)) for end in (logs.low, logs.high))
    return Estimate(float(np.exp(logs.value)), low, high, logs.n)


def price(costs: npt.ArrayLike, gains: npt.ArrayLike, *, alpha: float = 0.05) -> Estimate:
    """Extra cost by gain, over pairs: the ratio of their means with Fieller's interval.

    All R with (x̄ - R·ȳ)² ≤ t(1 - alpha/2, n - 1)² · (s_xx - 2R·s_xy + R²·s_yy) / n. It has two ends where the gain's
    own interval excludes 0; otherwise no price is too high or too low, and there is no interval.
    Source: Fieller, "Some problems in interval estimation" (1954).

    Raises:
        ValueError: If there are fewer than two pairs, a value is not finite, or the gains' mean is 0.
    """
    x, y = aligned(costs, gains, least=2)
    n, (mean_x, mean_y) = len(x), (float(x.mean()), float(y.mean()))
    if not mean_y:
        raise ValueError("gains: their mean must not be 0")
    spread = np.cov(x, y) * float(stats.t.ppf(1 - share("alpha", alpha) / 2, n - 1)) ** 2 / n
    a, b, c = mean_y**2 - spread[1, 1], mean_x * mean_y - spread[0, 1], mean_x**2 - spread[0, 0]
    if a <= 0:
        return Estimate(mean_x / mean_y, None, None, n)
    half = math.sqrt(max(0.0, b**2 - a * c))
    return Estimate(mean_x / mean_y, float((b - half) / a), float((b + half) / a), n)


def pareto_front(points: npt.ArrayLike, *, directions: Sequence[Direction] = _BOTH_LOWER) -> tuple[int, ...]:
    """Rows that no other row beats: none is at least as good in all columns and better in one. Twins all stay.

    Source: Pareto (1906); the usual definition of dominance.

    Raises:
        ValueError: If `points` is no table of finite numbers, or there is not one direction a column.
    """
    numbers = _lower_is_better(points, directions)
    no_worse = (numbers[:, None, :] <= numbers[None, :, :]).all(axis=-1)
    # Whoever is no worse than a row that is no worse in return is its twin, and dominates nothing of it.
    beaten = (no_worse & ~no_worse.T).any(axis=0)
    return tuple(np.flatnonzero(~beaten).tolist())


def hypervolume(
    points: npt.ArrayLike, reference: Sequence[float], *, directions: Sequence[Direction] = _BOTH_LOWER
) -> float:
    """Area between a set of points in two objectives and a reference that is worse than any worth counting.

    Σ over the front, ordered by the first objective, of its step in the first × its distance to the reference in the
    second. Points beyond the reference add nothing. Source: Zitzler and Thiele, "Multiobjective optimization using
    evolutionary algorithms" (1998).

    Raises:
        ValueError: If `points` is no table of two columns of finite numbers, or `reference` is not two finite numbers.
    """
    numbers = _lower_is_better(points, directions)
    corner = _lower_is_better([list(reference)], directions)[0]
    if numbers.shape[1] != 2:
        raise ValueError(f"points: must have two columns, got {numbers.shape[1]}")
    area, height = 0.0, float(corner[1])
    for first, second in numbers[np.lexsort(numbers.T[::-1])]:
        if first < corner[0] and second < height:
            area += float((corner[0] - first) * (height - second))
            height = float(second)
    return area


def _lower_is_better(points: npt.ArrayLike, directions: Sequence[Direction]) -> FloatArray:
    numbers = table("points", points, rows=1, columns=1)
    if len(directions) != numbers.shape[1]:
        raise ValueError(f"directions: must be one a column, got {len(directions)} for {numbers.shape[1]}")
    return numbers * [-sign(direction) for direction in directions]
