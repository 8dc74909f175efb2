"""Best-so-far against what was spent, for searches whose trials are not independent draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import Direction, FloatArray, complete, count, oriented, sample, share, sign
from reports.statistics.location import median_interval


@dataclass(frozen=True)
class StudyCurve:
    """Median over studies at each step; an interval is NaN where there are too few studies for one."""

    median: FloatArray
    low: FloatArray
    high: FloatArray
    studies: npt.NDArray[np.intp]


def best_so_far_by_cost(
    scores: npt.ArrayLike, costs: npt.ArrayLike, *, budgets: npt.ArrayLike, direction: Direction = "maximize"
) -> FloatArray:
    """Best score among the trials that ended within each budget, in the order given.

    max {y_i: c_1 + … + c_i ≤ budget}; before the first trial has ended it is the infinity that is worst. A trial that
    was pruned or failed counts with that infinity and all of its cost. Costs of 1 make the budget one of trials.
    Source: Dodge et al., "Show Your Work" (2019), with seconds for trials.

    Raises:
        ValueError: If a score is NaN, a cost is negative or not finite, or there is not one cost for each score.
    """
    numbers, spent = _trials(scores, costs, direction)
    limits = sample("budgets", budgets)
    return sign(direction) * _best_at(numbers, spent, limits)


def shuffled_best_by_cost(
    scores: npt.ArrayLike,
    costs: npt.ArrayLike,
    *,
    budgets: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = 1_000,
    quantile: float = 0.5,
    direction: Direction = "maximize",
) -> FloatArray:
    """A quantile of `best_so_far_by_cost` over random orders of independent draws.

    The order in which a random cohort happened to run means nothing; a quantile, unlike a mean, is defined where some
    orders have nothing finished yet. Source: Lourie, Cho and He, "Show Your Work with Confidence" (2024), with costs.

    Raises:
        ValueError: As `best_so_far_by_cost`, or if `draws` is below 1 or `quantile` no share.
    """
    numbers, spent = _trials(scores, costs, direction)
    limits = sample("budgets", budgets)
    share("quantile", quantile)
    # The rows are put in one order first, so that the same generator gives the same curve for any order of the rows.
    rows = np.lexsort((spent, numbers))
    orders = (rng.permutation(rows) for _ in range(count("draws", draws, least=1)))
    curves = np.stack([_best_at(numbers[order], spent[order], limits) for order in orders])
    return sign(direction) * np.quantile(curves, quantile, axis=0, method="inverted_cdf")


def searches_within_cost(
    scores: npt.ArrayLike, costs: npt.ArrayLike, *, budget: float, direction: Direction = "maximize"
) -> FloatArray:
    """The best of each of the searches of a budget that draws make up one after another.

    A search ends with the draw that does not end within the budget, whose score does not count; the next one starts
    with the draw after it. The last search is left out if the draws ran out before it ended. A search in which no draw
    ended has the infinity that is worst. Source: cycles, Smith, "Renewal theory and its ramifications" (1958).

    Args:
        scores: Of independent draws, in the order in which they were drawn.
        costs: One for each.
        budget: Of every search.
        direction: Which scores are better.

    Raises:
        ValueError: As `best_so_far_by_cost`, or if `budget` is negative or not finite.
    """
    numbers, spent = _trials(scores, costs, direction)
    if not 0 <= budget < np.inf:
        raise ValueError(f"budget: must be a finite number of at least 0, got {budget}")
    ends, bests, start, before = np.cumsum(spent), [], 0, 0.0
    while (over := int(np.searchsorted(ends, before + budget, side="right"))) < len(ends):
        bests.append(numbers[start:over].max(initial=-np.inf))
        start, before = over + 1, float(ends[over])
    return sign(direction) * np.array(bests, dtype=np.float64)


def median_over_studies(curves: npt.ArrayLike, *, alpha: float = 0.05) -> StudyCurve:
    """Median of the studies' curves at each step, with the distribution-free interval over studies.

    Source: `median_interval` at every step by itself; six studies are the fewest that have one at 95 %.

    Args:
        curves: One row a study, infinite where a study has nothing yet.
        alpha: One minus the coverage at each step.

    Raises:
        ValueError: If `curves` is no table or holds NaN.
    """
    rows = np.asarray(curves, dtype=np.float64)
    if rows.ndim != 2 or not rows.size or np.isnan(rows).any():
        raise ValueError(f"curves: must be a table without NaN, got shape {rows.shape}")
    steps = [_over_studies(column, alpha) for column in rows.T]
    median, low, high = np.array(steps).T
    return StudyCurve(median, low, high, np.isfinite(rows).sum(axis=0))


def _trials(scores: npt.ArrayLike, costs: npt.ArrayLike, direction: Direction) -> tuple[FloatArray, FloatArray]:
    numbers, spent = oriented("scores", scores, direction), sample("costs", costs)
    complete(numbers, spent)
    if (spent < 0).any():
        raise ValueError(f"costs: must not be negative, got {spent.min()}")
    return numbers, spent


def _best_at(numbers: FloatArray, spent: FloatArray, budgets: FloatArray) -> FloatArray:
    ended = np.searchsorted(np.cumsum(spent), budgets, side="right")
    return np.concatenate(([-np.inf], np.maximum.accumulate(numbers)))[ended]


def _over_studies(column: FloatArray, alpha: float) -> tuple[float, float, float]:
    # Ranks, since an order statistic may be infinite where a mean of two may not.
    ordered = np.sort(column)
    ranks = median_interval(np.arange(len(ordered), dtype=np.float64), alpha=alpha)
    ends = [np.nan if rank is None else float(ordered[int(rank)]) for rank in (ranks.low, ranks.high)]
    middle = ordered[[(len(ordered) - 1) // 2, len(ordered) // 2]]
    return float(middle[0] if middle[0] == middle[1] else middle.mean()), ends[0], ends[1]
