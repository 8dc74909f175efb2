"""Samplers and pruners: their names, their settings, and what Optuna is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from sweeps.config import SweepConfig
from sweeps.errors import ConfigError
from sweeps.search import Search
from sweeps.search.pruners import PRUNERS, Hyperband, Median, Patient, Pruner, SuccessiveHalving, Wilcoxon
from sweeps.search.samplers import SAMPLERS, CmaEs, Nsga2, Qmc, Sampler, Tpe
from sweeps.search.settings import read_pruner, read_sampler


def asking(**search: Any) -> SweepConfig:
    return SweepConfig.from_mapping({"space": {"a": [1, 2]}, "search": search}, source="s")


def test_bare_names_have_the_default_settings() -> None:
    assert read_sampler(asking(sampler="tpe")) == Tpe(
        startup_trials=10, candidates=24, multivariate=True, constant_liar=True
    )
    assert type(read_sampler(asking(sampler="random"))) is Sampler
    assert read_pruner(asking(pruner="median")) == Median(startup_trials=5, warmup_steps=64)
    assert type(read_pruner(asking(pruner="none"))) is Pruner
    assert set(SAMPLERS) == {"random", "tpe", "grid", "brute_force", "qmc", "cmaes", "gp", "nsgaii"}
    assert set(PRUNERS) == {"none", "median", "percentile", "successive_halving", "hyperband", "patient", "wilcoxon"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sampler: hyperopt",
            "search.sampler.name: must be one of random, tpe, grid, brute_force, qmc, cmaes, gp, ",
        ),
        (
            "pruner: racing",
            "search.pruner.name: must be one of none, median, percentile, successive_halving, ",
        ),
        ("pruner: ''", "or package.module:Class, got ''"),
        (
            "sampler: {name: tpe, startup: 3}",
            "search.sampler (tpe): startup: unknown key; did you mean startup_trials? known keys are "
            "startup_trials, candidates, multivariate, constant_liar",
        ),
        (
            "sampler: {name: random, startup_trials: 3}",
            "search.sampler (random): startup_trials: unknown key; known keys are none",
        ),
        ("sampler: {name: tpe, settings: 3}", "search.sampler (tpe): settings: unknown key; "),
        (
            "pruner: {name: median, warmup: 3}",
            "search.pruner (median): warmup: unknown key; did you mean warmup_steps? known keys are startup_trials, "
            "warmup_steps",
        ),
        (
            "pruner: {name: none, warmup_steps: 3}",
            "search.pruner (none): warmup_steps: unknown key; known keys are none",
        ),
        (
            "sampler: {name: tpe, startup_trials: 0}",
            "startup_trials: must be at least 1, got 0",
        ),
        ("sampler: {name: tpe, startup_trials: true}", "startup_trials: must be a whole number, got True"),
        ("sampler: {name: tpe, candidates: 0}", "candidates: must be at least 1, got 0"),
        ("sampler: {name: tpe, multivariate: 1}", "multivariate: must be true or false, got 1"),
        (
            "pruner: {name: median, warmup_steps: -1}",
            "warmup_steps: must be at least 0, got -1",
        ),
        ("pruner: {name: median, warmup_steps: 1.5}", "warmup_steps: must be a whole number"),
        ("pruner: {name: median, startup_trials: 0}", "startup_trials: must be at least 1"),
    ],
)
def test_what_is_not_known_or_breaks_a_rule_is_refused_before_anything_starts(text: str, message: str) -> None:
    config = SweepConfig.from_text(f"space: {{a: [1, 2]}}\nsearch: {{{text}}}", source="s")
    with pytest.raises(ConfigError) as caught:
        Search(config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_optuna_is_given_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(optuna.samplers.TPESampler, "__init__", lambda self, **settings: given.append(settings))
    monkeypatch.setattr(optuna.samplers, "RandomSampler", lambda **settings: given.append(settings))
    monkeypatch.setattr(optuna.pruners, "PercentilePruner", lambda share, **settings: given.append(settings))
    Tpe(startup_trials=3, candidates=5, multivariate=False, constant_liar=False).make(7)
    Sampler().make(8)
    Median(startup_trials=2, warmup_steps=5).make(steps_per_epoch=2, epochs=9)
    assert given == [
        {
            "n_startup_trials": 3,
            "n_ei_candidates": 5,
            "multivariate": False,
            "constant_liar": False,
            "seed": 7,
        },
        {"seed": 8},
        {"n_startup_trials": 2, "n_warmup_steps": 2},
    ]


def test_settings_written_out_are_those_optuna_would_choose() -> None:
    ours, theirs = (vars(sampler) for sampler in (Tpe().make(0), optuna.samplers.TPESampler(seed=0)))
    assert {key: ours[key] for key in ("_n_startup_trials", "_n_ei_candidates", "_constant_liar")} == {
        key: theirs[key] for key in ("_n_startup_trials", "_n_ei_candidates", "_constant_liar")
    }
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    assert study.sampler._is_multivariate(study) is Tpe().multivariate  # type: ignore[attr-defined]


@pytest.mark.parametrize("rare", ["failed", "complete", "feasible"])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("constant_liar", [True, False])
@pytest.mark.parametrize("multivariate", [True, False])
def test_draws_are_optunas_own_whatever_becomes_of_trials(
    multivariate: bool, constant_liar: bool, direction: str, rare: str
) -> None:
    settings = {"multivariate": multivariate, "constant_liar": constant_liar}

    def draw(make: Callable[[int, optuna.samplers.BaseSampler], optuna.samplers.BaseSampler]) -> list[dict[str, Any]]:
        study = optuna.create_study(direction=direction)
        running: list[optuna.Trial] = []
        for number in range(150):
            study.sampler = make(number, study.sampler)
            trial = study.ask()
            x, kind = trial.suggest_float("x", -1, 1), trial.suggest_categorical("kind", ["a", "b"])
            if number % 11 == 5:
                running.append(trial)
                continue
            y = trial.suggest_int("y", 0, 9) if number > 30 or kind == "a" else 3
            trial.suggest_int("fixed", 4, 4)
            if number % 11 == 10:
                late = running.pop()
                value = 1.0 + late.suggest_int("y", 0, 9)
                study.tell(
                    late, value if rare == "failed" else None, state=None if rare == "failed" else TrialState.FAIL
                )
            if number % (29 if rare == "feasible" else 5):
                trial.set_constraint("width", 0.1 + round(abs(x), 1) if rare == "feasible" else x - 0.9)
            if number % 29 == 0 if rare == "complete" else number % 7:
                study.tell(trial, round(x * x, 1) + y)  # many are equal
                continue
            for step in range(number % 3):
                trial.report(math.nan if number % 2 else round(x, 1), step)
            study.tell(trial, state=TrialState.PRUNED if number % 4 else TrialState.FAIL)
        return [trial.params for trial in study.trials]

    class Plain(optuna.samplers.TPESampler):
        def _get_params(self, trial: optuna.trial.FrozenTrial, study: optuna.Study) -> dict[str, Any]:
            return trial.params

    ours = draw(Tpe(**settings).make)
    assert ours == draw(lambda seed, last: Plain(seed=seed, **settings))


@pytest.mark.parametrize(
    ("kind", "name", "asked", "given"),
    [
        (
            "samplers",
            "CmaEsSampler",
            CmaEs(startup_trials=3, population=6, sigma=0.5, with_margin=True),
            {
                "n_startup_trials": 3,
                "popsize": 6,
                "sigma0": 0.5,
                "with_margin": True,
                "consider_pruned_trials": False,
            },
        ),
        ("samplers", "CmaEsSampler", CmaEs(consider_pruned=True), {"consider_pruned_trials": True, "popsize": None}),
        (
            "samplers",
            "NSGAIISampler",
            Nsga2(population=6, mutation=0.1, crossover=0.2, swapping=0.3),
            {
                "population_size": 6,
                "mutation_prob": 0.1,
                "crossover_prob": 0.2,
                "swapping_prob": 0.3,
            },
        ),
        ("samplers", "QMCSampler", Qmc(sequence="halton", scramble=False), {"qmc_type": "halton", "scramble": False}),
        (
            "pruners",
            "SuccessiveHalvingPruner",
            SuccessiveHalving(min_resource=2, reduction_factor=4, skipped_rungs=1),
            {
                "min_resource": 2,
                "reduction_factor": 4,
                "min_early_stopping_rate": 1,
            },
        ),
        ("pruners", "HyperbandPruner", Hyperband(), {"min_resource": 32, "max_resource": 40, "reduction_factor": 3}),
        (
            "pruners",
            "HyperbandPruner",
            Hyperband(min_resource=5, max_resource=9),
            {"min_resource": 5, "max_resource": 9},
        ),
        (
            "pruners",
            "WilcoxonPruner",
            Wilcoxon(p_threshold=0.2, startup_steps=4),
            {
                "p_threshold": 0.2,
                "n_startup_steps": 4,
            },
        ),
        ("pruners", "PatientPruner", Patient(patience=7, min_delta=0.5), {"patience": 7, "min_delta": 0.5}),
    ],
)
def test_every_setting_reaches_optuna(
    monkeypatch: pytest.MonkeyPatch, kind: str, name: str, asked: Any, given: dict[str, Any]
) -> None:
    found: dict[str, Any] = {}
    monkeypatch.setattr(getattr(optuna, kind), name, lambda *inner, **settings: found.update(settings))
    asked.make(7) if kind == "samplers" else asked.make(steps_per_epoch=2, epochs=40)
    assert {key: found[key] for key in given} == given
    if kind == "samplers":
        assert found["seed"] == 7


def test_what_is_recorded_of_a_pruner_is_what_it_does() -> None:
    (study,) = Search(asking(pruner="hyperband", epochs=9)).studies()
    assert study.pruner_settings == {"min_resource": 9, "max_resource": 9, "reduction_factor": 3}
    (study,) = Search(asking(pruner={"name": "successive_halving", "min_resource": 2})).studies()
    assert study.pruner_settings["min_resource"] == 2


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        ("nowhere:Sampler", "search.sampler.name: cannot import 'nowhere:Sampler'"),
        (
            "collections:Counter",
            "search.sampler.name: 'collections:Counter' must be a subclass of optuna's BaseSampler",
        ),
        (
            {"name": "optuna.samplers:TPESampler", "speed": 3},
            "search.sampler: optuna.samplers:TPESampler cannot be made",
        ),
        ("tests.sweeps.test_settings:Refusing", "cannot be made: RuntimeError: not today"),
    ],
)
def test_a_sampler_that_cannot_suggest_is_refused_before_anything_starts(sampler: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Search(asking(sampler=sampler))
    assert message in str(caught.value)


class Refusing(optuna.samplers.RandomSampler):
    def sample_independent(self, *arguments: Any, **settings: Any) -> Any:
        raise RuntimeError("not today")


def test_a_grid_of_optunas_own_draws_what_its_grid_holds() -> None:
    sampler = {"name": "optuna.samplers:GridSampler", "search_space": {"a": [1, 2]}}
    config = SweepConfig.from_mapping({"space": {"a": [1, 2]}, "search": {"sampler": sampler, "trials": 2}}, source="s")
    search = Search(config)
    asked = [search.ask(), search.ask()]
    assert {work.spec.params["a"] for work in asked if work} == {1, 2}


def test_brute_force_counts_before_it_lists() -> None:
    for domain in ({"int": [0, 2**52]}, {"int": [1, 10**7]}):
        config = SweepConfig.from_mapping({"space": {"a": domain}, "search": {"sampler": "brute_force"}}, source="s")
        with pytest.raises(ConfigError, match="plans more than 100,000 configs"):
            Search(config)
