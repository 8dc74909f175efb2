from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from capsule_layer.routing import route, squash, window_softmax


def windows(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (scale * np.random.default_rng(3).normal(size=shape)).astype("float32")


def test_squash_shortens_below_one_and_keeps_the_direction():
    vectors = windows(5, 4, scale=10.0)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    np.testing.assert_allclose(squash(vectors), vectors / (1 + lengths), rtol=1e-6)


def test_squash_of_zero_has_the_slope_of_the_identity(value_and_gradient):
    zeros = np.zeros((2, 4), "float32")
    value, gradient = value_and_gradient(squash, zeros, np.ones_like(zeros))
    np.testing.assert_array_equal(value, zeros)
    np.testing.assert_allclose(gradient, 1, rtol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 300.0, -300.0])
def test_softmax_is_safe_at_any_height_and_leaves_masked_cells_out(shift):
    scores = ops.convert_to_tensor(np.array([[shift], [shift + 1.0], [0.0]], "float32"))
    mask = ops.convert_to_tensor(np.array([[True], [True], [False]]))
    weights = ops.convert_to_numpy(window_softmax(scores, 0.5, cells=2, mask=mask))[:, 0]
    np.testing.assert_allclose(weights, [1 / (1 + np.exp(2)), 1 / (1 + np.exp(-2)), 0], rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_route_agrees_with_the_reference(reference_route, steps, temperature):
    votes = windows(2, 3, 6, 4)
    expected = [[reference_route(window, steps, temperature) for window in row] for row in votes.astype("float64")]
    np.testing.assert_allclose(route(votes, temperature, steps=steps), expected, rtol=2e-5, atol=2e-6)


def test_masked_cells_do_not_vote(reference_route):
    # Votes that point apart give negative scores, so a masked cell's zero would be the largest of the window.
    votes = windows(1, 5, 3, scale=4.0)
    votes[:, 3:] = 0
    mask = ops.convert_to_tensor(np.array([[True], [True], [True], [False], [False]])[None])
    result = route(votes, 0.3, steps=3, mask=mask)
    np.testing.assert_allclose(result, reference_route(votes[0, :3].astype("float64"), 3, 0.3)[None], rtol=2e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_statistics_of_narrow_dtypes_are_not_narrow(reference_route, dtype):
    # The squared length of the mean, 64 * 100**2, is beyond float16.
    votes = ops.cast(100 + windows(1, 4, 64, scale=5.0), dtype)
    exact = ops.convert_to_numpy(ops.cast(votes, "float32")).astype("float64")
    result = route(votes, 1.0, steps=2)
    assert str(result.dtype).endswith(dtype) or dtype in str(result.dtype)
    resolution = {"float16": 1e-3, "bfloat16": 8e-3}[dtype]
    expected = reference_route(exact[0], 2, 1.0)[None]
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(result, "float32")), expected, rtol=resolution)


def test_gradients_pass_masks_and_windows_of_zeros(value_and_gradient):
    votes = windows(2, 4, 3)
    votes[1] = 0
    votes[:, 3] = 0
    mask = ops.convert_to_tensor(np.array([[True], [True], [True], [False]]))
    _, gradient = value_and_gradient(lambda x: route(x, 1.0, steps=3, mask=mask), votes, windows(2, 3))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient[:, :3]).min() > 0
