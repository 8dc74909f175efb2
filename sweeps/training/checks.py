"""What a model must keep to, to be swept: looked at on a built model before a sweep starts."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from search_spaces import Params, ParamValue
from sweeps.config import COSTS, ObjectiveConfig, SweepConfig, TrainingConfig
from sweeps.errors import ConfigError
from sweeps.functions import in_words, is_interrupt
from sweeps.training.epochs import Examples
from sweeps.training.inspection import Corner
from sweeps.training.models import Blueprint

_ROUNDING = 0.02
"""By so much may probabilities in half precision miss a sum of 1."""


@contextlib.contextmanager
def blaming(what: str) -> Iterator[None]:
    """Turn whatever a user's code raises into a message that begins with a key of the sweep file."""
    try:
        yield
    except ConfigError:
        raise
    except BaseException as error:
        if is_interrupt(error):
            raise
        raise ConfigError(f"{what}: {in_words(error)}") from error


def check_outputs(outputs: Any, params: Params, examples: Examples, classes: int | None) -> None:
    """Compare what a model that is compiled here gives with what it is to learn.

    Raises:
        ConfigError: If it gives another shape.
    """
    several = len(keras.tree.flatten(outputs))
    if several > 1:
        raise ConfigError(
            f"model.build: must give one output, since models with several are not supported, got {several} for "
            f"{dict(params)}; join them inside the model"
        )
    found = getattr(outputs, "shape", None)
    wanted: list[tuple[int, ...]] = [(classes,)] if classes is not None else [tuple(examples.y.shape[1:])]
    if wanted == [()]:  # a number for each example: with an axis of one or without
        wanted.append((1,))
    if found is None or tuple(found[1:]) not in wanted:
        shape = type(outputs).__name__ if found is None else tuple(found[1:])
        rule = f"{classes} outputs an example, one for each class" if classes else f"outputs of shape {wanted[-1]} as y"
        raise ConfigError(
            f"model.build: must give {rule}, got {shape} for {dict(params)}; a model with other outputs comes "
            "compiled, with a loss of its own"
        )


def improbable(outputs: Any) -> str | None:
    """Why rows of outputs are no probabilities, in words; None if they are."""
    rows = np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32")))
    if not rows.min() >= 0:
        return f"{rows.min():.3g} is one of them"
    sums = rows.sum(axis=1)
    worst = sums[np.abs(sums - 1).argmax()]
    return None if abs(worst - 1) <= _ROUNDING else f"those of an example add up to {worst:.3g}"


def check_compiled(model: keras.Model, params: Params, config: SweepConfig) -> None:
    """Look for settings that a model which comes compiled would not get, though nobody would notice.

    Raises:
        ConfigError: If there are any.
    """
    usual = TrainingConfig()
    build = config.model.build
    for key in ("optimizer", "schedule", "learning_rate"):
        if key == "learning_rate" and key in params:
            _check_settable(model, build)
        elif key in params or getattr(config.training, key) != getattr(usual, key):
            where = f"space: {key}" if key in params else f"training.{key}"
            raise ConfigError(
                f"{where}: would change nothing, because the model of {build} comes compiled, with its own; leave it "
                "out, or return the model without compiling it"
            )


def _check_settable(model: keras.Model, build: str) -> None:
    optimizer = model.optimizer
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of one that scales the loss
    rate = getattr(optimizer, "_learning_rate", None)
    if not isinstance(rate, keras.Variable):
        raise ConfigError(
            f"space: learning_rate: cannot be set, because the model of {build} comes compiled with an optimizer whose "
            f"rate is a {type(rate).__name__}; give it a number, or leave learning_rate out of the space"
        )


def set_value(blueprint: Blueprint, model: keras.Model, name: str, value: ParamValue, config: SweepConfig) -> None:
    """Set a runtime value, and blame the function that cannot."""
    with blaming(f"model.build: {config.model.build}.runtime_values: {name} cannot be set to {value!r}"):
        blueprint.runtime_values[name](model, value)


def check_setters(blueprint: Blueprint, model: keras.Model, params: Params, config: SweepConfig) -> None:
    """Set every runtime value to each of its extremes, and refuse one that changes nothing.

    Raises:
        ConfigError: If there is one, or if a function that sets one raises.
    """
    for name in blueprint.recipe(params).runtime:
        states = set()
        extremes = config.space.parameters[name].domain.corners()
        for value in extremes:
            set_value(blueprint, model, name, value, config)
            states.add(_state(model))
        if len(states) == 1 < len(extremes):
            raise ConfigError(
                f"model.build: {config.model.build}.runtime_values: {name} set from {extremes[0]!r} to "
                f"{extremes[-1]!r} changes no variable of the model for {dict(params)}: a graph is compiled once, so "
                "the function must assign a variable, not a Python attribute; or leave it out of runtime_values, and "
                f"each value is another model; or have {name} apply only `when` it does something"
            )
        set_value(blueprint, model, name, params[name], config)


def _state(model: keras.Model) -> bytes:
    """Of all that a compiled graph reads anew: variables of the model, its optimizer and its loss."""
    loss = vars(model.loss).values() if isinstance(model.loss, keras.losses.Loss) else ()
    held = [each for each in loss if isinstance(each, keras.Variable)]
    digest = hashlib.blake2b()
    for variable in (*model.variables, *model.optimizer.variables, *held):
        digest.update(keras.ops.convert_to_numpy(variable).tobytes())
    return digest.digest()


def check_measures(objective: ObjectiveConfig, metrics: tuple[str, ...], corners: Iterable[Corner]) -> None:
    """Compare what trials are judged by with what models report and what can be counted.

    Raises:
        ConfigError: If something is missing.
    """
    also = {target.metric for target in objective.also}
    for name in objective.measures:
        section = "metric" if name == objective.metric else "also" if name in also else "constraints"
        if name not in COSTS and name not in metrics:
            raise ConfigError(f"objective.{section}: no model reports {name!r}; they report {', '.join(metrics)}")
        uncounted = [dict(corner.params) for corner in corners if corner.macs is None]
        if name == "macs" and uncounted:
            raise ConfigError(
                f"objective.{section}: macs cannot be counted for {uncounted[0]}: a layer with weights has no kernel, "
                "or no single output of known shape; take parameters or inference_seconds"
            )
