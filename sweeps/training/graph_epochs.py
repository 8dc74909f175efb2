"""A TensorFlow graph that holds a whole epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from sweeps.training.epochs import VALIDATION_BATCH, Examples, build_metrics


class GraphEpochs:
    """By a TensorFlow graph that holds the loop over the batches.

    Args:
        model: Compiled.
        examples: Tensors.
    """

    def __init__(self, model: keras.Model, examples: Examples) -> None:
        self._model, self._examples = model, examples
        build_metrics(model, examples)
        self._train = tf.function(self._train_all, autograph=False)
        self._validate = tf.function(self._validate_all, autograph=False)

    def __call__(self, order: NDArray[np.int64], batch_size: int) -> dict[str, float]:
        """Train one epoch with the examples in this order, then validate; metrics by Keras' names."""
        trained = self._train(tf.constant(order), batch_size)
        validated = self._validate()
        self._model.optimizer.finalize_variable_values(self._model.trainable_weights)
        metrics = trained | {f"val_{name}": value for name, value in validated.items()}
        return {name: float(value) for name, value in metrics.items()}

    def _train_all(self, order: Any, batch_size: int) -> dict[str, Any]:
        x, y = self._examples.x, self._examples.y
        return self._measure(self._model.train_step, x, y, order, batch_size)

    def _validate_all(self) -> dict[str, Any]:
        x, y = self._examples.x_validation, self._examples.y_validation
        return self._measure(self._model.test_step, x, y, tf.range(len(x)), VALIDATION_BATCH)

    def _measure(self, step: Callable[..., Any], x: Any, y: Any, order: Any, size: int) -> dict[str, Any]:
        """The metrics over all batches: begun and read out in the graph too, which is quicker than one by one."""
        self._model.reset_metrics()
        _over_batches(self._compiled(step), x, y, order, size)
        return dict(sorted(self._model.get_metrics_result().items()))

    def _compiled(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """As `fit` does it: a model compiled with `jit_compile` has each step compiled by XLA."""
        return tf.function(step, jit_compile=True, autograph=False) if self._model.jit_compile else step


def _over_batches(step: Callable[..., Any], x: Any, y: Any, order: Any, size: int) -> None:
    """One step for each batch; every batch but the last has a shape that is known when the graph is traced."""
    count = len(x)
    rest = count % size

    def body(start: Any) -> Any:
        chosen = tf.ensure_shape(order[start : start + size], (size,))
        step((tf.gather(x, chosen), tf.gather(y, chosen)))
        return start + size

    tf.while_loop(lambda start: start < count - rest, body, [tf.constant(0)], parallel_iterations=1)
    if rest:
        chosen = tf.ensure_shape(order[count - rest :], (rest,))
        step((tf.gather(x, chosen), tf.gather(y, chosen)))
