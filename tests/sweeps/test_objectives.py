"""Several objectives, bounds, early stopping: what a trial's result holds, and what its study is told of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from optuna.trial import TrialState

from sweeps.errors import ConfigError
from sweeps.records import ModelFacts, TrialEnded
from sweeps.search import Search
from tests.sweeps.search_world import World, arms_of, ask, epoch_of, make_config, train

FACTS = ModelFacts(parameters=120, macs=7, build_seconds=0.5, warm=False, inference_seconds=0.002)


def told(search: Search, *values: float, facts: ModelFacts = FACTS, **metrics: float) -> TrialEnded:
    """A trial with these values and these facts."""
    spec = ask(search).spec
    for epoch, value in enumerate(values):
        event = epoch_of(spec, epoch, value, **{key: each + epoch for key, each in metrics.items()})
        result = search.observe(replace(event, model=facts) if epoch == 0 else event)
        if result is not None:
            assert isinstance(result, TrialEnded)
            return result
    raise AssertionError("the trial has not ended")


def objectives(also: list[Any], **changes: Any) -> Search:
    return Search(make_config(**{"objective__also": also, "search__pruner": "none", **changes}))


ALSO = ["parameters", "macs", "train_seconds", {"metric": "val_loss", "direction": "minimize"}]


def test_every_objective_is_measured_and_told_in_order() -> None:
    search = objectives(ALSO)
    result = told(search, 0.1, 0.2, 0.3, 0.4, val_loss=5.0)
    assert result.also == {
        "parameters": 120.0,
        "macs": 7.0,
        "train_seconds": 4.5,
        "val_loss": 8.0,
    }
    (trial,) = arms_of(search)["s/capsule"].trials()
    assert trial.values == [0.4, 120.0, 7.0, 4.5, 8.0]
    directions = arms_of(search)["s/capsule"]._study.directions
    assert [direction.name for direction in directions] == ["MAXIMIZE", *["MINIMIZE"] * 4]


def test_metrics_beside_it_are_those_of_the_epoch_that_counts() -> None:
    search = objectives(ALSO[-1:], objective__at="best", objective__constraints={"val_loss": {"at_most": 6.5}})
    result = told(search, 0.1, 0.9, 0.3, 0.4, val_loss=5.0)
    assert (result.value, result.also, result.constraints) == (0.9, {"val_loss": 6.0}, {"val_loss": -0.5})
    assert result.feasible


def test_a_trial_without_one_of_its_objectives_has_failed() -> None:
    search = objectives(["macs"])
    result = told(search, 0.1, 0.2, 0.3, 0.4, facts=replace(FACTS, macs=None))
    assert (result.state, result.reason, result.also) == ("failed", "no macs, which is an objective", {})
    assert arms_of(search)["s/capsule"].trials()[0].state == TrialState.FAIL


def test_pruning_goes_by_the_deciding_metric_alone() -> None:
    search = objectives(["parameters"], search__pruner={"name": "median", "startup_trials": 1, "warmup_steps": 2})
    single = Search(make_config(search__pruner={"name": "median", "startup_trials": 1, "warmup_steps": 2}))
    for values in ([0.5, 0.6, 0.7, 0.8], [0.9] * 4, [0.1] * 4, [0.9] * 4, [0.2, 0.9, 0.9, 0.9]):
        ours, theirs = told(search, *values), told(single, *values)
        assert (ours.state, ours.epochs) == (theirs.state, theirs.epochs)
    states = [trial.state.name for trial in arms_of(search)["s/capsule"].trials()]
    assert states == ["COMPLETE", "PRUNED", "PRUNED"]
    judged = arms_of(search)["s/capsule"].judged_trials()
    assert [trial.state.name for trial in judged] == states
    assert [len(trial.intermediate_values) for trial in judged] == [4, 1, 1]


@pytest.mark.parametrize("sampler", ["tpe", "nsgaii", "random"])
def test_samplers_learn_from_several_objectives_and_bounds(sampler: str) -> None:
    settings = {"name": sampler} | ({"population": 4} if sampler == "nsgaii" else {})
    search = objectives(
        ["parameters"],
        search__sampler=settings,
        search__trials=25,
        objective__constraints={"parameters": {"at_most": 500}, "train_seconds": {"at_most": 100.0}},
    )
    World({}).drive(search)
    for arm in arms_of(search).values():
        for trial in arm.trials():
            assert trial.values is not None
            assert trial.constraints == {"parameters": trial.values[1] - 500, "train_seconds": 4.5 - 100}


def test_a_pruned_trial_is_held_to_what_is_known_of_it() -> None:
    bounds = {"parameters": {"at_most": 100}, "train_seconds": {"at_most": 1.0}, "val_loss": {"at_most": 0.0}}
    search = Search(
        make_config(
            compare=None,
            objective__constraints=bounds,
            search__pruner={"name": "median", "startup_trials": 1, "warmup_steps": 2},
        )
    )
    told(search, 0.9, 0.9, 0.9, 0.9)
    result = told(search, 0.1, val_loss=5.0)
    assert (result.state, result.constraints) == ("pruned", {"parameters": 20.0})
    assert not result.feasible
    trial = arms_of(search)["s"].trials()[1]
    assert (trial.state, trial.constraints) == (TrialState.PRUNED, {"parameters": 20.0})


def test_a_trial_that_breaks_a_bound_leads_nothing() -> None:
    search = Search(make_config(objective__constraints={"parameters": {"at_most": 100}}, search__pruner="none"))
    broken = told(search, 0.9, 0.9, 0.9, 0.9)
    assert not search.keeps(broken)
    fits = told(search, 0.1, 0.1, 0.1, 0.1, facts=replace(FACTS, parameters=100))
    assert search.keeps(fits)


def test_a_bound_that_is_not_finite_says_nothing() -> None:
    search = Search(make_config(objective__constraints={"val_loss": {"at_least": 0.0}}, search__pruner="none"))
    result = told(search, 0.1, 0.2, 0.3, 0.4, val_loss=math.nan)
    assert (result.state, result.constraints) == ("complete", {})


@pytest.mark.parametrize(
    ("bound", "excess"), [({"at_most": 100}, 20.0), ({"at_least": 150}, 30.0), ({"at_least": 1, "at_most": 130}, -10.0)]
)
def test_a_bound_is_an_excess(bound: dict[str, float], excess: float) -> None:
    search = Search(make_config(objective__constraints={"parameters": bound}, search__pruner="none"))
    assert told(search, 0.1, 0.2, 0.3, 0.4).constraints == {"parameters": excess}


def test_a_sampler_of_one_objective_takes_no_more() -> None:
    with pytest.raises(ConfigError, match=r"search\.sampler: cmaes takes one objective, and objective\.also names 1"):
        objectives(["parameters"], search__sampler="cmaes")
    with pytest.raises(ConfigError, match="CmaEsSampler takes one objective"):
        objectives(["parameters"], search__sampler="optuna.samplers:CmaEsSampler")


def test_a_trial_that_gets_no_better_ends_complete() -> None:
    search = Search(make_config(training__early_stopping=2, search__pruner="none", search__epochs=9))
    result = train(search, 0.5, 0.6, 0.6, 0.55, 0.9)
    assert (result.state, result.epochs, result.early_stop_epoch, result.value) == ("complete", 4, 3, 0.55)
    assert arms_of(search)["s/capsule"].trials()[0].state == TrialState.COMPLETE
    assert search.until(0, 4) == 5, "it may end after any epoch"


def test_patience_can_be_searched() -> None:
    space = {"arm": ["a"], "early_stopping": [1, 3]}
    points = [{"arm": "a", "early_stopping": patience} for patience in (3, 1)]
    config = make_config(space=space, compare="arm", search__first=points, search__pruner="none", search__epochs=9)
    search = Search(config)
    assert [train(search, 0.5, 0.4, 0.4, 0.4, 0.4).epochs for _ in points] == [4, 2]


def test_early_stopping_minimizes_where_the_objective_does() -> None:
    search = Search(
        make_config(
            training__early_stopping=2, search__pruner="none", search__epochs=9, objective__direction="minimize"
        )
    )
    assert train(search, 0.9, 0.5, 0.6, 0.7).early_stop_epoch == 3
