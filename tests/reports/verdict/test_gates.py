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
    assert [each.key for each in verdict.gates if each.status == "not run"] == ["aa", "same", "runs"]
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


@pytest.mark.parametrize("source", ["init", "order", "dropout", "augment"])
def test_one_source_of_chance_that_the_search_has_seen_is_enough(make_evidence: MakeEvidence, source: str) -> None:
    def leak(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame.index[frame["phase"] == "confirm"][2:4], f"seed.{source}"] = 1005, 1006
        return frame

    verdict = verdict_of(make_evidence(capsule=A, max=B, rows=leak))
    assert gate(verdict, "seeds").because == "2 of its replicates repeat seeds of the search"
    assert is_withdrawn(verdict)


@pytest.mark.parametrize("source", ["init", "order", "dropout", "augment"])
def test_replicates_of_a_champion_share_no_seed_while_pairs_do(make_evidence: MakeEvidence, source: str) -> None:
    def repeat(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[(frame["pair_id"] == "confirm:0:3") & (frame["arm"] == "max"), f"seed.{source}"] = 2004
        return frame

    verdict = verdict_of(make_evidence(capsule=A, max=B, rows=repeat))
    assert gate(verdict, "seeds").because == "2 of its replicates repeat each other's"
    assert is_withdrawn(verdict)


def test_champions_of_several_places_have_the_same_seeds(make_evidence: MakeEvidence) -> None:
    def second(frame: pd.DataFrame) -> pd.DataFrame:
        again = frame[frame["phase"] == "confirm"].replace(
            {"pair_id": r"^confirm:0"}, {"pair_id": "confirm:1"}, regex=True
        )
        again["number"] += 1000
        return pd.concat([frame, again], ignore_index=True)

    assert gate(verdict_of(make_evidence(capsule=A, max=B, rows=second)), "seeds").status == "pass"


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
    ratio = {8: "1.00", 6: "1.33"}[max_trials]
    assert (
        f"the budget is in trials, and the most worker seconds are {ratio} times the fewest"
        in gate(verdict, "budgets").detail
    )


def test_a_plan_that_came_after_its_trials_withdraws_the_claim(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B, plans=(103.0,)))
    assert gate(verdict, "plan").because == "2 trials of it began before its plan was frozen"
    assert is_withdrawn(verdict)


def test_a_plan_that_is_not_the_one_whose_hash_was_taken_withdraws_the_claim(make_evidence: MakeEvidence) -> None:
    evidence = make_evidence(capsule=A, max=B, plans=(100.0, 200.0))
    for place in (0, 1):
        plans = list(evidence.plans)
        plans[place] = replace(plans[place], document={**plans[place].document, "margin": 0.0001})
        verdict = verdict_of(replace(evidence, plans=tuple(plans)))
        assert gate(verdict, "plan").because == "the plan in the log is not the one whose hash was taken"
        assert is_withdrawn(verdict)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"margin": 0.0001}, "margin"),
        ({"alpha": 0.1, "baseline": "capsule"}, "alpha and baseline"),
        ({"swap": {"settings": 0, "seeds": 3}}, "swap.seeds"),
        ({"champions": []}, "champions"),
    ],
)
def test_a_revision_that_changes_a_rule_withdraws_the_claim(
    make_evidence: MakeEvidence, changes: dict[str, Any], what: str
) -> None:
    plans, kept = (100.0, 100.5, 100.6), {"seeds": 10, "swap": {"settings": 9, "seeds": 1}, "cost_probe": 3}
    verdict = verdict_of(make_evidence(capsule=A, max=B, plans=plans, revised=[kept, changes]))
    assert gate(verdict, "plan").because == f"revision 3 of the plan changed {what}, which must stay"
    assert is_withdrawn(verdict)
    verdict = verdict_of(make_evidence(capsule=A, max=B, plans=plans, revised=[kept, {"seeds": 10}]))
    assert gate(verdict, "plan").status == "warn"


def test_a_plan_that_was_revised_is_told(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B, plans=(100.0, 200.0)))
    assert (gate(verdict, "plan").status, verdict.revisions) == ("warn", 2)
    assert gate(verdict, "plan").detail == "revised 1 time since: the same amounts"
    assert verdict.sentences[0].endswith(CLAIM)
    more = [
        {"seeds": 20},
        {"seeds": 30, "swap": {"settings": 0, "seeds": 1}},
        {"controls": {"sources": 4}, "cost_probe": 2},
    ]
    verdict = verdict_of(make_evidence(capsule=A, max=B, plans=(100.0, 200.0, 300.0, 400.0), revised=more))
    assert gate(verdict, "plan").detail == (
        "revised 3 times since: confirm.seeds 10 -> 20 -> 30 -> 30, controls.sources 0 -> 0 -> 0 -> 4, "
        "cost_probe 0 -> 0 -> 0 -> 2"
    )


@pytest.mark.parametrize(
    "audits", [((99.0, "test set opened"),), ((101.0, "test set opened"), (50.0, "test set read"))]
)
def test_a_test_set_that_was_open_before_the_plan_withdraws_the_claim(
    make_evidence: MakeEvidence, audits: tuple[Any, ...]
) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B, audits=audits))
    assert gate(verdict, "sealed").because == "the test set was read before the plan was frozen"
    assert is_withdrawn(verdict)


@pytest.mark.parametrize("phase", ["confirm", "search", "swap"])
def test_a_result_on_the_test_set_before_the_plan_withdraws_the_claim(make_evidence: MakeEvidence, phase: str) -> None:
    """Whatever the clocks say: of the search's trials they tell nothing, for kept weights are tested later."""

    def tested(frame: pd.DataFrame, at: int) -> pd.DataFrame:
        frame["tested_at"] = pd.Series(60, index=frame.index, dtype="Int64").where(frame["test"].notna())
        frame.loc[frame.index[frame["phase"] == phase][0], ["tested_at", "test"]] = at, 0.99
        return frame

    for at, status in ((49, "fail"), (51, "pass")):
        scores = {"capsule": A, "max": B}
        evidence = make_evidence(**scores, swap=scores, rows=lambda frame, at=at: tested(frame, at))
        number = evidence.frames.trials.loc[evidence.frames.trials["tested_at"] == at, "number"].item()
        note = {"time": 101.0, "action": "test set read", "detail": f"kept model of trial {number}"}
        facts = {**evidence.facts, "audits": [*evidence.facts["audits"], note]}
        verdict = verdict_of(replace(evidence, facts=facts, plans=(replace(evidence.plans[0], place=50),)))
        assert gate(verdict, "sealed").status == status, gate(verdict, "sealed")
        assert is_withdrawn(verdict) == (status == "fail")


def test_a_note_that_comes_after_its_test_is_none(make_evidence: MakeEvidence) -> None:
    def tested(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(tested_at=pd.Series(60, index=frame.index, dtype="Int64").where(frame["test"].notna()))

    evidence = make_evidence(capsule=A, max=B, rows=tested)
    for place, status in ((51, "pass"), (61, "fail")):
        audits = [{**audit, "place": place} for audit in evidence.facts["audits"]]
        plans = (replace(evidence.plans[0], place=50),)
        verdict = verdict_of(replace(evidence, facts={**evidence.facts, "audits": audits}, plans=plans))
        assert gate(verdict, "sealed").status == status


def test_a_test_before_the_plan_is_found_by_the_clock_where_the_log_has_no_places(make_evidence: MakeEvidence) -> None:
    def early(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame.index[frame["phase"] == "controls"], ["test", "ended"]] = 0.99, 99.0
        return frame

    controls = {"same:0": ([0.99], [0.99])}
    evidence = make_evidence(capsule=A, max=B, controls=controls, rows=early)
    numbers = evidence.frames.trials.loc[evidence.frames.trials["phase"] == "controls", "number"]
    noted = [{"time": 101.0, "action": "test set read", "detail": f"trial {number}"} for number in numbers]
    evidence = replace(evidence, facts={**evidence.facts, "audits": [*evidence.facts["audits"], *noted]})
    assert gate(verdict_of(evidence), "sealed").because == "the test set was read before the plan was frozen"


def test_a_test_that_the_log_has_no_note_of_withdraws_the_claim(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, max=B, notes=False))
    assert gate(verdict, "sealed").because == "20 tests of trials are not noted in the log"
    assert is_withdrawn(verdict)
    evidence = make_evidence(capsule=A, max=B)
    audits = evidence.facts["audits"][:-1]  # that of the last trial
    verdict = verdict_of(replace(evidence, facts={**evidence.facts, "audits": audits}))
    assert gate(verdict, "sealed").because == "1 test of trials is not noted in the log"
    assert is_withdrawn(verdict)


def test_the_plan_comes_first_by_the_log_whatever_the_clock_says(make_evidence: MakeEvidence) -> None:
    def begun(frame: pd.DataFrame, first: int) -> pd.DataFrame:
        places = range(first, first + len(frame))
        return frame.assign(begun_at=pd.Series(places, dtype="Int64"), started=frame["started"] - 50)

    for first, status in ((1, "pass"), (0, "fail")):
        evidence = make_evidence(capsule=A, max=B, rows=lambda frame, first=first: begun(frame, first))
        plans = (replace(evidence.plans[0], place=17),)  # behind sixteen trials of the search
        found = gate(verdict_of(replace(evidence, plans=plans)), "plan")
        assert (found.status, found.because) == (
            status,
            "1 trials of it began before its plan was frozen"[: 99 * (not first)],
        )


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


def test_a_failure_of_the_baseline_is_one_however_many_arms_it_is_compared_with(make_evidence: MakeEvidence) -> None:
    verdict = verdict_of(make_evidence(capsule=A, average=A, max=[None, *B[1:]]))
    assert gate(verdict, "pairs").detail == "0 unpaired and 1 failed replicates are left out"


def test_pruning_that_falls_on_one_arm_is_told(make_evidence: MakeEvidence) -> None:
    def prune(frame: pd.DataFrame) -> pd.DataFrame:
        rows = frame.index[(frame["phase"] == "search") & (frame["arm"] == "max")][:5]
        frame.loc[rows, "state"] = "pruned"
        return frame

    found = gate(verdict_of(make_evidence(capsule=A, max=B, rows=prune)), "pruned")
    assert (found.status, found.detail) == ("warn", "capsule 0 %, max 62 %")


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


def test_an_arm_against_itself_is_held_to_the_level_of_the_plan(make_evidence: MakeEvidence) -> None:
    def found(a: list[Any], b: list[Any]) -> Gate:
        return gate(verdict_of(make_evidence(capsule=A, max=B, controls={"aa": (a, b)})), "aa")

    assert (found(A[:6], B[:6]).status, found(A[:6], B[:6]).detail[:18]) == ("warn", "6 pairs, p 0.0312;")
    few = found(A[:5], B[:5])
    assert (few.status, few.detail) == ("not run", "too few pairs to show anything (at least 6)")
    some = found([*A[:6], None], B[:7])
    assert (some.status, ", 1 failed replicate left out" in some.detail) == ("warn", True)
    gone = found([None] * 6, [None] * 6)
    assert (gone.status, gone.detail) == ("warn", "all 12 replicates failed")
    many = found(A * 4, B * 4)
    assert (many.status, "40 pairs, p 0.0001" in many.detail) == ("warn", True), "beyond what can be counted out"


def test_a_device_that_is_not_deterministic_is_asked_for_the_mean(make_evidence: MakeEvidence) -> None:
    def found(a: list[Any], b: list[Any], **more: Any) -> Gate:
        evidence = make_evidence(capsule=A, max=B, controls={"same:0": (a, b), **more}, deterministic=False)
        return gate(verdict_of(evidence), "same")

    noisy = [x + 0.002 * (-1) ** place for place, x in enumerate(A)]  # and the even ones make up for the odd
    quiet = found(noisy, A)
    assert quiet.status == "pass"
    assert quiet.detail == "10 pairs, the largest mean difference 0; the device is not deterministic"
    assert found([x + 0.0011 for x in A], A).status == "fail"
    apart = {"same:1": ([x - 0.0011 for x in A], A)}
    assert found([x + 0.0011 for x in A], A, **apart).status == "fail", "two networks do not make up for each other"
    strict = verdict_of(make_evidence(capsule=A, max=B, controls={"same:0": (noisy, A)}))
    assert gate(strict, "same").status == "fail"
    gone = found([None], [None])
    assert (gone.status, gone.detail) == ("warn", "all 2 replicates failed")


@pytest.mark.parametrize(("longer", "status"), [(1.49, "pass"), (1.5, "warn"), (3.0, "warn")])
def test_equal_trials_at_unequal_seconds_are_warned_of_and_claim_all_the_same(
    make_evidence: MakeEvidence, longer: float, status: str
) -> None:
    def slow(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame["arm"] == "capsule", "spent"] *= longer
        return frame

    verdict = verdict_of(make_evidence(capsule=A, max=B, rows=slow))
    assert gate(verdict, "budgets").status == status
    assert f"the most worker seconds are {longer:.2f} times the fewest" in gate(verdict, "budgets").detail
    assert verdict.sentences[0].endswith(CLAIM)


def test_one_run_says_how_many_it_takes_to_count_the_luck_of_tuning(make_evidence: MakeEvidence) -> None:
    assert "takes 6 runs on one page" in gate(verdict_of(make_evidence(capsule=A, max=B)), "runs").detail
    three = verdict_of(make_evidence(capsule=A, max=B, average=B))
    assert "takes 7 runs on one page" in gate(three, "runs").detail


def test_an_arm_that_took_no_time_is_warned_of(make_evidence: MakeEvidence) -> None:
    def timeless(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame["arm"] == "capsule", "spent"] = 0.0
        return frame

    found = gate(verdict_of(make_evidence(capsule=A, max=B, rows=timeless)), "budgets")
    assert (found.status, found.detail.rpartition(", and ")[2]) == ("warn", "an arm took no worker seconds")
    none = gate(verdict_of(make_evidence(capsule=A, max=B, rows=lambda frame: frame.assign(spent=0.0))), "budgets")
    assert none.status == "pass"
