"""Builds corners of a space before a sweep starts, so that an impossible network fails in seconds.

Runs in a child process with the GPUs hidden: the driver itself never imports Keras.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import numpy as np
from pydantic import ValidationError

from search_spaces import Params
from sweeps.config import SweepConfig, TrainingConfig
from sweeps.config.training import COMPILED_IN
from sweeps.datasets import Dataset
from sweeps.errors import ConfigError
from sweeps.functions import check_not_hidden
from sweeps.messages import explain
from sweeps.training.checks import (
    blaming,
    check_compiled,
    check_measures,
    check_outputs,
    check_setters,
    improbable,
    set_value,
    working_setters,
)
from sweeps.training.corners import choose_corners
from sweeps.training.costs import count_macs
from sweeps.training.epochs import Examples
from sweeps.training.inspection import Corner, Inspection
from sweeps.training.models import Blueprint, check_fresh
from sweeps.training.optimizers import check_optimizers

_TRAINED_ON = 4


def inspect_space(config: SweepConfig, data: Dataset, *, limit: int, measure: bool = False) -> Inspection:
    """Build corners, train the smallest network on a few examples, and compare what it reports with the objective.

    Args:
        config: The sweep.
        data: A few of its examples.
        limit: Networks to build at most: corners double with every param.
        measure: Whether to time a training step of the largest network too.

    Raises:
        ConfigError: If a corner cannot be built or takes examples of another shape, or if no model can be trained and
            judged as the sweep asks.
    """
    check_not_hidden(config.model.build, key="model.build")
    blueprint = Blueprint.of(config, classes=data.classes)
    runtime = frozenset(blueprint.runtime_values)
    light = runtime | (set(TrainingConfig.model_fields) - set(COMPILED_IN))
    choice = choose_corners(config.space, network_of=partial(_network, light=light), light=light, limit=limit)
    check_optimizers(config)
    look = _Look(config, data, blueprint, Examples.of(data))
    corners = tuple(map(look.build_corner, choice.chosen))
    check_setters(config, corners, runtime, look.working)
    by_size = sorted(corners, key=lambda corner: corner.macs or corner.parameters)
    metrics = look.train(by_size[0].params)
    check_measures(config.objective, metrics, corners)
    seconds = look.time_step(by_size[-1].params) if measure else None
    return Inspection(
        metrics, runtime, corners, keras.backend.backend(), choice.networks, seconds, tuple(look.warnings)
    )


def _network(params: Params, *, light: frozenset[str]) -> str:
    return repr(sorted((name, value) for name, value in params.items() if name not in light))


@dataclass
class _Look:
    """Builds and trains models of one sweep; `working` are the runtime values that were seen to change something."""

    config: SweepConfig
    data: Dataset
    blueprint: Blueprint
    examples: Examples
    working: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    @property
    def _named(self) -> str:
        return f"model.build: {self.config.model.build}"

    def build_corner(self, params: Params) -> Corner:
        model, plain = self._build(params)
        with blaming(f"{self._named} takes no examples of shape {self.examples.shape} for {dict(params)}"):
            outputs = model(keras.Input(self.examples.shape))
        if plain:
            self._check_labels()
            check_outputs(outputs, params, self.examples, self.data.classes)
        if not model.trainable_variables and not self.warnings:
            self.warnings.append(f"{self._named} gives a model without trainable weights for {dict(params)}")
        with blaming(f"{self._named} fails for {dict(params)}"):
            self.working |= working_setters(self.blueprint, model, params, self.config)
            return Corner(dict(params), model.count_params(), count_macs(model))

    def _build(self, params: Params) -> tuple[keras.Model, bool]:
        try:
            recipe = self.blueprint.recipe(params)
        except ValidationError as error:
            raise ConfigError(explain(error, TrainingConfig, source="space")) from None
        with blaming(f"{self._named} fails for {dict(params)}"):
            model, plain = self.blueprint.build_model(recipe, self.examples.shape)
        if not plain:
            check_compiled(model, params, self.config)
        for name, value in recipe.runtime.items():
            set_value(self.blueprint, model, name, value, self.config)
        with blaming(f"{self._named} fails for {dict(params)}"):
            self.blueprint.set_runtime(model, recipe, learning_rate=plain or "learning_rate" in params)
        return model, plain

    def _check_labels(self) -> None:
        if self.data.gap:
            raise ConfigError(
                f"dataset.load: labels {self.data.gap}; number them anew, or return y as floats for a quantity; only a "
                "model that comes compiled may take them as they are"
            )

    def _look_at_probabilities(self, outputs: Any) -> None:
        why = improbable(outputs)
        if why:
            self.warnings.append(
                f"{self._named} gives outputs that are no probabilities: {why}; cross-entropy takes them for such, so "
                "end the model with a softmax, or return it compiled with a loss for others"
            )

    def train(self, params: Params) -> tuple[str, ...]:
        """Train a step, validate and, if the sweep asks what that takes, predict; the names of the metrics."""
        (model, plain), (again, _) = self._build(params), self._build(params)
        x, y = self.examples.x[:_TRAINED_ON], self.examples.y[:_TRAINED_ON]
        model.run_eagerly = True
        outputs = len(getattr(model, "outputs", None) or ())
        why = f" (it has {outputs} outputs, and models with several are not supported)" if outputs > 1 else ""
        with blaming(f"{self._named} gives a model that cannot be trained{why}"), _uncompiled():
            check_fresh(model, again)
            if plain and self.data.classes is not None:
                self._look_at_probabilities(model(x))
            model.optimizer.build(model.trainable_variables)
            model.train_on_batch(x, y)
            names = tuple(model.test_on_batch(x, y, return_dict=True))
            if "inference_seconds" in self.config.objective.measures:
                model.predict_on_batch(x)
        return (*names, *(f"val_{name}" for name in names))

    def time_step(self, params: Params) -> float:
        """Seconds of training on one example of a batch."""
        model, _ = self._build(params)
        batch = self.blueprint.recipe(params).training.batch_size
        places = np.arange(batch) % len(self.examples.x)
        x, y = (keras.ops.convert_to_numpy(part)[places] for part in (self.examples.x, self.examples.y))
        seconds = []
        with blaming(f"{self._named} gives a model that cannot be trained for {dict(params)}"):
            for _ in range(5):  # the first traces, the second is still cold
                began = time.perf_counter()
                model.train_on_batch(x, y)
                seconds.append(time.perf_counter() - began)
        return sorted(seconds[2:])[1] / batch


@contextlib.contextmanager
def _uncompiled() -> Iterator[None]:
    """Run step by step what layers compile for themselves, too: that takes seconds, a few examples show as much."""
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
