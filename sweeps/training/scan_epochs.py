"""A whole epoch as one function under `jax.jit`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from sweeps.training.epochs import VALIDATION_BATCH, Examples, build_metrics

State = tuple[list[Any], ...]


class ScanEpochs:
    """By one call that scans over the batches: what a GPU trains in less time than the host needs to send them.

    Its numbers are tested on a CPU; it has not run on a GPU yet, and what it gains there is not measured.

    Args:
        model: Compiled, with the backend's compiler.
        examples: On the device.
    """

    def __init__(self, model: keras.Model, examples: Examples) -> None:
        self._model, self._examples = model, examples
        build_metrics(model, examples)
        self._blank = [variable.value for variable in model.metrics_variables]
        self._epoch = jax.jit(self._train_and_validate, static_argnames="batch_size", donate_argnames="state")

    def __call__(self, order: NDArray[np.int64], batch_size: int) -> dict[str, float]:
        """Train one epoch with the examples in this order, then validate; metrics by Keras' names."""
        model = self._model
        parts = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        state: State = tuple([variable.value for variable in part] for part in parts)
        state, metrics = self._epoch(state, self._blank, _arrays(self._examples), order, batch_size=batch_size)
        for part, values in zip(parts, state, strict=True):
            for variable, value in zip(part, values, strict=True):
                variable.assign(value)
        model.optimizer.finalize_variable_values(model.trainable_weights)
        return {name: float(value) for name, value in jax.device_get(metrics).items()}

    def _train_and_validate(
        self, state: State, blank: list[Any], examples: tuple[Any, ...], order: Any, *, batch_size: int
    ) -> tuple[State, dict[str, Any]]:
        step, validate = self._model.train_step, self._model.test_step
        x, y, x_validation, y_validation = examples
        trainable, still, optimizer, metrics = _over_batches(step, (*state, blank), x, y, order, batch_size)
        everything = jax.numpy.arange(len(x_validation))
        before = trainable, still, blank
        _, still, seen = _over_batches(validate, before, x_validation, y_validation, everything, VALIDATION_BATCH)
        validated = {f"val_{name}": value for name, value in self._results(seen).items()}
        return (trainable, still, optimizer), self._results(metrics) | validated

    def _results(self, values: list[Any]) -> dict[str, Any]:
        pairs = zip(self._model.metrics_variables, values, strict=True)
        with keras.StatelessScope(state_mapping=list(pairs)):
            return dict(sorted(self._model.get_metrics_result().items()))


def _arrays(examples: Examples) -> tuple[Any, ...]:
    return tuple(getattr(examples, part.name) for part in fields(examples))


def _over_batches(step: Callable[..., Any], state: State, x: Any, y: Any, order: Any, size: int) -> State:
    """One step for each batch, a smaller last one included."""
    whole = len(x) // size * size

    def body(state: State, chosen: Any) -> tuple[State, None]:
        return step(state, (x[chosen], y[chosen]))[1], None

    if whole:
        state, _ = jax.lax.scan(body, state, order[:whole].reshape(-1, size))
    if whole < len(x):
        state, _ = body(state, order[whole:])
    return state
