"""Ways between champions, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.views import importance
from tests.reports.views.conftest import HOSTILE, as_json, evidence, permuted


def rows(trials=30, *, seed=0, worth=0.05, spread=0.001):
    """Capsule is worth `worth`, a larger pool costs a hundredth."""
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        size, steps = int(rng.integers(2, 5)), int(rng.integers(2, 6))
        rate, luck = float(10 ** rng.uniform(-4, -2)), rng.normal(0, spread, 2)
        shared = {"param.pool_size": size, "param.learning_rate": rate}
        own = {"param.routing_steps": steps, "param.temperature": 1.0}
        level = 0.9 - 0.01 * size
        yield {"arm": "capsule", "param.pooling": "capsule", "value": level + worth + luck[0], **shared, **own}
        yield {"arm": "max", "param.pooling": "max", "value": level + luck[1], **shared}


MAX = {"confirm": {"baseline": "max"}}


def of(given, **sweep):
    made = evidence(given, sweep={**MAX, **sweep})
    return importance.analyse(made).ablations, made


def shown(made):
    found = {view.key: view for view in importance.draw(importance.analyse(made), made)}
    return {key: view for key, view in found.items() if key.startswith("importance-path")}


def test_it_leads_from_one_champion_to_the_other() -> None:
    given = list(rows())
    result, made = of(given)
    (found,) = result.arms
    best = {
        arm: max((row["value"], -place) for place, row in enumerate(given) if row["arm"] == arm)
        for arm in ("capsule", "max")
    }
    assert (found.arm, found.baseline) == ("capsule", "max")
    assert (found.reached, found.baseline_reached) == (best["capsule"][0], best["max"][0])
    assert (found.trial, found.baseline_trial) == (-best["capsule"][1], -best["max"][1])
    first = found.path.steps[0]
    assert {change.name for change in first.changes} == {"pooling", "routing_steps", "temperature"}
    assert first.gain == pytest.approx(0.05, abs=0.01)
    assert (result.trials, result.used, result.why) == (60, 60, "")
    (view,) = shown(made).values()
    assert view.key == "importance-path-0"
    assert view.caption.startswith("Exploratory, predicted from 60 complete trials, not trained: from ")
    assert "pooling, routing_steps and temperature are predicted to change most (−" in view.caption
    assert (
        f"explains {100 * result.explained:.0f} % of the variance of trials that it was not fitted on" in view.caption
    )
    gains = view.data["gain (pp)"].tolist()
    assert gains[1] == pytest.approx(-100 * first.gain)
    assert view.data["predicted validation error %"].diff()[1:].tolist() == pytest.approx(gains[1:])
    (trace,) = view.figure.data
    assert list(trace.x) == view.data["predicted validation error %"].tolist()
    assert list(trace.error_x.array) == pytest.approx(view.data["standard error"].tolist())


def test_one_change_is_named_in_the_singular() -> None:
    made = evidence(list(rows()), sweep=MAX)
    result = importance.analyse(made)
    (found,) = result.ablations.arms
    first = found.path.steps[0]
    lone = replace(found, path=replace(found.path, steps=(replace(first, changes=first.changes[:1]),)))
    (view,) = (
        view
        for view in importance.draw(replace(result, ablations=replace(result.ablations, arms=(lone,))), made)
        if view.key == "importance-path-0"
    )
    assert f"; {first.changes[0].name} is predicted to change most (" in view.caption


def test_a_champion_breaks_no_bound_and_is_chosen_by_the_sweeps_rule() -> None:
    given = list(rows())
    top = max((row for row in given if row["arm"] == "capsule"), key=lambda row: row["value"])
    top["feasible"] = False
    result, _ = of(given)
    assert result.arms[0].reached < top["value"]
    twice = {**given[1], "config_hash": "twice"}
    result, _ = of([*given, twice, twice], confirm={"baseline": "max", "rule": "best_mean"})
    assert result.arms[0].baseline_reached == given[1]["value"]


def test_pruned_trials_are_left_out() -> None:
    given = list(rows())
    more = [{**row, "state": "pruned", "value": row["value"] - 0.5} for row in given]
    there, _ = of(given)
    assert of([*given, *more])[0] == there


def test_where_the_surrogate_explains_nothing_nothing_is_drawn() -> None:
    result, made = of(rows(worth=0.0, spread=5.0))
    assert result.arms == ()
    assert result.explained < 0.1
    (view,) = shown(made).values()
    assert view.figure is None
    assert "too little to say what a single change brings" in view.caption
    assert "explains none of the variance" in view.caption
    assert view.command == "capsweep resume RUN"


def test_few_trials_have_no_way() -> None:
    given = [row for place, row in enumerate(rows()) if row["arm"] == "capsule" or place < 10]
    result, made = of(given)
    assert (result.arms, result.explained) == ((), None)
    (view,) = shown(made).values()
    assert "takes 10 complete trials of both" in view.caption
    assert view.command
    assert shown(evidence([], sweep=MAX)) == {}


def test_nothing_compared_has_no_way() -> None:
    assert of([{**row, "arm": "all"} for row in rows()], compare=None, confirm={})[0] is None


def test_rows_in_any_order_and_the_other_direction() -> None:
    result, made = of(rows())
    assert as_json(importance.analyse(permuted(made))) == as_json(importance.analyse(made))
    sweep = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    turned, other = of([{**row, "value": -row["value"]} for row in rows()], **sweep)
    assert [replace(each.path.steps[0], predicted=0, gain=0) for each in turned.arms] == [
        replace(each.path.steps[0], predicted=0, gain=0) for each in result.arms
    ]
    assert turned.arms[0].path.start == -result.arms[0].path.start
    assert "(lower is better)" in shown(other)["importance-path-0"].caption


def test_hostile_names_are_literal() -> None:
    given = [
        {"arm": arm, "value": float(place + 3 * n % 5), "param.pooling": arm, "param.size": size}
        for n, arm in enumerate(HOSTILE)
        for place, size in enumerate(HOSTILE)
        for _ in range(5)
    ]
    made = evidence(
        given, sweep={"space": {"pooling": list(HOSTILE), "size": list(HOSTILE)}, "confirm": {"baseline": HOSTILE[1]}}
    )
    views = shown(made)
    assert views
    text = "".join(view.figure.to_json() for view in views.values() if view.figure)
    assert text
    assert "\\u003cscript" not in text
    assert "<b>" not in text
    assert "x" * 100 not in text
    assert all(len(view.caption) < 2_500 for view in views.values())
