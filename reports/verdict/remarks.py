"""What is said beside a claim: what failed, how strictly it was judged, and what the arm costs."""

from __future__ import annotations

from reports.costs import MEASURES, arm_cost
from reports.evidence import Evidence
from reports.statistics import Verdict, verdict
from reports.verdict.estimate import Estimate
from reports.verdict.measure import evidence_margin, measured
from reports.verdict.worst import worst_case
from reports.words import count, p_value

UNITS = {"E1": "pairs", "E2": "runs", "E3": "settings"}


def remarks(estimate: Estimate, evidence: Evidence) -> list[str]:
    """Every remark that there is on a comparison whose gates hold, in reading order."""
    found = (
        _size(estimate, evidence),
        _equivalence(estimate),
        _left_out(estimate, evidence),
        _level(estimate),
        _unplanned(estimate, evidence),
        _cost(estimate, evidence),
    )
    return [each for each in found if each]


def is_taken_back(estimate: Estimate) -> bool:
    """Whether the replicates that came through show what the worst case does not back."""
    survivors = estimate.verdict_survivors
    return Verdict(estimate.verdict) is Verdict.UNDETERMINED and survivors not in (None, estimate.verdict)


def _size(estimate: Estimate, evidence: Evidence) -> str:
    """By which interval the size was judged, where the one that is shown would have said more."""
    low, high, size_low, size_high = estimate.low, estimate.high, estimate.size_low, estimate.size_high
    if low is None or high is None or size_low is None or size_high is None or is_interim(estimate):
        return ""
    margin, direction = evidence_margin(evidence), evidence.look.direction
    shown, held = (verdict(*pair, margin, direction=direction) for pair in ((low, high), (size_low, size_high)))
    if shown is held:
        return ""
    measure = measured(estimate, evidence)
    least, most = (measure.bare(end, signed=True) for end in sorted((size_low, size_high), key=measure.difference))
    level = f"{100 * (1 - estimate.alpha / estimate.comparisons):.3g} %"
    return f"Its size is judged at {level}, for each of {estimate.comparisons} comparisons: [{least} to {most}]."


def _equivalence(estimate: Estimate) -> str:
    """What two one-sided tests tell where the interval does not; each holds the level of one in the family.

    Their interval is the narrower one, which leaves out alpha on either side.
    """
    p, level = estimate.equivalence_p, estimate.alpha / estimate.comparisons
    if Verdict(estimate.verdict) is not Verdict.UNDETERMINED or estimate.verdict_worst or p is None or p > level:
        return ""
    return f"Two one-sided tests at {100 * level:.3g} % do put the difference within the margin ({p_value(p)})."


def _left_out(estimate: Estimate, evidence: Evidence) -> str:
    """What failed, and what the worst case says of a claim that stands."""
    failed = estimate.failed_arm + estimate.failed_baseline
    if estimate.verdict_worst is None or is_interim(estimate) or is_taken_back(estimate):
        return ""
    them = "it" if failed == 1 else "each"
    out = f"{count(failed, 'failed replicate')} {'is' if failed == 1 else 'are'} left out"
    return f"{out}; with {them} {_worst_words(evidence)}: {estimate.verdict_worst}."


def taken_back(estimate: Estimate, evidence: Evidence) -> str:
    """In the place of a claim: why it is not made."""
    failed = estimate.failed_arm + estimate.failed_baseline
    claim = {1: "better", -1: "worse", 0: "equivalent"}[Verdict(str(estimate.verdict_survivors)).claims]
    them = "the failed replicate" if failed == 1 else f"each of the {failed:,} failed replicates"
    would = f"with {them} {_worst_words(evidence)} it would be {estimate.verdict_worst}"
    return f"Undetermined, and {claim} is not claimed: {would}."


def _worst_words(evidence: Evidence) -> str:
    worst = worst_case(evidence)
    return worst.words if worst else ""


def _level(estimate: Estimate) -> str:
    """At which level a further look was judged; nothing of the planned one."""
    if not estimate.further or is_interim(estimate):
        return ""
    if estimate.estimand == "E2":
        level = f"{100 * estimate.alpha:.3g} %"
        return f"Judged at a level of {level}, since every run beyond the first {estimate.planned:,} is another look."
    times = {1: "once", 2: "twice"}.get(estimate.further, f"{estimate.further} times")
    things = UNITS[estimate.estimand]
    return f"Judged at a level of {100 * estimate.alpha:.3g} %, since {things} were added {times} after a look."


def _unplanned(estimate: Estimate, evidence: Evidence) -> str:
    """That the number of runs followed no plan, where it did not."""
    if estimate.estimand != "E2":
        return ""
    planned = planned_runs(evidence)
    if planned is None:
        return "No number of runs was planned beforehand (confirm.runs)."
    return f"{planned:,} runs were planned, and there are more." if estimate.n + estimate.lost > planned else ""


def planned_runs(evidence: Evidence) -> int | None:
    """How many runs the plan will put together; None where it does not say."""
    runs: int | None = (evidence.plan or {}).get("runs")
    return runs


def _cost(estimate: Estimate, evidence: Evidence) -> str:
    """What an epoch of the arm costs, where a probe has timed it alone on its machine."""
    probe = evidence.trials("cost_probe")
    if estimate.estimand != "E1" or probe.empty:
        return ""
    ratios = arm_cost(probe, estimate.arm, estimate.baseline, evidence.config.confirm.alpha).ratios
    epoch = next(each for each in ratios if each.measure == MEASURES["epoch_seconds"])
    if epoch.ratio is None:
        return ""
    level = 100 * (1 - evidence.config.confirm.alpha)
    interval = "" if epoch.low is None or epoch.high is None else f" [{level:g} %: {epoch.low:.2f} to {epoch.high:.2f}]"
    return f"Costs {epoch.ratio:.2f} times{interval} per epoch, n = {epoch.n}."


def is_interim(estimate: Estimate) -> bool:
    """Whether planned pairs are still to come."""
    return Verdict(estimate.verdict) is Verdict.INTERIM
