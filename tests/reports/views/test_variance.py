"""Variances against numbers worked out by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest

from reports.evidence import Predictions
from reports.views import variance
from tests.reports.conftest import judged

SWEEP = {"confirm": {"baseline": "max"}}
# The design's own examples.
FOUR = ((0.990, 0.992, 0.991), (0.985, 0.988, 0.986), (0.993, 0.994, 0.992), (0.989, 0.987, 0.991))
CROSSED = ((1, 0, 0, 0), (1, 0, -1, 0), (1, 0, 0, 0))


def analysed(evidence, **how):
    return variance.analyse(evidence, judged(evidence, **how))


def replicated(table, *, arm="capsule", phase="search"):
    return [
        {"phase": phase, "arm": arm, "config_hash": f"c{place}", "replicate": index, "value": value}
        for place, row in enumerate(table)
        for index, value in enumerate(row)
    ]


def predicted(right, label=1):
    right = np.asarray(right, dtype=bool)
    labels = np.full(len(right), label, dtype=np.uint16)
    half = np.full(len(right), 0.5, dtype=np.float32)
    return Predictions(labels, np.where(right, labels, labels + 1).astype(np.uint16), half, half)


def confirmed(table, **more):
    """A confirm phase whose differences of correctness are a table."""
    rows, predictions = [], {}
    for seed, row in enumerate(np.array(table)):
        for arm, right in (("capsule", row > 0), ("max", row < 0)):
            predictions[len(rows)] = predicted(right)
            rows.append({"arm": arm, "pair_id": f"confirm:0:{seed}", "value": 0.9, "test": right.mean(), **more})
    return rows, predictions


def test_configs_and_seeds(hand_made, check_views) -> None:
    evidence = hand_made(replicated(FOUR), sweep=SWEEP)
    (found,) = analysed(evidence).components
    assert (found.configs, found.replicates, found.left_out, found.truncated) == (4, 3, 0, False)
    assert found.config_deviation**2 == pytest.approx(7.41666667e-6)
    assert found.seed_deviation**2 == pytest.approx(2.08333333e-6)
    assert (found.intraclass, found.p) == pytest.approx((0.7807017544, 0.00270985005))
    (view,) = check_views(variance, evidence)
    assert "search, capsule 0.0027 and 0.0014 (4 configs × 3 seeds, ICC 0.78)" in view.caption


def test_a_negative_estimate_is_0_and_said(hand_made, check_views) -> None:
    evidence = hand_made(replicated([(0.1, 0.9), (0.9, 0.1)]), sweep=SWEEP)
    (found,) = analysed(evidence).components
    assert (found.config_deviation, found.truncated) == (0, True)
    caption = check_views(variance, evidence)[0].caption
    assert "capsule 0* and" in caption
    assert "*: the estimate was negative and is set to 0." in caption


def test_the_largest_balanced_table_is_taken_and_the_rest_counted(hand_made, check_views) -> None:
    uneven = [*FOUR[:3], FOUR[3][:2], (0.5,), (*FOUR[0], 0.7, 0.8, 0.9, 0.95)]
    evidence = hand_made(replicated(uneven), sweep=SWEEP)
    (found,) = analysed(evidence).components
    # Replicates of configs 3, 3, 3, 2 and 7: four of 3 keep 12 values, five of 2 keep 10.
    assert (found.configs, found.replicates, found.left_out) == (4, 3, 6)
    assert "6 values of configs with more replicates than others left out" in check_views(variance, evidence)[0].caption


def test_two_long_rows_do_not_outweigh_many_short_ones(hand_made) -> None:
    rows = replicated([FOUR[0], FOUR[1], *(row[:2] for row in FOUR[:3])])
    (found,) = analysed(hand_made(rows, sweep=SWEEP)).components
    assert (found.configs, found.replicates, found.left_out) == (5, 2, 2)


def test_one_config_has_seeds_alone(hand_made, check_views) -> None:
    evidence = hand_made(replicated([(1.0, 2.0, 3.0)]), sweep=SWEEP)
    (found,) = analysed(evidence).components
    assert (found.config_deviation, found.seed_deviation, found.intraclass) == (None, 1, None)
    assert "capsule – and 1 (one config, n = 3)" in check_views(variance, evidence)[0].caption


def test_what_did_not_end_is_no_replicate(hand_made) -> None:
    rows = replicated([(0.1, 0.2, 0.9), (0.3, 0.4, float("nan"))])
    rows[2]["state"] = "pruned"
    (found,) = analysed(hand_made(rows, sweep=SWEEP)).components
    assert (found.configs, found.replicates, found.left_out) == (2, 2, 0)
    assert found.seed_deviation == pytest.approx(0.1 / 2**0.5)


def test_every_phase_and_arm_by_itself(hand_made) -> None:
    rows = [*replicated(FOUR), *replicated(FOUR, arm="max"), *replicated(FOUR, arm="max", phase="swap")]
    found = analysed(hand_made(rows, sweep=SWEEP)).components
    assert [(each.phase, each.arm) for each in found] == [("search", "capsule"), ("search", "max"), ("swap", "max")]


def test_seeds_and_examples(hand_made, check_views) -> None:
    rows, predictions = confirmed(CROSSED)
    evidence = hand_made(rows, predictions=predictions, sweep=SWEEP)
    result = analysed(evidence)
    (found,) = result.crossed
    assert (found.arm, found.seeds, found.examples) == ("capsule", 3, 4)
    assert (found.mean, found.seed_error) == pytest.approx((0.1666666667, 0.0833333333))
    assert (found.example_error, found.error) == pytest.approx((0.2886751346, 0.3004626063))
    assert (found.low, found.high) == pytest.approx((-1 / 3, 0.75), abs=0.1)
    (difference,) = result.differences
    assert (difference.pairs, difference.mean) == (3, pytest.approx(1 / 6))
    view = check_views(variance, evidence)[-1]
    assert "capsule +0.167 with a standard error of 0.083 over 3 seeds" in view.caption
    assert "more examples would help most" in view.caption
    planned = hand_made(rows, predictions=predictions, sweep={"confirm": {"baseline": "max", "seeds": 9}})
    assert "Interim, 3 of 9 planned seeds: nothing is claimed. Accuracy" in check_views(variance, planned)[-1].caption


def test_other_examples_are_no_pair(hand_made, check_views) -> None:
    rows, predictions = confirmed([*CROSSED, CROSSED[0], CROSSED[0]])
    predictions[7] = predicted([1, 0, 0, 0], label=3)
    del predictions[9]
    evidence = hand_made(rows, predictions=predictions, sweep=SWEEP)
    result = analysed(evidence)
    assert (result.crossed[0].seeds, result.mismatched) == (3, 1)
    assert "1 pair left out: not of the same examples" in check_views(variance, evidence)[-1].caption


def test_the_champions_of_all_arms_are_configs(hand_made) -> None:
    rows, _ = confirmed(CROSSED)
    for row in rows:
        row["config_hash"] = row["arm"]
    (found,) = analysed(hand_made(rows, sweep=SWEEP)).components
    assert (found.phase, found.arm, found.configs, found.replicates) == ("confirm", None, 2, 3)


def test_a_whole_test_set_takes_seconds(hand_made) -> None:
    draws = np.random.default_rng(0).choice([-1, 0, 1], size=(30, 10_000), p=[0.01, 0.98, 0.01])
    rows, predictions = confirmed(draws)
    evidence = hand_made(rows, predictions=predictions, sweep=SWEEP)
    begin = time.process_time()
    analysed(evidence)
    assert time.process_time() - begin < 8


def test_odd_runs(odd_run, check_views) -> None:
    check_views(variance, odd_run)


def test_without_replicates_it_names_the_command(hand_made, check_views) -> None:
    (view,) = check_views(variance, hand_made(replicated([(0.1,), (0.2,)]), sweep=SWEEP))
    assert view.command == "capsweep resume RUN --set confirm.seeds=10"
    assert "2 complete trials, each of another config" in view.caption
