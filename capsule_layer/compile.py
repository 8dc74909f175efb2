"""The one place that knows how each Keras backend compiles a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a pure function of tensors in the own compiler of the active backend.

    The compiler changes the time and not the numbers, beyond rounding. It also compiles the gradient, may be called
    inside another compiled function, and never compiles again for a new value of a tensor.

    Args:
        function: Takes tensors, returns tensors, and has no side effects.

    Returns:
        `tf.function` under XLA on TensorFlow, `jax.jit` on JAX, and `function` itself on any other backend.
    """
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            # XLA compiles once for each shape it meets, a smaller last batch included, and takes about a second
            # for a training step; relaxed shapes spare the Python trace before it.
            options = {"jit_compile": True, "reduce_retracing": True, "autograph": False}
            return tf.function(function, **options)  # type: ignore[no-any-return]
        case "jax":
            import jax

            return jax.jit(function)
        case _:
            return function
