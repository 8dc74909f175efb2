"""Training as data: optimizers and schedules by name, the same numbers wherever a trial goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from sweeps.config import SweepConfig, TrainingConfig
from sweeps.config.training import Optimizer, OptimizerName
from sweeps.datasets import Dataset
from sweeps.driver import architecture_of
from sweeps.errors import ConfigError
from sweeps.records import TrialSpec
from sweeps.training.models import Blueprint
from sweeps.training.optimizers import check_optimizers, make_optimizer
from sweeps.training.preflight import inspect_space
from sweeps.training.trainer import Trainer

MakeConfig = Callable[..., SweepConfig]
MakeSpec = Callable[..., TrialSpec]
NAMES: tuple[str, ...] = OptimizerName.__args__  # type: ignore[attr-defined]


@pytest.fixture
def own(make_config: MakeConfig) -> MakeConfig:
    """A sweep of a plain classifier of rows, with training settings: `own(optimizer="sgd")`."""

    def make(*, space: dict[str, Any] | None = None, build: str = "classifier", **training: Any) -> SweepConfig:
        return make_config(
            model={"build": f"tests.sweeps.own_models:{build}"},
            space=space or {"width": [8]},
            compare=None,
            search={"trials": 2, "epochs": 6},
            training={"batch_size": 8, "learning_rate": 0.01, **training},
        )

    return make


@pytest.fixture
def rows() -> Dataset:
    x = np.random.default_rng(0).normal(size=(48, 4)).astype(np.float32)
    y = (x.sum(axis=1) > 0).astype(np.int32) + (x[:, 0] > 0)
    return Dataset(x[:32], y[:32], x[32:], y[32:], classes=3)


@pytest.fixture
def spec(make_spec: MakeSpec) -> Callable[..., TrialSpec]:
    return lambda number=0, epochs=6, **params: dataclasses.replace(make_spec(number, epochs=epochs), params=params)


def model_of(trainer: Trainer) -> keras.Model:
    return trainer._course.warm.model  # type: ignore[union-attr]


def rates(trainer: Trainer, trial: TrialSpec) -> list[float]:
    """The learning rate of each epoch."""
    found = []
    for epoch in range(trial.epochs):
        trainer.train(trial, epoch, attempt=1)
        found.append(float(model_of(trainer).optimizer.learning_rate))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_is_keras_own_of_that_name(name: str) -> None:
    optimizer = make_optimizer(Optimizer(name=name), 0.25)  # type: ignore[arg-type]
    assert type(optimizer).__name__.lower() == name
    assert float(optimizer.learning_rate) == 0.25


def test_all_of_them_take_a_step(own: MakeConfig) -> None:
    check_optimizers(own(space={"optimizer": list(NAMES)}))


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ({"name": "sgd", "momentun": 0.9}, "training.optimizer: sgd does not take {momentun: 0.9}: .*momentun"),
        ({"name": "sgd", "momentum": 7.5}, "training.optimizer: sgd does not take {momentum: 7.5}: ValueError"),
        ({"name": "adam", "beta_1": "much"}, "training.optimizer: adam does not take {beta_1: 'much'}"),
        ({"name": "adam", "learning_rate": 0.1}, "learning_rate belongs beside it; write training.learning_rate"),
    ],
)
def test_arguments_that_the_class_does_not_take_are_refused(
    own: MakeConfig, rows: Dataset, optimizer: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        inspect_space(own(optimizer=optimizer), rows, limit=64)


def test_the_optimizer_trains_with_its_arguments(own: MakeConfig, rows: Dataset, spec: MakeSpec) -> None:
    trainer = Trainer(own(optimizer={"name": "sgd", "momentum": 0.75}), rows, worker="w")
    trainer.train(spec(width=8), 0, attempt=1)
    optimizer = model_of(trainer).optimizer
    assert (type(optimizer).__name__, optimizer.momentum) == ("SGD", 0.75)
    assert float(optimizer.learning_rate) == pytest.approx(0.01)


def test_a_searched_optimizer_is_another_compiled_model(own: MakeConfig, rows: Dataset, spec: MakeSpec) -> None:
    space = {"optimizer": ["adam", "sgd"]}
    config = own(space=space, optimizer={"name": "sgd", "momentum": 0.75})
    assert len(inspect_space(config, rows, limit=64).corners) == 2
    trainer = Trainer(config, rows, worker="w")
    first = trainer.train(spec(0, optimizer="adam"), 0, attempt=1)
    second = trainer.train(spec(1, optimizer="sgd"), 0, attempt=1)
    assert second.traces > 0
    assert second.metrics != first.metrics
    assert model_of(trainer).optimizer.momentum == 0.75, "the settings in the sweep file are those of its own name"
    third = trainer.train(spec(0, optimizer="adam"), 0, attempt=1)
    assert third.traces == 0
    assert third.metrics == first.metrics
    plain = Trainer(own(space=space, optimizer={"name": "adam", "beta_1": 0.5}), rows, worker="w")
    plain.train(spec(1, optimizer="sgd"), 0, attempt=1)
    assert model_of(plain).optimizer.momentum == 0.0, "another name has Keras' defaults"


def test_what_makes_another_compiled_model_does_so_for_workers_and_trainers_alike(own: MakeConfig) -> None:
    config = own(space={"width": [4, 8]})
    blueprint = Blueprint.of(config, classes=3)
    base: dict[str, Any] = {"width": 4, "optimizer": "adam", "dtype_policy": "float32", "schedule": "cosine"}
    others = {"width": 8, "optimizer": "sgd", "dtype_policy": "mixed_bfloat16", "schedule": "constant"}
    settings = {"learning_rate": 0.5, "batch_size": 4, "early_stopping": 3}
    for name, value in (others | settings).items():
        changed = {**base, name: value}
        is_other = name in ("width", "optimizer", "dtype_policy")
        assert (blueprint.recipe(changed).key != blueprint.recipe(base).key) == is_other, name
        assert (architecture_of(changed, frozenset()) != architecture_of(base, frozenset())) == is_other, name


def test_a_searched_schedule_needs_no_new_graph_and_keeps_its_settings(
    own: MakeConfig, rows: Dataset, spec: MakeSpec
) -> None:
    config = own(space={"schedule": ["constant", "steps"]}, schedule={"name": "steps", "factors": [1.0, 0.5]})
    inspect_space(config, rows, limit=64)
    trainer = Trainer(config, rows, worker="w")
    assert rates(trainer, spec(0, 2, schedule="constant")) == pytest.approx([0.01, 0.01])
    assert rates(trainer, spec(1, 2, schedule="steps")) == pytest.approx([0.01, 0.005])
    assert trainer.train(spec(2, schedule="steps"), 0, attempt=1).traces == 0


FRESH = {"name": "steps", "factors": [1.0, 0.5, 0.25], "at": [2, 4], "fresh_optimizer": True}


@pytest.mark.parametrize("schedule", ["cosine", FRESH], ids=["cosine", "fresh"])
@pytest.mark.parametrize("optimizer", ["adam", {"name": "sgd", "momentum": 0.9}], ids=["adam", "sgd"])
def test_a_trial_goes_on_from_any_epoch_with_the_same_numbers(
    own: MakeConfig, rows: Dataset, spec: MakeSpec, schedule: Any, optimizer: Any
) -> None:
    config, trial = own(schedule=schedule, optimizer=optimizer), spec(width=8)
    one, other = Trainer(config, rows, worker="one"), Trainer(config, rows, worker="other")
    whole, checkpoints = [], []
    for epoch in range(6):
        whole.append(one.train(trial, epoch, attempt=1).metrics)
        checkpoints.append(one.checkpoint(0))
    weights = model_of(one).get_weights()
    for done in range(1, 6):
        other.train(spec(9, width=8), 0, attempt=1)
        rest = [other.train(trial, done, attempt=2, checkpoint=checkpoints[done - 1]).metrics]
        rest += [other.train(trial, epoch, attempt=2).metrics for epoch in range(done + 1, 6)]
        assert rest == whole[done:], f"from epoch {done}"
        for mine, theirs in zip(model_of(other).get_weights(), weights, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_compiled_model_keeps_its_rate_whatever_trials_came_before(
    own: MakeConfig, rows: Dataset, spec: MakeSpec
) -> None:
    config = own(build="settable", space={"learning_rate": {"float": [0.2, 0.4]}}, learning_rate=1e-3)
    trainer = Trainer(config, rows, worker="w")
    for params, rate in (({"learning_rate": 0.3}, 0.3), ({}, 0.1), ({"learning_rate": 0.4}, 0.4)):
        trainer.train(spec(0, **params), 0, attempt=1)
        assert float(model_of(trainer).optimizer.learning_rate) == pytest.approx(rate)


def test_the_usual_training_is_what_it_was() -> None:
    usual = TrainingConfig()
    assert (usual.optimizer.name, usual.optimizer.settings, usual.schedule.name) == ("adam", {}, "constant")
