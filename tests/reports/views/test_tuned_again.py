"""The best of a search over several runs of it."""

from __future__ import annotations

import json

import pytest

from reports.views import budget_curves, tuned_again
from tests.reports.conftest import judged
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


def test_a_run_or_an_arm_without_a_trial_leaves_nothing_to_draw_and_the_view_says_so() -> None:
    whole = run({"capsule": [0.8], "max": [0.7]})
    for view in tuned_again.draw([whole, run({}, 1)]):
        assert view.figure is None
        assert "arm of the run of seed 1 has " in view.caption
        assert view.command == "capsweep resume RUN"
    keys = [view.key for view in tuned_again.draw([run({"capsule": [None], "max": [None]}), whole][:1])]
    assert keys == ["again-trials", "again-seconds"]
    (view, _) = tuned_again.draw([run({"capsule": [None], "max": [None]})])
    assert (view.figure, view.caption) == (
        None,
        "Half of the runs or more have come to no value that could be chosen.",
    )


def test_the_band_steps_as_the_median_does() -> None:
    lows, highs = [0.1, 0.1, 0.3], [0.5, 0.6, 0.6]
    found = [[low, low, max(low, 0.3)] for low in lows * 2] + [[high, 0.6, 0.6] for high in highs]
    runs = [run({"capsule": values, "max": [0.5] * 3}, seed) for seed, values in enumerate(found)]
    (capsule, _), (view, _) = tuned_again.analyse(runs, "trials"), tuned_again.draw(runs)
    band, line, *_ = view.figure.data
    assert line.line.shape == "hv"
    assert list(band.x) == [1, 2, 2, 3, 3, 3, 3, 2, 2, 1]
    first, second, third = capsule.high
    assert list(band.y[:5]) == [first, first, second, second, third]
    first, second, third = capsule.low
    assert list(band.y[5:]) == [third, second, second, first, first]
    assert third > second, "for this test to mean anything"


def unjudged(seed, **sweep):
    made, _ = run({"capsule": [0.8], "max": [0.7]}, seed, **sweep)
    return made, judged(made)


def test_runs_that_have_only_searched_are_told_what_gets_them_drawn() -> None:
    view = tuned_again.absent([unjudged(3), unjudged(1)])
    assert (view.key, view.figure) == ("again-trials", None)
    assert view.caption.endswith("with a confirm phase that is over. The runs of seed 1 and 3 have none yet.")
    assert view.command == "capsweep resume RUN --set confirm.seeds=10"
    assert "The runs of seed 2 have none yet." in tuned_again.absent([unjudged(2)] * 2).caption
    assert "The run of seed 0 has none yet." in tuned_again.absent([unjudged(0)]).caption


def test_confirmed_runs_that_do_not_go_together_need_another(confirmation) -> None:
    scores = [0.98, 0.97, 0.96, 0.98, 0.97, 0.96]
    made = confirmation(capsule=scores, max=scores)
    both = [(made, judged(made)), (made, judged(made))]
    view = tuned_again.absent(both)
    assert view.caption.endswith("These are no two such runs.")
    assert view.command == "capsweep launch SWEEP --set seed=1 --run-dir RUN-1"


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
