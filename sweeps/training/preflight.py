"""Builds corners of a space before a sweep starts, and trains a few: an impossible network fails in seconds.

Runs in a child process with the GPUs hidden: the driver itself never imports Keras.
"""

from __future__ import annotations

import contextlib
import math
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
)
from sweeps.training.corners import choose_corners
from sweeps.training.costs import count_macs
from sweeps.training.epochs import Examples
from sweeps.training.inspection import Corner, Inspection
from sweeps.training.models import Blueprint, check_fresh
from sweeps.training.optimizers import check_optimizers

_TRAINED_ON = 4


def inspect_space(config: SweepConfig, data: Dataset, *, limit: int, measure: bool = False) -> Inspection:
    """Build corners, train a step of the smallest network of each kind, and compare what it reports with the objective.

    A kind is an arm, and within it the networks that come with one loss and one set of metrics.

    Args:
        config: The sweep.
        data: A few of its examples.
        limit: Networks to build at most: corners double with every param.
        measure: Whether to time a training step of the smallest and of the largest network too.

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
    by_size = sorted(corners, key=lambda corner: corner.size)
    reported = [look.train(corner) for corner in look.one_of_each_kind(by_size)]
    for metrics in reported:
        check_measures(config.objective, metrics, corners)
    extent = (by_size if len(by_size) == 1 else [by_size[0], by_size[-1]]) if measure else []
    seconds = tuple(look.time_step(corner.params) for corner in extent)
    common = tuple(name for name in reported[0] if all(name in metrics for metrics in reported))
    backend, warnings = keras.backend.backend(), tuple(dict.fromkeys(look.warnings))
    return Inspection(common, runtime, corners, backend, choice.networks, seconds, warnings)


def _network(params: Params, *, light: frozenset[str]) -> str:
    return repr(sorted((name, value) for name, value in params.items() if name not in light))


@dataclass
class _Look:
    """Builds and trains models of one sweep; `kinds` are those of the corners built, in their order."""

    config: SweepConfig
    data: Dataset
    blueprint: Blueprint
    examples: Examples
    kinds: dict[int, str] = field(default_factory=dict)
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
            check_setters(self.blueprint, model, params, self.config)
            corner = Corner(dict(params), model.count_params(), count_macs(model))
        arm = params.get(self.config.compare) if self.config.compare else None
        self.kinds[id(corner)] = repr((arm, None if plain else _compiled_with(model, params)))
        return corner

    def one_of_each_kind(self, corners: list[Corner]) -> Iterator[Corner]:
        """The first of every kind."""
        return iter({self.kinds[id(corner)]: corner for corner in reversed(corners)}.values())

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

    def train(self, corner: Corner) -> tuple[str, ...]:
        """Train a step, validate and, if the sweep asks what that takes, predict; the names of the metrics."""
        (model, plain), (again, _) = self._build(corner.params), self._build(corner.params)
        x, y = self.examples.x[:_TRAINED_ON], self.examples.y[:_TRAINED_ON]
        model.run_eagerly = True
        outputs = len(getattr(model, "outputs", None) or ())
        why = f" (it has {outputs} outputs, and models with several are not supported)" if outputs > 1 else ""
        with blaming(f"{self._named} gives a model that cannot be trained for {corner.params}{why}"), _uncompiled():
            check_fresh(model, again)
            if plain and self.data.classes is not None:
                self._look_at_probabilities(model(x))
            model.optimizer.build(model.trainable_variables)
            before = model.test_on_batch(x, y, return_dict=True)
            if not math.isfinite(before.get("loss", 0.0)):
                raise ValueError(f"its loss is {before['loss']} before any training; look at the numbers in the data")
            model.train_on_batch(x, y)
            if "inference_seconds" in self.config.objective.measures or self.config.confirm.seeds:
                model.predict_on_batch(x)
        return (*before, *(f"val_{name}" for name in before))

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


def _compiled_with(model: keras.Model, params: Params) -> str:
    """Loss and metrics of a model that came compiled, which decide what it reports; its params if they have no text."""
    try:
        compiled = model.get_compile_config() or {}
    except (TypeError, ValueError):
        return repr(dict(params))
    return repr([compiled.get(key) for key in ("loss", "metrics", "weighted_metrics")])


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
