from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from capsule_layer import compile as compile_module
from capsule_layer.compile import compiled, sum_channels


def curve(x, scale):
    return ops.exp(-ops.square(x) / scale)


def test_same_numbers_and_gradients_without_it(value_and_gradient):
    x = np.linspace(-2, 2, 12, dtype="float32").reshape(3, 4)
    scale = ops.convert_to_tensor(np.float32(0.7))
    with_it, without_it = (
        value_and_gradient(lambda x, f=f: f(x, scale), x, np.ones_like(x)) for f in (compiled(curve), curve)
    )
    for mine, plain in zip(with_it, without_it, strict=True):
        np.testing.assert_allclose(mine, plain, rtol=1e-6, atol=1e-7)


@pytest.mark.skipif(keras.backend.backend() not in ("tensorflow", "jax"), reason="needs a backend with a compiler")
def test_new_values_are_not_traced_again():
    traces = []

    def traced(x, scale):
        traces.append(1)
        return curve(x, scale)

    function = compiled(traced)
    for scale in (0.5, 1.0, 2.0):
        function(ops.ones((2, 3)), ops.convert_to_tensor(np.float32(scale)))
    assert len(traces) == 1


@pytest.mark.parametrize("on_cpu", [True, False])
def test_channels_are_summed_either_way(monkeypatch, on_cpu):
    monkeypatch.setattr(compile_module, "_on_cpu", lambda: on_cpu)
    x = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
    np.testing.assert_allclose(sum_channels(ops.convert_to_tensor(x)), x.sum(axis=-1), rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow")
def test_a_sum_over_channels_makes_one_loop_with_what_feeds_it():
    read_program = compiled(lambda x, y: sum_channels(x * y)).experimental_get_compiler_ir(
        ops.ones((32, 64)), ops.ones((32, 64))
    )
    entry = read_program(stage="optimized_hlo").split("ENTRY")[1]
    # Two parameters and the loop: the product is never stored.
    assert [line.split("=")[1].split("(")[0].split()[-1] for line in entry.splitlines() if "=" in line] == [
        *("parameter", "parameter", "fusion"),
    ]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow")
def test_tensorflow_compiles_with_xla():
    read_program = compiled(curve).experimental_get_compiler_ir(ops.ones((2, 3)), ops.ones(()))
    assert "HloModule" in read_program(stage="optimized_hlo")


def test_a_backend_without_a_compiler_gets_the_function_itself(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    assert compiled(curve) is curve
