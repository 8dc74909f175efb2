"""Shares of counted things: settings won, runs collapsed, digits that one arm alone gets right."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from reports.statistics.checks import count, share
from reports.statistics.location import Estimate


@dataclass(frozen=True)
class McNemar:
    """Whether two arms err equally often on the same examples.

    Attributes:
        p: Exact two-sided.
        mid_p: The same less half the chance of the observed count: less cautious.
        difference: (only a right - only b right) / examples; None without the number of examples.
        standard_error: Of the difference, over examples; it holds no training variance.
    """

    p: float
    mid_p: float
    difference: float | None
    standard_error: float | None


def wilson(successes: int, trials: int, *, alpha: float = 0.05) -> Estimate:
    """A share with Wilson's score interval.

    (p̂ + z²/2n ± z √(p̂(1-p̂)/n + z²/4n²)) / (1 + z²/n). Source: Wilson, "Probable inference, the law of succession,
    and statistical inference" (1927), through `scipy.stats.binomtest`.

    Raises:
        ValueError: If there is no trial, `successes` is not within it, or `alpha` is no share.
    """
    trials = count("trials", trials, least=1)
    successes = count("successes", successes, most=trials)
    found = stats.binomtest(successes, trials)
    interval = found.proportion_ci(confidence_level=1 - share("alpha", alpha), method="wilson")
    return Estimate(successes / trials, float(interval.low), float(interval.high), trials)


def clopper_pearson(successes: int, trials: int, *, alpha: float = 0.05) -> Estimate:
    """A share with Clopper and Pearson's exact interval, which misses the true one in at most `alpha` of all samples.

    With k of n it is the shares p that neither P(X ≥ k | p) nor P(X ≤ k | p) puts below α/2, X ~ Binomial(n, p):
    from the α/2 quantile of Beta(k, n - k + 1) to the 1 - α/2 quantile of Beta(k + 1, n - k), and to 0 or 1 where k is
    0 or n. Wilson's is shorter and holds on average over p only: at p = ½ it misses 7.8 % of samples of 21 at 5 %.
    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial"
    (1934).

    Raises:
        ValueError: If there is no trial, `successes` is not within it, or `alpha` is no share.
    """
    trials = count("trials", trials, least=1)
    successes = count("successes", successes, most=trials)
    tail = share("alpha", alpha) / 2
    # Both ends by one function, so that the interval of the failures is its mirror image to the last digit.
    low, high = _least_share(successes, trials, tail), 1 - _least_share(trials - successes, trials, tail)
    return Estimate(successes / trials, low, high, trials)


def mcnemar_exact(only_a: int, only_b: int, *, examples: int | None = None) -> McNemar:
    """Exact McNemar test: the examples that one arm alone gets right, split as by a fair coin.

    p = min(1, 2 · P(Binomial(b + c, ½) ≤ min(b, c))), mid-p = p less the chance of the observed split;
    SE = √(b + c - (b - c)²/n) / n. Source: McNemar (1947); Fagerland, Lydersen and Laake, "The McNemar test for binary
    matched-pairs data" (2013).

    Args:
        only_a: Examples that only the first arm gets right.
        only_b: Examples that only the second gets right.
        examples: How many there are in all.

    Raises:
        ValueError: If a count is below 0 or not whole, or there are fewer examples than that.
    """
    first, second = count("only_a", only_a), count("only_b", only_b)
    discordant = first + second
    if not discordant:
        p = mid_p = 1.0
    else:
        p = float(stats.binomtest(first, discordant).pvalue)
        seen = float(stats.binom.pmf(first, discordant, 0.5))
        mid_p = p - seen if first != second else 1 - seen / 2
    if examples is None:
        return McNemar(p, mid_p, None, None)
    n = count("examples", examples, least=max(1, discordant))
    error = math.sqrt(discordant - (first - second) ** 2 / n) / n
    return McNemar(p, mid_p, (first - second) / n, error)


def _least_share(successes: int, trials: int, tail: float) -> float:
    return float(stats.beta.ppf(tail, successes, trials - successes + 1)) if successes else 0.0
