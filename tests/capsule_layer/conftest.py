"""An independent reference of the layer, and gradients on the backends the tests run on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

Array = np.ndarray[Any, Any]


def agree(cells: Array, steps: int, temperature: float) -> tuple[Array, list[Array]]:
    """Routing by agreement on the real cells `(cells, channels)` of one window: the vector, and each step's weights."""
    couplings = [np.full(len(cells), 1 / len(cells))]
    agreed = np.mean(cells, axis=0)
    scores = np.zeros(len(cells))
    for _ in range(steps - 1):
        squashed = agreed / (1 + np.linalg.norm(agreed))
        scores = np.array([score + cell @ squashed for score, cell in zip(scores, cells, strict=True)])
        powers = np.array([math.exp((score - max(scores)) / temperature) for score in scores])
        couplings.append(powers / sum(powers))
        agreed = np.sum([weight * cell for weight, cell in zip(couplings[-1], cells, strict=True)], axis=0)
    return agreed, couplings


def pool(maps: Array, pool_size: tuple[int, int], steps: int, temperature: float, padding: str) -> tuple[Array, Array]:
    """The layer and its coupling coefficients on `(batch, height, width, channels)` in float64, window by window."""
    axes = [_slices(size, pool, padding) for size, pool in zip(maps.shape[1:3], pool_size, strict=True)]
    out = np.empty((len(maps), len(axes[0]), len(axes[1]), maps.shape[-1]))
    couplings = np.zeros((len(maps), steps, *maps.shape[1:3]))
    for image, (row, rows), (column, columns) in itertools.product(range(len(maps)), *map(enumerate, axes)):
        window = maps[image, rows, columns].astype("float64")
        out[image, row, column], weights = agree(window.reshape(-1, maps.shape[-1]), steps, temperature)
        couplings[image, :, rows, columns] = np.reshape(weights, (steps, *window.shape[:2]))
    return out, couplings


def _slices(size: int, pool: int, padding: str) -> list[slice]:
    if padding == "valid":
        return [slice(start, start + pool) for start in range(0, size - pool + 1, pool)]
    before = (math.ceil(size / pool) * pool - size) // 2
    return [slice(max(start, 0), min(start + pool, size)) for start in range(-before, size, pool)]


@pytest.fixture(scope="session")
def reference_route() -> Callable[..., Array]:
    return lambda *arguments: agree(*arguments)[0]


@pytest.fixture(scope="session")
def reference_pool() -> Callable[..., Array]:
    return lambda *arguments: pool(*arguments)[0]


@pytest.fixture(scope="session")
def reference_couplings() -> Callable[..., Array]:
    return lambda *arguments: pool(*arguments)[1]


@pytest.fixture(scope="session")
def value_and_gradient() -> Callable[..., tuple[Array, Array]]:
    """`(function, x, upstream)` -> the value, and the gradient of `sum(value * upstream)` with respect to x."""
    return {"jax": _by_jax, "tensorflow": _by_tensorflow, "torch": _by_torch}[keras.backend.backend()]


def _by_jax(function: Callable[..., Any], x: Array, upstream: Array) -> tuple[Array, Array]:
    import jax

    value, pull = jax.vjp(function, jax.numpy.asarray(x))
    return np.asarray(value), np.asarray(pull(jax.numpy.asarray(upstream, value.dtype))[0])


def _by_tensorflow(function: Callable[..., Any], x: Array, upstream: Array) -> tuple[Array, Array]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(maps := tf.constant(x))
        value = function(maps)
    return value.numpy(), tape.gradient(value, maps, tf.cast(upstream, value.dtype)).numpy()


def _by_torch(function: Callable[..., Any], x: Array, upstream: Array) -> tuple[Array, Array]:
    import torch

    maps = torch.tensor(x, requires_grad=True)
    value = function(maps)
    value.backward(torch.tensor(upstream, dtype=value.dtype))
    return value.detach().numpy(), maps.grad.numpy()
