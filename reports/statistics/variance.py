"""Where differences come from: configs or seeds, seeds or examples, one factor or another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import FloatArray, table
from reports.statistics.location import moments


@dataclass(frozen=True)
class VarianceComponents:
    """One-way random effects.

    Attributes:
        between: Mean square between rows.
        within: Mean square within rows, which is the variance of a seed.
        rows: Variance of the rows themselves; 0 where its estimate was negative.
        truncated: Whether it was, which the reader should be told.
        intraclass: Share of the rows in the variance of one value; None where nothing varies.
        f: Ratio of the mean squares; None where nothing varies within rows.
        p: Of no difference between rows.
    """

    between: float
    within: float
    rows: float
    truncated: bool
    intraclass: float | None
    f: float | None
    p: float


@dataclass(frozen=True)
class CrossedError:
    """Mean of a crossed table with the standard errors over its rows, over its columns and, cautiously, over both."""

    mean: float
    rows: float
    columns: float
    conservative: float


def variance_components(values: npt.ArrayLike) -> VarianceComponents:
    """Variance between configs (rows) and between seeds within one (columns).

    σ² = (MSB - MSW) / n, ICC = (MSB - MSW) / (MSB + (n - 1) · MSW), F = MSB / MSW on k - 1 and k · (n - 1) degrees.
    Source: Shrout and Fleiss, "Intraclass correlations" (1979), ICC(1, 1).

    Raises:
        ValueError: If `values` is no complete table of finite numbers of at least 2 by 2.
    """
    numbers = table("values", values)
    k, n = numbers.shape
    parts = [moments(row) for row in numbers]
    _, spread = moments(np.array([mean for mean, _ in parts]))
    between, within = n * spread**2, math.fsum(deviation**2 for _, deviation in parts) / k
    rows = max((between - within) / n, 0.0)
    f = between / within if within else None
    p = float(between == 0) if f is None else float(stats.f.sf(f, k - 1, k * (n - 1)))
    intraclass = rows / (rows + within) if rows + within else None
    return VarianceComponents(between, within, rows, between < within, intraclass, f, p)


def crossed_standard_error(differences: npt.ArrayLike) -> CrossedError:
    """Standard errors of the mean of a table of seeds (rows) by examples (columns), every seed seeing every example.

    SE_rows = sd(row means) / √rows, SE_columns alike, together √(SE_rows² + SE_columns²), which counts the noise of
    single cells twice and so errs on the safe side. Source: Owen, "The pigeonhole bootstrap" (2007).

    Raises:
        ValueError: If `differences` is no complete table of finite numbers of at least 2 by 2.
    """
    numbers = table("differences", differences)
    mean, rows = _error_over(numbers)
    _, columns = _error_over(numbers.T)
    return CrossedError(mean, rows, columns, math.hypot(rows, columns))


def functional_anova(values: npt.ArrayLike) -> dict[tuple[int, ...], float]:
    """Share of every set of factors in the variance of a full factorial, one axis a factor.

    The effect of a set is the mean over all other factors less the effects of its subsets; its share is its mean
    square over the total. Shares add up to 1, and are all 0 where nothing varies.
    Source: Hooker, "Generalized functional ANOVA diagnostics" (2007); Hutter, Hoos and Leyton-Brown (2014).

    Raises:
        ValueError: If `values` has no axis, is empty, or is not finite throughout.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not numbers.ndim or not numbers.size or not np.isfinite(numbers).all():
        raise ValueError(f"values: must be a full factorial of finite numbers, got shape {numbers.shape}")
    effects: dict[tuple[int, ...], FloatArray] = {(): np.asarray(numbers.mean(keepdims=True))}
    for factors in _subsets(numbers.ndim):
        others = tuple(axis for axis in range(numbers.ndim) if axis not in factors)
        marginal = np.asarray(numbers.mean(axis=others, keepdims=True))
        lower = [effect for known, effect in effects.items() if set(known) < set(factors)]
        effects[factors] = marginal - np.asarray(sum(lower))
    constant = np.ptp(numbers) == 0
    total = 1.0 if constant else float(np.var(numbers))
    return {
        factors: 0.0 if constant else float((effects[factors] ** 2).mean()) / total for factors in effects if factors
    }


def _subsets(factors: int) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(range(factors), size) for size in range(1, factors + 1))


def _error_over(numbers: FloatArray) -> tuple[float, float]:
    mean, deviation = moments(np.array([moments(row)[0] for row in numbers]))
    return mean, deviation / math.sqrt(len(numbers))
