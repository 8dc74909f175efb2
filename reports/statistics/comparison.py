"""One arm against another over fresh pairs: the difference, how sure it is, and what may be said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import Direction, FloatArray, aligned, share
from reports.statistics.location import mean_interval, moments
from reports.statistics.planning import pairs_to_tell
from reports.statistics.sign_flips import fewest_pairs, sign_flip_p
from reports.statistics.verdicts import Verdict, verdict


@dataclass(frozen=True)
class PairedComparison:
    """A paired difference with its verdict as a family of one.

    Attributes:
        n: Complete pairs.
        mean: Mean of a - b in the metric's unit, whatever its direction; None without a pair.
        low: Lower end of the t-interval; None below two pairs.
        high: Upper end of the t-interval; None below two pairs.
        deviation: Standard deviation of the differences; None below two pairs.
        p: Exact two-sided sign-flip p.
        verdict: From the interval and the margin; better and worse need p ≤ alpha as well.
        pairs_needed: More pairs that the question takes to be answered with an even chance, see `pairs_to_tell`; 0
            where it is answered.
        margin: Against which it was judged.
        direction: Which scores are better.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None
    deviation: float | None
    p: float
    verdict: Verdict
    pairs_needed: int | None
    margin: float
    direction: Direction


def paired_comparison(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    margin: float,
    alpha: float = 0.05,
    direction: Direction = "maximize",
    rng: np.random.Generator | None = None,
) -> PairedComparison:
    """Compare two arms by the differences of their pairs.

    d̄ ± t(1 - alpha/2, n - 1) · s_d / √n with the exact sign-flip p beside it: the interval says how large, the test
    holds its level whatever the distribution. Source: `mean_interval`, `sign_flip_p` and `verdict`.

    Args:
        a: Scores of the arm in question; none at all gives "not comparable".
        b: Scores of the baseline, pair by pair.
        margin: Differences up to it are too small to matter.
        alpha: One minus the coverage, and the level of the test.
        direction: Which scores are better.
        rng: Needed beyond `EXACT_PAIRS` pairs only.

    Raises:
        ValueError: If pairs are incomplete, a value is not finite, or an argument is out of bounds.
    """
    first, second = aligned(a, b, least=0)
    verdict(0, 0, margin, direction=direction)
    if not len(first):
        least = fewest_pairs(alpha=share("alpha", alpha))
        return PairedComparison(0, None, None, None, None, 1.0, Verdict.NOT_COMPARABLE, least, margin, direction)
    differences = first - second
    mean = mean_interval(differences, alpha=alpha)
    p = sign_flip_p(differences, rng=rng)
    if mean.low is None or mean.high is None:
        more = fewest_pairs(alpha=alpha) - 1
        return PairedComparison(1, mean.value, None, None, None, p, Verdict.UNDETERMINED, more, margin, direction)
    said = _said(differences, verdict(mean.low, mean.high, margin, direction=direction), p, alpha)
    _, deviation = moments(differences)
    needed = _still_needed(mean.value, deviation, mean.n, margin, alpha) if said is Verdict.UNDETERMINED else 0
    return PairedComparison(mean.n, mean.value, mean.low, mean.high, deviation, p, said, needed, margin, direction)


def _said(differences: FloatArray, by_interval: Verdict, p: float, alpha: float) -> Verdict:
    if not differences.any():
        return Verdict.IDENTICAL
    if not by_interval.claims or p <= alpha:
        return by_interval
    # An interval within the margin shows equivalence even where the side of 0 is not shown.
    return Verdict.EQUIVALENT if by_interval.is_negligible else Verdict.UNDETERMINED


def _still_needed(mean: float, deviation: float, n: int, margin: float, alpha: float) -> int | None:
    """Pairs with which it would tell with an even chance, and with which the exact test can tell anything."""
    needed = pairs_to_tell(mean, deviation, n, margin=margin, alpha=alpha)
    return None if needed is None else max(needed, fewest_pairs(alpha=alpha) - n)
