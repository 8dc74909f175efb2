"""E2, tuned against tuned: each arm tuned anew in several runs of one sweep file, so that tuning luck counts too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reports.evidence import Evidence
from reports.statistics import Verdict, fewest_pairs, match_pairs
from reports.verdict.estimate import Estimate
from reports.verdict.estimates import estimates
from reports.verdict.gate import Gate
from reports.verdict.gates import RUNS
from reports.verdict.outcomes import Outcome
from reports.verdict.rules import Rules
from reports.verdict.sentences import sentence, untuned
from reports.verdict.verdict import RunVerdict
from reports.words import listed

Run = tuple[Evidence, RunVerdict]

_SAME = ("name", "model", "space", "compare", "objective", "search", "training")
_PLANNED = ("margin", "alpha", "baseline", "rule", "runs")
_FEW = (
    "Tuned against tuned needs several runs of one sweep file, each with its own seed and a confirm phase that is over."
)


@dataclass(frozen=True)
class AcrossRuns:
    """What several runs show together.

    Attributes:
        estimates: Of E2, one an arm; empty where the runs cannot be put together.
        sentences: One for each, or why there is none; then which runs were left out, if any were.
        seeds: Of the runs that count, in order.
        places: Of the same among those given.
        gates: What must hold for the comparison of tuned arms: runs enough, and an arm tuned in each.
    """

    estimates: tuple[Estimate, ...]
    sentences: tuple[str, ...]
    seeds: tuple[int, ...]
    places: tuple[int, ...] = field(default=(), compare=False)
    gates: tuple[Gate, ...] = ()


def tuned_compared(runs: Sequence[Run]) -> AcrossRuns:
    """Compare the arms over runs that differ in their seed alone: a run's score of an arm is its champion's mean.

    A run counts once its confirmation is over, and if none of its gates failed: what it says until then may still
    change, or is not valid. A search that has left an arm without a champion is no run to leave out, for that is what
    tuning comes to as well: since it has no score, nothing is claimed beside it. The order of the runs does not matter.
    """
    confirmed = sorted((run for run in runs if _champions(run)), key=lambda run: run[0].config.seed)
    reasons = [_unfit(run) for run in confirmed]
    counted = [run for run, reason in zip(confirmed, reasons, strict=True) if not reason]
    out = [
        f"the run of seed {evidence.config.seed} ({reason})"
        for (evidence, _), reason in zip(confirmed, reasons, strict=True)
        if reason
    ]
    left_out = (f"Left out: {listed(out)}.",) if out else ()
    problem = _problem([evidence for evidence, _ in counted])
    if problem:
        return AcrossRuns((), (problem, *left_out), (), gates=(Gate("runs", RUNS, "not run", problem),))
    first = counted[0][0]
    assert first.plan is not None
    outcomes, alpha = _outcomes(counted), float(first.plan["alpha"])
    planned = first.plan.get("runs") or fewest_pairs(alpha=alpha, comparisons=len(outcomes))
    # Whoever adds runs one by one has looked at those before.
    rules = Rules.of(first.plan, further=max(0, len(counted) - planned))
    found = estimates("E2", outcomes, rules, planned=planned)
    gates = [_gate(evidence) for evidence in _in_vain([evidence for evidence, _ in runs], first)]
    if gates:
        gone = str(Verdict.NOT_VALID)
        found = [replace(each, verdict=gone, verdict_survivors=None, verdict_worst=None) for each in found]
    said = tuple(sentence(each, first, gates) for each in found)
    seeds = tuple(evidence.config.seed for evidence, _ in counted)
    places = tuple(place for place, run in enumerate(runs) if any(run is each for each in counted))
    there = min(each.n + each.lost for each in found)
    enough = Gate("runs", RUNS, "pass" if there >= planned else "open", f"{there} of {planned} runs")
    return AcrossRuns(tuple(found), (*said, *left_out), seeds, places, (enough, *gates))


def _champions(run: Run) -> list[Estimate]:
    return [each for each in run[1].estimates if each.estimand == "E1"]


def _unfit(run: Run) -> str:
    """Why a run does not count; empty if it does."""
    failed = [gate.because for gate in run[1].gates if gate.status == "fail"]
    short = [each for each in _champions(run) if not each.is_over]
    waiting = [f"{each.n} of {each.planned} pairs of {each.arm} are there" for each in short]
    return listed([*failed, *waiting]) if failed or waiting else ""


def _in_vain(evidences: Sequence[Evidence], first: Evidence) -> list[Evidence]:
    """The runs of the same question whose search is over and has left an arm without a champion, by their seed."""
    asked = _asked(first)
    alike = (each for each in evidences if _asked(each) == asked)
    over = (each for each in alike if each.facts["standing"]["final"] and untuned(each))
    return sorted(over, key=lambda each: each.config.seed)


def _gate(evidence: Evidence) -> Gate:
    arms, seed = listed(untuned(evidence)), evidence.config.seed
    because = f"tuning {arms} failed in the run of seed {seed}"
    return Gate(f"tuned-{seed}", "Every arm was tuned in every run", "fail", because, because)


def _problem(evidences: Sequence[Evidence]) -> str:
    """Why runs cannot be put together; empty if they can."""
    if len(evidences) < 2:
        return _FEW
    terms = [_terms(evidence) for evidence in evidences]
    differ = [key for key in terms[0] if any(each[key] != terms[0][key] for each in terms)]
    if differ:
        words = f"{listed(differ)} {'differs' if len(differ) == 1 else 'differ'}"
        return f"The runs ask different questions ({words}), so their tuned arms are not put together."
    seeds = Counter(evidence.config.seed for evidence in evidences)
    if max(seeds.values()) > 1:
        return f"Two runs have the seed {seeds.most_common(1)[0][0]}, so they are one, not two."
    return ""


def _asked(evidence: Evidence) -> dict[str, object]:
    """All that the searches of one question have in common, by the name that a sentence gives it."""
    document = evidence.config.model_dump(mode="json")
    terms = {key: document[key] for key in _SAME}
    terms["dataset"] = {key: value for key, value in document["dataset"].items() if key != "file"}
    return terms | {"the digest of the data": evidence.facts.get("data", {}).get("digest")}


def _terms(evidence: Evidence) -> dict[str, object]:
    """All that must be the same of runs that are put together, likewise."""
    plan = evidence.plan or {}
    terms = _asked(evidence) | {f"confirm.{key}": plan.get(key) for key in _PLANNED}
    return terms | {"confirm.champions": evidence.config.confirm.champions}


def _outcomes(runs: Sequence[Run]) -> list[Outcome]:
    compared = {each.arm: each.baseline for run in runs for each in _champions(run)}
    return [_outcome(arm, baseline, runs) for arm, baseline in compared.items()]


def _outcome(arm: str, baseline: str, runs: Sequence[Run]) -> Outcome:
    found = {str(run[0].config.seed): each for run in runs for each in _champions(run) if each.arm == arm}
    pairs = match_pairs(
        [(seed, each.mean_arm) for seed, each in found.items()],
        [(seed, each.mean_baseline) for seed, each in found.items()],
    )
    worst = None
    if any(each.verdict_worst for each in found.values()):
        worst = match_pairs(
            [(seed, _or(each.mean_arm_worst, each.mean_arm)) for seed, each in found.items()],
            [(seed, _or(each.mean_baseline_worst, each.mean_baseline)) for seed, each in found.items()],
        )
    failed = (sum(each.failed_arm for each in found.values()), sum(each.failed_baseline for each in found.values()))
    return Outcome(arm, baseline, pairs, worst, 0, failed)


def _or(worst: float | None, usual: float | None) -> float | None:
    return usual if worst is None else worst
