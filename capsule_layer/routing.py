"""Routing by agreement inside a window: pure functions on tensors, in whatever backend Keras runs on.

A window is the last two axes of a tensor, `(..., cells, channels)`: its cells are vectors that vote. Leading axes are
independent windows. Statistics over cells keep the cells axis with length 1, so that they broadcast against a window.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from keras import backend, ops

Tensor: TypeAlias = Any

EPSILON = 1e-7


def route(windows: Tensor, temperature: Tensor | float, *, steps: int, mask: Tensor | None = None) -> Tensor:
    """Reduce each window to the vector its cells agree on.

    The first vector is the mean. Every further step adds to the score of each cell its dot product with the squashed
    vector, and takes a new mean in which the cells weigh by a softmax over their scores. The result is not squashed.
    Scores and weights are computed in float32, or wider when `windows` is.

    Args:
        windows: Vectors that vote, `(..., cells, channels)`; zero wherever `mask` is False.
        temperature: Positive scalar that divides the scores; a high one leaves the plain mean.
        steps: Number of means taken, at least 1.
        mask: Booleans that broadcast to `(..., cells, 1)`, True for real cells; None means that all of them are.

    Returns:
        One vector a window, `(..., channels)`, in the dtype of `windows`.

    Source:
        The routing of Sabour, Frosst and Hinton (2017), arXiv:1710.09829, with the window in place of the layer below
        and without its transformation matrices.
    """
    votes = ops.cast(windows, statistics_dtype(windows.dtype))
    cells = votes.shape[-2] if mask is None else ops.sum(ops.cast(mask, votes.dtype), axis=-2, keepdims=True)
    agreed = ops.sum(votes, axis=-2, keepdims=True) / cells
    scores = 0.0
    for _ in range(steps - 1):
        scores = scores + ops.matmul(votes, _transposed(squash(agreed)))
        weights = window_softmax(scores, temperature, cells=cells, mask=mask)
        agreed = ops.matmul(_transposed(weights), votes)
    return ops.cast(ops.squeeze(agreed, axis=-2), windows.dtype)


def squash(vectors: Tensor) -> Tensor:
    """Shorten vectors along the last axis to a length below 1: `v / (1 + |v|)`."""
    # The root has no gradient at zero, where whole windows lie after a ReLU.
    squares = ops.maximum(ops.sum(ops.square(vectors), axis=-1, keepdims=True), EPSILON**2)
    return vectors / (1.0 + EPSILON + ops.sqrt(squares))


def window_softmax(
    scores: Tensor, temperature: Tensor | float, *, cells: Tensor | int, mask: Tensor | None = None
) -> Tensor:
    """Weights of the cells in a weighted mean, `(..., cells, 1)`.

    Args:
        scores: Agreement of each cell, `(..., cells, 1)`.
        temperature: Positive scalar that divides the scores.
        cells: How many real cells each window holds: a number, or a tensor that broadcasts to `(..., 1, 1)`.
        mask: As in `route`; masked cells weigh nothing.

    Returns:
        Weights that sum to 1 less a relative `EPSILON * cells` at most, as in the original layer.
    """
    logits = scores / ops.cast(temperature, scores.dtype)
    if mask is not None:
        logits = ops.where(mask, logits, float("-inf"))
    powers = ops.exp(logits - ops.stop_gradient(ops.max(logits, axis=-2, keepdims=True)))
    return powers / (ops.sum(powers, axis=-2, keepdims=True) + EPSILON * cells)


def statistics_dtype(dtype: str) -> str:
    """Name the dtype in which scores are added: float32, or `dtype` when it is wider."""
    return str(backend.result_type(dtype, "float32"))


def _transposed(matrices: Tensor) -> Tensor:
    return ops.swapaxes(matrices, -1, -2)
