"""Builds every corner of a space before a sweep starts, so that an impossible network fails in seconds.

Runs in a child process with the GPUs hidden: the driver itself never imports Keras.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Iterator

import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from search_spaces import Params
from sweeps.config import SweepConfig, TrainingConfig
from sweeps.errors import ConfigError
from sweeps.messages import explain
from sweeps.training.inspection import Corner, Inspection
from sweeps.training.models import Blueprint, Recipe, check_fresh, count_macs

_ENUMERATED = 100_000


def inspect_space(
    config: SweepConfig, shape: tuple[int, ...], classes: int, *, limit: int, measure: bool = False
) -> Inspection:
    """Build every corner, train the smallest network on two images, and compare the metrics with the objective.

    Args:
        config: The sweep.
        shape: Height and width of an image.
        classes: Number of labels.
        limit: Networks to build at most: corners double with every param.
        measure: Whether to time a training step of the largest network too.

    Raises:
        ConfigError: If a corner cannot be built or takes images of another shape, or if no model reports the metric.
    """
    blueprint = Blueprint.of(config)
    chosen, skipped = _choose_corners(blueprint, config, limit)
    images = (*shape, 1)
    corners = tuple(_build_corner(blueprint, params, images, classes) for params in chosen)
    by_size = sorted(corners, key=lambda corner: corner.macs or corner.parameters)
    metrics = _metrics_of(blueprint, by_size[0].params, images, classes)
    if config.objective.metric not in metrics:
        raise ConfigError(
            f"objective.metric: no model reports {config.objective.metric!r}; they report {', '.join(metrics)}"
        )
    seconds = _time_step(blueprint, by_size[-1].params, images, classes) if measure else None
    return Inspection(metrics, frozenset(blueprint.runtime_values), corners, keras.backend.backend(), skipped, seconds)


def _choose_corners(blueprint: Blueprint, config: SweepConfig, limit: int) -> tuple[list[Params], int]:
    """One corner for each different network, `limit` of them at most, and how many were left out."""
    networks: dict[str, Params] = {}
    for params in itertools.islice(config.space.corners(), _ENUMERATED):
        networks.setdefault(_recipe(blueprint, params).key, params)
    chosen = list(networks.values())
    if len(chosen) > limit:
        chosen = random.Random(0).sample(chosen, limit)
    return chosen, len(networks) - len(chosen)


def _build_corner(blueprint: Blueprint, params: Params, shape: tuple[int, ...], classes: int) -> Corner:
    model = _build(blueprint, params, shape)
    _check_shapes(model, params, shape, classes)
    return Corner(dict(params), model.count_params(), count_macs(model))


def _recipe(blueprint: Blueprint, params: Params) -> Recipe:
    try:
        return blueprint.recipe(params)
    except ValidationError as error:
        raise ConfigError(explain(error, TrainingConfig, source="space")) from None


def _build(blueprint: Blueprint, params: Params, shape: tuple[int, ...]) -> keras.Model:
    recipe = _recipe(blueprint, params)
    try:
        model, plain = blueprint.build_model(recipe, shape)
        blueprint.set_runtime(model, recipe)
        _check_owner(model, plain, params, recipe.training)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"model.build: fails for {dict(params)}: {type(error).__name__}: {' '.join(str(error).split())}"
        ) from error
    return model


def _check_owner(model: keras.Model, plain: bool, params: Params, training: TrainingConfig) -> None:
    """Refuse settings that a model which comes compiled would never hear of."""
    if plain:
        return
    usual = TrainingConfig()
    for key in ("optimizer", "schedule", "learning_rate"):
        if key != "learning_rate" and (key in params or getattr(training, key) != getattr(usual, key)):
            raise ConfigError(f"training.{key}: has no effect on a model that build has compiled; leave it out")
        if key in params:
            _check_settable(model)
        elif getattr(training, key) != getattr(usual, key):
            raise ConfigError(f"training.{key}: has no effect on a model that build has compiled; leave it out")


def _check_settable(model: keras.Model) -> None:
    if isinstance(getattr(model.optimizer, "_learning_rate", None), keras.optimizers.schedules.LearningRateSchedule):
        raise ConfigError(
            "space: learning_rate: cannot be set, because build has compiled the model with a schedule of its own; "
            "compile with a number"
        )


def _check_shapes(model: keras.Model, params: Params, shape: tuple[int, ...], classes: int) -> None:
    try:
        outputs = model(keras.Input(shape))
    except Exception as error:
        words = " ".join(str(error).split())
        raise ConfigError(f"model.build: takes no images of shape {shape} for {dict(params)}: {words}") from error
    found = getattr(outputs, "shape", None)
    if found is None or tuple(found[1:]) != (classes,):
        raise ConfigError(
            f"model.build: must give {classes} outputs an image, one for each class, got "
            f"{type(outputs).__name__ if found is None else tuple(found[1:])} for {dict(params)}"
        )


def _metrics_of(blueprint: Blueprint, params: Params, shape: tuple[int, ...], classes: int) -> tuple[str, ...]:
    model, again = (_build(blueprint, params, shape) for _ in range(2))
    images, labels = _noise(2, shape, classes)
    model.run_eagerly = True
    try:
        check_fresh(model, again)
        model.optimizer.build(model.trainable_variables)
        with _uncompiled():
            model.train_on_batch(images, labels)
            names = tuple(model.test_on_batch(images, labels, return_dict=True))
    except Exception as error:
        words = " ".join(str(error).split())
        raise ConfigError(f"model.build: its model cannot be trained: {type(error).__name__}: {words}") from error
    return (*names, *(f"val_{name}" for name in names))


@contextlib.contextmanager
def _uncompiled() -> Iterator[None]:
    """Run step by step what layers compile for themselves, too: compiling takes seconds, two images show as much."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _time_step(blueprint: Blueprint, params: Params, shape: tuple[int, ...], classes: int) -> float:
    model = _build(blueprint, params, shape)
    batch = _recipe(blueprint, params).training.batch_size
    images, labels = _noise(batch, shape, classes)
    for _ in range(2):  # the first traces, the second is still cold
        model.train_on_batch(images, labels)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        model.train_on_batch(images, labels)
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)[1] / batch


def _noise(count: int, shape: tuple[int, ...], classes: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    generator = np.random.default_rng(0)
    images = generator.random((count, *shape), dtype=np.float32)
    return images, generator.integers(classes, size=count, dtype=np.int32)
