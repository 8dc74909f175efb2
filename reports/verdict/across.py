"""E2, tuned against tuned: each arm tuned anew in several runs of one sweep file, so that tuning luck counts too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reports.evidence import Evidence
from reports.statistics import fewest_pairs, match_pairs
from reports.verdict.estimate import Estimate
from reports.verdict.estimates import estimates
from reports.verdict.gate import Gate
from reports.verdict.outcomes import Outcome
from reports.verdict.rules import Rules
from reports.verdict.sentences import sentence
from reports.verdict.verdict import RunVerdict

_SAME = ("name", "model", "dataset", "space", "compare", "objective", "search", "training")


@dataclass(frozen=True)
class AcrossRuns:
    """What several runs show together.

    Attributes:
        estimates: Of E2, one an arm; empty where the runs cannot be put together.
        sentences: One for each, or why there is none.
        seeds: Of the runs that count.
    """

    estimates: tuple[Estimate, ...]
    sentences: tuple[str, ...]
    seeds: tuple[int, ...]


def tuned_compared(runs: Sequence[tuple[Evidence, RunVerdict]]) -> AcrossRuns:
    """Compare the arms over runs that differ in their seed alone: a run's score of an arm is its champion's mean.

    Args:
        runs: With their verdicts; those without a confirmed champion in every arm are left out.
    """
    confirmed = [
        (evidence, verdict) for evidence, verdict in runs if any(e.estimand == "E1" for e in verdict.estimates)
    ]
    problem = _problem([evidence for evidence, _ in confirmed])
    if problem:
        return AcrossRuns((), (problem,), ())
    first = confirmed[0][0]
    assert first.plan is not None
    rules = Rules.of(first.plan)
    outcomes = _outcomes(confirmed)
    planned = fewest_pairs(alpha=rules.alpha, comparisons=len(outcomes))
    found = estimates("E2", outcomes, rules, planned=planned)
    failed = tuple(gate for _, verdict in confirmed for gate in verdict.gates if gate.status == "fail")
    unique: tuple[Gate, ...] = tuple(dict.fromkeys(failed))
    said = tuple(sentence(each, first, unique) for each in found)
    return AcrossRuns(tuple(found), said, tuple(evidence.config.seed for evidence, _ in confirmed))


def _problem(evidences: Sequence[Evidence]) -> str:
    """Why runs cannot be put together; empty if they can."""
    if len(evidences) < 2:
        return "Tuned against tuned needs several runs of one sweep file, each with its own seed and a confirm phase."
    documents = [evidence.config.model_dump(mode="json") for evidence in evidences]
    for key in _SAME:
        if any(document[key] != documents[0][key] for document in documents):
            return f"The runs ask different questions ({key} differs), so their tuned arms are not put together."
    seeds = Counter(evidence.config.seed for evidence in evidences)
    if max(seeds.values()) > 1:
        return f"Two runs have the seed {seeds.most_common(1)[0][0]}, so they are one, not two."
    return ""


def _outcomes(runs: Sequence[tuple[Evidence, RunVerdict]]) -> list[Outcome]:
    compared = {each.arm: each.baseline for _, verdict in runs for each in verdict.estimates if each.estimand == "E1"}
    outcomes = []
    for arm, baseline in compared.items():
        scores: tuple[list[tuple[str, float | None]], ...] = ([], [])
        unfinished = 0
        for evidence, verdict in runs:
            each = next((e for e in verdict.estimates if e.estimand == "E1" and e.arm == arm), None)
            if each is None:
                continue
            unfinished += each.n < each.planned
            for side, mean in zip(scores, (each.mean_arm, each.mean_baseline), strict=True):
                side.append((str(evidence.config.seed), mean))
        outcomes.append(Outcome(arm, baseline, match_pairs(*scores), None, unfinished))
    return outcomes
