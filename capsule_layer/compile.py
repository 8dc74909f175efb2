"""The one place that knows how each Keras backend compiles and differentiates, and what its compiler is good at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a pure function of tensors in the own compiler of the active backend.

    The compiler changes the time and not the numbers, beyond rounding. A compiled function may be called inside
    another one, can be differentiated, and is never compiled again for a new value of a tensor.

    Args:
        function: Takes tensors, returns tensors, and has no side effects.

    Returns:
        `tf.function` under XLA on TensorFlow, `jax.jit` on JAX, and `function` itself on any other backend.
    """
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            # XLA compiles once for each shape it meets, a smaller last batch included; relaxed shapes spare the
            # Python trace before it.
            options = {"jit_compile": True, "reduce_retracing": True, "autograph": False}
            return tf.function(function, **options)  # type: ignore[no-any-return]
        case "jax":
            import jax

            return jax.jit(function)
        case _:
            return function


def differentiable(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a gradient of its own.

    Args:
        forward: Takes tensors; returns the result, and whatever `backward` needs besides.
        backward: Takes the same tensors, what `forward` kept, and the gradient with respect to the result; returns
            the gradient with respect to each of the tensors.

    Returns:
        A function of the same tensors that returns the result alone.
    """

    def with_gradient(*inputs: Any) -> tuple[Any, Callable[..., Any]]:
        result, kept = forward(*inputs)

        def gradient(*arguments: Any, upstream: Any = None) -> Any:
            # Torch names it and hands the inputs over again; the others pass it alone.
            return backward(*inputs, kept, arguments[0] if upstream is None else upstream)

        return result, gradient

    return ops.custom_gradient(with_gradient)  # type: ignore[no-any-return]


def sum_channels(products: Any) -> Any:
    """Add up the last axis.

    On a CPU it is written as a product with ones: XLA makes one vectorised loop of it and whatever it is fed with,
    where a sum is added up number by number. Elsewhere it is a sum, which no reduced precision of products touches.
    """
    if not _on_cpu():
        return ops.sum(products, axis=-1)
    channels = ops.shape(products)[-1]
    ones = ops.ones((channels, 1), dtype=products.dtype)
    return ops.reshape(ops.matmul(ops.reshape(products, (-1, channels)), ones), ops.shape(products)[:-1])


def _on_cpu() -> bool:
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return not tf.config.list_logical_devices("GPU")
        case "jax":
            import jax

            return bool(jax.default_backend() == "cpu")
        case _:
            return False
