"""How many replicates a question needs, and how small a difference a number of them can show."""

from __future__ import annotations

import math

from scipy import optimize, stats

from reports.statistics.checks import count, positive, share


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


def _power(effect: float, n: int, paired: bool, alpha: float) -> float:
    df, shift = (n - 1, effect * math.sqrt(n)) if paired else (2 * n - 2, effect * math.sqrt(n / 2))
    edge = float(stats.t.ppf(1 - alpha / 2, df))
    # The other tail mirrored: scipy's lower tail is NaN where the upper one is a plain 0.
    return float(stats.nct.sf(edge, df, shift) + stats.nct.sf(edge, df, -shift))
