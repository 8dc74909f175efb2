"""The verdict in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.evidence import Evidence
from reports.verdict import verdict_of

MakeEvidence = Callable[..., Evidence]
A = [0.9905, 0.9912, 0.9918, 0.9921, 0.9899, 0.9926, 0.9909, 0.9915, 0.9920, 0.9907]
B = [0.9893, 0.9901, 0.9910, 0.9908, 0.9885, 0.9911, 0.9898, 0.9906, 0.9912, 0.9890]


def said(evidence: Evidence) -> str:
    (sentence,) = verdict_of(evidence).sentences
    return sentence


def test_a_claim_says_what_it_rests_on(make_evidence: MakeEvidence) -> None:
    assert said(make_evidence(capsule=A, max=B)) == (
        "capsule against max (champion against champion, 8 trials of tuning each, 10 fresh paired seeds): test error "
        "0.87 % vs 0.99 %, 0.12 pp lower [95 %: 0.10 to 0.14]. Better; whether by more than the margin of 0.10 pp is "
        "uncertain."
    )
    assert said(make_evidence(swap={"capsule": A, "max": B})).startswith(
        "capsule against max (only pooling replaced, 10 settings of the shared params): validation error 0.87 % vs"
    )


def test_the_other_side_is_said_from_its_own(make_evidence: MakeEvidence) -> None:
    sentence = said(make_evidence(capsule=B, max=A))
    assert "test error 0.99 % vs 0.87 %, 0.12 pp higher [95 %: 0.10 to 0.14]. Worse; whether" in sentence
    losses = {"capsule": [1 - x for x in A], "max": [1 - x for x in B]}
    less = said(make_evidence(**losses, metric="val_loss", direction="minimize"))
    tiny = {"capsule": [1e-5 + 1e-7 * place for place in range(10)], "max": [5e-5] * 10}
    assert "3.95e−05 lower [95 %: 3.93e−05 to 3.98e−05]" in said(
        make_evidence(**tiny, metric="val_loss", direction="minimize")
    )
    assert "test loss 0.00868 vs 0.00986, 0.00118 lower [95 %: 0.000965 to 0.0014]. Better; whether" in less


@pytest.mark.parametrize(
    ("shift", "margin", "words"),
    [
        (0.0, 0.0005, "Better, by more than the margin of 0.05 pp."),
        (0.0, 0.002, "Better, but by less than the margin of 0.20 pp: too little to matter."),
        (-0.00118, 0.001, "lies within the margin of 0.10 pp (two one-sided tests, p < 0.0001)."),
        (-0.0024, 0.0005, "Worse, by more than the margin of 0.05 pp."),
    ],
)
def test_the_size_is_said_against_the_margin(
    make_evidence: MakeEvidence, shift: float, margin: float, words: str
) -> None:
    assert said(make_evidence(capsule=[x + shift for x in A], max=B, margin=margin)).endswith(words)


def test_nothing_shown_is_never_no_difference(make_evidence: MakeEvidence) -> None:
    sentence = said(make_evidence(capsule=[0.99, 0.98] * 5, max=[0.98, 0.99, 0.985, 0.985, 0.99] * 2))
    needs = r"Undetermined: it needs about [\d,]+ more pairs for an even chance to tell, "
    assert re.search(f"{needs}if the difference is as it looks now\\.$", sentence)
    assert "no difference" not in sentence


def test_an_interim_look_has_no_p_and_no_claim(make_evidence: MakeEvidence) -> None:
    sentence = said(make_evidence(capsule=A, max=B, planned=30))
    assert sentence.endswith("Interim: 10 of 30 planned pairs are there, and nothing is claimed before.")
    assert not re.search(r"\bp\b|[Bb]etter|[Ww]orse", sentence)


def test_only_a_claim_that_is_taken_back_names_its_p(make_evidence: MakeEvidence) -> None:
    assert " p " not in said(make_evidence(capsule=A, max=B))
    first, _ = verdict_of(make_evidence(capsule=A[:6], max=B[:6], average=B[5::-1])).sentences
    assert first.endswith("Not shown after correction for 2 comparisons (adjusted p 0.062).")


def test_what_failed_is_said_with_the_claim(make_evidence: MakeEvidence) -> None:
    one = said(make_evidence(capsule=[None, *A[1:]], max=B))
    assert "9 fresh paired seeds" in one
    assert one.endswith(
        " Undetermined, and better is not claimed: with the failed replicate at chance level it would be undetermined."
    )
    many = said(make_evidence(capsule=[*A[:6], *[None] * 24], max=[*B, *B, *B]))
    assert many.endswith(
        "better is not claimed: with each of the 24 failed replicates at chance level it would be worse, practically."
    )
    unknown = said(make_evidence(capsule=A, max=[None, *B[1:]], classes=None))
    assert unknown.endswith("is uncertain. 1 failed replicate is left out; with it at an accuracy of 0: undetermined.")
    losses = {"capsule": [0.5, 0.5, 0.6, 0.5, 0.5, 0.6, 0.5, None], "max": [0.9] * 8}
    loss = said(make_evidence(**losses, metric="val_loss", direction="minimize"))
    assert loss.endswith("with it at the worst score that the run has shown: better, practically.")
    assert said(make_evidence(capsule=[None, *A[1:9], ...], max=B)).endswith("nothing is claimed before.")


def test_an_arm_that_always_fails_is_not_comparable(make_evidence: MakeEvidence) -> None:
    assert "no pair of capsule and max is complete. Not comparable: no pair" in said(
        make_evidence(capsule=[None] * 10, max=B)
    )


def test_a_run_that_has_only_searched_says_how_to_go_on(make_evidence: MakeEvidence) -> None:
    assert "--set confirm.seeds=10` trains the champion" in said(make_evidence(plans=(), audits=()))


def test_a_run_that_will_confirm_does_not_ask_for_it(make_evidence: MakeEvidence) -> None:
    evidence = make_evidence(plans=(), audits=())
    asked = evidence.config.confirm.model_copy(update={"seeds": 10})
    evidence = replace(evidence, config=evidence.config.model_copy(update={"confirm": asked}))
    standing = {**evidence.facts["standing"], "final": False}
    going_on = replace(evidence, facts={**evidence.facts, "standing": standing})
    assert said(going_on) == "No verdict yet: the search goes on, and a search compares nothing."
    trials = evidence.frames.trials.copy()
    trials.loc[trials["arm"] == "max", ["state", "feasible"]] = ["failed", False]
    failed = replace(evidence, frames=replace(evidence.frames, trials=trials))
    assert said(failed) == "Not comparable: no trial of max came through, so there is no champion to confirm."


def test_a_further_look_says_its_level(make_evidence: MakeEvidence) -> None:
    once = said(make_evidence(capsule=A, max=B, plans=(100.0, 100.5), revised=[{"seeds": 10}], planned=6))
    assert "[97.5 %: " in once
    assert once.endswith("Judged at a level of 2.5 %, since pairs were added once after a look.")
    swap = {"swap": {"settings": 9, "seeds": 1}}, {"swap": {"settings": 10, "seeds": 1}}
    evidence = make_evidence(swap={"capsule": A, "max": B}, plans=(100.0, 100.5, 100.6), revised=swap)
    assert said(evidence).endswith("Judged at a level of 1.25 %, since settings were added twice after a look.")
    more = make_evidence(capsule=A, max=B, plans=(100.0, 100.5), revised=[{"seeds": 30}])
    assert said(more).endswith("nothing is claimed before.")


def test_what_an_epoch_costs_ends_the_sentence_of_the_champions(make_evidence: MakeEvidence) -> None:
    costs = {"capsule": [1.30, 1.40, 1.35], "max": [1.0, 1.0, 1.0]}
    scores = {"capsule": A, "max": B}
    first, other = verdict_of(make_evidence(**scores, swap=scores, costs=costs)).sentences
    assert first.endswith(" is uncertain. Costs 1.35 times [95 %: 1.23 to 1.48] per epoch, n = 3.")
    assert "Costs" not in other
    one = said(make_evidence(**scores, costs={"capsule": [2.0], "max": [1.0]}))
    assert one.endswith(" Costs 2.00 times per epoch, n = 1.")
    assert said(make_evidence(**scores, costs=costs, plans=(103.0,))).endswith("nothing is claimed.")


def test_one_sided_tests_tell_what_an_interval_does_not_at_the_level_of_the_family(make_evidence: MakeEvidence) -> None:
    # The upper end is 0.001154 by t(0.975, 9) = 2.262, and 0.001011 by t(0.95, 9) = 1.833.
    differences = [0.0004 + sign * 0.001 for sign in (1, -1) * 5]
    close = make_evidence(capsule=[0.99 + d for d in differences], max=[0.99] * 10, margin=0.00113)
    assert said(close).endswith("Two one-sided tests at 5 % do put the difference within the margin (p = 0.028).")
    three = make_evidence(capsule=[0.99 + d for d in differences], max=[0.99] * 10, average=A, margin=0.00113)
    sentence = next(each for each in verdict_of(three).sentences if each.startswith("capsule"))
    assert "Undetermined" in sentence
    assert "one-sided" not in sentence
    far = make_evidence(capsule=[0.99 + d for d in differences], max=[0.99] * 10, margin=0.001)
    assert "one-sided" not in said(far)


def test_a_size_that_is_judged_more_strictly_than_it_is_shown_is_said(make_evidence: MakeEvidence) -> None:
    # The interval of capsule, 0.0965 to 0.1395 pp at 95 %, is clear of this margin, and at 97.5 % it is not.
    alone, two = (make_evidence(capsule=A, max=B, margin=0.00095, **other) for other in ({}, {"average": B[::-1]}))
    assert said(alone).endswith("Better, by more than the margin of 0.095 pp.")
    first = next(each for each in verdict_of(two).sentences if each.startswith("capsule"))
    assert "[95 %: 0.10 to 0.14]. Better; whether by more than the margin of 0.095 pp is uncertain. " in first
    assert "Its size is judged at 97.5 %, for each of 2 comparisons: [−0.14 to −0.09]." in first
    assert "Its size" not in said(alone)
