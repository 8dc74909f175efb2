"""Simultaneous bands of a distribution function, exact for any continuous one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize, stats

from reports.statistics.checks import FloatArray, count, share

Kind = Literal["ld", "ks", "dkw"]


@dataclass(frozen=True)
class Band:
    """Bounds of the distribution function wherever k of n values have been passed, k from 0 to n."""

    low: FloatArray
    high: FloatArray


def cdf_band(n: int, *, kind: Kind = "ld", alpha: float = 0.05) -> Band:
    """Bounds that hold the whole distribution function with probability at least 1 - alpha; ties make them cautious.

    `ks` and `dkw`: k/n ± ε with ε from `ks_epsilon` or `dkw_epsilon`, vacuous in the tails. `ld`: equal-tailed beta
    intervals of every order statistic at one level, the level chosen so that all hold together, which is tightest
    where the best scores lie. Source: Lourie, Cho and He, "Show Your Work with Confidence" (2024); Learned-Miller and
    DeStefano, "A probabilistic upper bound on differential entropy" (2008).

    Raises:
        ValueError: If `n` is below 1, `kind` is unknown, or `alpha` is no share.
    """
    count("n", n, least=1)
    share("alpha", alpha)
    if kind == "ld":
        lower, upper = _order_statistics(n, _level(n, alpha))
        return Band(np.concatenate(([0.0], lower)), np.concatenate((upper, [1.0])))
    if kind not in ("ks", "dkw"):
        raise ValueError(f"kind: must be 'ld', 'ks' or 'dkw', got {kind!r}")
    epsilon = ks_epsilon(n, alpha=alpha) if kind == "ks" else dkw_epsilon(n, alpha=alpha)
    steps = np.arange(n + 1) / n
    return Band(np.maximum(steps - epsilon, 0.0), np.minimum(steps + epsilon, 1.0))


def ks_epsilon(n: int, *, alpha: float = 0.05) -> float:
    """Half width of the exact Kolmogorov-Smirnov band: the 1 - alpha quantile of the two-sided statistic.

    Source: Kolmogorov (1933), through `scipy.stats.kstwo`.

    Raises:
        ValueError: If `n` is below 1 or `alpha` is no share.
    """
    return float(stats.kstwo.ppf(1 - share("alpha", alpha), count("n", n, least=1)))


def dkw_epsilon(n: int, *, alpha: float = 0.05) -> float:
    """Half width of the closed-form band, √(ln(2/alpha) / 2n), never narrower than the exact one.

    Source: Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality" (1990).

    Raises:
        ValueError: If `n` is below 1 or `alpha` is no share.
    """
    return math.sqrt(math.log(2 / share("alpha", alpha)) / (2 * count("n", n, least=1)))


def _order_statistics(n: int, level: float) -> tuple[FloatArray, FloatArray]:
    """Equal-tailed intervals of the order statistics of n uniform numbers, each missed with chance `level`."""
    places = np.arange(1, n + 1)
    return (
        np.asarray(stats.beta.ppf(level / 2, places, n + 1 - places), dtype=np.float64),
        np.asarray(stats.beta.isf(level / 2, places, n + 1 - places), dtype=np.float64),
    )


@lru_cache(maxsize=256)
def _level(n: int, alpha: float) -> float:
    """The level of each interval at which all of them hold with probability 1 - alpha."""
    if n == 1:
        return alpha

    def surplus(log_level: float) -> float:
        return _inside(*_order_statistics(n, math.exp(log_level))) - (1 - alpha)

    # Bonferroni's level is never too wide, and no simultaneous band can be narrower than a pointwise one.
    return math.exp(float(optimize.brentq(surplus, math.log(alpha / n), math.log(alpha), xtol=1e-12)))


def _inside(lower: FloatArray, upper: FloatArray) -> float:
    """P(every order statistic lies within its bounds), by the counts that a Poisson process may have on the way.

    Given its total n, a Poisson process of rate n scatters n uniform points; between two bounds its counts only add.
    Source: Moscovich and Nadler, "Fast calculation of boundary crossing probabilities for Poisson processes" (2017).
    """
    n = len(lower)
    times = np.sort(np.concatenate((lower, upper)))
    least = np.searchsorted(upper, times, side="right")
    most = np.searchsorted(lower, times, side="left")
    chances, offset, before = np.ones(1), 0, 0.0
    for time, low, high in zip(times, least, most, strict=True):
        steps = stats.poisson.pmf(np.arange(high - offset + 1), n * (time - before))
        chances = np.convolve(chances, steps)[low - offset : high - offset + 1]
        offset, before = int(low), float(time)
    steps = stats.poisson.pmf(n - offset - np.arange(len(chances)), n * (1 - before))
    return float(chances @ steps / stats.poisson.pmf(n, n))
