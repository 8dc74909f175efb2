"""What stands against a claim: each gate is shown a run that keeps to it and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from reports.evidence import Evidence
from reports.verdict import Gate, RunVerdict, verdict_of

MakeEvidence = Callable[..., Evidence]
A = [0.9905, 0.9912, 0.9918, 0.9921, 0.9899, 0.9926, 0.9909, 0.9915, 0.9920, 0.9907]
B = [0.9893, 0.9901, 0.9910, 0.9908, 0.9885, 0.9911, 0.9898, 0.9906, 0.9912, 0.9890]
CLAIM = "Better; whether by more than the margin of 0.10 pp is uncertain."


def gate(verdict: RunVerdict, key: str) -> Gate:
    (found,) = (each for each in verdict.gates if each.key == key)
    return found


def is_withdrawn(verdict: RunVerdict) -> bool:
    """Whether the claim is gone from every place, and the sentence says why."""
    because = [each.because for each in verdict.gates if each.status == "fail"]
    said = all(sentence.endswith("nothing is claimed.") for sentence in verdict.sentences)
    named = all(reason and reason in sentence for reason in because for sentence in verdict.sentences)
    gone = all((each.verdict, each.verdict_worst) == ("not valid", None) for each in verdict.estimates)
    return bool(because) and said and named and gone


def sown(frame: pd.DataFrame, phase: str, seeds: list[int]) -> pd.DataFrame:
    """Trials of a phase with the seeds of others."""
    rows = frame.index[frame["phase"] == phase][: len(seeds)]
    for source in ("init", "order", "dropout", "augment"):
        frame.loc[rows, f"seed.{source}"] = seeds
    return frame


def test_a_sound_run_passes_and_claims(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B))
    assert {each.status for each in verdict.gates} == {"pass", "not run"}
    assert [each.key for each in verdict.gates if each.status == "not run"] == ["aa", "same"]
    assert verdict.sentences[0].endswith(CLAIM)
    assert not any(each.because for each in verdict.gates)


def test_seeds_of_the_search_in_a_confirmation_withdraw_the_claim(make_evidence: MakeEvidence) -> None:
    leaked = make_evidence(
        capsule=A, max=B, swap={"capsule": A, "max": B}, rows=lambda frame: sown(frame, "confirm", [1003])
    )
    verdict = verdict_of(leaked)
    assert gate(verdict, "seeds").status == "fail"
    assert gate(verdict, "seeds").because == "1 of its replicates repeat seeds of the search"
    assert len(verdict.sentences) == 2
    assert is_withdrawn(verdict)


@pytest.mark.parametrize(("max_trials", "size", "status"), [(8, None, "pass"), (6, None, "fail"), (6, 6, "pass")])
def test_unequal_budgets_withdraw_the_claim_unless_a_space_was_at_its_end(
    make_evidence: MakeEvidence, max_trials: int, size: int | None, status: str
) -> None:
    evidence = make_evidence(capsule=A, max=B, searched={"capsule": 8, "max": max_trials})
    studies = [{"arm": "capsule", "size": None}, {"arm": "max", "size": size}]
    verdict = verdict_of(replace(evidence, facts={**evidence.facts, "studies": studies}))
    assert gate(verdict, "budgets").status == status
    assert is_withdrawn(verdict) == (status == "fail")
    assert f"max {max_trials} trials" in gate(verdict, "budgets").detail


def test_a_plan_that_came_after_its_trials_withdraws_the_claim(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B, plans=(103.0,)))
    assert gate(verdict, "plan").because == "2 trials of it began before its plan was frozen"
    assert is_withdrawn(verdict)


def test_a_plan_that_was_revised_is_told(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B, plans=(100.0, 200.0)))
    assert (gate(verdict, "plan").status, verdict.revisions) == ("warn", 2)
    assert gate(verdict, "plan").detail == "revised 1 time since; seeds 10 -> 10"
    assert verdict.sentences[0].endswith(CLAIM)


@pytest.mark.parametrize(
    "audits", [((99.0, "test set opened"),), ((101.0, "test set opened"), (50.0, "test set read"))]
)
def test_a_test_set_that_was_open_before_the_plan_withdraws_the_claim(
    make_evidence: MakeEvidence, audits: tuple[Any, ...]
) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B, audits=audits))
    assert gate(verdict, "sealed").because == "the test set was read before the plan was frozen"
    assert is_withdrawn(verdict)


def test_a_pair_that_lacks_a_partner_is_shown(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B[:9]))
    assert gate(verdict, "pairs").detail == "1 unpaired and 0 failed replicates are left out"
    assert gate(verdict, "planned").status == "open"
    assert gate(verdict, "planned").detail == "E1 capsule: 9 of 10"


def test_failures_are_counted_once_a_pair_and_do_not_leave_the_plan_open(make_evidence: MakeEvidence) -> None:
    failed = verdict_of(make_evidence(capsule=[None, *A[1:]], max=[None, *B[1:]]))
    assert [gate(failed, key).status for key in ("planned", "pairs", "failures")] == ["warn", "warn", "warn"]
    assert gate(failed, "failures").detail == "capsule 1, max 1"
    running = verdict_of(make_evidence(capsule=[None, *A[1:9], ...], max=[None, *B[1:]]))
    assert gate(running, "planned").status == "open", "two replicates failed, and they are one pair"


def test_pruning_that_falls_on_one_arm_is_told(make_evidence: MakeEvidence) -> None:
    def prune(frame: pd.DataFrame) -> pd.DataFrame:
        rows = frame.index[(frame["phase"] == "search") & (frame["arm"] == "max")][:5]
        frame.loc[rows, "state"] = "pruned"
        return frame

    found = gate(verdict_of(make_evidence(capsule=A, max=B, rows=prune)), "pruned")
    assert (found.status, found.detail) == ("warn", "capsule 0%, max 62%")


def test_two_environments_are_told_and_those_of_the_search_do_not_count(make_evidence: MakeEvidence) -> None:
    def on_another(frame: pd.DataFrame, phase: str) -> pd.DataFrame:
        frame.loc[frame.index[frame["phase"] == phase][:1], "worker"] = "w1"
        return frame

    for phase, device, status in (("confirm", "GPU", "warn"), ("confirm", "CPU", "pass"), ("search", "GPU", "pass")):
        evidence = make_evidence(capsule=A, max=B, rows=lambda frame, phase=phase: on_another(frame, phase))
        first, second = evidence.facts["workers"]
        workers = [first, {**second, "device": f"{device} of another name"}]
        found = gate(verdict_of(replace(evidence, facts={**evidence.facts, "workers": workers})), "environment")
        assert found.status == status, (phase, device)


def test_controls_that_show_something_are_told_or_withdraw_the_claim(make_evidence: MakeEvidence) -> None:
    quiet = verdict_of(make_evidence(capsule=A, max=B, controls={"aa": (B, B[::-1]), "same:0": (A, A)}))
    assert [gate(quiet, key).status for key in ("aa", "same")] == ["pass", "pass"]
    loud = verdict_of(make_evidence(capsule=A, max=B, controls={"aa": (A, B)}))
    assert gate(loud, "aa").status == "warn"
    assert "p 0.00195" in gate(loud, "aa").detail
    assert loud.sentences[0].endswith(CLAIM), "by chance this happens"
    other = verdict_of(make_evidence(capsule=A, max=B, controls={"same:0": (A, [*A[:9], A[9] + 0.002])}))
    assert gate(other, "same").status == "fail"
    assert is_withdrawn(other)
