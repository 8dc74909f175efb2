from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from capsule_layer.routing import MOST_TERMS, couplings, max_cells, route, soft_powers, sum_cells


def grid(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (scale * np.random.default_rng(3).normal(size=shape)).astype("float32")


def everywhere(votes: np.ndarray) -> np.ndarray:
    return np.ones((1, *votes.shape[1:-1]), "float32")


def window(values: np.ndarray, image: int, row: int, column: int) -> np.ndarray:
    """The cells of one window of a grid, in order."""
    cells = values[image, row, :, column]
    return cells.reshape(-1, *cells.shape[2:])


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("temperature", [0.1, 2.0])
def test_route_agrees_with_the_reference(reference_route, steps, temperature):
    votes = grid(2, 3, 2, 2, 3, 4)
    pooled, _ = route(votes, everywhere(votes), temperature, steps=steps)
    exact = votes.astype("float64")
    for place in np.ndindex(2, 3, 2):
        expected = reference_route(window(exact, *place), steps, temperature)
        np.testing.assert_allclose(pooled[place], expected, rtol=2e-5, atol=2e-6)


def test_padding_does_not_vote(reference_route):
    # Votes that point apart give negative scores, so the zero of padding would be the largest of the window.
    votes, real = grid(1, 1, 1, 1, 5, 3, scale=4.0), np.ones((1, 1, 1, 1, 5), "float32")
    votes[..., 3:, :] = real[..., 3:] = 0
    pooled, trace = route(votes, real, 0.3, steps=3)
    expected = reference_route(votes[0, 0, 0, 0, :3].astype("float64"), 3, 0.3)
    np.testing.assert_allclose(np.ravel(pooled), expected, rtol=2e-5)
    np.testing.assert_array_equal(np.ravel(trace.powers)[3:], 0)


def test_a_trace_tells_lengths_and_agreements():
    votes = grid(2, 1, 2, 3, 2, 4)
    _, trace = route(votes, everywhere(votes), 1.0, steps=2)
    (proposal,) = trace.proposals
    vectors = votes.mean(axis=(2, 4))
    lengths = np.linalg.norm(vectors, axis=-1)
    np.testing.assert_allclose(proposal.length, lengths, rtol=1e-5)
    squashed = vectors / (1 + lengths[..., None])
    np.testing.assert_allclose(proposal.squashed, squashed, rtol=1e-5, atol=1e-6)
    expected = np.einsum("brhcwd,brcd->brhcw", votes, squashed)
    np.testing.assert_allclose(proposal.agreement, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 3])
def test_couplings_sum_to_one_and_begin_alike(steps):
    votes = grid(2, 2, 2, 3, 3, 4)
    each = couplings(votes, everywhere(votes), 0.5, steps=steps)
    assert [tuple(weights.shape) for weights in each] == [(2, 2, 2, 3, 3)] * steps
    for weights in each:
        np.testing.assert_allclose(sum_cells(weights), 1, rtol=1e-6)
    np.testing.assert_allclose(each[0], 1 / 6, rtol=1e-6)


def test_the_last_couplings_make_the_result():
    votes = grid(2, 2, 2, 3, 3, 4)
    pooled, _ = route(votes, everywhere(votes), 0.5, steps=3)
    last = couplings(votes, everywhere(votes), 0.5, steps=3)[-1]
    np.testing.assert_allclose(sum_cells(ops.convert_to_tensor(votes), last[..., None]), pooled, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("level", [-1e4, 0.0, 1e4])
@pytest.mark.parametrize("temperature", [1e-3, 3e38])
def test_powers_count_from_the_highest_real_score(level, temperature):
    scores = ops.convert_to_tensor(np.float32([level, level - 2, 0.0]).reshape(1, 1, 1, 1, 3))
    real = ops.convert_to_tensor(np.float32([1, 1, 0]).reshape(1, 1, 1, 1, 3))
    powers = soft_powers(scores, real, temperature)
    np.testing.assert_allclose(np.ravel(powers), [1, np.exp(-2 / temperature), 0], rtol=1e-6)


@pytest.mark.parametrize("side", [5, 7])
def test_windows_of_any_size_are_reduced(side):
    votes, weights = grid(1, 1, side, 1, side, 3), grid(1, 1, side, 1, side)
    assert (side**2 > MOST_TERMS) == (side == 7)
    expected = np.einsum("brhcwd,brhcw->brcd", votes, weights)
    result = sum_cells(ops.convert_to_tensor(votes), ops.convert_to_tensor(weights[..., None]))
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(max_cells(ops.convert_to_tensor(votes)), votes.max(axis=(2, 4)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_statistics_of_narrow_dtypes_are_not_narrow(reference_route, dtype):
    # The squared length of the mean, 64 * 100**2, is beyond float16.
    votes = ops.cast(100 + grid(1, 1, 2, 1, 2, 64, scale=5.0), dtype)
    exact = ops.convert_to_numpy(ops.cast(votes, "float32")).astype("float64")
    pooled, trace = route(votes, everywhere(exact), 1.0, steps=2)
    assert dtype in str(pooled.dtype)
    assert "float32" in str(trace.powers.dtype)
    expected = reference_route(window(exact, 0, 0, 0), 2, 1.0)
    result = ops.convert_to_numpy(ops.cast(pooled, "float32"))[0, 0, 0]
    np.testing.assert_allclose(result, expected, rtol={"float16": 1e-3, "bfloat16": 8e-3}[dtype])
