"""The sweep files that come with the package."""

from __future__ import annotations

import pytest

from search_spaces import SpaceError, preset_names, read_preset
from sweeps.config import SweepConfig


def read(name: str) -> SweepConfig:
    return SweepConfig.from_text(read_preset(name), source=name)


def test_there_are_a_first_look_the_notebook_and_the_real_question() -> None:
    assert preset_names() == ["full", "notebook", "quickstart"]


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_valid_sweep_file_that_compares_the_poolings(name: str) -> None:
    config = read(name)
    assert config.compare == "pooling"
    assert config.arms[:2] == ("capsule", "max")
    for corner in config.space.corners():
        assert ("temperature" in corner) == ("routing_steps" in corner)
        assert corner["pooling"] == "capsule" or "temperature" not in corner


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_says_what_it_is_in_comments_and_asks_for_a_verdict_against_max(name: str) -> None:
    assert read_preset(name).startswith("# ")
    config = read(name)
    assert config.baseline == "max"
    assert config.confirm.seeds >= config.confirm.fewest_seeds(len(config.arms) - 1)


def test_the_real_question_has_every_phase() -> None:
    assert all(read("full").later_amounts.values())


def test_the_quickstart_stays_as_quick_as_it_was() -> None:
    config = read("quickstart")
    assert (config.arms, config.search.trials, config.search.epochs) == (("capsule", "max", "average"), 6, 2)
    assert (config.dataset.train, config.dataset.validation, config.dataset.test) == (2048, 1000, 1000)
    assert (config.training.batch_size, config.confirm.seeds) == (32, 7)
    assert config.model.args == {"batch_norm_momentum": 0.9, "dropout": [0.1, 0.1, 0.1]}
    assert config.search.sampler.model_dump() == {"name": "tpe", "startup_trials": 4}
    assert config.search.pruner.model_dump() == {"name": "median", "startup_trials": 3}
    assert config.space.to_mapping() == {
        "pooling": ["capsule", "max", "average"],
        "pool_size": {"int": [3, 4]},
        "routing_steps": {"int": [2, 3], "when": {"pooling": "capsule"}},
        "temperature": {"float": [0.1, 10.0], "log": True, "when": {"pooling": "capsule"}},
        "learning_rate": {"float": [1e-4, 1e-2], "log": True},
    }


def test_the_notebook_trains_one_config_of_each_pooling_several_times_as_it_did() -> None:
    config = read("notebook")
    assert config.arms == ("capsule", "max")
    assert all(config.space.fix("pooling", arm).size() == 1 for arm in config.arms)
    assert (config.search.trials, config.search.sampler.name, config.search.pruner.name) == (1, "random", "none")
    assert config.confirm.seeds == 10
    assert config.model.args == {
        "pool_size": 3,
        "routing_steps": 2,
        "temperature": 2.0,
        "batch_norm_momentum": 0.99,
        "dropout": [0.4, 0.4, 0.3],
    }
    training = config.training
    assert (training.batch_size, training.optimizer.name, training.early_stopping) == (128, "adam", 0)
    rates = [training.learning_rate * training.schedule.factor(epoch, 45) for epoch in range(config.search.epochs)]
    assert rates == pytest.approx([1e-3] * 15 + [1e-4] * 15 + [1e-5] * 15)
    assert training.schedule.fresh_optimizer


def test_the_real_question_draws_a_cohort_of_every_pooling() -> None:
    config = read("full")
    assert config.arms == ("capsule", "max", "average")
    assert (config.search.trials, config.search.epochs, config.search.cohort) == (60, 15, 20)
    assert config.search.sampler.name == "tpe"


@pytest.mark.parametrize("name", ["fulll", "", "full.yaml", "../presets/full", "__init__"])
def test_an_unknown_preset_lists_the_known_ones(name: str) -> None:
    with pytest.raises(SpaceError, match=r"no preset named .*; there are full, notebook, quickstart"):
        read_preset(name)
