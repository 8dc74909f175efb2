"""The exact test of paired differences: if the arms were alike, every difference could as well have the other sign."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import FloatArray, count, sample, share

EXACT_PAIRS = 36
"""Up to here all 2ⁿ sign patterns are counted; the halves of one pattern are sums of at most 2¹⁸ numbers."""

_ROUNDING = 1e-12


def sign_flip_p(differences: npt.ArrayLike, *, rng: np.random.Generator | None = None, draws: int = 10_000) -> float:
    """Two-sided p: the share of sign patterns whose mean lies at least as far from 0 as the observed one.

    p = #{s ∈ {±1}ⁿ: |Σ s·d| ≥ |Σ d|} / 2ⁿ, never below 2/2ⁿ. Beyond `EXACT_PAIRS` patterns are drawn, and the
    observed one counts among them. Source: Fisher, "The Design of Experiments" (1935), section 21; Phipson and Smyth,
    "Permutation p-values should never be zero" (2010).

    Raises:
        ValueError: If there is no difference, one is not finite, or there are too many to count and no generator.
    """
    numbers = np.sort(sample("differences", differences))
    count("draws", draws, least=1)
    if len(numbers) > EXACT_PAIRS:
        return _drawn(numbers, rng, draws)
    # scipy walks all 2ⁿ patterns; sorted sums of two halves answer the same in 2^(n/2) and need no luck.
    middle = len(numbers) // 2
    left, right = np.sort(_signed_sums(numbers[:middle])), np.sort(_signed_sums(numbers[middle:]))
    reach = abs(math.fsum(numbers.tolist())) - _ROUNDING * math.fsum(np.abs(numbers).tolist())
    if reach <= 0:
        return 1.0
    above = len(right) - np.searchsorted(right, reach - left, side="left")
    return 2 * float(above.sum()) / 2.0 ** len(numbers)


def fewest_pairs(*, alpha: float = 0.05, comparisons: int = 1) -> int:
    """The fewest pairs with which the exact test can reject at all: the smallest n with 2/2ⁿ ≤ alpha / comparisons.

    Raises:
        ValueError: If `alpha` is no share or `comparisons` is below 1.
    """
    level = share("alpha", alpha) / count("comparisons", comparisons, least=1)
    n = 1
    while 2 / 2**n > level:
        n += 1
    return n


def _signed_sums(numbers: FloatArray) -> FloatArray:
    sums = np.zeros(1)
    for number in numbers:
        sums = np.concatenate((sums + number, sums - number))
    return sums


def _drawn(numbers: FloatArray, rng: np.random.Generator | None, draws: int) -> float:
    if rng is None:
        raise ValueError(f"rng: more than {EXACT_PAIRS} differences need a generator, got {len(numbers)} and None")
    signs = rng.choice(np.array([-1.0, 1.0]), size=(draws, len(numbers)))
    reach = abs(numbers.sum()) - _ROUNDING * np.abs(numbers).sum()
    return (float(np.count_nonzero(np.abs(signs @ numbers) >= reach)) + 1) / (draws + 1)
