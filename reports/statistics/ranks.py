"""Many arms over many blocks: mean ranks, whether they differ, and by how much they must."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import Direction, count, share, sign, table


@dataclass(frozen=True)
class FriedmanNemenyi:
    """Mean ranks of arms over blocks, 1 the best.

    Attributes:
        mean_ranks: One an arm.
        chi2: Friedman's statistic, ties averaged but not corrected for.
        chi2_corrected: The same corrected for ties.
        p_corrected: Of the corrected statistic; 1 where every block is all ties.
        f: Iman and Davenport's statistic of `chi2`; None where the ranks agree perfectly.
        p: Of `f`.
        critical_difference: Nemenyi's: mean ranks closer than this are not told apart.
    """

    mean_ranks: tuple[float, ...]
    chi2: float
    chi2_corrected: float
    p_corrected: float
    f: float | None
    p: float
    critical_difference: float


def friedman_nemenyi(
    scores: npt.ArrayLike, *, direction: Direction = "maximize", alpha: float = 0.05
) -> FriedmanNemenyi:
    """Friedman's test and Nemenyi's critical difference over blocks (rows) and arms (columns).

    χ² = 12 N / (k (k+1)) · (Σ R_j² - k (k+1)² / 4), divided by 1 - Σ (t³ - t) / (N (k³ - k)) for ties;
    F = (N-1) χ² / (N (k-1) - χ²) on k-1 and (k-1)(N-1) degrees; CD = q_α √(k (k+1) / 6N).
    Blocks that are seeds of one data set generalise over seeds only.
    Source: Demšar, "Statistical comparisons of classifiers over multiple data sets" (2006); Iman and Davenport (1980).

    Raises:
        ValueError: If `scores` is no complete table of finite numbers of at least 2 by 2, or `alpha` is no share.
    """
    numbers = table("scores", scores)
    n, k = numbers.shape
    ranks = stats.rankdata(-sign(direction) * numbers, axis=1)
    means = ranks.mean(axis=0)
    chi2 = 12 * n / (k * (k + 1)) * float(((means - (k + 1) / 2) ** 2).sum())
    corrected, p_corrected = _corrected(chi2, ranks, n, k)
    room = n * (k - 1) - chi2
    f = (n - 1) * chi2 / room if room > 1e-9 else None
    p = 0.0 if f is None else float(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))
    difference = nemenyi_quantile(k, alpha=alpha) * math.sqrt(k * (k + 1) / (6 * n))
    return FriedmanNemenyi(tuple(means.tolist()), chi2, corrected, p_corrected, f, p, difference)


def nemenyi_quantile(arms: int, *, alpha: float = 0.05) -> float:
    """The 1 - alpha quantile of the range of k independent normals, over √2.

    Source: Nemenyi (1963), through `scipy.stats.studentized_range` with infinite degrees of freedom.

    Raises:
        ValueError: If there are fewer than two arms or `alpha` is no share.
    """
    k = count("arms", arms, least=2)
    return float(stats.studentized_range.ppf(1 - share("alpha", alpha), k, np.inf)) / math.sqrt(2)


def _corrected(chi2: float, ranks: npt.NDArray[np.float64], n: int, k: int) -> tuple[float, float]:
    sizes = [np.unique(row, return_counts=True)[1] for row in ranks]
    ties = sum(int((size**3 - size).sum()) for size in sizes)
    factor = 1 - ties / (n * (k**3 - k))
    if not factor:
        return 0.0, 1.0
    return chi2 / factor, float(stats.chi2.sf(chi2 / factor, k - 1))
