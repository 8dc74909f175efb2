from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from capsule_layer.windows import cut, join, real_cells, window_count

SHAPES = [(24, 24, (3, 3)), (10, 10, (4, 4)), (5, 5, (4, 4)), (7, 11, (3, 4)), (2, 9, (5, 5)), (1, 1, (2, 3))]


def numbered(height: int, width: int) -> np.ndarray:
    return np.arange(1.0, height * width + 1, dtype="float32").reshape(1, height, width, 1)


def windows(grid: object) -> np.ndarray:
    """The cells of each window of a grid of one image and one channel, a row each."""
    array = ops.convert_to_numpy(grid)[0, ..., 0].transpose(0, 2, 1, 3)
    return array.reshape(array.shape[0] * array.shape[1], -1)


@pytest.mark.parametrize(("height", "width", "pool_size"), SHAPES)
def test_same_windows_hold_the_cells_keras_pools(height, width, pool_size):
    maps = ops.convert_to_tensor(numbered(height, width))
    cells = windows(cut(maps, pool_size, padding="same"))
    modes = [(ops.max_pool, np.max), (ops.average_pool, np.mean)]
    # Under torch, Keras averages copies of the edge in.
    for mode, of in modes[:1] if keras.backend.backend() == "torch" else modes:
        pooled = ops.convert_to_numpy(mode(maps, pool_size, pool_size, padding="same")).ravel()
        np.testing.assert_allclose([of(each[each > 0]) for each in cells], pooled, rtol=1e-6)


@pytest.mark.parametrize(("height", "width", "pool_size"), SHAPES)
def test_real_cells_are_those_on_the_map(height, width, pool_size):
    grid = cut(numbered(height, width), pool_size, padding="same")
    real = real_cells(height, width, pool_size, padding="same")
    np.testing.assert_array_equal(real, ops.convert_to_numpy(grid)[..., 0] > 0)


def test_valid_windows_start_at_the_corner_and_drop_the_rest():
    grid = cut(numbered(5, 7), (2, 3), padding="valid")
    assert tuple(grid.shape) == (1, 2, 2, 2, 3, 1)
    np.testing.assert_array_equal(windows(grid)[1], [4, 5, 6, 11, 12, 13])
    np.testing.assert_array_equal(real_cells(5, 7, (2, 3), padding="valid"), np.ones((1, 2, 2, 2, 3)))


@pytest.mark.parametrize(("height", "width", "pool_size"), SHAPES)
def test_joining_takes_the_cut_back(height, width, pool_size):
    maps = numbered(height, width)
    grid = cut(maps, pool_size, padding="same")
    np.testing.assert_array_equal(join(grid[..., 0], height, width, padding="same"), maps[..., 0])


def test_joining_leaves_zeros_where_valid_dropped_cells():
    maps = numbered(5, 7)
    joined = ops.convert_to_numpy(join(cut(maps, (2, 3), padding="valid")[..., 0], 5, 7, padding="valid"))
    np.testing.assert_array_equal(joined[:, :4, :6], maps[:, :4, :6, 0])
    assert joined[:, 4:].max() == joined[:, :, 6:].max() == 0


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow")
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_sizes_may_be_known_to_the_graph_alone(padding):
    import tensorflow as tf

    graph = tf.function(lambda height: real_cells(height, 9, (3, 4), padding=padding))
    np.testing.assert_array_equal(graph(tf.constant(7)), real_cells(7, 9, (3, 4), padding=padding))


def test_a_valid_window_must_fit_the_map():
    with pytest.raises(ValueError, match=r"pool_size must not exceed the map .* window of 5 on a map of 4"):
        window_count(4, 5, padding="valid")
    assert window_count(4, 5, padding="same") == 1
