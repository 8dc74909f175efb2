"""Costs against numbers worked out by hand."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from reports.views import cost

SWEEP = {"confirm": {"baseline": "max"}}
# Two objectives of the design's own example: error and seconds.
KNOWN = ((0.010, 40.0), (0.012, 25.0), (0.011, 60.0), (0.020, 10.0), (0.015, 30.0))


def probe(times, *, phase="cost_probe", name="cost", **more):
    """Pairs of epoch seconds, capsule's first."""
    return [
        {"phase": phase, "arm": arm, "pair_id": f"{name}:{place}", "value": 0.9, "epoch_seconds": seconds, **more}
        for place, pair in enumerate(times)
        for arm, seconds in zip(("capsule", "max"), pair, strict=True)
    ]


def searched(points, arm="capsule"):
    return [{"phase": "search", "arm": arm, "value": 1 - error, "seconds": seconds} for error, seconds in points]


def ratio(evidence, measure="seconds per epoch"):
    result = cost.analyse(evidence)
    return next(each for each in result.arms[0].ratios if each.measure == measure)


def test_ratios_are_geometric_and_paired(hand_made) -> None:
    found = ratio(hand_made(probe([(2.0, 1.0), (8.0, 1.0)]), sweep=SWEEP))
    # ln 2 and ln 8: mean ln 4, sd ln 4 / √2, se ln 4 / 2, t(.975, 1) = 12.7062
    assert found.ratio == pytest.approx(4)
    assert (found.low, found.high) == pytest.approx(
        (math.exp(math.log(4) * (1 - 12.7062047 / 2)), math.exp(math.log(4) * (1 + 12.7062047 / 2)))
    )
    assert found.n == 2


def test_what_was_not_measured_is_said_and_not_0(hand_made, check_views) -> None:
    evidence = hand_made(probe([(2.0, 1.0), (3.0, 1.0)], parameters=10), sweep=SWEEP)
    assert (ratio(evidence, "parameters").ratio, ratio(evidence, "peak memory").ratio) == (1, None)
    caption = check_views(cost, evidence)[0].caption
    assert "Not measured: inference seconds per example, peak memory and multiply-accumulates." in caption
    assert "Trained alone" in caption


def test_without_a_probe_it_takes_confirm_and_says_so(hand_made, check_views) -> None:
    rows = probe([(2.0, 1.0), (2.0, 1.0)], phase="confirm", name="confirm:0", concurrency=3)
    rows += probe([(9.0, 1.0)], phase="confirm", name="confirm:1")  # not the first champions
    evidence = hand_made(rows, sweep=SWEEP)
    assert ratio(evidence).ratio == pytest.approx(2)
    caption = check_views(cost, evidence)[0].caption
    assert "under contention, in the confirm phase, up to 3 trials at once" in caption
    assert "`capsweep resume RUN --set cost_probe=3` gets honest times" in caption


def test_a_probe_counts_and_confirm_does_not(hand_made) -> None:
    rows = probe([(2.0, 1.0)], phase="confirm", name="confirm:0") + probe([(3.0, 1.0)])
    result = cost.analyse(hand_made(rows, sweep=SWEEP))
    assert (result.source, result.arms[0].ratios[0].ratio) == ("cost_probe", pytest.approx(3))
    assert (result.arms[0].ratios[0].low, result.arms[0].ratios[0].n) == (None, 1)


def test_failures_leave_their_pair_out(hand_made, check_views) -> None:
    rows = probe([(2.0, 1.0), (4.0, 1.0), (8.0, 1.0)])
    rows[0]["state"] = "failed"
    rows[3]["state"] = "running"
    evidence = hand_made(rows, sweep=SWEEP)
    assert ratio(evidence).ratio == pytest.approx(8)
    assert "1 left out for a failure and 1 not yet whole" in check_views(cost, evidence)[0].caption


def test_the_front_and_its_area(hand_made, check_views) -> None:
    corner = [(0.03, 100.0)]
    evidence = hand_made(searched([*KNOWN, *corner]) + searched([(0.009, 90.0)], "max"), sweep=SWEEP)
    found = cost.analyse(evidence).fronts
    assert (found.worst, found.longest) == pytest.approx((0.03, 100))
    capsule, top, average = found.arms
    assert [(each.score, each.seconds) for each in capsule.front] == [
        pytest.approx(pair) for pair in ((0.020, 10), (0.012, 25), (0.010, 40))
    ]
    assert capsule.hypervolume == pytest.approx(1.62)
    assert (found.joint, capsule.on_joint, top.on_joint, average.n) == (4, 3, 1, 0)
    view = check_views(cost, evidence)[-1]
    assert "capsule 3 of 6 trials (area 1.62)" in view.caption
    assert "Optimistic" in view.caption


def test_a_loss_is_an_error_itself(hand_made) -> None:
    rows = [
        {"phase": "search", "arm": "max", "value": error, "seconds": seconds, "state": state}
        for error, seconds, state in (
            (0.3, 5.0, "complete"),
            (0.2, 9.0, "complete"),
            (0.4, 9.0, "complete"),
            (0.1, 1.0, "pruned"),
        )
    ]
    sweep = {**SWEEP, "objective": {"metric": "val_loss", "direction": "minimize"}}
    found = cost.analyse(hand_made(rows, sweep=sweep)).fronts
    assert (found.name, found.n, [each.score for each in found.arms[1].front]) == ("val_loss", 3, [0.3, 0.2])


def test_a_score_to_maximize_that_is_no_accuracy_stays_itself(hand_made) -> None:
    rows = [{"phase": "search", "arm": "max", "value": each, "seconds": each} for each in (3.0, 2.0)]
    rows.append({"phase": "search", "arm": "max", "value": 1.5, "seconds": 2.5})
    found = cost.analyse(hand_made(rows, sweep={**SWEEP, "objective": {"metric": "val_auc"}})).fronts
    assert ([each.score for each in found.arms[1].front], found.worst) == ([2, 3], 1.5)


def test_a_hundred_thousand_trials_take_seconds(hand_made, check_views) -> None:
    draws = np.random.default_rng(0)
    rows = searched(zip(draws.integers(10, 60, 100_000) / 1000, draws.integers(50, 99, 100_000) / 1.0, strict=True))
    evidence = hand_made(rows, sweep=SWEEP)
    begin = time.process_time()
    result = cost.analyse(evidence)
    assert time.process_time() - begin < 5
    assert result.fronts.n == 100_000
    view = list(cost.draw(result, evidence))[-1]
    assert "Showing 1,000 of 100,000" in view.caption


def test_odd_runs(odd_run, check_views) -> None:
    check_views(cost, odd_run)


def test_without_times_it_names_the_command(hand_made, check_views) -> None:
    (view,) = check_views(cost, hand_made([], sweep=SWEEP))
    assert view.command == "capsweep resume RUN --set cost_probe=3"
    (view,) = check_views(cost, hand_made([], sweep={"confirm": {"baseline": "max"}, "cost_probe": 2}))
    assert view.command == "capsweep resume RUN"
    (view,) = check_views(cost, hand_made([]))
    assert view.command == "capsweep resume RUN --set cost_probe=3 --set confirm.baseline=ARM"
    (view,) = check_views(cost, hand_made([], sweep={"compare": None}))
    assert view.command == "capsweep launch FILE --set compare=PARAM --set cost_probe=3"
