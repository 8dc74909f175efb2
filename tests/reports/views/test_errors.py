"""Errors against numbers worked out by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest

from reports.evidence import Predictions
from reports.views import errors
from tests.reports.conftest import judged

SWEEP = {"confirm": {"baseline": "max"}}


def analysed(evidence, **how):
    return errors.analyse(evidence, judged(evidence, **how))


def predicted(right, labels=None, confidence=0.5):
    right = np.asarray(right, dtype=bool)
    labels = np.ones(len(right)) if labels is None else np.asarray(labels)
    sure = np.broadcast_to(np.float32(confidence), len(right)) if np.ndim(confidence) == 0 else np.float32(confidence)
    wrong = np.where(right, labels, labels + 1)
    return Predictions(labels.astype(np.uint16), wrong.astype(np.uint16), sure, sure)


def split(only_a, only_b, examples):
    """Correctness of two arms that disagree so often."""
    a, b = np.ones(examples, dtype=bool), np.ones(examples, dtype=bool)
    b[:only_a], a[only_a : only_a + only_b] = False, False
    return a, b


def confirmed(pairs, *, labels=None, arms=("capsule",), **more):
    """A confirm phase of pairs of correctness, the arms' before the baseline's."""
    rows, predictions = [], {}
    for seed, (a, b) in enumerate(pairs):
        for arm in (*arms, "max"):
            predictions[len(rows)] = predicted(b if arm == "max" else a, labels)
            rows.append({"arm": arm, "pair_id": f"confirm:0:{seed}", "value": 0.9, "test": 0.9, **more})
    return rows, predictions


def of(hand_made, rows, predictions=None):
    return hand_made(rows, predictions=predictions, sweep=SWEEP)


def test_mcnemar_by_pair_and_the_difference_over_seeds(hand_made, check_views) -> None:
    pairs = [split(25, 10, 10_000), split(40, 20, 10_000), split(5, 5, 10_000)]
    evidence = of(hand_made, *confirmed(pairs))
    found = analysed(evidence).arms[0].discordance
    assert [(each.only_arm, each.only_baseline) for each in found.pairs] == [(25, 10), (40, 20), (5, 5)]
    assert [each.p for each in found.pairs] == pytest.approx([0.0166738478, 0.0134892937, 1])
    # .0015, .002 and 0: mean .00116667, sd .00104083, t(.975, 2) = 4.302653
    assert (found.difference, found.low, found.high) == pytest.approx((0.00116667, -0.00141890, 0.00375223), abs=1e-7)
    assert found.p == pytest.approx(4 / 8)
    caption = check_views(errors, evidence)[0].caption
    assert "capsule alone 23.3 and max alone 11.7 of 10,000" in caption
    assert "McNemar's p is at most 0.05 in 2 of them" in caption


def test_errors_by_class(hand_made, check_views) -> None:
    labels = np.array([3, 3, 7, 7, 7, 7])
    good, bad = np.array([1, 1, 1, 1, 1, 0]), np.array([1, 0, 1, 1, 0, 0])
    evidence = of(hand_made, *confirmed([(good, bad)] * 7, labels=labels))
    three, seven = analysed(evidence).arms[0].classes
    assert (three.label, three.examples, three.difference) == (3, 2, pytest.approx(-1 / 2))
    assert (seven.label, seven.examples, seven.difference) == (7, 4, pytest.approx(-1 / 4))
    assert (three.p, three.low) == (2 / 2**7, pytest.approx(-1 / 2))
    assert "3 (−0.5) and 7 (−0.25)" in check_views(errors, evidence)[1].caption


def test_classes_are_corrected_over_all_arms(hand_made) -> None:
    labels = np.array([0, 1, 2, 3])
    pairs = [(np.array([1, 1, 1, seed % 2]), np.array([0, 1, 1, 1 - seed % 2])) for seed in range(6)]
    rows, predictions = confirmed(pairs, labels=labels, arms=("capsule", "average"))
    found = analysed(of(hand_made, rows, predictions)).arms
    assert [each.p for each in found[0].classes] == [2 / 64, 1, 1, 1]
    # Two of eight are .03125: both become .03125 · 8 / 2.
    assert [arm.classes[0].adjusted_p for arm in found] == pytest.approx([0.125, 0.125])


def test_scores_are_paired_and_corrected(hand_made, check_views) -> None:
    rows, predictions = confirmed([split(1, 0, 4)] * 7)
    for place, row in enumerate(rows):
        base = 0.1 + 0.01 * (place // 2)
        gain = float(row["arm"] == "capsule")
        row |= {"nll": base - 0.02 * gain, "brier": base, "ece": base - 0.01 * gain}
    rows[0]["nll"] = float("inf")
    evidence = of(hand_made, rows, predictions)
    nll, brier, ece = analysed(evidence).arms[0].scores
    assert (nll.n, nll.difference, nll.p, nll.adjusted_p) == (6, pytest.approx(-0.02), 2 / 64, 4 / 64)
    assert (brier.n, brier.difference, brier.adjusted_p) == (7, 0, 1)
    assert (ece.n, ece.p, ece.adjusted_p) == (7, 1 / 64, 3 / 64)
    view = next(view for view in check_views(errors, evidence) if view.key == "errors-scores")
    assert "capsule −0.02" in view.caption
    assert "Holm's p counts 3 comparisons" in view.caption


def test_confidence_against_accuracy(hand_made, check_views) -> None:
    rows, predictions = confirmed([split(1, 0, 4)])
    predictions[0] = predicted([1, 1, 0, 1], confidence=[0.88, 0.78, 0.68, 0.58])
    predictions[1] = predicted([1, 1, 1, 1], confidence=np.nextafter(np.float32(1), np.float32(2)))
    evidence = of(hand_made, rows, predictions)
    capsule, top = analysed(evidence).calibrations
    assert (capsule.error, capsule.examples, capsule.seeds) == (pytest.approx(0.36), 4, 1)
    assert capsule.counts == [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert capsule.accuracy[5:9] == [1, 0, 1, 1]
    assert (top.error, top.counts[9]) == (0, 4)
    view = check_views(errors, evidence)[-1]
    assert "capsule 0.3600 (1 seed, 4 predictions)" in view.caption
    assert view.figure.data[0].y == (1, 0, 1, 1)


def test_only_the_first_champions_speak(hand_made) -> None:
    rows, predictions = confirmed([split(3, 0, 9)])
    more, others = confirmed([split(0, 9, 9)])
    rows += [{**row, "pair_id": "confirm:1:0"} for row in more]
    predictions |= {number + 2: each for number, each in others.items()}
    result = analysed(of(hand_made, rows, predictions))
    assert [(each.only_arm, each.only_baseline) for each in result.arms[0].discordance.pairs] == [(3, 0)]
    assert [each.seeds for each in result.calibrations] == [1, 1]


def test_what_is_left_out_is_counted(hand_made, check_views) -> None:
    rows, predictions = confirmed([split(1, 0, 4)] * 5)
    rows[0]["state"] = "failed"
    rows[3]["state"] = "running"
    del predictions[4]
    predictions[7] = predicted([1, 1, 1, 1], labels=[0, 0, 0, 0])
    evidence = of(hand_made, rows, predictions)
    arm = analysed(evidence).arms[0]
    # The first whole pair of predictions is the fourth, whose sides are of different examples.
    assert (arm.pairs, arm.failed, arm.open, arm.absent, arm.mismatched) == (3, 1, 1, 1, 1)
    caption = check_views(errors, evidence)[0].caption
    assert "1 pair without predictions. 1 pair left out: not of the same examples." in caption
    assert "1 left out for a failure and 1 not yet whole" in caption


def test_without_predictions_the_scores_stand(hand_made, check_views) -> None:
    rows, _ = confirmed([split(1, 0, 4)] * 3, nll=0.5)
    views = check_views(errors, of(hand_made, rows))
    assert [view.key for view in views] == ["errors-scores"]
    assert views[0].data["pairs"].tolist() == [3, 0, 0, 0, 0, 0]


def test_many_classes_are_all_counted_and_not_all_drawn(hand_made, check_views) -> None:
    labels = np.arange(50)
    pairs = [(labels != 7, labels != 9)] * 6
    view = check_views(errors, of(hand_made, *confirmed(pairs, labels=labels)))[1]
    assert "Showing the 30 classes of 50 that differ most." in view.caption
    assert len(view.data) == 50
    assert {"7", "9"} <= set(view.figure.layout.yaxis.ticktext)
    assert len(view.figure.layout.yaxis.ticktext) == 30


def test_a_whole_test_set_takes_seconds(hand_made) -> None:
    draws = np.random.default_rng(0)
    pairs = [(draws.random(10_000) < 0.99, draws.random(10_000) < 0.99) for _ in range(30)]
    evidence = of(hand_made, *confirmed(pairs, labels=np.arange(10_000) % 10))
    begin = time.process_time()
    analysed(evidence)
    assert time.process_time() - begin < 8


def test_odd_runs(odd_run, check_views) -> None:
    check_views(errors, odd_run)


def test_without_a_confirm_phase_it_names_the_command(hand_made, check_views) -> None:
    (view,) = check_views(errors, of(hand_made, []))
    assert view.command == "capsweep resume RUN --set confirm.seeds=10"
    assert "no confirm phase" in view.caption


def test_before_the_planned_seeds_it_is_interim(hand_made, check_views) -> None:
    rows, predictions = confirmed([split(1, 0, 4)] * 6, nll=0.5)
    sweep = {"confirm": {"baseline": "max", "seeds": 7}}
    views = check_views(errors, hand_made(rows, predictions=predictions, sweep=sweep))
    soon = [view.caption.startswith("Interim, 6 of 7 planned seeds: nothing is claimed.") for view in views]
    assert soon == [True, True, True, False]
    assert not any(" p " in view.caption or "differ after" in view.caption for view in views)
    for view, columns in zip(views, (1, 2, 2), strict=False):
        hidden = [name for name in view.data if "p" in name.split() and view.data[name].isna().all()]
        assert len(hidden) == columns, view.key
    assert "McNemar" not in views[0].figure.to_json()
    done = check_views(errors, of(hand_made, rows, predictions))
    assert "McNemar" in done[0].figure.to_json()
    assert not [view for view in done if "Interim" in view.caption]
    assert "differ after" in done[1].caption


def test_a_failed_gate_takes_the_claims_out(hand_made, check_views) -> None:
    rows, predictions = confirmed([split(1, 0, 4)] * 6, nll=0.5)
    for view in check_views(errors, of(hand_made, rows, predictions), failed=True)[:3]:
        assert view.caption.startswith("Not valid, a gate of the verdict failed: nothing is claimed.")
        assert "differ after" not in view.caption
