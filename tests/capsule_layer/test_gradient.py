"""The written gradient against what the backend derives from `route` itself."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from capsule_layer.gradient import differentiable_route
from capsule_layer.routing import route


def tensor(array: np.ndarray) -> object:
    return ops.convert_to_tensor(array)


def example(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid with padding at its right, its real cells, and an upstream gradient."""
    rng = np.random.default_rng(seed)
    votes, real = rng.normal(scale=1.5, size=(2, 2, 2, 2, 3, 4)), np.ones((1, 2, 2, 2, 3))
    votes[:, :, :, 1, 2] = real[:, :, :, 1, 2] = 0
    return votes.astype("float32"), real.astype("float32"), rng.normal(size=(2, 2, 2, 4)).astype("float32")


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("temperature", [0.3, 4.0])
def test_of_the_grid_it_is_what_the_backend_derives(value_and_gradient, steps, temperature):
    votes, real, upstream = example(steps)
    divisor = tensor(np.float32(temperature))
    mine = value_and_gradient(lambda x: differentiable_route(steps)(x, real, divisor), votes, upstream)
    derived = value_and_gradient(lambda x: route(x, real, divisor, steps=steps)[0], votes, upstream)
    np.testing.assert_allclose(mine[0], derived[0], rtol=1e-5, atol=1e-6)
    on_map = np.broadcast_to(real[..., None], votes.shape) > 0
    np.testing.assert_allclose(mine[1][on_map], derived[1][on_map], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("steps", [2, 4])
def test_of_the_temperature_it_is_what_the_backend_derives(value_and_gradient, steps):
    votes, real, upstream = example()
    of = {
        "mine": lambda t: differentiable_route(steps)(tensor(votes), real, t),
        "derived": lambda t: route(votes, real, t, steps=steps)[0],
    }
    slopes = {name: value_and_gradient(f, np.float32(0.7), upstream)[1] for name, f in of.items()}
    np.testing.assert_allclose(slopes["mine"], slopes["derived"], rtol=1e-4)
    assert abs(slopes["mine"]) > 1e-2


def test_windows_of_zeros_have_the_gradient_of_the_mean(value_and_gradient):
    votes, real, upstream = example()
    votes[1] = 0
    _, gradient = value_and_gradient(
        lambda x: differentiable_route(3)(x, real, tensor(np.float32(1.0))), votes, upstream
    )
    np.testing.assert_allclose(
        gradient[1, :, :, 0], upstream[1, :, None, 0, None] / 6 * np.ones((2, 2, 3, 1)), rtol=1e-6
    )
    assert np.isfinite(gradient).all()


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras's custom gradients are of first order in torch")
def test_the_gradient_has_a_gradient(value_and_gradient):
    votes, real, upstream = example()
    divisor, direction = tensor(np.float32(0.8)), np.random.default_rng(9).normal(size=votes.shape).astype("float32")

    def slope(function, x):
        """Derivative of `sum(function(x) * upstream)` along the direction."""
        if keras.backend.backend() == "jax":
            import jax

            return jax.numpy.sum(jax.grad(lambda y: ops.sum(function(y) * upstream))(x) * direction)
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(function(x) * upstream)
        return tf.reduce_sum(tape.gradient(total, x) * direction)

    mine, derived = (
        value_and_gradient(lambda x, f=f: slope(f, x), votes, np.float32(1.0))[1]
        for f in (
            lambda x: differentiable_route(3)(x, real, divisor),
            lambda x: route(x, real, divisor, steps=3)[0],
        )
    )
    on_map = np.broadcast_to(real[..., None], votes.shape) > 0
    assert np.abs(derived[on_map]).max() > 0.1
    np.testing.assert_allclose(mine[on_map], derived[on_map], rtol=2e-3, atol=2e-4)
