"""A smooth rival of max pooling: `SoftPooling2D`."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

from capsule_layer.compile import compiled, differentiable
from capsule_layer.routing import FAR, Tensor, max_cells, spread, statistics_dtype, sum_cells
from capsule_layer.windowed import WindowedPooling2D


@keras.saving.register_keras_serializable(package="capsule_layer")
class SoftPooling2D(WindowedPooling2D):
    """Pool each channel of a window to a mean in which a cell weighs by the exponential of its activation.

    Where `CapsulePooling2D` gives a cell one weight for all of its channels, every channel weighs for itself here.

    Args:
        pool_size: Height and width of the windows, which are also their strides: an integer or a pair of them.
        padding: `"same"` (padded cells count for nothing) or `"valid"` (an incomplete window at the end is dropped).
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's own setting.
        **kwargs: As in `keras.layers.Layer`.

    Shapes:
        As in `CapsulePooling2D`.

    Raises:
        ValueError: An argument breaks its rule, or a window does not fit the map under `"valid"`.

    Source:
        SoftPool: Stergiou, Poppe and Kalliatakis (2021), arXiv:2101.00440.
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        padding: str = "same",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, padding, data_format, **kwargs)
        self._forward, self._backward = compiled(soft_pool), compiled(soft_pool_gradient)

    def pool(self, grid: Tensor, real: Tensor) -> Tensor:
        """Pool each window, see the class; the gradient is written out."""
        return differentiable(lambda grid: self._forward(grid, real), self._backward)(grid)


class Trace(NamedTuple):
    """What the gradient needs: all in float32, or wider where the maps are."""

    pooled: Tensor
    """Means, `(batch, rows, columns, channels)`."""
    powers: Tensor
    """Weight of each number of the grid, before they are made to sum to 1."""
    total: Tensor
    """Sums of the powers, of the shape of the means."""


def soft_pool(grid: Tensor, real: Tensor) -> tuple[Tensor, Trace]:
    """Average each window, every channel weighted by a softmax over its cells.

    Args:
        grid: Maps cut into windows, `(batch, rows, height, columns, width, channels)`; zero wherever `real` is.
        real: 1 for cells on the map and 0 for padding, `(1, rows, height, columns, width)`.

    Returns:
        The means, `(batch, rows, columns, channels)` in the dtype of the grid, and how they came about.
    """
    votes = ops.cast(grid, statistics_dtype(grid.dtype))
    # The zeros of padding may lie far above the rest; nothing is left of them this far below.
    scores = votes - (1.0 - ops.cast(real, votes.dtype)[..., None]) * FAR
    powers = ops.exp(scores - spread(max_cells(scores)))
    total = sum_cells(powers)
    pooled = sum_cells(powers, votes) / total
    return ops.cast(pooled, grid.dtype), Trace(pooled, powers, total)


def soft_pool_gradient(grid: Tensor, trace: Trace, upstream: Tensor) -> Tensor:
    """Pull a gradient with respect to the means back to the grid, in its dtype; see `soft_pool`."""
    votes = ops.cast(grid, trace.total.dtype)
    share = ops.cast(upstream, votes.dtype) / trace.total
    return ops.cast(trace.powers * spread(share) * (1.0 + votes - spread(trace.pooled)), grid.dtype)
