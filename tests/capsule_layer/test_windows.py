from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from capsule_layer.windows import align, cut, real_cells, window_count

SHAPES = [(24, 24, (3, 3)), (10, 10, (4, 4)), (5, 5, (4, 4)), (7, 11, (3, 4)), (2, 9, (5, 5)), (1, 1, (2, 3))]


def numbered(height: int, width: int) -> np.ndarray:
    return np.arange(1.0, height * width + 1, dtype="float32").reshape(1, height, width, 1)


@pytest.mark.parametrize(("height", "width", "pool_size"), SHAPES)
def test_same_windows_hold_the_cells_keras_pools(height, width, pool_size):
    maps = numbered(height, width)
    windows = ops.convert_to_numpy(cut(align(maps, pool_size, padding="same"), pool_size))[0, :, :, 0]
    for mode, of in [(ops.max_pool, np.max), (ops.average_pool, np.mean)]:
        pooled = ops.convert_to_numpy(mode(maps, pool_size, pool_size, padding="same")).ravel()
        np.testing.assert_allclose([of(cells[cells > 0]) for cells in windows], pooled, rtol=1e-6)


@pytest.mark.parametrize(("height", "width", "pool_size"), SHAPES)
def test_real_cells_are_those_on_the_map(height, width, pool_size):
    maps = numbered(height, width)
    mask = real_cells(maps, pool_size, padding="same")
    windows = ops.convert_to_numpy(cut(align(maps, pool_size, padding="same"), pool_size))
    if mask is None:
        assert (windows > 0).all()
    else:
        np.testing.assert_array_equal(ops.convert_to_numpy(mask), windows > 0)


def test_valid_windows_start_at_the_corner_and_drop_the_rest():
    maps = numbered(5, 7)
    aligned = align(maps, (2, 3), padding="valid")
    np.testing.assert_array_equal(aligned, maps[:, :4, :6])
    np.testing.assert_array_equal(cut(aligned, (2, 3))[0, 1, :, 0], [4, 5, 6, 11, 12, 13])
    assert real_cells(maps, (2, 3), padding="valid") is None


def test_maps_that_fit_are_neither_padded_nor_masked():
    maps = numbered(4, 6)
    assert align(maps, (2, 3), padding="same") is maps
    assert real_cells(maps, (2, 3), padding="same") is None


def test_a_valid_window_must_fit_the_map():
    with pytest.raises(ValueError, match=r"pool_size must not exceed the map .* window of 5 on a map of 4"):
        window_count(4, 5, padding="valid")
    assert window_count(4, 5, padding="same") == 1
