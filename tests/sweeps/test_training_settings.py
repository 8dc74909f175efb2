"""Training as data: the optimizer and the learning rate of every epoch are those of the sweep file or of the config."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from sweeps.config import Schedule, SweepConfig
from sweeps.datasets import Dataset
from sweeps.driver import architecture_of
from sweeps.errors import ConfigError
from sweeps.records import TrialSpec
from sweeps.training.preflight import inspect_space
from sweeps.training.trainer import Trainer

MakeSpec = Callable[..., TrialSpec]
STEPS = {"name": "steps", "factors": [1.0, 0.1, 0.01], "fresh_optimizer": True}
MODELS = "tests.sweeps.user_models"


@pytest.fixture
def make_trainer(make_config: Callable[..., SweepConfig], data: Dataset) -> Callable[..., Trainer]:
    def make(**training: Any) -> Trainer:
        config = make_config(model={"build": f"{MODELS}:plain"}, training={"batch_size": 32, **training})
        return Trainer(config, data, worker="w")

    return make


def optimizer(trainer: Trainer) -> Any:
    return trainer._course.warm.model.optimizer  # type: ignore[union-attr]


def rates(trainer: Trainer, spec: TrialSpec) -> list[float]:
    found = []
    for epoch in range(spec.epochs):
        trainer.train(spec, epoch, attempt=1)
        found.append(float(optimizer(trainer).learning_rate))
    return found


def weights(trainer: Trainer) -> list[Any]:
    return trainer._course.warm.model.get_weights()  # type: ignore[union-attr,no-any-return]


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", [1, 1, 1, 1, 1, 1]),
        (STEPS, [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ({"name": "steps", "factors": [1.0, 0.5], "at": [1]}, [1, 0.5, 0.5, 0.5, 0.5, 0.5]),
        ("cosine", [1.0, 0.9330127, 0.75, 0.5, 0.25, 0.0669873]),
    ],
)
def test_every_epoch_has_its_rate(
    make_trainer: Callable[..., Trainer], make_spec: MakeSpec, schedule: Any, factors: list[float]
) -> None:
    trainer = make_trainer(schedule=schedule)
    found = rates(trainer, make_spec(0, epochs=6, learning_rate=0.01))
    assert found == pytest.approx([0.01 * factor for factor in factors], rel=1e-6)


def test_the_rate_changes_without_a_new_graph(make_trainer: Callable[..., Trainer], make_spec: MakeSpec) -> None:
    trainer, spec = make_trainer(schedule=STEPS), make_spec(0, epochs=6)
    traces = [trainer.train(spec, epoch, attempt=1).traces for epoch in range(6)]
    assert traces[0] > 0
    assert traces[1:] == [0] * 5


@pytest.mark.parametrize(("fresh", "iterations"), [(True, [2, 4, 2, 4, 2, 4]), (False, [2, 4, 6, 8, 10, 12])])
def test_a_fresh_optimizer_has_forgotten_everything(
    make_trainer: Callable[..., Trainer], make_spec: MakeSpec, fresh: bool, iterations: list[int]
) -> None:
    trainer, spec = make_trainer(schedule={**STEPS, "fresh_optimizer": fresh}), make_spec(0, epochs=6)
    found = []
    for epoch in range(6):
        trainer.train(spec, epoch, attempt=1)
        found.append(int(optimizer(trainer).iterations))
    assert found == iterations


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_a_schedule_goes_on_from_a_checkpoint_bit_for_bit(
    make_trainer: Callable[..., Trainer], make_spec: MakeSpec, after: int
) -> None:
    one, other, spec = make_trainer(schedule=STEPS), make_trainer(schedule=STEPS), make_spec(0, epochs=6)
    checkpoint = b""
    for epoch in range(6):
        one.train(spec, epoch, attempt=1)
        if epoch + 1 == after:
            checkpoint = one.checkpoint(0)
    other.train(spec, after, attempt=2, checkpoint=checkpoint)
    for epoch in range(after + 1, 6):
        other.train(spec, epoch, attempt=2)
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_an_optimizer_is_made_by_name_with_its_arguments(
    make_trainer: Callable[..., Trainer], make_spec: MakeSpec
) -> None:
    trainer = make_trainer(optimizer={"name": "sgd", "momentum": 0.75})
    trainer.train(make_spec(0), 0, attempt=1)
    assert isinstance(optimizer(trainer), keras.optimizers.SGD)
    assert optimizer(trainer).momentum == 0.75
    trainer.train(make_spec(1, optimizer="rmsprop"), 0, attempt=1)
    assert isinstance(optimizer(trainer), keras.optimizers.RMSprop)
    trainer.train(make_spec(2, optimizer="sgd"), 0, attempt=1)
    assert optimizer(trainer).momentum == 0.75, "the settings are those of this name"


def test_another_optimizer_is_another_model_on_a_worker_and_another_schedule_is_not() -> None:
    same = frozenset[str]()
    assert architecture_of({"optimizer": "sgd"}, same) != architecture_of({"optimizer": "adam"}, same)
    assert architecture_of({"schedule": "cosine"}, same) == architecture_of({"schedule": "constant"}, same)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"optimizer": {"name": "sgd", "speed": 3}}}, r"training\.optimizer"),
        (
            {"model": {"build": f"{MODELS}:settled"}, "training": {"optimizer": "sgd"}},
            r"training\.optimizer: would",
        ),
        ({"model": {"build": f"{MODELS}:settled"}, "training": {"schedule": "cosine"}}, r"training\.schedule: would"),
        (
            {"model": {"build": f"{MODELS}:settled"}, "training": {"learning_rate": 0.1}},
            r"training\.learning_rate: would",
        ),
        ({"model": {"build": f"{MODELS}:scheduled"}}, "space: learning_rate: cannot be set"),
    ],
)
def test_what_would_have_no_effect_is_refused_before_anything_starts(
    make_config: Callable[..., SweepConfig], data: Dataset, changes: dict[str, Any], message: str
) -> None:
    space = {"pooling": ["max", "capsule"], "pool_size": {"int": [3, 4]}}
    if "scheduled" in str(changes):
        space["learning_rate"] = {"float": [0.001, 0.01]}
    config = make_config(**{"space": space, "model": {"build": f"{MODELS}:plain"}, **changes})
    with pytest.raises(ConfigError, match=message):
        inspect_space(config, data, limit=4)


def test_a_schedule_knows_its_steps() -> None:
    steps = Schedule(name="steps", factors=(1.0, 0.1, 0.01))
    assert [steps.step(epoch, 45) for epoch in (0, 14, 15, 29, 30, 44)] == [0, 0, 1, 1, 2, 2]
    assert [steps.step(epoch, 2) for epoch in range(2)] == [0, 1]
