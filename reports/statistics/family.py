"""The declared family of comparisons: what each may still say once all of them are counted, and the plan is met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.statistics.checks import count, share
from reports.statistics.comparison import PairedComparison
from reports.statistics.multiplicity import holm
from reports.statistics.verdicts import Verdict


@dataclass(frozen=True)
class Judgement:
    """A comparison as the report words it.

    Attributes:
        comparison: What was measured; no other comparison changes it.
        adjusted_p: Holm's p within the family.
        comparisons: Size of the family.
        verdict: The comparison's own unless the plan is unmet or the correction takes the claim back.
    """

    comparison: PairedComparison
    adjusted_p: float
    comparisons: int
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
    significant look would be wrong 23 times in 100 rather than 5. Better and worse need Holm's adjusted p ≤ alpha;
    without it a negligible one is equivalent, and any other not shown.
    Source: Armitage, McPherson and Rowe, "Repeated significance tests on accumulating data" (1969); `holm`.

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
    return {
        name: Judgement(comparison, p, size, _worded(comparison, p, due[name], alpha))
        for (name, comparison), p in zip(family.items(), adjusted, strict=True)
    }


def _worded(comparison: PairedComparison, adjusted_p: float, planned: int, alpha: float) -> Verdict:
    if comparison.verdict is Verdict.NOT_COMPARABLE:
        return Verdict.NOT_COMPARABLE
    if comparison.n < planned:
        return Verdict.INTERIM
    if not comparison.verdict.claims or adjusted_p <= alpha:
        return comparison.verdict
    # What the correction takes back is the side of 0; that the difference is within the margin stands.
    return Verdict.EQUIVALENT if comparison.verdict.is_negligible else Verdict.NOT_SHOWN
