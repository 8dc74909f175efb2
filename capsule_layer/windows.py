"""Cut feature maps into pooling windows, aligned with TensorFlow's `same` and `valid` padding.

Maps are `(batch, height, width, channels)`. Heights and widths may be Python integers or, in a TensorFlow graph that
does not know them, scalar tensors: the arithmetic is the same.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from capsule_layer.routing import Tensor

PADDINGS = ("same", "valid")


def window_count(size: Any, pool: int, *, padding: str) -> Any:
    """Count the windows of length `pool` along an axis of length `size`.

    Raises:
        ValueError: The padding is `valid` and the window does not fit the map.
    """
    if padding == "same":
        return -(-size // pool)
    if isinstance(size, int) and size < pool:
        raise ValueError(
            f"pool_size must not exceed the map under padding='valid'; received a window of {pool} on a map of {size}. "
            "Choose a smaller window or padding='same'."
        )
    return size // pool


def align(maps: Tensor, pool_size: tuple[int, int], *, padding: str) -> Tensor:
    """Pad (`same`) or crop (`valid`) maps until windows tile them; maps that fit come back as they are.

    An odd total of padding puts the larger half behind the map, as TensorFlow does.
    """
    sizes = ops.shape(maps)[1:3]
    if padding == "valid":
        height, width = (
            window_count(n, pool, padding=padding) * pool for n, pool in zip(sizes, pool_size, strict=True)
        )
        return maps[:, :height, :width]
    totals = [-size % pool for size, pool in zip(sizes, pool_size, strict=True)]
    if all(isinstance(total, int) and total == 0 for total in totals):
        return maps
    return ops.pad(maps, [(0, 0), *((total // 2, total - total // 2) for total in totals), (0, 0)])


def real_cells(maps: Tensor, pool_size: tuple[int, int], *, padding: str) -> Tensor | None:
    """Mark the cells of each window that lie on the map, `(1, windows, cells, 1)`; None when all of them do."""
    if padding == "valid":
        return None
    _, height, width, _ = ops.shape(maps)
    ones = ops.ones((1, height, width, 1))
    aligned = align(ones, pool_size, padding=padding)
    return None if aligned is ones else cut(aligned, pool_size) > 0


def cut(maps: Tensor, pool_size: tuple[int, int]) -> Tensor:
    """Cut maps that windows tile into `(batch, windows, cells, channels)`, rows first on both new axes."""
    _, height, width, channels = ops.shape(maps)
    rows, columns = height // pool_size[0], width // pool_size[1]
    grid = ops.reshape(maps, (-1, rows, pool_size[0], columns, pool_size[1], channels))
    grid = ops.transpose(grid, (0, 1, 3, 2, 4, 5))
    return ops.reshape(grid, (-1, rows * columns, pool_size[0] * pool_size[1], channels))
