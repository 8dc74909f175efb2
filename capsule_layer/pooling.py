"""A pooling layer whose windows vote: `CapsulePooling2D`."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from capsule_layer import arguments
from capsule_layer.compile import compiled
from capsule_layer.gradient import differentiable_route
from capsule_layer.routing import Tensor, couplings, statistics_dtype
from capsule_layer.windowed import WindowedPooling2D
from capsule_layer.windows import join

# Keras averages copies of the edge in where `same` pads unevenly.
EDGES_ARE_COPIED = keras.backend.backend() == "torch"
# What a learned logarithm may become: its exponential is positive and finite in float32.
LOGARITHMS = (-80.0, 80.0)


@keras.saving.register_keras_serializable(package="capsule_layer")
class CapsulePooling2D(WindowedPooling2D):
    """Pool each window to the vector its cells agree on.

    The cells of a window are vectors over the channels. Their mean is the first proposal; every further routing step
    raises the weight of the cells that point the way of the last proposal and takes the mean again. One step is
    average pooling, exactly. A weight, not an attribute, holds the temperature, so a new value needs no new graph.

    Args:
        pool_size: Height and width of the windows, which are also their strides: an integer or a pair of them.
        routing_steps: Number of means taken, at least 1.
        temperature: Divides the scores before the softmax over a window; positive and finite. Kept to the precision
            of a float32 (of a float64 under that policy). Towards infinity the layer becomes average pooling, towards
            zero it picks the cell with the highest score.
        padding: `"same"` (padded cells count for nothing) or `"valid"` (an incomplete window at the end is dropped).
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's own setting.
        learn_temperature: Train the temperature, from the one given. Its logarithm is the weight, so it stays positive.
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
        >>> layer.routing(np.ones((1, 24, 24, 64))).shape
        TensorShape([1, 2, 24, 24])
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        routing_steps: int = 2,
        temperature: float = 1.0,
        padding: str = "same",
        data_format: str | None = None,
        learn_temperature: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, padding, data_format, **kwargs)
        self.routing_steps = arguments.positive_integer("routing_steps", routing_steps)
        self.learn_temperature = arguments.truth("learn_temperature", learn_temperature)
        start = self._stored(temperature)
        self._temperature = self.add_weight(
            name="log_temperature" if learn_temperature else "temperature",
            # Keras's own constant passes through float32, whatever the dtype.
            initializer=lambda shape, dtype: ops.full(shape, start, dtype),
            dtype=statistics_dtype(self.variable_dtype),
            trainable=self.learn_temperature,
            autocast=False,
        )
        self._route = differentiable_route(self.routing_steps)
        self._couplings = compiled(partial(couplings, steps=self.routing_steps))

    @property
    def temperature(self) -> float:
        """The divisor of the scores. Assign to it at any time: nothing is traced or compiled again."""
        stored = ops.convert_to_numpy(ops.copy(self._temperature))
        # The shortest decimal of a float32 is the number that was assigned, 0.1 and not 0.10000000149.
        return float(str(np.exp(stored) if self.learn_temperature else stored))

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature.assign(self._stored(value))

    def call(self, inputs: Tensor) -> Tensor:
        """Pool a batch of maps, see the class."""
        if self.routing_steps == 1 and not (self.padding == "same" and EDGES_ARE_COPIED):
            maps = self.floating(inputs)
            return ops.average_pool(
                maps, self.pool_size, self.pool_size, padding=self.padding, data_format=self.data_format
            )
        return super().call(inputs)

    def pool(self, grid: Tensor, real: Tensor) -> Tensor:
        """Route each window of a grid, see `routing.route`."""
        return self._route(grid, real, self._divisor())

    def routing(self, inputs: Any) -> Tensor:
        """Show where each window is routed from.

        Args:
            inputs: Maps as for the layer itself: an array or a tensor.

        Returns:
            Coupling coefficients `(batch, routing_steps, height, width)`, in float32 or wider: the weight of each cell
            in its window's mean at each step. They sum to 1 over a window; the first step weighs all cells alike; a
            cell that `"valid"` drops weighs nothing.
        """
        maps = self.channels_last(ops.convert_to_tensor(inputs, self.compute_dtype))
        height, width = ops.shape(maps)[1:3]
        steps = self._couplings(*self.windows(maps), self._divisor())
        return ops.stack([join(cells, height, width, padding=self.padding) for cells in steps], axis=1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again, with the temperature it has now."""
        return {
            **super().get_config(),
            "routing_steps": self.routing_steps,
            "temperature": self.temperature,
            "learn_temperature": self.learn_temperature,
        }

    def _stored(self, temperature: float) -> float:
        value = arguments.positive_number("temperature", temperature)
        return math.log(value) if self.learn_temperature else value

    def _divisor(self) -> Tensor:
        # A copy is a plain tensor; TensorFlow would hand the variable itself to the compiled function.
        stored = ops.copy(self._temperature)
        return ops.exp(ops.clip(stored, *LOGARITHMS)) if self.learn_temperature else stored
