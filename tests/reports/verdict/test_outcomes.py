"""Which replicates are compared, and that none is lost unseen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from reports.evidence import Evidence
from reports.verdict.outcomes import Broken, broken, confirm_outcomes, outcomes

MakeEvidence = Callable[..., Evidence]


def test_a_missing_partner_leaves_its_pair_out_and_is_counted(make_evidence: MakeEvidence) -> None:
    (found,) = confirm_outcomes(make_evidence(capsule=[0.99] * 10, max=[0.98] * 9))
    assert len(found.pairs.ids) == 9
    assert found.pairs.unpaired == ("confirm:0:9",)
    assert (found.pairs.failed, found.pairs_worst) == ((), None)


def test_scores_stand_beside_those_of_their_own_pair(make_evidence: MakeEvidence) -> None:
    a, b = [0.90, 0.91, 0.92], [0.80, 0.81, 0.82]
    turned = make_evidence(capsule=a, max=b, rows=lambda frame: frame.sort_values("number", ascending=False))
    for evidence in (make_evidence(capsule=a, max=b), turned):
        (found,) = confirm_outcomes(evidence)
        assert (found.arm, found.baseline) == ("capsule", "max")
        assert (list(found.pairs.a), list(found.pairs.b)) == (a, b)


def test_a_pair_that_is_there_twice_is_an_error_and_no_mean(make_evidence: MakeEvidence) -> None:
    twice = make_evidence(
        capsule=[0.99] * 3,
        max=[0.98] * 3,
        rows=lambda frame: frame.replace({"pair_id": {"confirm:0:2": "confirm:0:1"}}),
    )
    with pytest.raises(ValueError, match="'confirm:0:1' twice"):
        confirm_outcomes(twice)


@pytest.mark.parametrize("score", [None, math.nan, math.inf])
def test_a_replicate_without_a_finite_score_has_failed(make_evidence: MakeEvidence, score: float | None) -> None:
    (found,) = confirm_outcomes(make_evidence(capsule=[0.97, score, 0.99], max=[0.98, 0.96, 0.98]))
    assert found.pairs.failed == ("confirm:0:1",)
    assert (found.pairs.failed_a, found.pairs.failed_b) == (1, 0)
    assert found.pairs.a == (0.97, 0.99)
    assert found.pairs_worst is not None
    assert found.pairs_worst.a == (0.97, 0.1, 0.99), "a guess of one class of ten, not the worst of the survivors"


def test_an_accuracy_over_unknown_classes_is_0_at_worst(make_evidence: MakeEvidence) -> None:
    (found,) = confirm_outcomes(make_evidence(capsule=[0.97, None], max=[0.98, 0.98], classes=None))
    assert found.pairs_worst is not None
    assert found.pairs_worst.a == (0.97, 0.0)


def test_the_worst_loss_is_the_largest_finite_one_of_any_trial_and_epoch(make_evidence: MakeEvidence) -> None:
    losses = {"capsule": [0.3, None, math.inf], "max": [0.2, 0.2, 0.4]}
    evidence = make_evidence(**losses, metric="val_loss", direction="minimize")
    (found,) = confirm_outcomes(evidence)
    assert found.pairs_worst is not None
    assert found.pairs_worst.a == (0.3, 0.98, 0.98), "that of the search's trials"
    epochs = pd.DataFrame({"number": [0, 1, 2], "metric.val_loss": [2.3, math.inf, math.nan], "metric.loss": 9.0})
    (found,) = confirm_outcomes(replace(evidence, frames=replace(evidence.frames, epochs=epochs)))
    assert found.pairs_worst is not None
    assert found.pairs_worst.a == (0.3, 2.3, 2.3)


def test_a_replicate_is_left_out_once_however_many_comparisons_it_is_of(make_evidence: MakeEvidence) -> None:
    scores = {"capsule": [0.99, 0.99, 0.99, None], "average": [0.99, 0.99], "max": [None, 0.98, 0.98]}
    evidence = make_evidence(**scores, swap={"capsule": [None], "max": [0.9]})
    assert broken(evidence, "E1") == Broken(unpaired=2, failed=2)
    assert broken(evidence, "E3") == Broken(unpaired=0, failed=1)


def test_what_runs_still_is_neither_a_result_nor_a_failure(make_evidence: MakeEvidence) -> None:
    (found,) = confirm_outcomes(make_evidence(capsule=[0.99, 0.99, ...], max=[0.98, ..., ...]))
    assert found.pairs.ids == ("confirm:0:0",)
    assert (found.unfinished, found.pairs.failed, found.pairs.unpaired) == (3, (), ("confirm:0:1",))


def test_other_champions_of_an_arm_are_not_mixed_in(make_evidence: MakeEvidence) -> None:
    renamed = {"pair_id": {"confirm:0:2": "confirm:1:0", "confirm:0:3": "confirm:10:0"}}
    evidence = make_evidence(capsule=[0.99] * 4, max=[0.98] * 4, rows=lambda frame: frame.replace(renamed))
    assert [len(confirm_outcomes(evidence, place=place)[0].pairs.ids) for place in (0, 1, 10)] == [2, 1, 1]


def test_every_arm_is_compared_with_the_baseline_in_each_phase(make_evidence: MakeEvidence) -> None:
    scores = {"average": [0.97, 0.97], "max": [0.98, 0.98], "capsule": [0.99, 0.99]}
    evidence = make_evidence(**scores, swap=scores)
    for found in (confirm_outcomes(evidence), outcomes(evidence, "swap", "value")):
        assert [(each.arm, each.baseline) for each in found] == [("capsule", "max"), ("average", "max")]
        assert [each.pairs.a for each in found] == [(0.99, 0.99), (0.97, 0.97)]
