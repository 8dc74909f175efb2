"""Cut feature maps into pooling windows, aligned with TensorFlow's `same` and `valid` padding.

Maps are `(batch, height, width, channels)`. Heights and widths may be Python integers or, in a TensorFlow graph that
does not know them, scalar tensors: the arithmetic is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
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


def cut(maps: Tensor, pool_size: tuple[int, int], *, padding: str) -> Tensor:
    """Pad (`same`) or crop (`valid`) maps until windows tile them, and see them as a grid.

    An odd total of padding puts the larger half behind the map, as TensorFlow does.

    Returns:
        `(batch, rows, pool_size[0], columns, pool_size[1], channels)`, see `routing`.
    """
    sizes = ops.shape(maps)[1:3]
    counts = [window_count(size, pool, padding=padding) for size, pool in zip(sizes, pool_size, strict=True)]
    totals = [count * pool - size for count, pool, size in zip(counts, pool_size, sizes, strict=True)]
    if padding == "valid":
        maps = maps[:, : counts[0] * pool_size[0], : counts[1] * pool_size[1]]
    elif not all(isinstance(total, int) and total == 0 for total in totals):
        maps = ops.pad(maps, [(0, 0), *((total // 2, total - total // 2) for total in totals), (0, 0)])
    return ops.reshape(maps, (-1, counts[0], pool_size[0], counts[1], pool_size[1], ops.shape(maps)[-1]))


def real_cells(height: Any, width: Any, pool_size: tuple[int, int], *, padding: str) -> Tensor:
    """Mark the cells of a grid that lie on the map: 1, and 0 for padding, `(1, rows, height, columns, width)`."""
    # Constants stay out of the way of a trace where they can.
    numeric = np if isinstance(height, int) and isinstance(width, int) else ops
    counts = [window_count(size, pool, padding=padding) for size, pool in zip((height, width), pool_size, strict=True)]
    rows, columns = (
        _on_map(numeric, size, count * pool, padding=padding)
        for size, count, pool in zip((height, width), counts, pool_size, strict=True)
    )
    real = numeric.reshape(rows[:, None] * columns, (1, counts[0], pool_size[0], counts[1], pool_size[1]))
    return real.astype("float32") if numeric is np else ops.cast(real, "float32")


def join(cells: Tensor, height: Any, width: Any, *, padding: str) -> Tensor:
    """Lay numbers of a grid's cells out as maps again, `(batch, height, width)`: the way back from `cut`.

    Padding is cropped; what `valid` dropped is zero.
    """
    _, rows, first, columns, second = ops.shape(cells)
    maps = ops.reshape(cells, (-1, rows * first, columns * second))
    if padding == "valid":
        return ops.pad(maps, [(0, 0), (0, height - rows * first), (0, width - columns * second)])
    top, left = (rows * first - height) // 2, (columns * second - width) // 2
    return maps[:, top : top + height, left : left + width]


def _on_map(numeric: Any, size: Any, length: Any, *, padding: str) -> Any:
    before = (length - size) // 2 if padding == "same" else 0
    position = numeric.arange(length) - before
    return numeric.where((position >= 0) & (position < size), 1, 0)
