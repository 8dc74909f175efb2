"""One epoch of training and validation: as one compiled call where the backend gains by it, by Keras' `fit` where not.

The images stay on the device, and the loop over the batches is part of what is compiled: `fit` costs 50 to 90 ms an
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
        stay = keras.backend.backend() == "tensorflow" or _is_jax_on_a_gpu()
        place = keras.ops.convert_to_tensor if stay else np.asarray
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


def make_epochs(model: keras.Model, images: Images) -> Epochs:
    """The fastest way to train this model; a model that brings its own `fit` keeps it."""
    ours = all(getattr(type(model), name) is getattr(keras.Model, name) for name in ("fit", "make_train_function"))
    if not ours or model.run_eagerly or model.steps_per_execution > 1:
        return FitEpochs(model, images)
    if keras.backend.backend() == "tensorflow":
        from sweeps.training.graph_epochs import GraphEpochs

        return GraphEpochs(model, images)
    if _is_jax_on_a_gpu() and model.jit_compile:
        from sweeps.training.scan_epochs import ScanEpochs

        return ScanEpochs(model, images)
    return FitEpochs(model, images)


def build_metrics(model: keras.Model, images: Images) -> None:
    """Have the metrics make their variables now: what is compiled cannot."""
    x, y = images.x[:1], images.y[:1]
    outputs = model.compute_output_spec(keras.KerasTensor(x.shape, dtype=x.dtype))
    guess = keras.tree.map_structure(lambda spec: keras.ops.ones(spec.shape, spec.dtype), outputs)
    model.compute_loss(x=x, y=y, y_pred=guess)
    model.compute_metrics(x=x, y=y, y_pred=guess)
    model.reset_metrics()


def _is_jax_on_a_gpu() -> bool:
    if keras.backend.backend() != "jax":
        return False
    return str(import_module("jax").default_backend()) != "cpu"


def _scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (pixels.astype(np.float32) / 255.0)[..., np.newaxis]
    return scaled
