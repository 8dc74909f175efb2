"""A run's verdict: what may be believed, what was estimated, and the sentence that follows from both."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reports.evidence import Evidence
from reports.statistics import Verdict
from reports.verdict.estimate import Estimate
from reports.verdict.estimates import champions_compared, swaps_compared
from reports.verdict.gate import Gate
from reports.verdict.gates import gates
from reports.verdict.sentences import sentence, unasked


@dataclass(frozen=True)
class RunVerdict:
    """Everything that the first page of a report says.

    Attributes:
        gates: See `gates`.
        estimates: Of E1, then E3.
        sentences: One for each estimate; one in all where there is none.
        plan: The digest of the plan; None before any.
        revisions: Of the plan.
        margin: In the metric's unit; None before a plan.
        alpha: Of each question's family at its planned look; None before a plan.
    """

    gates: tuple[Gate, ...]
    estimates: tuple[Estimate, ...]
    sentences: tuple[str, ...]
    plan: str | None
    revisions: int
    margin: float | None
    alpha: float | None


def verdict_of(evidence: Evidence) -> RunVerdict:
    """Judge a run."""
    found = (*champions_compared(evidence), *swaps_compared(evidence))
    checked = tuple(gates(evidence, found))
    if any(gate.status == "fail" for gate in checked):
        # The sentence is not the only place where a claim is read.
        gone = str(Verdict.NOT_VALID)
        found = tuple(replace(each, verdict=gone, verdict_survivors=None, verdict_worst=None) for each in found)
    plan = evidence.plans[-1] if evidence.plans else None
    return RunVerdict(
        gates=checked,
        estimates=found,
        sentences=tuple(sentence(each, evidence, checked) for each in found) or (unasked(evidence),),
        plan=plan.digest if plan else None,
        revisions=len(evidence.plans),
        margin=float(plan.document["margin"]) if plan else None,
        alpha=float(plan.document["alpha"]) if plan else None,
    )
