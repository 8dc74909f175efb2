"""The verdict in plain words, one sentence for each comparison; a gate that failed takes the claim out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.evidence import Evidence
from reports.statistics import Verdict
from reports.verdict.estimate import Estimate
from reports.verdict.gate import Gate
from reports.verdict.measure import Measure, evidence_margin, measured
from reports.verdict.remarks import UNITS, is_interim, is_taken_back, planned_runs, remarks, taken_back
from reports.words import count, listed, minus, p_value

NAMES = {
    "E1": "champion against champion",
    "E2": "tuned against tuned",
    "E3": "only {compare} replaced",
}
_REPLICATES = {
    "E1": "fresh paired seeds",
    "E2": "independent runs",
    "E3": "settings of the shared params",
}


def sentence(estimate: Estimate, evidence: Evidence, gates: Sequence[Gate]) -> str:
    """What may be said of one comparison."""
    return f"{_setting(estimate, evidence)}: {numbers(estimate, evidence)} {conclusion(estimate, evidence, gates)}"


def conclusion(estimate: Estimate, evidence: Evidence, gates: Sequence[Gate]) -> str:
    """The claim, or why there is none."""
    failed = [gate.because for gate in gates if gate.status == "fail"]
    if failed:
        return f"Not valid, because {listed(failed)}: nothing is claimed."
    margin = measured(estimate, evidence).margin_text(evidence_margin(evidence))
    if is_interim(estimate):
        said = _interim(estimate, evidence)
    elif is_taken_back(estimate):
        said = taken_back(estimate, evidence)
    else:
        said = _WORDS[Verdict(estimate.verdict)](estimate, margin)
    return " ".join([said, *remarks(estimate, evidence)])


def numbers(estimate: Estimate, evidence: Evidence) -> str:
    """The two means, their difference and its interval."""
    measure = measured(estimate, evidence)
    means = f"{measure.name} {measure.text(estimate.mean_arm)} vs {measure.text(estimate.mean_baseline)}"
    if estimate.difference is None:
        return f"no pair of {estimate.arm} and {estimate.baseline} is complete."
    if estimate.low is None or estimate.high is None:
        return f"{means}; one pair has no interval."
    level = 100 * (1 - estimate.alpha)
    shown = [measure.difference(value) for value in (estimate.difference, estimate.low, estimate.high)]
    side = -1.0 if shown[0] < 0 else 1.0
    word = "lower" if side < 0 else "higher"
    ends = sorted(side * value for value in shown[1:])
    middle, low, high = (_bare(value, measure) for value in (abs(shown[0]), *ends))
    return f"{means}, {middle}{measure.difference_unit} {word} [{level:g} %: {low} to {high}]."


def unasked(evidence: Evidence) -> str:
    """What to say where nothing is estimated: no phase after the search was asked for, or none can begin."""
    config = evidence.config
    if config.compare is None or len(config.arms) < 2:
        return "This sweep compares no arms, so there is no verdict; `compare` in its file names what to compare."
    if config.confirm.seeds or config.swap.settings:
        return _not_begun(evidence)
    baseline = "" if config.baseline is not None else f" --set confirm.baseline={config.arms[-1]}"
    fewest = max(10, config.confirm.fewest_seeds(len(config.arms) - 1))
    return (
        "No verdict yet: this run has searched, and a search compares nothing. "
        f"`capsweep resume RUN --set confirm.seeds={fewest}{baseline}` trains the champion of each arm with fresh "
        "seeds and opens the test set."
    )


def _not_begun(evidence: Evidence) -> str:
    if not evidence.facts["standing"]["final"]:
        return "No verdict yet: the search goes on, and a search compares nothing."
    return f"Not comparable: no trial of {listed(untuned(evidence))} came through, so there is no champion to confirm."


def untuned(evidence: Evidence) -> list[str]:
    """The arms of which no trial of the search has come through."""
    search = evidence.trials("search")
    sound = search[(search["state"] == "complete") & search["feasible"].fillna(False)]
    return [arm for arm in evidence.arms.values() if arm not in set(sound["arm"])]


def _setting(estimate: Estimate, evidence: Evidence) -> str:
    compare = evidence.config.compare or "the compared param"
    name = NAMES[estimate.estimand].format(compare=compare)
    budget = f", {evidence.config.search.budget_in_words} of tuning each" if estimate.estimand != "E3" else ""
    pairs = f"{estimate.n:,} {_REPLICATES[estimate.estimand]}"
    return f"{estimate.arm} against {estimate.baseline} ({name}{budget}, {pairs})"


def _bare(value: float, measure: Measure) -> str:
    text = f"{value:.3g}" if measure.decimals is None else f"{value:.{measure.decimals}f}"
    return minus(text)


def _undetermined(estimate: Estimate, margin: str) -> str:
    more, things = estimate.pairs_needed, UNITS[estimate.estimand]
    if more is None:
        return (
            f"Undetermined: {things} scatter so far beyond the margin of {margin} that more of them would hardly tell."
        )
    many = f"{more:,} more {things[:-1] if more == 1 else things}"
    return f"Undetermined: it needs about {many} for an even chance to tell, if the difference is as it looks now."


def _interim(estimate: Estimate, evidence: Evidence) -> str:
    planned = f"{estimate.planned:,} planned {UNITS[estimate.estimand]}"
    if estimate.estimand == "E2" and planned_runs(evidence) is None:
        planned = f"the {estimate.planned:,} runs that it takes at least"
    return f"Interim: {estimate.n:,} of {planned} are there, and nothing is claimed before."


def _not_shown(estimate: Estimate, margin: str) -> str:
    family = count(estimate.comparisons, "comparison")
    return f"Not shown after correction for {family} (adjusted p {estimate.adjusted_p:.3f})."


def _one_sided(estimate: Estimate) -> str:
    p = estimate.equivalence_p
    return "" if p is None else f" (two one-sided tests, {p_value(p)})"


_WORDS: dict[Verdict, Callable[[Estimate, str], str]] = {
    Verdict.BETTER: lambda estimate, margin: f"Better, by more than the margin of {margin}.",
    Verdict.BETTER_SIZE_UNCERTAIN: lambda estimate, margin: (
        f"Better; whether by more than the margin of {margin} is uncertain."
    ),
    Verdict.BETTER_NEGLIGIBLE: lambda estimate, margin: (
        f"Better, but by less than the margin of {margin}: too little to matter."
    ),
    Verdict.EQUIVALENT: lambda estimate, margin: (
        f"Equivalent: any difference lies within the margin of {margin}{_one_sided(estimate)}."
    ),
    Verdict.IDENTICAL: lambda estimate, margin: "Equivalent: both are the same in every pair.",
    Verdict.UNDETERMINED: _undetermined,
    Verdict.WORSE_NEGLIGIBLE: lambda estimate, margin: (
        f"Worse, but by less than the margin of {margin}: too little to matter."
    ),
    Verdict.WORSE_SIZE_UNCERTAIN: lambda estimate, margin: (
        f"Worse; whether by more than the margin of {margin} is uncertain."
    ),
    Verdict.WORSE: lambda estimate, margin: f"Worse, by more than the margin of {margin}.",
    Verdict.NOT_SHOWN: _not_shown,
    Verdict.NOT_VALID: lambda estimate, margin: "Not valid: nothing is claimed.",
    Verdict.NOT_COMPARABLE: lambda estimate, margin: "Not comparable: no pair is complete.",
}
