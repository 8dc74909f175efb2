"""One epoch of training and validation: as one compiled call where the backend allows it, by Keras' `fit` where not.

On TensorFlow the images stay on the device, and the loop over the batches is part of the graph: `fit` costs 50 to 90 ms
an epoch, and more than the training itself where a step takes a millisecond. Both give the same numbers: on a CPU bit
for bit, unless a smaller last batch has its own kernels here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from sweeps.datasets import Dataset

VALIDATION_BATCH = 500


@dataclass(frozen=True)
class Images:
    """What every trial of a worker trains and validates on: where the backend computes, if it can stay there."""

    x: Any
    y: Any
    x_validation: Any
    y_validation: Any

    @classmethod
    def of(cls, data: Dataset) -> Images:
        """Grey values 0-255, (n, h, w), as float32 in [0, 1] with a channel axis, and labels as int32."""
        images = _scaled(data.x_train), _scaled(data.x_validation)
        labels = data.y_train.astype(np.int32), data.y_validation.astype(np.int32)
        place = keras.ops.convert_to_tensor if _has_graphs() else np.asarray
        return cls(place(images[0]), place(labels[0]), place(images[1]), place(labels[1]))


class Epochs(Protocol):
    """Trains a compiled model."""

    def __call__(self, order: NDArray[np.int64], batch_size: int) -> dict[str, float]:
        """Train one epoch with the images in this order, then validate; metrics by Keras' names."""


class FitEpochs:
    """By Keras' own `fit`: any backend, any model.

    Args:
        model: Compiled.
        images: Taken back to the host, where `fit` puts its batches together.
    """

    def __init__(self, model: keras.Model, images: Images) -> None:
        self._model = model
        self._x, self._y = map(keras.ops.convert_to_numpy, (images.x, images.y))
        self._validation = tuple(map(keras.ops.convert_to_numpy, (images.x_validation, images.y_validation)))

    def __call__(self, order: NDArray[np.int64], batch_size: int) -> dict[str, float]:
        """Train one epoch with the images in this order, then validate; metrics by Keras' names."""
        history = self._model.fit(
            self._x[order],
            self._y[order],
            batch_size=batch_size,
            shuffle=False,
            validation_data=self._validation,
            validation_batch_size=VALIDATION_BATCH,
            verbose=0,
        )
        return {name: float(values[-1]) for name, values in sorted(history.history.items())}


class GraphEpochs:
    """By a TensorFlow graph that holds the loop over the batches.

    Args:
        model: Compiled.
        images: Tensors.
    """

    def __init__(self, model: keras.Model, images: Images) -> None:
        import tensorflow as tf

        self._model, self._images = model, images
        _build_metrics(model, images)
        self._train = tf.function(self._train_all, autograph=False)
        self._validate = tf.function(self._validate_all, autograph=False)

    def __call__(self, order: NDArray[np.int64], batch_size: int) -> dict[str, float]:
        """Train one epoch with the images in this order, then validate; metrics by Keras' names."""
        import tensorflow as tf

        trained = self._train(tf.constant(order), batch_size)
        validated = self._validate()
        self._model.optimizer.finalize_variable_values(self._model.trainable_weights)
        metrics = trained | {f"val_{name}": value for name, value in validated.items()}
        return {name: float(value) for name, value in metrics.items()}

    def _train_all(self, order: Any, batch_size: int) -> dict[str, Any]:
        x, y = self._images.x, self._images.y
        return self._measure(self._model.train_step, x, y, order, batch_size)

    def _validate_all(self) -> dict[str, Any]:
        import tensorflow as tf

        x, y = self._images.x_validation, self._images.y_validation
        return self._measure(self._model.test_step, x, y, tf.range(len(x)), VALIDATION_BATCH)

    def _measure(self, step: Callable[..., Any], x: Any, y: Any, order: Any, size: int) -> dict[str, Any]:
        """The metrics over all batches: begun and read out in the graph too, which is quicker than one by one."""
        self._model.reset_metrics()
        _over_batches(self._compiled(step), x, y, order, size)
        return dict(sorted(self._model.get_metrics_result().items()))

    def _compiled(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """As `fit` does it: a model compiled with `jit_compile` has each step compiled by XLA."""
        import tensorflow as tf

        return tf.function(step, jit_compile=True, autograph=False) if self._model.jit_compile else step


def make_epochs(model: keras.Model, images: Images) -> Epochs:
    """The fastest way to train this model; a model that brings its own `fit` keeps it."""
    ours = all(getattr(type(model), name) is getattr(keras.Model, name) for name in ("fit", "make_train_function"))
    if _has_graphs() and ours and not model.run_eagerly and model.steps_per_execution == 1:
        return GraphEpochs(model, images)
    return FitEpochs(model, images)


def _over_batches(step: Callable[..., Any], x: Any, y: Any, order: Any, size: int) -> None:
    """One step for each batch; every batch but the last has a shape that is known when the graph is traced."""
    import tensorflow as tf

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


def _build_metrics(model: keras.Model, images: Images) -> None:
    """Have the metrics make their variables now: a loop in a graph cannot."""
    x, y = images.x[:1], images.y[:1]
    outputs = model.compute_output_spec(keras.KerasTensor(x.shape, dtype=x.dtype))
    guess = keras.tree.map_structure(lambda spec: keras.ops.ones(spec.shape, spec.dtype), outputs)
    model.compute_loss(x=x, y=y, y_pred=guess)
    model.compute_metrics(x=x, y=y, y_pred=guess)
    model.reset_metrics()


def _has_graphs() -> bool:
    return bool(keras.backend.backend() == "tensorflow")


def _scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (pixels.astype(np.float32) / 255.0)[..., np.newaxis]
    return scaled
