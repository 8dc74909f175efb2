"""The best of a search over several runs of it."""

from __future__ import annotations

import json

import pytest

from reports.views import budget_curves, tuned_again
from tests.reports.views.conftest import HOSTILE, as_json, evidence


def run(values, seed=0, **sweep):
    """A run whose arms ended these trials, in this order; None for one that was pruned."""
    rows = [
        {"arm": arm, "value": value, "state": "pruned" if value is None else "complete", "spent": 10.0}
        for arm, found in values.items()
        for value in found
    ]
    made = evidence(rows, sweep={"seed": seed, **sweep})
    return made, budget_curves.analyse(made)


def test_six_runs_have_a_median_between_the_least_and_the_most() -> None:
    runs = [run({"capsule": [seed / 10, 0.7], "max": [0.5, 0.5]}, seed) for seed in range(1, 7)]
    capsule, other = tuned_again.analyse(runs, "trials")
    assert (capsule.spent, capsule.runs) == ([1, 2], [6, 6])
    assert capsule.median == pytest.approx([0.35, 0.7])
    assert (capsule.low, capsule.high) == ([0.1, 0.7], [0.6, 0.7])
    assert (other.median, other.low, other.high) == ([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])


def test_fewer_have_no_interval_and_the_caption_says_from_when_on() -> None:
    runs = [run({"capsule": [0.8], "max": [0.7]}, seed) for seed in range(5)]
    (curve, _), (view, _) = tuned_again.analyse(runs, "trials"), tuned_again.draw(runs)
    assert (curve.low, curve.high) == ([None], [None])
    assert "has an interval from 6 runs on" in view.caption
    assert "half of the 5 runs" in view.caption


def test_curves_stop_where_the_first_run_or_arm_does() -> None:
    runs = [run({"capsule": [0.8, 0.9, 0.9], "max": [0.7] * 3}), run({"capsule": [0.8] * 3, "max": [0.7, 0.8]}, 1)]
    assert [curve.spent[-1] for curve in tuned_again.analyse(runs, "trials")] == [2, 2]
    seconds = tuned_again.analyse(runs, "seconds")
    assert [curve.spent[-1] for curve in seconds] == [20.0, 20.0]
    assert seconds[0].median[-1] == pytest.approx(0.85)


def test_a_run_that_has_found_nothing_yet_counts_as_the_worst() -> None:
    loss = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    found = [[None, 0.2], [0.4, 0.4], [0.3, 0.3]]
    runs = [run({"capsule": values, "max": [0.5, 0.5]}, seed, **loss) for seed, values in enumerate(found)]
    (capsule, _) = tuned_again.analyse(runs, "trials")
    assert (capsule.median, capsule.runs) == ([0.4, 0.3], [2, 3])


def test_a_run_or_an_arm_without_a_trial_leaves_nothing_to_draw() -> None:
    whole = run({"capsule": [0.8], "max": [0.7]})
    assert not list(tuned_again.draw([whole, run({}, 1)]))
    assert not list(tuned_again.draw([run({"capsule": [None], "max": [None]}), whole][:1]))


def test_the_order_of_the_runs_changes_nothing() -> None:
    runs = [run({"capsule": [seed / 10, 0.7], "max": [0.5, 0.5]}, seed) for seed in range(1, 7)]
    first, second = ([as_json(curve) for curve in tuned_again.analyse(each, "seconds")] for each in (runs, runs[::-1]))
    assert first == second


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name: str) -> None:
    space = {"pooling": [name, "max"], "learning_rate": {"float": [1.0e-4, 1.0e-2]}}
    runs = [run({name: [0.8], "max": [0.7]}, seed, space=space) for seed in range(2)]
    for view in tuned_again.draw(runs):
        assert name not in json.dumps([trace.name for trace in view.figure.data])
        assert len(view.caption) < 2_000
