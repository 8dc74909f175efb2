"""Learning curves against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reports.views import dynamics
from reports.views.courses import Courses, spread

SWEEP = {"confirm": {"baseline": "max"}}
# The design's own example: two runs that end, two that are pruned.
RUNS = (((0.90, 0.95, 0.97), "complete"), ((0.88, 0.94, 0.96), "complete"), ((0.60,), "pruned"), ((0.70,), "pruned"))


def run(courses, *, arm="capsule", phase="search", metric="val_accuracy", first=0, **more):
    """Rows and epochs of runs of an arm, numbered from `first`."""
    rows, epochs = [], []
    for place, (values, state) in enumerate(courses):
        pair = None if phase == "search" else f"{phase}:0:{place}"
        rows.append({"phase": phase, "arm": arm, "state": state, "value": values[-1], "pair_id": pair, **more})
        alike = {"number": first + place, "arm": arm, "state": state}
        epochs += [{**alike, "epoch": epoch, f"metric.{metric}": value} for epoch, value in enumerate(values)]
    return rows, epochs


def of(hand_made, *parts, **sweep):
    rows = [row for part in parts for row in part[0]]
    epochs = [epoch for part in parts for epoch in part[1]]
    return hand_made(rows, epochs=epochs, sweep={**SWEEP, **sweep})


def test_survivors_are_not_all_runs(hand_made, check_views) -> None:
    evidence = of(hand_made, run(RUNS))
    curve = dynamics.analyse(evidence).arms[0].curve
    assert curve.at_risk == [4, 2, 2]
    assert curve.median == pytest.approx([0.79, 0.945, 0.965])
    assert curve.carried == pytest.approx([0.79, (0.94 + 0.70) / 2, (0.96 + 0.70) / 2])
    assert (curve.low[2], curve.high[2]) == pytest.approx((0.9625, 0.9675))
    view = check_views(dynamics, evidence)[0]
    assert "2 of 4 runs left" in view.caption
    assert "compares no arms" in view.caption
    counts = [list(trace.text) for trace in view.figure.data if trace.mode == "text"]
    assert counts == [["4", "2", "2"]]
    assert view.data["runs at risk"].tolist() == [4, 2, 2]


def test_the_goal_is_where_the_baseline_ends_up(hand_made, check_views) -> None:
    base = run([((0.5, 0.8), "complete"), ((0.5, 0.9), "complete"), ((0.99,), "pruned")], arm="max")
    # Goal .85: reached at 1 and at 3, one pruned after 2, one never in 4.
    others = [((0.9,), "complete"), ((0.1, 0.2), "pruned"), ((0.1, 0.2, 0.85), "complete"), ((0.1,) * 4, "complete")]
    result = dynamics.analyse(of(hand_made, base, run(others, first=3)))
    assert (result.threshold, result.goal_runs) == (pytest.approx(0.85), 2)
    goal = result.arms[0].goal
    assert (goal.reached, goal.runs, goal.hits, goal.ends) == (2, 4, [1, 3], [2, 4])
    assert dict(zip(goal.times, goal.share, strict=True)) == pytest.approx({1: 3 / 4, 2: 3 / 4, 3: 3 / 8, 4: 3 / 8})
    # max: one at once, one at 2, one not seen after 2, which bounds both means.
    assert result.horizon == 2
    assert goal.mean == pytest.approx(1 + 3 / 4)
    view = check_views(dynamics, of(hand_made, base, run(others, first=3)))[1]
    assert "capsule 2 of 4 runs, in 1.75 epochs" in view.caption
    assert "at least 0.8500" in view.caption
    assert "Pruned runs count as long as they ran" in view.caption


def test_a_loss_reaches_its_goal_from_above(hand_made) -> None:
    objective = {"metric": "val_loss", "direction": "minimize"}
    base = run([((0.9, 0.5), "complete")], arm="max", metric="val_loss")
    other = run([((0.6, 0.55, 0.5), "complete"), ((0.4, 0.7), "complete")], first=1, metric="val_loss")
    goal = dynamics.analyse(of(hand_made, base, other, objective=objective)).arms[0].goal
    assert goal.hits == [1, 3]


def test_confirm_takes_the_place_of_the_search(hand_made, check_views) -> None:
    confirmed = run([((0.7, 0.8), "complete")] * 2, phase="confirm", first=4)
    evidence = of(hand_made, run(RUNS), confirmed)
    result = dynamics.analyse(evidence)
    assert (result.phase, result.arms[0].runs, result.arms[0].curve.median) == ("confirm", 2, [0.7, 0.8])
    caption = check_views(dynamics, evidence)[0].caption
    assert "the first champions over the confirm seeds" in caption
    assert "compares no arms" not in caption


def test_failures_are_counted_and_left_out(hand_made, check_views) -> None:
    rows, epochs = run(RUNS)
    rows[0]["state"] = "failed"
    evidence = of(hand_made, (rows, epochs))
    result = dynamics.analyse(evidence)
    assert (result.failed, result.arms[0].runs, result.arms[0].pruned) == (1, 3, 2)
    assert "1 failed and left out" in check_views(dynamics, evidence)[0].caption


def test_the_gap_is_above_zero_where_it_overfits(hand_made, check_views) -> None:
    rows, epochs = run([((0.90, 0.92), "complete"), ((0.88, 0.90), "complete"), ((0.5, 0.6), "complete")])
    for each in epochs:
        each["metric.accuracy"] = each["metric.val_accuracy"] + (0.05 if each["epoch"] else -0.01)
    view = check_views(dynamics, of(hand_made, (rows, epochs)))[-1]
    assert view.key == "dynamics-gap"
    assert view.data["median gap"].tolist() == pytest.approx([-0.01, 0.05])
    assert "capsule +0.05" in view.caption
    rows, epochs = run([((0.3, 0.4), "complete")], metric="val_loss")
    for each in epochs:
        each["metric.loss"] = each["metric.val_loss"] - 0.1
    losses = of(hand_made, (rows, epochs), objective={"metric": "val_loss", "direction": "minimize"})
    assert dynamics.analyse(losses).arms[0].gap.median == pytest.approx([0.1, 0.1])


def test_what_is_not_finite_is_no_value(hand_made, check_views) -> None:
    evidence = of(hand_made, run([((0.9, float("nan")), "complete"), ((0.8, float("inf")), "complete")]))
    curve = dynamics.analyse(evidence).arms[0].curve
    assert (curve.at_risk, curve.median[1]) == ([2, 2], None)
    assert (curve.median[0], *curve.carried) == pytest.approx((0.85, 0.85, 0.85))
    check_views(dynamics, evidence)


def test_an_epoch_out_of_order_is_put_in_its_place() -> None:
    epochs = pd.DataFrame({"number": [7, 7, 5], "epoch": [1, 0, 0], "metric.m": [0.2, 0.1, 0.5]})
    trials = pd.DataFrame({"number": [5, 7, 9], "state": ["pruned", "complete", "complete"]})
    courses = Courses.of(epochs, trials, "m")
    assert courses.values == pytest.approx(np.array([[0.5, np.nan], [0.1, 0.2]]), nan_ok=True)
    assert (courses.lengths.tolist(), courses.complete.tolist()) == ([1, 2], [False, True])
    assert spread(courses).at_risk == [2, 1]


def test_odd_runs(odd_run, check_views) -> None:
    check_views(dynamics, odd_run)


def test_without_curves_it_names_the_command(hand_made, check_views) -> None:
    (view,) = check_views(dynamics, hand_made([], sweep=SWEEP))
    assert (view.caption, view.command) == (
        "No trial has started yet.",
        "capsweep resume RUN --set confirm.seeds=10",
    )
    (view,) = check_views(dynamics, hand_made([], sweep={"compare": None}))
    assert view.command == "capsweep resume RUN"
