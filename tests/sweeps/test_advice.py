"""What a plan warns of: choices that will not do what they are there for."""

from __future__ import annotations

from typing import Any

import pytest

from sweeps.search.advice import advise
from tests.sweeps.search_world import make_config

FEW = {"pooling": ["a", "b"], "n": {"int": [1, 3]}}
HANGING = {
    "pooling": ["a", "b"],
    "kind": ["p", "q"],
    "x": {"float": [0, 1], "when": {"kind": "p"}},
    "own": {"float": [0, 1], "when": {"pooling": "b"}},
}
FINE: dict[str, Any] = {"search__trials": 60, "search__epochs": 40, "search__sampler": "tpe", "search__pruner": "none"}
SHORT = {"search__epochs": 2}

WARNED: dict[str, tuple[dict[str, Any], str]] = {
    "random to the end": (
        {"search__trials": 10},
        "tpe draws the first 10 trials of an arm at random, which are all 10",
    ),
    "a cohort to the end": ({"search__cohort": 60}, "draws the first 60 trials of an arm at random"),
    "one generation": ({"search__sampler": "nsgaii"}, "60 trials are fewer than three generations of 50"),
    "no seed": (
        {"search__sampler": {"name": "optuna.samplers:BruteForceSampler", "seed": None}, "space": FEW},
        "pooling a has 3 configs",
    ),
    "conditions": ({"search__sampler": "qmc", "space": HANGING}, "qmc knows no conditions, and draws x at random"),
    "few configs": ({"space": FEW}, "pooling a has 3 configs: some of its 60 trials differ only in their seeds"),
    "few configs, each once": (
        {"space": FEW, "search__repeats": "skip"},
        "skip ends pooling b after all its configs, 3, before its 60 trials",
    ),
    "a grid too large": (
        {"search__sampler": {"name": "grid", "points": 50}},
        "60 trials are not enough for the 450 configs that pooling capsule has in the plan",
    ),
    "late pruner": (
        {"search__pruner": {"name": "median", "warmup_steps": 100}},
        "median stops no trial before epoch 50",
    ),
    "startup of the pruner": (
        {"search__pruner": {"name": "median", "startup_trials": 60}},
        "median lets the first 60 trials of an arm run, and it has 60",
    ),
    "hasty pruner": (
        {"search__pruner": {"name": "successive_halving", "min_resource": 2}},
        "successive_halving judges a trial after 6 optimizer steps",
    ),
    "rungs beyond the end": (
        {"search__pruner": {"name": "successive_halving", "min_resource": 39}},
        "successive_halving stops no trial before epoch 40",
    ),
    "patience beyond the end": (
        {"search__pruner": {"name": "patient", "patience": 39}},
        "patient stops no trial before epoch 41",
    ),
    "brackets": (
        {"search__pruner": {"name": "hyperband", "min_resource": 1}},
        "the smallest of 4 gets about 5 of 60; ask for 74",
    ),
    "too long a resource": (
        {"search__pruner": {"name": "hyperband", "min_resource": 34, "max_resource": 41}},
        "hyperband counts on 41 epochs, and trials have 40",
    ),
    "folds": ({"search__pruner": "wilcoxon"}, "wilcoxon is made for values that may come in any order"),
    "the pruner behind another": (
        {"search__pruner": {"name": "patient", "then": {"name": "median", "startup_trials": 500}}},
        "patient lets the first 500 trials of an arm run",
    ),
    "a setting that there is": (
        {"search__pruner": {"name": "wilcoxon", "startup_steps": 1}},
        "means anything; set startup_steps",
    ),
    "nothing learned": (
        {"search__warm_start": ["runs/one"], "search__sampler": {"name": "nsgaii", "population": 20}},
        "nsgaii learns nothing from the trials of other runs; tpe and gp do",
    ),
    "patience in the space": (
        {"space": {"pooling": ["a", "b"], "x": {"float": [0, 1]}, "early_stopping": [3, 60]}},
        "60 epochs without a better one cannot pass in 40",
    ),
    "factors": (
        {"training__schedule": {"name": "steps", "factors": [0.5**n for n in range(41)]}},
        "training.schedule: of the 41 factors of steps, trials of 40 epochs use 40; name fewer",
    ),
    "factors in the space": (
        {"space": {"pooling": ["a", "b"], "x": {"float": [0, 1]}, "schedule": ["steps", "cosine"]}, **SHORT},
        "of the 3 factors of steps, trials of 2 epochs use 2",
    ),
    "early stopping": ({"training__early_stopping": 40}, "40 epochs without a better one cannot pass in 40"),
}


@pytest.mark.parametrize("case", WARNED)
def test_a_choice_in_vain_is_warned_of(case: str) -> None:
    changes, message = WARNED[case]
    warnings = list(advise(make_config(**{**FINE, **changes})))
    assert any(message in warning for warning in warnings), warnings


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"search__sampler": "random"},
        {"search__trials": 11},
        {"search__pruner": "median"},
        {"search__pruner": {"name": "hyperband", "min_resource": 32}},
        {"search__sampler": "cmaes"},
        {"search__sampler": {"name": "nsgaii", "population": 20}},
        {"search__sampler": "brute_force", "search__trials": 3, "space": FEW},
        {"search__trials": None, "search__seconds": 9.0, "search__pruner": "median"},
        {"space": FEW, "search__trials": 3, "search__sampler": "random", "search__repeats": "skip"},
        {"search__warm_start": ["runs/one"], "search__trials": 5},
        {"training__early_stopping": 39},
        {"training__schedule": {"name": "steps", "factors": [0.5**n for n in range(40)]}},
        {"training__schedule": "cosine", **SHORT},
    ],
)
def test_a_choice_that_works_is_not(changes: dict[str, Any]) -> None:
    assert list(advise(make_config(**{**FINE, **changes}))) == []
