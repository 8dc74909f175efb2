"""The declared family of comparisons: what each may still say once all of them are counted, and the plan is met."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

from reports.statistics.checks import count, share
from reports.statistics.comparison import PairedComparison
from reports.statistics.multiplicity import holm
from reports.statistics.verdicts import Verdict, is_within, sized


@dataclass(frozen=True)
class Judgement:
    """A comparison as the report words it.

    Attributes:
        comparison: What was measured; no other comparison changes it.
        adjusted_p: Holm's p within the family.
        comparisons: Size of the family.
        low: Lower end of the interval by which its size is judged, at alpha by the size of the family; None below two
            pairs.
        high: Upper end.
        verdict: The comparison's own unless the plan is unmet or the correction takes something back.
    """

    comparison: PairedComparison
    adjusted_p: float
    comparisons: int
    low: float | None
    high: float | None
    verdict: Verdict


def judge(
    family: Mapping[str, PairedComparison],
    *,
    planned: int | Mapping[str, int],
    alpha: float = 0.05,
    comparisons: int | None = None,
) -> dict[str, Judgement]:
    """Judge every comparison of a family, in its order.

    A verdict before the planned number of pairs is interim, however often it is looked at: stopping at the first
    significant look would be wrong 23 times in 100 rather than 5. Better and worse need Holm's adjusted p ≤ alpha.
    Whether a difference is larger than the margin, or within it, is said by an interval at alpha by the number of
    comparisons, so that what is said of sizes and of sides is wrong with a chance of at most alpha each, however many
    comparisons there are.
    Source: Armitage, McPherson and Rowe, "Repeated significance tests on accumulating data" (1969); `holm`; Dunn,
    "Multiple comparisons among means" (1961).

    Args:
        family: The comparisons by name.
        planned: How many pairs the plan promised to each, by name where it is not the same of all.
        alpha: The level of the whole family.
        comparisons: Size of the family where arms were given up; without it, as many as are given.

    Raises:
        ValueError: If `planned` is below 1, `alpha` is no share, or the family is smaller than what is given.
    """
    due = planned if isinstance(planned, Mapping) else dict.fromkeys(family, count("planned", planned, least=1))
    share("alpha", alpha)
    adjusted = holm([comparison.p for comparison in family.values()], comparisons=comparisons).tolist()
    size = len(family) if comparisons is None else comparisons
    found = {}
    for (name, comparison), p in zip(family.items(), adjusted, strict=True):
        ends = _widened(comparison, size, alpha)
        side = comparison.verdict.claims if p <= alpha else 0
        said = _worded(comparison, side, ends) if comparison.n >= due[name] else Verdict.INTERIM
        if comparison.verdict is Verdict.NOT_COMPARABLE:
            said = Verdict.NOT_COMPARABLE
        low, high = ends or (None, None)
        found[name] = Judgement(comparison, p, size, low, high, said)
    return found


def _widened(comparison: PairedComparison, comparisons: int, alpha: float) -> tuple[float, float] | None:
    """The comparison's interval, at the level that each of so many has."""
    mean, low, high, deviation = comparison.mean, comparison.low, comparison.high, comparison.deviation
    if mean is None or low is None or high is None or deviation is None:
        return None
    if comparisons == 1:
        return low, high
    half = float(stats.t.ppf(1 - alpha / comparisons / 2, comparison.n - 1)) * deviation / math.sqrt(comparison.n)
    return mean - half, mean + half


def _worded(comparison: PairedComparison, side: int, ends: tuple[float, float] | None) -> Verdict:
    if ends is None or comparison.verdict is Verdict.IDENTICAL:
        return comparison.verdict
    if side:
        return sized(side, *ends, comparison.margin, direction=comparison.direction)
    if is_within(*ends, comparison.margin):
        return Verdict.EQUIVALENT
    return Verdict.NOT_SHOWN if comparison.verdict.claims else Verdict.UNDETERMINED
