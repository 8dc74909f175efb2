"""Users' own models: built, checked and trained, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.errors import ConfigError
from sweeps.records import TrialSpec
from sweeps.training.costs import count_macs
from sweeps.training.inspection import Corner, Inspection
from sweeps.training.preflight import inspect_space
from sweeps.training.trainer import Trainer

MakeConfig = Callable[..., SweepConfig]


@pytest.fixture
def users(make_config: MakeConfig) -> Callable[..., SweepConfig]:
    def make(build: str, **changes: Any) -> SweepConfig:
        return make_config(
            model={"build": f"tests.sweeps.user_models:{build}"},
            space={"width": {"int": [4, 16]}, "learning_rate": {"float": [1e-3, 1e-2]}},
            compare=None,
            **changes,
        )

    return make


def width_spec(make_spec: Callable[..., TrialSpec], number: int, **params: Any) -> TrialSpec:
    import dataclasses

    return dataclasses.replace(make_spec(number), params=params)


@pytest.mark.parametrize("build", ["without_input", "subclassed", "compiled"])
def test_a_users_model_trains_warm_and_gives_the_same_numbers_again(
    users: MakeConfig, data: Dataset, make_spec: Callable[..., TrialSpec], build: str
) -> None:
    rate = {} if build == "compiled" else {"learning_rate": 1e-2}
    config = users(build)
    a, b = width_spec(make_spec, 0, width=8, **rate), width_spec(make_spec, 1, width=8, **rate)
    trainer = Trainer(config, data, worker="w")
    first = [trainer.train(a, epoch, attempt=1) for epoch in range(2)]
    trainer.train(b, 0, attempt=1)
    again = [trainer.train(a, epoch, attempt=1) for epoch in range(2)]
    assert [report.metrics for report in again] == [report.metrics for report in first]
    assert again[0].traces == 0
    assert again[0].model is not None
    assert again[0].model.parameters == 784 * 8 + 8 + 80 + 10
    assert again[0].model.macs == (None if build == "subclassed" else 784 * 8 + 80)


def test_a_model_without_weights_until_its_first_call_can_be_trained(
    users: MakeConfig, data: Dataset, make_spec: Callable[..., TrialSpec]
) -> None:
    config = users("unbuilt")
    assert "val_accuracy" in inspect_space(config, data, limit=64).metrics
    report = Trainer(config, data, worker="w").train(width_spec(make_spec, 0, width=8), 0, attempt=1)
    assert report.model is not None
    assert report.model.parameters == 7850


def test_a_model_that_is_not_new_is_never_trained_on(
    users: MakeConfig, data: Dataset, make_spec: Callable[..., TrialSpec]
) -> None:
    trainer = Trainer(users("the_same_again"), data, worker="w")
    trainer.train(width_spec(make_spec, 0, width=8), 0, attempt=1)
    with pytest.raises(ValueError, match="must build a new model at each call"):
        trainer.train(width_spec(make_spec, 1, width=8), 0, attempt=1)


def test_metrics_corners_and_a_step_are_found_out(users: MakeConfig, data: Dataset) -> None:
    found = inspect_space(users("without_input"), data, limit=64, measure=True)
    assert set(found.metrics) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert [corner.parameters for corner in found.corners] == [784 * w + w + 10 * w + 10 for w in (4, 16)]
    assert len(found.example_seconds) == 2
    assert all(seconds > 0 for seconds in found.example_seconds)
    compiled = inspect_space(users("compiled", objective={"metric": "val_top2"}), data, limit=64)
    assert set(compiled.metrics) == {"top2", "loss", "val_top2", "val_loss"}


def test_no_more_corners_are_built_than_allowed(users: MakeConfig, data: Dataset) -> None:
    found = inspect_space(users("without_input"), data, limit=1)
    assert (len(found.corners), found.networks, found.left_out) == (1, 2, "2 different networks")


def test_what_was_left_out_is_told_and_not_guessed() -> None:
    built = (Corner({"a": 1}, 1, 1),)
    found = [Inspection((), frozenset(), built, networks=networks).left_out for networks in (1, 1024, None)]
    assert found == [None, "1,024 different networks", "more than 100,000 corners"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        ("wrong_images", r"takes no examples of shape \(28, 28, 1\)"),
        ("wrong_classes", r"must give 10 outputs an example, one for each class, got \(3,\)"),
        ("two_outputs", "must give one output, since models with several are not supported, got 2 for"),
        (
            "two_compiled_outputs",
            r"cannot be trained for .* \(it has 2 outputs, and models with several are not supported\): ",
        ),
        ("two_inputs", r"must have one input, since models with several are not supported, got 2 \(left, right\); put"),
        ("no_model", "must return a keras.Model, got int"),
        ("the_same_again", "shares weights with the model of an earlier call"),
        ("breaks_in_training", "cannot be trained for .*: ValueError: planted: cannot be trained"),
        ("leaves", "fails for .*SystemExit"),
        ("too_wide", "fails for {'width': 16, .*width must not exceed 8"),
        ("nothing", "cannot import 'tests.sweeps.user_models:nothing'"),
        ("SHAPE", "must be a function, got tuple"),
    ],
)
def test_a_model_that_cannot_be_swept_is_refused(users: MakeConfig, data: Dataset, build: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        inspect_space(users(build), data, limit=64)


def test_macs_count_kernels_where_they_are_applied() -> None:
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same")(images)
    inner = keras.Sequential([keras.Input((4, 4, 5)), keras.layers.Flatten(), keras.layers.Dense(7)])
    model = keras.Model(images, inner(keras.layers.BatchNormalization()(x)))
    assert count_macs(model) == 4 * 4 * 3 * 3 * 3 * 5 + 80 * 7
    assert np.isclose(count_macs(model) or 0, 2160 + 560)
