"""One epoch of training and validation: as one compiled call where the backend gains by it, by Keras' `fit` where not.

The examples stay on the device, and the loop over the batches is part of what is compiled: `fit` costs 50 to 90 ms an
epoch, and more than the training itself where a step takes a millisecond. All give the same numbers: on a CPU under
TensorFlow bit for bit, unless a smaller last batch has its own kernels here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from sweeps.datasets import Dataset

VALIDATION_BATCH = 500


@dataclass(frozen=True)
class Examples:
    """What every trial of a worker trains and validates on: where the backend computes, if it can stay there."""

    x: Any
    y: Any
    x_validation: Any
    y_validation: Any

    @classmethod
    def of(cls, data: Dataset) -> Examples:
        """A user's own arrays as they are; grey values of images, (n, h, w), in [0, 1] with a channel axis behind."""
        x = scaled(data.x_train), scaled(data.x_validation)
        y = targets(data.y_train), targets(data.y_validation)
        stay = keras.backend.backend() == "tensorflow" or _is_jax_on_a_gpu()
        place = keras.ops.convert_to_tensor if stay else np.asarray
        return cls(place(x[0]), place(y[0]), place(x[1]), place(y[1]))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example, as the model gets it."""
        return tuple(self.x.shape[1:])


class Epochs(Protocol):
    """Trains a compiled model."""

    def __call__(self, order: NDArray[np.int64], batch_size: int) -> dict[str, float]:
        """Train one epoch with the examples in this order, then validate; metrics by Keras' names."""


class FitEpochs:
    """By Keras' own `fit`: any backend, any model.

    Args:
        model: Compiled.
        examples: Taken back to the host, where `fit` puts its batches together.
    """

    def __init__(self, model: keras.Model, examples: Examples) -> None:
        self._model = model
        self._x, self._y = map(keras.ops.convert_to_numpy, (examples.x, examples.y))
        self._validation = tuple(map(keras.ops.convert_to_numpy, (examples.x_validation, examples.y_validation)))

    def __call__(self, order: NDArray[np.int64], batch_size: int) -> dict[str, float]:
        """Train one epoch with the examples in this order, then validate; metrics by Keras' names."""
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


def make_epochs(model: keras.Model, examples: Examples) -> Epochs:
    """The fastest way to train this model; a model that brings its own `fit` keeps it."""
    ours = all(getattr(type(model), name) is getattr(keras.Model, name) for name in ("fit", "make_train_function"))
    if not ours or model.run_eagerly or model.steps_per_execution > 1:
        return FitEpochs(model, examples)
    if keras.backend.backend() == "tensorflow":
        from sweeps.training.graph_epochs import GraphEpochs

        return GraphEpochs(model, examples)
    if _is_jax_on_a_gpu() and model.jit_compile:
        from sweeps.training.scan_epochs import ScanEpochs

        return ScanEpochs(model, examples)
    return FitEpochs(model, examples)


def build_metrics(model: keras.Model, examples: Examples) -> None:
    """Have the metrics make their variables now: what is compiled cannot."""
    x, y = examples.x[:1], examples.y[:1]
    outputs = model.compute_output_spec(keras.KerasTensor(x.shape, dtype=x.dtype))
    guess = keras.tree.map_structure(lambda spec: keras.ops.ones(spec.shape, spec.dtype), outputs)
    if model.loss is not None:  # a model with steps of its own may have none
        model.compute_loss(x=x, y=y, y_pred=guess)
    model.compute_metrics(x=x, y=y, y_pred=guess)
    model.reset_metrics()


def _is_jax_on_a_gpu() -> bool:
    if keras.backend.backend() != "jax":
        return False
    return str(import_module("jax").default_backend()) != "cpu"


def scaled(x: NDArray[Any]) -> NDArray[Any]:
    """Grey values of images, (n, h, w), in [0, 1] with a channel axis behind; anything else as it is."""
    return (x.astype(np.float32) / 255.0)[..., np.newaxis] if x.dtype == np.uint8 else x


def targets(y: NDArray[Any]) -> NDArray[Any]:
    """Labels of images as int32; anything else as it is."""
    return y.astype(np.int32) if y.dtype == np.uint8 else y
