"""Whether a quantile of one arm's scores is shown to be worse than one of another's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import Direction, FloatArray, oriented, share

_ROUNDING = 1e-9


def quantile_order_p(
    a: npt.ArrayLike, b: npt.ArrayLike, *, levels: tuple[float, float], direction: Direction = "maximize"
) -> float:
    """Exact p of the hypothesis that one quantile of a is no worse than one of b; small where a is worse.

    If it holds, some y lies at or below Q_a(p) and at or above Q_b(p): of a's draws X ~ Binomial(n_a, ≤ p_a) are
    below y and of b's Y ~ Binomial(n_b, ≥ p_b) at or below it. T(y) = n_a · KL⁺(X/n_a ‖ p_a) + n_b · KL⁻(Y/n_b ‖ p_b),
    with the divergence where X/n_a is above p_a and where Y/n_b is below p_b, and 0 elsewhere. p = max over y of
    P(T ≥ T(y)) at p_a and p_b: true for every distribution, of ties cautious.
    Source: the sign test of a quantile, Conover, "Practical Nonparametric Statistics" (1999), section 3.2, of two
    samples at once; Berger and Boos, "P values maximized over a confidence set for the nuisance parameter" (1994).

    Args:
        a: Scores; the infinity that is worst where there is none.
        b: Scores of independent draws of another arm.
        levels: Which quantile of a and which of b, counted from the worse end.
        direction: Which scores are better.

    Raises:
        ValueError: If a sample is empty or holds NaN, or a level is no share.
    """
    first, second = np.sort(oriented("a", a, direction)), np.sort(oriented("b", b, direction))
    ours, theirs = (
        _table(len(scores), share(f"levels[{place}]", levels[place])) for place, scores in enumerate((first, second))
    )
    # Between two scores of b, T is least at the lower one; below all of them Y is 0.
    places = np.concatenate(([-np.inf], second))
    x, y = np.searchsorted(first, places, side="left"), np.searchsorted(second, places, side="right")
    least = float((ours.above[x] + theirs.beneath[y]).min()) * (1 - _ROUNDING)
    # The divergence of b falls with Y, so that T is large enough up to some Y at every X.
    up_to = len(theirs.beneath) - np.searchsorted(theirs.beneath[::-1], least - ours.above, side="left")
    return min(1.0, float(ours.chances @ np.concatenate(([0.0], np.cumsum(theirs.chances)))[up_to]))


@dataclass(frozen=True)
class _Table:
    """For k from 0 to n: n · KL(k/n ‖ level) on either side of the level, and the chance of k."""

    above: FloatArray
    beneath: FloatArray
    chances: FloatArray


@lru_cache(maxsize=1024)
def _table(n: int, level: float) -> _Table:
    places = np.arange(n + 1)
    shares = places / n
    divergence = n * stats.entropy([shares, 1 - shares], [np.full(n + 1, level), np.full(n + 1, 1 - level)])
    return _Table(
        np.where(shares > level, divergence, 0.0),
        np.where(shares < level, divergence, 0.0),
        np.asarray(stats.binom.pmf(places, n, level), dtype=np.float64),
    )
