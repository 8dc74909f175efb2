"""Every arm against one baseline at once: intervals that hold together, over blocks that all arms share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from reports.statistics.checks import FloatArray, count, positive, share, table

_NODES = 160
_BEYOND = 1e-17


@dataclass(frozen=True)
class ManyToOne:
    """Arms against a baseline, at the places of the arms.

    Attributes:
        differences: Mean of an arm minus mean of the baseline.
        low: Lower ends of intervals that hold all at once.
        high: Upper ends.
        p: Two-sided, adjusted for all comparisons; without spread, 1 for no difference and 0 for any.
        critical: Standard errors from a difference to either end of its interval.
        deviation: Residual standard deviation: what is left of the scores without arms and blocks.
        df: Its degrees of freedom.
    """

    differences: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    p: tuple[float, ...]
    critical: float
    deviation: float
    df: int


def blocked_dunnett(
    scores: npt.ArrayLike, baseline: npt.ArrayLike, *, comparisons: int | None = None, alpha: float = 0.05
) -> ManyToOne:
    """Dunnett's comparisons in randomized blocks: scores of blocks (rows) and arms (columns), the baseline apart.

    With n blocks and k arms, the baseline among them, the residuals y_ij - ȳ_i. - ȳ_.j + ȳ.. give the mean square s²
    on (k-1)(n-1) degrees; a difference has the standard error s · √(2/n), and any two share the baseline, which
    correlates them by ½. Blocks cancel; what all arms must share is the residual variance, and normal residuals.
    Source: Dunnett, "A multiple comparison procedure for comparing several treatments with a control" (1955); Hsu,
    "Multiple comparisons" (1996), chapter 7, for blocks.

    Args:
        scores: Of the arms; at least two blocks.
        baseline: One score a block.
        comparisons: Those that were meant to be made, if more than there are scores of.
        alpha: One minus the coverage of all intervals together.

    Raises:
        ValueError: If a table is not complete and finite, the blocks differ, or an argument is out of bounds.
    """
    arms = table("scores", scores, columns=1)
    whole = table("baseline", np.reshape(np.asarray(baseline, dtype=np.float64), (-1, 1)), columns=1)
    if len(arms) != len(whole):
        raise ValueError(f"scores and baseline: must have the same blocks, got {len(arms)} and {len(whole)}")
    n, among = len(arms), arms.shape[1]
    family = count("comparisons", among if comparisons is None else comparisons, least=among)
    # The baseline taken off every block leaves the residuals as they are, and the differences in the columns.
    apart = np.hstack([whole - whole, arms - whole])
    means = np.array([math.fsum(column) / n for column in apart.T.tolist()])
    centred = apart - means
    residuals = centred - centred.mean(axis=1, keepdims=True)
    df = among * (n - 1)
    deviation = math.sqrt(math.fsum((residuals**2).ravel().tolist()) / df)
    error, critical = deviation * math.sqrt(2 / n), dunnett_quantile(family, df, alpha=alpha)
    differences = tuple(means[1:].tolist())
    return ManyToOne(
        differences,
        tuple(difference - critical * error for difference in differences),
        tuple(difference + critical * error for difference in differences),
        tuple(_p(difference, error, family, df) for difference in differences),
        critical,
        deviation,
        df,
    )


def dunnett_quantile(comparisons: int, df: int, *, alpha: float = 0.05) -> float:
    """The 1 - alpha quantile of max |t_i| over comparisons with one baseline.

    Source: Dunnett, "New tables for multiple comparisons with a control" (1964), to more digits.

    Raises:
        ValueError: If there is no comparison or degree of freedom, or `alpha` is no share.
    """
    return _quantile(count("comparisons", comparisons, least=1), count("df", df, least=1), share("alpha", alpha))


def dunnett_p(t: float, comparisons: int, df: int) -> float:
    """P(max |t_i| > t) for t_i that share a baseline and a residual variance: multivariate t, all correlations ½.

    Given the baseline y and the residual deviation s, the others are independent: the integral of φ(y) f(s) ·
    (1 - [Φ(√2 t s - y) - Φ(-√2 t s - y)]^k) over y and log s, by Gauss and Legendre; it is the same to the last bit
    every time. Source: as `dunnett_quantile`; Dunnett and Sobel (1955) for the form.

    Raises:
        ValueError: If `t` is not above 0, or there is no comparison or degree of freedom.
    """
    reach = math.sqrt(2) * positive("t", t)
    many = count("comparisons", comparisons, least=1)
    s, s_weights = _deviations(count("df", df, least=1))
    y, y_weights = _baselines()
    outside = special.ndtr(y[:, None] - reach * s) + special.ndtr(-y[:, None] - reach * s)
    with np.errstate(divide="ignore"):  # nothing is inside: log 0, and the power is 0
        any_outside = -np.expm1(many * np.log1p(-np.minimum(outside, 1.0)))
    return float(np.clip(y_weights @ any_outside @ s_weights, 0.0, 1.0))


@lru_cache(maxsize=64)
def _quantile(comparisons: int, df: int, alpha: float) -> float:
    def surplus(t: float) -> float:
        return dunnett_p(t, comparisons, df) - alpha

    # No more than Bonferroni's and no less than one comparison's, with room for rounding.
    least, most = (float(stats.t.isf(alpha / 2 / many, df)) for many in (1, comparisons))
    return float(optimize.brentq(surplus, least * (1 - 1e-6), most * (1 + 1e-6), xtol=1e-12))


def _p(difference: float, error: float, family: int, df: int) -> float:
    if not difference:
        return 1.0
    return dunnett_p(abs(difference) / error, family, df) if error else 0.0


@lru_cache(maxsize=1)
def _baselines() -> tuple[FloatArray, FloatArray]:
    nodes, weights = _legendre(-9.0, 9.0)
    return nodes, weights * np.exp(-(nodes**2) / 2) / math.sqrt(2 * math.pi)


@lru_cache(maxsize=64)
def _deviations(df: int) -> tuple[FloatArray, FloatArray]:
    """Values of √(χ²/df) with the weights of their density; in logarithms, for few degrees reach far down."""
    low, high = stats.chi2.ppf(_BEYOND, df), stats.chi2.isf(_BEYOND, df)
    nodes, weights = _legendre(math.log(low), math.log(high))
    squares = np.exp(nodes)
    return np.sqrt(squares / df), weights * squares * stats.chi2.pdf(squares, df)


def _legendre(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = (high - low) / 2
    return (low + high) / 2 + half * nodes, half * weights
