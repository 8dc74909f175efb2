"""Whether a view may say what its numbers show: decided here for all views, by the verdict on the same comparisons.

Where a gate failed, or before the planned pairs are there, a view has numbers and intervals alone: no p, no zone, no
verdict, and no two arms told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reports.evidence import Evidence
from reports.statistics import Verdict
from reports.verdict import Estimate, RunVerdict, rules_of

_UNITS = {"E1": "seeds", "E2": "runs", "E3": "settings"}


@dataclass(frozen=True)
class Claim:
    """What comparisons may be used for.

    Attributes:
        withheld: `not valid` where a gate failed, `interim` before the planned pairs are there, `not comparable` where
            none is complete; empty where the numbers may be read as an answer.
        clause: The same as the beginning of a caption; empty likewise.
    """

    withheld: str
    clause: str

    def of(self, p: float | None) -> float | None:
        """A p, where one may be shown."""
        return None if self.withheld else p


def claim(*estimates: Estimate) -> Claim:
    """What may be made of some comparisons together; of none of them nothing, for nothing was promised."""
    said = {Verdict(each.verdict) for each in estimates}
    if Verdict.NOT_VALID in said:
        return Claim(str(Verdict.NOT_VALID), "Not valid, a gate of the verdict failed: nothing is claimed. ")
    if not estimates:
        return Claim(str(Verdict.INTERIM), "Interim, before a plan: nothing is claimed. ")
    if Verdict.INTERIM in said:
        short = min((each for each in estimates if Verdict(each.verdict) is Verdict.INTERIM), key=lambda each: each.n)
        there = f"{short.n:,} of {short.planned:,} planned {_UNITS[short.estimand]}"
        return Claim(str(Verdict.INTERIM), f"Interim, {there}: nothing is claimed. ")
    if said == {Verdict.NOT_COMPARABLE}:
        return Claim(str(Verdict.NOT_COMPARABLE), "Not comparable, no pair is complete: nothing is claimed. ")
    return Claim("", "")


def estimates_of(verdict: RunVerdict, estimand: str) -> list[Estimate]:
    """The comparisons of an estimand, with what may be said of each."""
    return [each for each in verdict.estimates if each.estimand == estimand]


def alpha_of(evidence: Evidence, estimand: Literal["E1", "E3"] = "E1") -> float:
    """The level at which a question is judged at this look, or the sweep file's before there is a plan."""
    return rules_of(evidence, estimand).alpha if evidence.plan else evidence.config.confirm.alpha
