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


def agree(cells: Array, steps: int, temperature: float) -> Array:
    """Routing by agreement on the real cells `(cells, channels)` of one window."""
    count = len(cells)
    agreed = sum(cells) / count
    scores = [0.0] * count
    for _ in range(steps - 1):
        squashed = agreed / (1 + np.linalg.norm(agreed) + 1e-7)
        scores = [score + cell @ squashed for score, cell in zip(scores, cells, strict=True)]
        powers = [math.exp((score - max(scores)) / temperature) for score in scores]
        couplings = [power / (sum(powers) / count + 1e-7) for power in powers]
        agreed = sum(coupling * cell for coupling, cell in zip(couplings, cells, strict=True)) / count
    return agreed


def pool(maps: Array, pool_size: tuple[int, int], steps: int, temperature: float, padding: str) -> Array:
    """The layer on `(batch, height, width, channels)` in float64, one window after the other."""
    axes = [_slices(size, pool, padding) for size, pool in zip(maps.shape[1:3], pool_size, strict=True)]
    out = np.empty((len(maps), len(axes[0]), len(axes[1]), maps.shape[-1]))
    for image, (row, rows), (column, columns) in itertools.product(range(len(maps)), *map(enumerate, axes)):
        window = maps[image, rows, columns].astype("float64").reshape(-1, maps.shape[-1])
        out[image, row, column] = agree(window, steps, temperature)
    return out


def _slices(size: int, pool: int, padding: str) -> list[slice]:
    if padding == "valid":
        return [slice(start, start + pool) for start in range(0, size - pool + 1, pool)]
    before = (math.ceil(size / pool) * pool - size) // 2
    return [slice(max(start, 0), start + pool) for start in range(-before, size, pool)]


@pytest.fixture
def reference_route() -> Callable[..., Array]:
    return agree


@pytest.fixture
def reference_pool() -> Callable[..., Array]:
    return pool


@pytest.fixture
def value_and_gradient() -> Callable[..., tuple[Array, Array]]:
    """`(function, x, upstream)` -> the value, and the gradient of `sum(value * upstream)` with respect to x."""
    if keras.backend.backend() == "jax":
        return _by_jax
    if keras.backend.backend() == "tensorflow":
        return _by_tensorflow
    pytest.skip("needs TensorFlow or JAX to take gradients")


def _by_jax(function: Callable[..., Any], x: Array, upstream: Array) -> tuple[Array, Array]:
    import jax

    value, pull = jax.vjp(function, x)
    return np.asarray(value), np.asarray(pull(upstream)[0])


def _by_tensorflow(function: Callable[..., Any], x: Array, upstream: Array) -> tuple[Array, Array]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(maps := tf.constant(x))
        value = function(maps)
    return value.numpy(), tape.gradient(value, maps, tf.constant(upstream)).numpy()
