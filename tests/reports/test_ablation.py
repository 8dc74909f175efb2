"""Ways from one config to another by a surrogate, on values whose formula is known."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor

from reports.ablation import _FEWER, _SEED, REFITS, TREES, _features, params_of, surrogate, units
from reports.importance import LIMIT
from search_spaces import SearchSpace

SPACE = SearchSpace.from_mapping(
    {
        "pooling": ["capsule", "max"],
        "size": {"int": [2, 4]},
        "steps": {"int": [2, 5], "when": {"pooling": "capsule"}},
        "rate": {"float": [1.0e-4, 1.0e-2], "log": True},
        "noise": {"float": [0.0, 1.0]},
    }
)
BEFORE = {"pooling": "max", "size": 2, "rate": 2e-4, "noise": 0.2}
AFTER = {"pooling": "capsule", "size": 4, "steps": 3, "rate": 5e-3, "noise": 0.8}


def frame(trials=400, *, seed=0, spread=0.01):
    """Capsule is worth 1, a decade of the rate 2, a step of size -0.5, and nothing else counts."""
    rng = np.random.default_rng(seed)
    capsule, size = rng.random(trials) < 0.5, rng.integers(2, 5, trials)
    rate = 10 ** rng.uniform(-4, -2, trials)
    return pd.DataFrame(
        {
            "number": range(trials),
            "param.pooling": np.where(capsule, "capsule", "max"),
            "param.size": size,
            "param.steps": pd.Series(rng.integers(2, 6, trials)).astype("Int64").where(capsule),
            "param.rate": rate,
            "param.noise": rng.random(trials),
            "value": capsule + 2 * np.log10(rate) - 0.5 * size + rng.normal(0, spread, trials),
        }
    )


def test_each_change_brings_what_it_is_worth_and_the_best_comes_first() -> None:
    model = surrogate(frame(), SPACE, "maximize")
    path = model.path(BEFORE, AFTER)
    assert model.explained > 0.95
    order = [tuple(change.name for change in step.changes) for step in path.steps]
    assert order[:2] == [("rate",), ("pooling", "steps")]
    assert order[-1] == ("size",)
    gains = {step.changes[0].name: step.gain for step in path.steps}
    assert gains == pytest.approx({"rate": 2 * np.log10(25), "pooling": 1, "noise": 0, "size": -1}, abs=0.25)
    assert path.start == pytest.approx(2 * np.log10(2e-4) - 0.5 * 2, abs=0.3)
    assert path.steps[-1].predicted == pytest.approx(1 + 2 * np.log10(5e-3) - 0.5 * 4, abs=0.3)
    assert path.start + sum(step.gain for step in path.steps) == pytest.approx(path.steps[-1].predicted)
    assert all(0 < step.gain_error < 0.3 for step in path.steps)
    assert path.agreed == 1.0
    change = path.steps[1].changes[1]
    assert (change.name, change.before, change.after) == ("steps", None, 3)


def test_every_step_is_the_best_that_is_left_and_errors_are_the_spread_of_refits() -> None:
    table = frame(60, spread=1.0)
    model, path = surrogate(table, SPACE, "maximize"), None
    path = model.path(BEFORE, AFTER)
    # The same by scikit-learn alone: all that can be moved is predicted one by one.
    configs = [params_of(row, SPACE) for row in table.to_dict("records")]
    features, values = _features(configs, SPACE), table["value"].to_numpy()

    def forest(trees, seed, at):
        made = RandomForestRegressor(n_estimators=trees, min_samples_leaf=2, random_state=seed, oob_score=len(at) == 60)
        return made.fit(features[at], values[at])

    whole, way = forest(TREES, _SEED, np.arange(60)), dict(BEFORE)
    assert model.explained == pytest.approx(whole.oob_score_)
    ways = [dict(way)]
    left = [("pooling", "steps"), ("size",), ("rate",), ("noise",)]
    for step in path.steps:
        tried = {unit: whole.predict(_features([way | {n: AFTER[n] for n in unit}], SPACE))[0] for unit in left}
        best = max(left, key=lambda unit: tried[unit])
        assert tuple(change.name for change in step.changes) == best
        assert step.predicted == pytest.approx(tried[best])
        left.remove(best)
        way |= {name: AFTER[name] for name in best}
        ways.append(dict(way))
    rng = np.random.default_rng([_SEED, 60])
    refits = np.array(
        [forest(_FEWER, _SEED + 1 + n, rng.integers(0, 60, 60)).predict(_features(ways, SPACE)) for n in range(REFITS)]
    )
    assert path.start_error == pytest.approx(refits[:, 0].std(ddof=1))
    assert [step.error for step in path.steps] == pytest.approx(refits[:, 1:].std(axis=0, ddof=1))
    assert [step.gain_error for step in path.steps] == pytest.approx(np.diff(refits).std(axis=0, ddof=1))


def test_of_noise_it_explains_nothing() -> None:
    table = frame()
    table["value"] = np.random.default_rng(1).random(400)
    assert surrogate(table, SPACE, "maximize").explained < 0.05
    assert surrogate(table.assign(value=1.0), SPACE, "maximize").explained == 0.0


def test_the_other_direction_mirrors_and_order_does_not_matter_and_nothing_global_is_touched() -> None:
    table, before = frame(80, spread=0.5), np.random.get_state()[1].copy()
    there = surrogate(table, SPACE, "maximize").path(BEFORE, AFTER)
    back = surrogate(table.assign(value=-table["value"]), SPACE, "minimize").path(BEFORE, AFTER)
    assert [step.changes for step in back.steps] == [step.changes for step in there.steps]
    assert [step.predicted for step in back.steps] == [-step.predicted for step in there.steps]
    assert [step.gain_error for step in back.steps] == [step.gain_error for step in there.steps]
    again = surrogate(table.iloc[::-1], SPACE, "maximize").path(BEFORE, AFTER)
    assert json.dumps(asdict(again)) == json.dumps(asdict(there))
    assert (np.random.get_state()[1] == before).all()


def test_many_trials_are_thinned() -> None:
    assert surrogate(frame(LIMIT + 200), SPACE, "maximize").used == LIMIT


def test_what_comes_or_goes_moves_with_what_decides_it() -> None:
    assert units(BEFORE, AFTER, SPACE) == [("pooling", "steps"), ("size",), ("rate",), ("noise",)]
    assert units(AFTER, BEFORE, SPACE) == [("pooling", "steps"), ("size",), ("rate",), ("noise",)]
    assert units(AFTER, {**AFTER, "steps": 4}, SPACE) == [("steps",)]
    assert units(AFTER, AFTER, SPACE) == []
    chain = SearchSpace.from_mapping(
        {
            "a": [1, 2],
            "b": {"choice": [True, False], "when": {"a": 1}},
            "c": {"int": [1, 9], "when": {"b": True}},
            "d": {"choice": [0, 1], "when": {"a": [1, 2]}},
        }
    )
    assert units({"a": 1, "b": True, "c": 5, "d": 0}, {"a": 2, "d": 1}, chain) == [("a", "b", "c"), ("d",)]
    assert units({"a": 1, "b": True, "c": 5, "d": 0}, {"a": 1, "b": False, "d": 0}, chain) == [("b", "c")]


def test_features_tell_absent_from_every_value_and_true_from_one() -> None:
    space = SearchSpace.from_mapping({"k": [True, 2, "x"], "n": {"int": [1, 100], "log": True}})
    found = _features([{"k": True, "n": 1}, {"k": 2, "n": 10}, {}, {"k": "x", "n": 100}], space)
    assert _features([{"k": 1, "n": 1}], space)[0, :3].tolist() == [0, 0, 0]
    assert found[:, :3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert found[:, 3].tolist() == pytest.approx([0, np.log(10), -np.log(100) - 1, np.log(100)])


def test_values_outside_the_space_are_not_there() -> None:
    row = {"param.pooling": "max", "param.size": 9, "param.steps": pd.NA, "param.rate": 1e-3, "param.noise": np.nan}
    assert params_of(row, SPACE) == {"pooling": "max", "rate": 1e-3}


def test_scikit_learn_is_loaded_only_when_a_path_is_asked_for() -> None:
    code = "import reports.ablation, reports.analysis, sys; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
