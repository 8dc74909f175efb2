"""Whole draws: a sampler is asked as Optuna asks it, and what it has learned is told apart from chance."""

from __future__ import annotations

from typing import Any

import optuna

from search_spaces import SearchSpace
from sweeps.records import TrialStarted
from sweeps.search import Search
from sweeps.search.draw import WholeDraw, distributions
from tests.sweeps.search_world import World, make_config

SPACE = SearchSpace.from_mapping(
    {
        "kind": ["a", "b"],
        "x": {"float": [0.1, 10.0], "log": True},
        "n": {"int": [1, 4], "when": {"kind": "a"}},
        "only": {"int": [3, 3]},
        "one": ["z"],
    }
)


class Recording(optuna.samplers.RandomSampler):
    """Writes down who calls it."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed=seed)
        self.calls: list[str] = []

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        self.calls.append(f"before {trial.number}")

    def after_trial(self, study: Any, trial: optuna.trial.FrozenTrial, state: Any, values: Any) -> None:
        self.calls.append(f"after {trial.number} {state.name} {values}")

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        self.calls.append(param_name)
        return super().sample_independent(study, trial, param_name, param_distribution)


def test_a_sampler_is_asked_for_what_applies_and_is_not_settled_already() -> None:
    inner = Recording(0)
    study = optuna.create_study(sampler=WholeDraw(inner, SPACE, lambda draw: draw()))
    trial = study.ask()
    params = SPACE.suggest(trial)
    study.tell(trial, 1.0)
    applies = ["kind", "x", "n"] if params["kind"] == "a" else ["kind", "x"]
    assert inner.calls == ["before 0", *applies, "after 0 COMPLETE [1.0]"]
    assert (params["only"], params["one"]) == (3, "z")
    assert trial.params == params


def test_the_config_is_the_one_that_was_settled() -> None:
    point = {"kind": "a", "x": 2.5, "n": 2, "only": 3, "one": "z"}
    study = optuna.create_study(sampler=WholeDraw(Recording(0), SPACE, lambda draw: {**draw(), **point}))
    assert SPACE.suggest(study.ask()) == point


def test_distributions_are_those_that_optuna_keeps() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    for _ in range(4):
        trial = study.ask()
        params = SPACE.suggest(trial)
        assert distributions(SPACE, params) == trial.distributions


def test_a_model_that_draws_params_one_by_one_is_a_model_too() -> None:
    sampler = {"name": "tpe", "startup_trials": 2, "multivariate": False}
    world = World({})
    world.drive(Search(make_config(compare=None, search__trials=5, search__sampler=sampler, search__pruner="none")))
    phases = [event.sampler_phase for event in world.log if isinstance(event, TrialStarted)]
    assert phases == ["cohort", "cohort", "model", "model", "model"]
