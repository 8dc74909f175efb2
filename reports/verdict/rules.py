"""What a frozen plan says of how its comparisons are judged, and what another look at them costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from reports.evidence import Evidence, Plan
from reports.statistics import Direction

_PAIRS: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "E1": lambda plan: int(plan["seeds"]),
    "E3": lambda plan: int(plan["swap"]["settings"]),
}


@dataclass(frozen=True)
class Rules:
    """How a family of comparisons is judged.

    Attributes:
        margin: Differences up to it are too small to matter, in the metric's unit.
        alpha: The level of the family at this look, see `level`.
        direction: Which scores are better.
        further: How often pairs were added after the planned look.
    """

    margin: float
    alpha: float
    direction: Direction
    further: int = 0

    @classmethod
    def of(cls, plan: Mapping[str, Any], *, further: int = 0) -> Rules:
        """From a frozen plan, at its first look or at one of the `further` ones."""
        return cls(float(plan["margin"]), level(float(plan["alpha"]), further), plan["direction"], further)


def rules_of(evidence: Evidence, estimand: Literal["E1", "E3"]) -> Rules:
    """Of a question of a run whose plan is frozen, at the look that its last revision is."""
    plan = evidence.plan
    if plan is None:
        raise RuntimeError("no plan is frozen; ask evidence.plan first")
    return Rules.of(plan, further=further_looks(evidence.plans, _PAIRS[estimand]))


def level(alpha: float, further: int) -> float:
    """The level of a look at a plan whose pairs were added to `further` times: alpha / 2ᵏ at the k-th further look.

    Whoever adds pairs has seen what the first ones say, and may stop wherever it suits. The planned look keeps alpha,
    and all looks together make a false claim with a chance of at most alpha · (1 + ½ + ¼ + ...), less than twice
    alpha, however many there are and whatever they follow from; three looks at 20, 40 and 60 pairs, each judged at
    5 %, make one in 10.8 %. One more pair is enough for the exact test to reach half the level, so a revised plan can
    still claim something. Source: Boole's inequality, with the levels spent as by Lan and DeMets, "Discrete sequential
    boundaries for clinical trials" (1983).
    """
    return alpha / float(2**further)


def further_looks(plans: Sequence[Plan], pairs: Callable[[Mapping[str, Any]], int]) -> int:
    """How many revisions have changed the number of pairs of a question that was asked before.

    Args:
        plans: Every revision, in order.
        pairs: Of the question, in the document of a plan.
    """
    amounts = [pairs(plan.document) for plan in plans]
    return sum(0 < before != after for before, after in pairwise(amounts))
