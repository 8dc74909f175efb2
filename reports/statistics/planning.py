"""How many replicates a question needs, and how small a difference a number of them can show."""

from __future__ import annotations

import math

from scipy import optimize, stats

from reports.statistics.checks import count, positive, share

_MOST = 10_000_000


def pairs_needed(deviation: float, *, half_width: float, alpha: float = 0.05) -> int:
    """Pairs for which the t-interval of the mean difference is at most ± `half_width`.

    The smallest n ≥ 2 with t(1 - alpha/2, n - 1) · s_d / √n ≤ half_width. Source: Student's interval, solved for n.

    Raises:
        ValueError: If `deviation` is below 0 or not finite, `half_width` is not above 0, or `alpha` is no share.
    """
    if deviation != 0:
        positive("deviation", deviation)
    tail = 1 - share("alpha", alpha) / 2
    ratio = deviation / positive("half_width", half_width)
    # Student's quantile lies above the normal one, so the search starts below its end, and by a few steps only.
    n = max(2, math.ceil((float(stats.norm.ppf(tail)) * ratio) ** 2))
    while float(stats.t.ppf(tail, n - 1)) * ratio > math.sqrt(n):
        n += 1
    return n


def pairs_to_tell(
    mean: float, deviation: float, n: int, *, margin: float, alpha: float = 0.05, chance: float = 0.5
) -> int | None:
    """More pairs after which the interval of all of them tells with a given chance, if the difference is what n show.

    It tells if it excludes 0 or lies within ±margin. With d̄ and s_d of the first n pairs taken for the truth, the mean
    of N = n + m pairs is normal around d̄ with standard deviation s_d · √m / N, and half the interval is t(1 - alpha/2,
    N - 1) · s_d / √N. Source: conditional power, as in Lachin, "A review of methods for futility stopping based on
    conditional power" (2005), for an interval that can tell on either side of the margin.

    Returns:
        The smallest number, at least 1; None where ten millions are too few.

    Raises:
        ValueError: If `deviation` or `margin` is below 0 or not finite, `n` is below 2, or a share is none.
    """
    for name, value in (("deviation", deviation), ("margin", margin)):
        if value != 0:
            positive(name, value)
    count("n", n, least=2)
    share("alpha", alpha)
    share("chance", chance)

    def tells(more: int) -> bool:
        return _chance_to_tell(abs(mean), deviation, n, more, margin, alpha) >= chance

    high = 1
    while not tells(high):
        high *= 2
        if high > _MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tells(middle) else (middle, high)
    return high


def replicates_needed(effect: float, *, paired: bool, power: float = 0.8, alpha: float = 0.05) -> int:
    """Pairs, or replicates in each of two arms, with which a t-test finds a standardised effect.

    The smallest n whose power under the noncentral t is at least `power`; the effect is d_z = d̄/s_d for pairs, Cohen's
    d for separate arms. Source: Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988).

    Raises:
        ValueError: If `effect` is 0 or not finite, or `power` or `alpha` is no share.
    """
    positive("abs(effect)", abs(effect))
    share("power", power)
    n = 2
    while _power(abs(effect), n, paired, share("alpha", alpha)) < power:
        n += 1
    return n


def detectable_difference(deviation: float, n: int, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest true mean difference that n pairs find with the given power, by the paired t-test.

    The root of the power of `replicates_needed` in the effect, times s_d.

    Raises:
        ValueError: If `deviation` is not above 0, `n` is below 2, or `power` is not between `alpha` and 1.
    """
    positive("deviation", deviation)
    count("n", n, least=2)
    if not share("alpha", alpha) < share("power", power):
        raise ValueError(f"power: must be above alpha {alpha:g}, got {power:g}")
    high = 1.0
    while _power(high, n, True, alpha) < power:
        high *= 2
    return deviation * float(optimize.brentq(lambda effect: _power(effect, n, True, alpha) - power, 0, high))


def noether_pairs(probability: float, *, alpha: float = 0.05, power: float = 0.95) -> int:
    """Replicates to show one-sidedly that an arm wins with the given probability.

    (z(1 - alpha) + z(power))² / (6 · (½ - probability)²), rounded up. Source: Noether, "Sample size determination for
    some common nonparametric tests" (1987).

    Raises:
        ValueError: If `probability` is ½ or no share, or `alpha` or `power` is no share.
    """
    distance = abs(share("probability", probability) - 0.5)
    if not distance:
        raise ValueError(f"probability: must differ from 0.5, got {probability}")
    z = float(stats.norm.ppf(1 - share("alpha", alpha)) + stats.norm.ppf(share("power", power)))
    return math.ceil(z**2 / (6 * distance**2))


def _chance_to_tell(mean: float, deviation: float, n: int, more: int, margin: float, alpha: float) -> float:
    total = n + more
    half = float(stats.t.ppf(1 - alpha / 2, total - 1)) * deviation / math.sqrt(total)
    inner, spread = max(0.0, margin - half), deviation * math.sqrt(more) / total
    if inner >= half:
        return 1.0
    # A mean between the two is too near 0 to exclude it, and too far to lie within the margin.
    missed = sum(
        float(stats.norm.cdf((high - mean) / spread) - stats.norm.cdf((low - mean) / spread))
        for low, high in ((inner, half), (-half, -inner))
    )
    return 1.0 - missed


def _power(effect: float, n: int, paired: bool, alpha: float) -> float:
    df, shift = (n - 1, effect * math.sqrt(n)) if paired else (2 * n - 2, effect * math.sqrt(n / 2))
    edge = float(stats.t.ppf(1 - alpha / 2, df))
    # The other tail mirrored: scipy's lower tail is NaN where the upper one is a plain 0.
    return float(stats.nct.sf(edge, df, shift) + stats.nct.sf(edge, df, -shift))
