"""What pooling layers of this package have in common: their windows, and the maps they take."""

from __future__ import annotations

from typing import Any

import keras
from keras import backend, ops

from capsule_layer import arguments
from capsule_layer.routing import Tensor
from capsule_layer.windows import PADDINGS, cut, real_cells, window_count

Shape = tuple[int | None, ...]


class WindowedPooling2D(keras.layers.Layer):  # type: ignore[misc]
    """Pooling over windows that do not overlap. A subclass defines `pool`; see `CapsulePooling2D` for the rest."""

    def __init__(self, pool_size: int | tuple[int, int], padding: str, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size = arguments.window_size(pool_size)
        self.padding = arguments.one_of("padding", padding, PADDINGS)
        self.data_format = arguments.data_format(data_format)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def pool(self, grid: Tensor, real: Tensor) -> Tensor:
        """Reduce each window of a grid to one vector, `(batch, rows, columns, channels)`; see `routing`."""
        raise NotImplementedError

    def build(self, input_shape: Shape) -> None:
        """Refuse maps that the windows do not fit; there is nothing to build."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Pool a batch of maps, see the class."""
        pooled = self.pool(*self.windows(self.channels_last(self.floating(inputs))))
        return pooled if self.data_format == "channels_last" else ops.transpose(pooled, (0, 3, 1, 2))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the pooled maps; None for what is unknown."""
        first = 1 if self.data_format == "channels_last" else 2
        pooled = (
            None if size is None else window_count(size, pool, padding=self.padding)
            for size, pool in zip(input_shape[first : first + 2], self.pool_size, strict=True)
        )
        return (*input_shape[:first], *pooled, *input_shape[first + 2 :])

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        own = {"pool_size": self.pool_size, "padding": self.padding, "data_format": self.data_format}
        return {**super().get_config(), **own}

    def floating(self, maps: Tensor) -> Tensor:
        """Take integers, such as the grey values of an image, for the numbers that they are: means have fractions."""
        is_float = backend.is_float_dtype(backend.standardize_dtype(maps.dtype))
        return maps if is_float else ops.cast(maps, self.compute_dtype)

    def channels_last(self, maps: Tensor) -> Tensor:
        """Move the channels to where the windows are cut."""
        return maps if self.data_format == "channels_last" else ops.transpose(maps, (0, 2, 3, 1))

    def windows(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Cut maps, channels last, into a grid and its real cells."""
        height, width = ops.shape(maps)[1:3]
        return (
            cut(maps, self.pool_size, padding=self.padding),
            real_cells(height, width, self.pool_size, padding=self.padding),
        )
