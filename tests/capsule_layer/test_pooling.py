from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from capsule_layer import CapsulePooling2D, SoftPooling2D, gradient

# Windows of 4 on 10 and on 5, of 3 on 7, and of 4 on a width of 11 or 9: `same` pads before the map, after it, or both.
SHAPES = [(10, 10, (4, 4)), (5, 5, (4, 4)), (7, 11, (3, 4)), (6, 9, (2, 4)), (2, 3, (5, 2))]

on_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow")


def maps(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(scale=2.0, size=shape).astype("float32")


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("case", range(6))
def test_equals_the_notebook_where_that_is_aligned(golden_file, value_and_gradient, case):
    with np.load(golden_file) as golden:
        x, y, upstream, grad, meta = (golden[f"case{case:02d}_{k}"] for k in ("x", "y", "upstream", "grad", "meta"))
    layer = CapsulePooling2D((int(meta[0]), int(meta[1])), int(meta[2]), float(meta[3]))
    value, gradient = value_and_gradient(layer, x, upstream)
    assert relative_error(value, y) <= 1e-5
    assert relative_error(gradient, grad) <= 1e-4


@pytest.mark.parametrize(("height", "width", "pool_size"), SHAPES)
def test_equals_the_reference_at_every_alignment(reference_pool, height, width, pool_size):
    x = maps(2, height, width, 3)
    result = ops.convert_to_numpy(CapsulePooling2D(pool_size, 3, 0.6)(x))
    assert relative_error(result, reference_pool(x, pool_size, 3, 0.6, "same")) <= 2e-6


@pytest.mark.parametrize(("height", "width", "pool_size"), [(10, 10, (4, 4)), (7, 11, (3, 4)), (4, 6, (4, 2))])
def test_equals_the_reference_without_padding(reference_pool, height, width, pool_size):
    x = maps(2, height, width, 3)
    result = ops.convert_to_numpy(CapsulePooling2D(pool_size, 3, 0.6, "valid")(x))
    assert relative_error(result, reference_pool(x, pool_size, 3, 0.6, "valid")) <= 2e-6


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_channels_first_is_channels_last_transposed(padding):
    x = maps(2, 10, 7, 3)
    last, first = (
        CapsulePooling2D((4, 3), 2, 0.5, padding, data_format=f) for f in ("channels_last", "channels_first")
    )
    expected = np.moveaxis(ops.convert_to_numpy(last(x)), -1, 1)
    result = first(np.moveaxis(x, -1, 1))
    np.testing.assert_array_equal(ops.convert_to_numpy(result), expected)
    assert first.compute_output_shape((2, 3, 10, 7)) == tuple(result.shape) == expected.shape


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("pool_size", [(2, 2), (3, 4)])
def test_one_step_is_average_pooling_bit_for_bit(padding, data_format, pool_size):
    if padding == "same" and keras.backend.backend() == "torch":
        pytest.skip("Keras averages copies of the edge in")
    x = maps(2, 10, 7, 9)
    options = {"padding": padding, "data_format": data_format}
    average = keras.layers.AveragePooling2D(pool_size, **options)
    np.testing.assert_array_equal(CapsulePooling2D(pool_size, 1, **options)(x), average(x))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_output_shape_is_known_before_the_call(padding):
    layer = CapsulePooling2D((3, 4), padding=padding, data_format="channels_last")
    assert layer.compute_output_shape((2, 7, 11, 5)) == tuple(layer(maps(2, 7, 11, 5)).shape)
    assert layer.compute_output_shape((None, None, 8, 5)) == (None, None, 2, 5)
    assert tuple(layer(keras.Input((7, 11, 5))).shape)[1:] == layer.compute_output_shape((2, 7, 11, 5))[1:]


@on_tensorflow
def test_graphs_may_know_neither_batch_nor_map(reference_pool):
    import tensorflow as tf

    layer = CapsulePooling2D((3, 4), 2, 0.5)
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 3))])
    for x in (maps(2, 7, 10, 3), maps(1, 6, 8, 3)):
        assert relative_error(graph(x).numpy(), reference_pool(x, (3, 4), 2, 0.5, "same")) <= 2e-6


@pytest.mark.parametrize("policy", ["float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_policies(reference_pool, policy):
    if policy == "float64" and keras.backend.backend() == "jax":
        import jax

        if not jax.config.jax_enable_x64:
            pytest.skip("JAX has no float64 unless asked for at its start")
    x = maps(2, 5, 7, 4)
    layer = CapsulePooling2D(3, 2, 0.7, dtype=policy)
    result = layer(x)
    dtype = layer.compute_dtype
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    rounded = ops.convert_to_numpy(ops.cast(ops.cast(x, dtype), "float32"))
    bound = {"float64": 1e-12, "float16": 1e-3, "bfloat16": 8e-3}[dtype]
    result = ops.convert_to_numpy(ops.cast(result, "float64" if dtype == "float64" else "float32"))
    assert relative_error(result, reference_pool(rounded, (3, 3), 2, 0.7, "same")) <= bound
    assert layer.temperature == 0.7


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("layer", [CapsulePooling2D(2, 1), CapsulePooling2D(2, 3), SoftPooling2D(2)])
def test_grey_values_are_numbers_whose_means_have_fractions(layer, dtype):
    grey = np.random.default_rng(4).integers(0, 5, (2, 5, 4, 3))
    expected = layer(grey.astype("float32"))
    result = layer(ops.convert_to_tensor(grey, dtype))
    assert "float32" in str(result.dtype)
    np.testing.assert_array_equal(ops.convert_to_numpy(result), ops.convert_to_numpy(expected))


def test_the_temperature_is_not_narrowed_with_the_maps(monkeypatch):
    seen = []
    layer = CapsulePooling2D(3, 2, 0.7, dtype="mixed_bfloat16")
    monkeypatch.setattr(
        layer, "_route", lambda grid, real, temperature: seen.append(temperature) or grid[:, :, 0, :, 0]
    )
    layer(maps(1, 3, 3, 2))
    assert [keras.backend.standardize_dtype(temperature.dtype) for temperature in seen] == ["float32"]


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="nothing is traced")
def test_a_new_temperature_acts_without_a_new_trace(monkeypatch):
    traces = []

    def counted(*args, **kwargs):
        traces.append(1)
        return real(*args, **kwargs)

    real = gradient.route
    monkeypatch.setattr(gradient, "route", counted)
    x = maps(2, 6, 6, 3)
    layer = CapsulePooling2D(3, 2, 1.0)
    model = keras.Sequential([layer])
    model.compile(loss="mse", optimizer="sgd", jit_compile=False)
    before = model.predict_on_batch(x)
    count = len(traces)
    layer.temperature = 0.2
    after = model.predict_on_batch(x)
    assert len(traces) == count
    assert np.abs(after - before).max() > 1e-2
    np.testing.assert_allclose(after, CapsulePooling2D(3, 2, 0.2)(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("steps", [1, 3])
def test_routing_tells_where_windows_are_routed_from(reference_couplings, padding, data_format, steps):
    x = maps(2, 10, 7, 3)
    layer = CapsulePooling2D((4, 3), steps, 0.6, padding, data_format)
    couplings = layer.routing(x if data_format == "channels_last" else np.moveaxis(x, -1, 1))
    expected = reference_couplings(x, (4, 3), steps, 0.6, padding)
    assert tuple(couplings.shape) == expected.shape == (2, steps, 10, 7)
    np.testing.assert_allclose(ops.convert_to_numpy(couplings), expected, rtol=1e-4, atol=1e-5)


def test_routing_sees_what_the_layer_sees():
    layer = CapsulePooling2D((2, 3), 3, 0.5, dtype="mixed_bfloat16")
    x = 300 + maps(1, 2, 3, 8)
    couplings = layer.routing(x)
    assert keras.backend.standardize_dtype(couplings.dtype) == "float32"
    rounded = ops.convert_to_numpy(ops.cast(ops.cast(x, "bfloat16"), "float32"))
    np.testing.assert_allclose(
        ops.convert_to_numpy(couplings), CapsulePooling2D((2, 3), 3, 0.5).routing(rounded), rtol=1e-6
    )
    layer.temperature = 1e6
    np.testing.assert_allclose(layer.routing(x), 1 / 6, rtol=1e-2)


@pytest.mark.parametrize("jit_compile", [False] if keras.backend.backend() == "torch" else [False, True])
def test_fit_trains_through_it(jit_compile):
    model = keras.Sequential([keras.layers.Conv2D(2, 3, padding="same"), CapsulePooling2D(3), keras.layers.Flatten()])
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.1), jit_compile=jit_compile)
    x = maps(8, 4, 4, 1)
    targets = np.zeros((8, 8), "float32")
    losses = model.fit(x, targets, batch_size=4, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.layers[1].trainable_weights == []


def test_a_learned_temperature_learns_and_stays_positive():
    x = maps(16, 4, 4, 3)
    targets = ops.convert_to_numpy(CapsulePooling2D(2, 3, 0.5)(x))
    layer = CapsulePooling2D(2, 3, 3.0, learn_temperature=True)
    model = keras.Sequential([layer])
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.1), jit_compile=False)
    model.fit(x, targets, batch_size=16, epochs=120, verbose=0)
    assert layer.temperature == pytest.approx(0.5, rel=0.05)
    (logarithm,) = layer.trainable_variables
    for far in (-500.0, 500.0):
        logarithm.assign(far)
        assert np.isfinite(ops.convert_to_numpy(layer(x))).all()


def test_a_temperature_that_is_not_learned_is_no_trainable_weight():
    assert CapsulePooling2D().trainable_variables == []
    assert [weight.name for weight in CapsulePooling2D(learn_temperature=True).weights] == ["log_temperature"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learn_temperature": 1}, r"learn_temperature must be True or False; received 1"),
        ({"pool_size": 0}, r"pool_size must hold integers of at least 1; received 0"),
        ({"pool_size": (2, 2.0)}, r"pool_size must hold integers of at least 1; received 2\.0"),
        ({"pool_size": (1, 2, 3)}, r"pool_size must be an integer or a pair of integers; received \(1, 2, 3\)"),
        ({"routing_steps": 0}, r"routing_steps must hold integers of at least 1; received 0"),
        ({"routing_steps": True}, r"routing_steps must hold integers of at least 1; received True"),
        ({"temperature": 0.0}, r"temperature must be positive and finite in float32; received 0\.0"),
        ({"temperature": float("inf")}, r"temperature must be positive and finite in float32; received inf"),
        ({"temperature": float("nan")}, r"temperature must be positive and finite in float32; received nan"),
        ({"temperature": 1e-50}, r"temperature must be positive and finite in float32; received 1e-50"),
        ({"temperature": 1e50}, r"temperature must be positive and finite in float32; received 1e\+50"),
        ({"temperature": "warm"}, r"temperature must be positive and finite in float32; received 'warm'"),
        ({"padding": "full"}, r"padding must be one of same, valid; received 'full'"),
        ({"data_format": "nchw"}, r"data_format must be one of channels_last, channels_first; received 'nchw'"),
    ],
)
def test_bad_arguments_are_refused_at_the_door(arguments, message):
    with pytest.raises(ValueError, match=message):
        CapsulePooling2D(**arguments)


def test_a_bad_temperature_leaves_the_good_one():
    layer = CapsulePooling2D(temperature=0.3)
    with pytest.raises(ValueError, match=r"temperature must be positive and finite in float32; received -1"):
        layer.temperature = -1
    assert layer.temperature == 0.3


@pytest.mark.parametrize("routing_steps", [1, 2])
def test_a_valid_window_larger_than_the_map_is_refused(routing_steps):
    layer = CapsulePooling2D((2, 5), routing_steps, padding="valid")
    with pytest.raises(ValueError, match="window of 5 on a map of 4"):
        layer(maps(1, 4, 4, 2))
    with pytest.raises(ValueError, match="window of 5 on a map of 4"):
        layer(keras.Input((4, 4, 2)))
