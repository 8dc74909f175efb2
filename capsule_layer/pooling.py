"""A pooling layer whose windows vote: `CapsulePooling2D`."""

from __future__ import annotations

import numbers
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from capsule_layer.compile import compiled
from capsule_layer.routing import Tensor, route, statistics_dtype
from capsule_layer.windows import PADDINGS, align, cut, real_cells, window_count

DATA_FORMATS = ("channels_last", "channels_first")
Shape = tuple[int | None, ...]

_SMALLEST, _LARGEST = (float(bound) for bound in (np.finfo("float32").tiny, np.finfo("float32").max))


@keras.saving.register_keras_serializable(package="capsule_layer")
class CapsulePooling2D(keras.layers.Layer):  # type: ignore[misc]
    """Pool each window to the vector its cells agree on.

    The cells of a window are vectors over the channels. Their mean is the first proposal; every further routing step
    raises the weight of the cells that point the way of the last proposal and takes the mean again. One step is
    average pooling, exactly. A weight, not an attribute, holds the temperature, so a new value needs no new graph.

    Args:
        pool_size: Height and width of the windows, which are also their strides: an integer or a pair of them.
        routing_steps: Number of means taken, at least 1.
        temperature: Divides the scores before the softmax over a window; positive and finite. Kept to the precision
            of a float32 (of a float64 under that policy).
        padding: `"same"` (padded cells count for nothing) or `"valid"` (an incomplete window at the end is dropped).
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's own setting.
        **kwargs: As in `keras.layers.Layer`.

    Shapes:
        Input `(batch, height, width, channels)`, or `(batch, channels, height, width)` with `"channels_first"`.
        Output the same with `ceil(size / pool)` windows an axis under `"same"`, `floor(size / pool)` under `"valid"`.
        The batch, the height and the width may be unknown when a graph is built.

    Raises:
        ValueError: An argument breaks its rule, or a window does not fit the map under `"valid"`.

    Source:
        The layer of the same name in a Keras 2 notebook, with its fixed temperature of 2 made an argument. Where
        `same` pads before the map (`windows * pool - size >= 2` along an axis), the notebook compares cells with the
        proposals of shifted windows. This layer is aligned at every size, and equal to the notebook elsewhere.

    Example:
        >>> layer = CapsulePooling2D(pool_size=3, routing_steps=2)
        >>> layer(np.ones((1, 24, 24, 64))).shape
        TensorShape([1, 8, 8, 64])
        >>> layer.temperature = 0.5
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        routing_steps: int = 2,
        temperature: float = 1.0,
        padding: str = "same",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = window_size(pool_size)
        self.routing_steps = _positive_integer("routing_steps", routing_steps)
        self.padding = _one_of("padding", padding, PADDINGS)
        data_format = keras.config.image_data_format() if data_format is None else data_format
        self.data_format = _one_of("data_format", data_format, DATA_FORMATS)
        self.input_spec = keras.layers.InputSpec(ndim=4)
        start = _positive_number("temperature", temperature)
        self._temperature = self.add_weight(
            name="temperature",
            # Keras's own constant passes through float32, whatever the dtype.
            initializer=lambda shape, dtype: ops.full(shape, start, dtype),
            dtype=statistics_dtype(self.variable_dtype),
            trainable=False,
            autocast=False,
        )
        self._pool = compiled(
            partial(_routing_pool, pool_size=self.pool_size, steps=self.routing_steps, padding=self.padding)
        )

    @property
    def temperature(self) -> float:
        """The divisor of the scores. Assign to it at any time: nothing is traced or compiled again."""
        # The shortest decimal of a float32 is the number that was assigned, 0.1 and not 0.10000000149.
        return float(str(ops.convert_to_numpy(ops.copy(self._temperature))))

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature.assign(_positive_number("temperature", value))

    def build(self, input_shape: Shape) -> None:
        """Refuse maps that the windows do not fit; there is nothing to build."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Pool a batch of maps, see the class."""
        if self.routing_steps == 1:
            return ops.average_pool(
                inputs, self.pool_size, self.pool_size, padding=self.padding, data_format=self.data_format
            )
        # A copy is a plain tensor; TensorFlow would hand the variable itself to the compiled function.
        temperature = ops.copy(self._temperature)
        if self.data_format == "channels_last":
            return self._pool(inputs, temperature)
        return ops.transpose(self._pool(ops.transpose(inputs, (0, 2, 3, 1)), temperature), (0, 3, 1, 2))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the pooled maps; None for what is unknown."""
        first = 1 if self.data_format == "channels_last" else 2
        pooled = (
            None if size is None else window_count(size, pool, padding=self.padding)
            for size, pool in zip(input_shape[first : first + 2], self.pool_size, strict=True)
        )
        return (*input_shape[:first], *pooled, *input_shape[first + 2 :])

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again, with the temperature it has now."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "routing_steps": self.routing_steps,
            "temperature": self.temperature,
            "padding": self.padding,
            "data_format": self.data_format,
        }


def window_size(value: int | tuple[int, int]) -> tuple[int, int]:
    """Normalise a window given as an integer or a pair.

    Raises:
        ValueError: It is neither, or not positive.
    """
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"pool_size must be an integer or a pair of integers; received {value!r}.")
    height, width = (_positive_integer("pool_size", item) for item in pair)
    return height, width


def _routing_pool(maps: Tensor, temperature: Tensor, *, pool_size: tuple[int, int], steps: int, padding: str) -> Tensor:
    aligned = align(maps, pool_size, padding=padding)
    mask = real_cells(maps, pool_size, padding=padding)
    pooled = route(cut(aligned, pool_size), temperature, steps=steps, mask=mask)
    _, height, width, channels = ops.shape(aligned)
    return ops.reshape(pooled, (-1, height // pool_size[0], width // pool_size[1], channels))


def _positive_integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"{name} must hold integers of at least 1; received {value!r}.")
    return int(value)


def _positive_number(name: str, value: Any) -> float:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    # What a float32 would round to zero or infinity divides no score.
    if not number or not _SMALLEST <= float(value) <= _LARGEST:
        raise ValueError(f"{name} must be a positive finite number, of a float32; received {value!r}.")
    return float(value)


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; received {value!r}.")
    return str(value)
