"""A replayed search is the search that wrote the log, whatever sampler, pruner, budget and objectives it has."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from sweeps.codec import from_line, to_line
from sweeps.records import AnyEvent, AttemptLost, AttemptStarted, EpochEnded, ModelFacts, TrialEnded, TrialStarted
from sweeps.search import Search
from tests.sweeps.search_world import Fate, World, make_config, quality, resumed, studies

NUMBERS = {
    "arm": ["a", "b"],
    "x": {"float": [0.0, 1.0]},
    "y": {"float": [0.0, 1.0]},
    "z": {"float": [0.0, 1.0], "when": {"arm": "b"}},
}
FEW = {"arm": ["a", "b"], "n": {"int": [1, 3]}, "m": {"choice": ["p", "q"], "when": {"arm": "b"}}}
FATES = {
    1: Fate("nan", 2),
    2: Fate("lost", 3, times=2),
    3: Fate("raise", 1),
    4: Fate("missing", 1),
    5: Fate("lost", 0),
    6: Fate("lost", 4, times=1),
    9: Fate("slow", 1),
}
CASES: dict[str, dict[str, Any]] = {
    "tpe, median": {},
    "random, hyperband": {"search__sampler": "random", "search__pruner": "hyperband"},
    "tpe, hyperband": {"search__pruner": {"name": "hyperband", "min_resource": 1}},
    "tpe, successive halving, early stopping": {
        "search__pruner": {"name": "successive_halving", "min_resource": 1, "reduction_factor": 2},
        "training__early_stopping": 3,
    },
    "percentile": {"search__pruner": {"name": "percentile", "startup_trials": 2, "warmup_steps": 2}},
    "patient": {"search__pruner": {"name": "patient", "patience": 1, "then": "hyperband"}},
    "wilcoxon": {"search__pruner": "wilcoxon"},
    "a pruner by its path": {"search__pruner": {"name": "optuna.pruners:ThresholdPruner", "lower": 0.3}},
    "cmaes": {"space": NUMBERS, "search__sampler": {"name": "cmaes", "population": 4}},
    "nsgaii": {"search__sampler": {"name": "nsgaii", "population": 3}},
    "qmc": {"space": NUMBERS, "search__sampler": "qmc"},
    "a sampler by its path": {"search__sampler": "optuna.samplers:TPESampler"},
    "a sampler that ends by itself": {"space": FEW, "search__sampler": "optuna.samplers:BruteForceSampler"},
    "a sampler by its path, each once": {
        "space": {"arm": ["a", "b"], "n": {"int": [1, 12]}},
        "search__sampler": "optuna.samplers:TPESampler",
        "search__repeats": "skip",
        "search__trials": 11,
    },
    "grid": {"search__sampler": {"name": "grid", "points": 2}},
    "brute force, again and again": {"space": FEW, "search__sampler": "brute_force"},
    "brute force, each once": {"space": FEW, "search__sampler": "brute_force", "search__repeats": "skip"},
    "tpe, each once": {"space": FEW, "search__repeats": "skip"},
    "nsgaii, each once": {
        "space": FEW,
        "search__sampler": {"name": "nsgaii", "population": 2},
        "search__repeats": "skip",
    },
    "qmc, each once": {
        "space": {"arm": ["a"], "n": {"int": [1, 12]}},
        "search__sampler": "qmc",
        "search__repeats": "skip",
        "search__trials": 12,
    },
    "a cohort": {"search__cohort": 6},
    "several objectives, hyperband": {
        "objective__also": ["parameters", {"metric": "loss", "direction": "minimize"}],
        "objective__constraints": {"parameters": {"at_most": 900}},
        "search__pruner": {"name": "hyperband", "min_resource": 1},
    },
    "gp": {"space": NUMBERS, "search__sampler": {"name": "gp", "startup_trials": 3}},
    "one search over all": {"compare": None, "search__trials": 16},
}


@pytest.mark.parametrize("case", CASES)
def test_a_log_cut_after_any_event_leads_to_the_same_sweep(case: str) -> None:
    if case == "gp" and find_spec("torch") is None:
        pytest.skip("torch, which the sampler gp needs, is an extra and not installed")
    changes = {"compare": "arm" if "space" in CASES[case] else "pooling", **CASES[case]}
    config = make_config(**{"search__trials": 8, "search__epochs": 9, **changes})
    search, world = Search(config), World(FATES)
    world.drive(search)
    for length in range(0, len(world.log), {"wilcoxon": 13}.get(case, 1 if len(world.log) < 120 else 3)):
        again, other = resumed(config, world, length)
        assert other.results() == world.results(), f"cut after {length} events"
        assert studies(again) == studies(search), f"cut after {length} events"
        assert set(other.count(TrialEnded).values()) == {1}


@pytest.mark.parametrize("name", ["hyperband", "successive_halving"])
def test_rungs_are_what_they_were(name: str) -> None:
    config = make_config(search__pruner={"name": name, "min_resource": 1}, search__epochs=9, search__trials=12)
    search, world = Search(config), World({})
    world.drive(search)
    rungs = [each for each in studies(search) if each[-1]]
    assert len(rungs) > 6, "no trial has come to a rung"
    again, _ = resumed(config, world, len(world.log))
    assert studies(again) == studies(search)


def test_a_result_that_the_log_lacks_follows_from_the_event_before_it() -> None:
    pruner = {"name": "successive_halving", "min_resource": 1}
    config = make_config(search__pruner=pruner, search__epochs=9, search__trials=12)
    search, world = Search(config), World(FATES)
    world.drive(search)
    ends = [place for place, event in enumerate(world.log) if isinstance(event, TrialEnded)]
    assert {world.log[place].state for place in ends} == {"complete", "pruned", "failed"}  # type: ignore[union-attr]
    for place in ends:
        due = Search(config).replay([from_line(to_line(event)) for event in world.log[:place]])
        assert [repr(replace(each, time=0)) for each in due] == [repr(replace(world.log[place], time=0))]


def test_seconds_of_lost_attempts_are_charged_again_at_replay() -> None:
    config = make_config(search__trials=None, search__seconds=30.0)
    search, world = Search(config), World({0: Fate("lost", 2, times=2), 1: Fate("raise", 3)})
    world.drive(search)
    again = Search(config)
    again.replay(world.log)
    assert [again._budget.spent(study) for study in again._arms] == [
        search._budget.spent(study) for study in search._arms
    ]


def test_facts_of_a_network_outlive_a_checkpoint() -> None:
    """The attempt that goes on from a checkpoint tells them again; one that was cut off before told them too."""
    config = make_config(objective__also=["parameters"], search__pruner="none", search__trials=1, compare=None)
    search = Search(config)
    work = search.ask()
    assert work is not None
    log: list[AnyEvent] = [
        work.spec,
        AttemptStarted(number=0, attempt=1, worker="w", wait_seconds=0.0, concurrency=1),
        epoch(work.spec, 0, 1, ModelFacts(parameters=7, macs=None, build_seconds=0.0, warm=False)),
        AttemptLost(number=0, attempt=1, worker="w", reason="gone"),
    ]
    again = Search(config)
    again.replay(log, checkpoints={0: 1})
    assert (going_on := again.ask()) is not None
    assert going_on.epoch == 1
    for number in range(1, 4):
        result = again.observe(epoch(work.spec, number, 2, None))
    assert isinstance(result, TrialEnded)
    assert (result.state, result.also) == ("complete", {"parameters": 7.0})


def epoch(spec: TrialStarted, number: int, attempt: int, facts: ModelFacts | None) -> EpochEnded:
    return EpochEnded(
        number=0,
        attempt=attempt,
        worker="w",
        epoch=number,
        step=1,
        metrics={"val_accuracy": quality(spec.params), "loss": 1.0},
        seconds=1.0,
        is_first=number == 0,
        traces=0,
        memory_bytes=1,
        model=facts,
    )


def test_the_fates_are_met() -> None:
    world = World(FATES)
    world.drive(Search(make_config(search__trials=8, search__epochs=9, search__pruner="none")))
    states = Counter(event.state for event in world.log if isinstance(event, TrialEnded))
    assert states["failed"] >= 5
    assert any(isinstance(event, AttemptLost) and not event.retry for event in world.log)
