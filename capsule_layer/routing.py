"""Routing by agreement inside pooling windows: pure functions on tensors, in whatever backend Keras runs on.

Maps that windows tile are seen as a grid, `(batch, rows, height, columns, width, channels)`: `rows` by `columns`
windows of `height` by `width` cells, each a vector over the channels. It is a view: nothing is moved to get it. What
is said of each cell has the shape `(batch, rows, height, columns, width)`, and of each window `(batch, rows, columns)`.

A step is two passes over the grid, and XLA makes one loop of each if it is written the way it is here. What is read
twice ends in a division, because XLA would rather repeat a whole sum wherever it is read than keep it, but not a
division.
"""

from __future__ import annotations

from functools import reduce
from operator import add, mul
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from keras import backend, ops

from capsule_layer.compile import sum_channels

Tensor: TypeAlias = Any

# Lengths below it count as this long: the root has no gradient at zero, where whole windows lie after a ReLU.
SHORTEST = 1e-7
# Added slices take XLA on a CPU a fourth of the time of a reduction or less, but the time to compile grows with them.
MOST_TERMS = 36
# More than scores differ, and within a float32.
FAR = 1e38


class Proposal(NamedTuple):
    """A step's mean and how far the cells agree with it: what the gradient needs, and what there is to look at."""

    powers: Tensor
    """Weight of each cell, before they are made to sum to 1."""
    total: Tensor
    """Sum of the powers of each window."""
    length: Tensor
    """Euclidean length of the weighted mean of each window."""
    squashed: Tensor
    """The mean made shorter than 1, `v / (1 + |v|)`, `(batch, rows, columns, channels)`."""
    agreement: Tensor
    """Dot product of each cell with the squashed mean."""


class Trace(NamedTuple):
    """All that happened before the last mean."""

    proposals: list[Proposal]
    """Of every step but the last."""
    powers: Tensor
    """Weight of each cell in the last mean, before they are made to sum to 1."""
    total: Tensor
    """Sum of these powers of each window."""


def route(grid: Tensor, real: Tensor, temperature: Tensor | float, *, steps: int) -> tuple[Tensor, Trace]:
    """Reduce each window to the vector its cells agree on.

    The first vector is the mean. Every further step adds to the score of each cell its dot product with the squashed
    vector, and takes a new mean in which the cells weigh by a softmax over their scores. The result is not squashed.
    All is computed in float32, or wider when `grid` is.

    Args:
        grid: Cells that vote; zero wherever `real` is.
        real: 1 for cells on the map and 0 for padding, of shape `(1, rows, height, columns, width)`.
        temperature: Positive scalar that divides the scores; a high one leaves the plain mean.
        steps: Number of means taken, at least 1.

    Returns:
        One vector a window, `(batch, rows, columns, channels)` in the dtype of `grid`, and how it came about.

    Source:
        The routing of Sabour, Frosst and Hinton (2017), arXiv:1710.09829, with the window in place of the layer below
        and without its transformation matrices. The notebook adds 1e-7 to lengths and denominators; nothing here
        needs it, and results differ by about 1e-6 of their size.
    """
    votes = ops.cast(grid, statistics_dtype(grid.dtype))
    real = ops.cast(real, votes.dtype)
    # A small reduction, which XLA does not repeat: added slices it would, for every number of a vector.
    total = ops.sum(real, axis=(2, 4))
    powers = real = ops.broadcast_to(real, ops.shape(votes)[:-1])
    scores, proposals = 0.0, []
    for _ in range(steps - 1):
        length, squashed = _squash(_mean(votes, powers, total))
        agreement = sum_channels(votes * spread(squashed))
        proposals.append(Proposal(powers, total, length, squashed, agreement))
        scores = scores + agreement
        powers = soft_powers(scores, real, ops.cast(temperature, votes.dtype))
        total = sum_cells(powers)
    vectors = _mean(votes, powers, total)
    return ops.cast(vectors, grid.dtype), Trace(proposals, powers, total)


def couplings(grid: Tensor, real: Tensor, temperature: Tensor | float, *, steps: int) -> list[Tensor]:
    """Weight of each cell in its window's mean, `(batch, rows, height, columns, width)` for each step; see `route`."""
    _, trace = route(grid, real, temperature, steps=steps)
    weights = [(each.powers, each.total) for each in trace.proposals]
    return [powers / spread(total) for powers, total in (*weights, (trace.powers, trace.total))]


def statistics_dtype(dtype: Any) -> str:
    """Name the dtype in which scores are added: float32, or `dtype` when it is wider."""
    # Keras's own promotion knows float64 under TensorFlow alone.
    return "float64" if backend.standardize_dtype(dtype) == "float64" else "float32"


def soft_powers(scores: Tensor, real: Tensor, temperature: Tensor) -> Tensor:
    """Weigh cells by a softmax over their window, before they are made to sum to 1: the highest score weighs 1.

    Args:
        scores: Of each cell; those of padding do not matter.
        real: 1 for cells on the map and 0 for padding, like the scores.
        temperature: Positive scalar that divides the scores.
    """
    # What is subtracted must be the very number that a cell has, or none weighs anything at a low temperature: the
    # scores are sums of what XLA keeps, and never computed twice.
    scores = scores - (1.0 - real) * FAR
    return real * ops.exp((scores - ops.max(scores, axis=(2, 4), keepdims=True)) / temperature)


def sum_cells(*factors: Tensor) -> Tensor:
    """Add up each window's cells, or the products of several numbers or vectors of them."""
    slices = zip(*map(_slices, factors), strict=True)
    terms = [reduce(mul, cell) for cell in slices]
    return reduce(add, terms) if terms else ops.sum(reduce(mul, factors), axis=(2, 4))


def max_cells(values: Tensor) -> Tensor:
    """Take the largest of each window's cells."""
    terms = _slices(values)
    return reduce(ops.maximum, terms) if terms else ops.max(values, axis=(2, 4))


def spread(windows: Tensor) -> Tensor:
    """Line up what is said of windows with their cells, for broadcasting."""
    return windows[:, :, None, :, None]


def _slices(grid: Tensor) -> list[Tensor]:
    """Take the cells of every window apart, place by place; none where windows are too large for that."""
    height, width = grid.shape[2], grid.shape[4]
    places = np.ndindex(height, width) if height * width <= MOST_TERMS else ()
    return [grid[:, :, i, :, j] for i, j in places]


def _mean(votes: Tensor, powers: Tensor, total: Tensor) -> Tensor:
    return sum_cells(votes, powers[..., None]) / total[..., None]


def _squash(vectors: Tensor) -> tuple[Tensor, Tensor]:
    # Made small by their size where that is large: squares of float32 overflow at 1e19.
    channels = ops.cast(ops.shape(vectors)[-1], vectors.dtype)
    size = ops.clip(sum_channels(ops.absolute(vectors) / channels), 1.0, float("inf"))
    squares = sum_channels(ops.square(vectors * (1.0 / size)[..., None]))
    length = ops.sqrt(ops.clip(squares, SHORTEST**2, float("inf"))) * size
    return length, vectors * (1.0 / (1.0 + length))[..., None]
