from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from capsule_layer import SoftPooling2D

# Windows of 4 on 10 and on 5, of 3 on 7, larger than the map, and too large to be added up slice by slice.
SHAPES = [(10, 10, (4, 4)), (5, 5, (4, 4)), (7, 11, (3, 4)), (2, 3, (5, 2)), (9, 8, (7, 8))]


def maps(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(scale=2.0, size=shape).astype("float32")


def reference(x: np.ndarray, pool_size: tuple[int, int], padding: str = "same") -> np.ndarray:
    """Channel by channel and window by window, in float64."""
    axes = [_starts(size, pool, padding) for size, pool in zip(x.shape[1:3], pool_size, strict=True)]
    out = np.empty((len(x), len(axes[0]), len(axes[1]), x.shape[-1]))
    for image, row, column, channel in np.ndindex(out.shape):
        rows, columns = (
            slice(max(starts[at], 0), starts[at] + pool)
            for starts, at, pool in zip(axes, (row, column), pool_size, strict=True)
        )
        cells = x[image, rows, columns, channel].astype("float64").ravel()
        out[image, row, column, channel] = np.average(cells, weights=np.exp(cells - cells.max()))
    return out


def _starts(size: int, pool: int, padding: str) -> range:
    return range(0, size - pool + 1, pool) if padding == "valid" else range(-(-size % pool // 2), size, pool)


@pytest.mark.parametrize(("height", "width", "pool_size"), SHAPES)
def test_equals_the_reference_at_every_alignment(height, width, pool_size):
    x = maps(2, height, width, 3)
    result = ops.convert_to_numpy(SoftPooling2D(pool_size)(x))
    np.testing.assert_allclose(result, reference(x, pool_size), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("level", [-1e3, 1e3])
def test_padding_does_not_weigh(level):
    x = level + maps(2, 5, 7, 3)
    np.testing.assert_allclose(SoftPooling2D((4, 3))(x), reference(x, (4, 3)), rtol=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_channels_first_is_channels_last_transposed(padding):
    x = maps(2, 10, 7, 3)
    layer = SoftPooling2D((4, 3), padding, "channels_first")
    result = ops.convert_to_numpy(layer(np.moveaxis(x, -1, 1)))
    np.testing.assert_allclose(np.moveaxis(result, 1, -1), reference(x, (4, 3), padding), rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape((2, 3, 10, 7)) == result.shape


def test_gradient_equals_finite_differences_of_the_reference(value_and_gradient):
    x, direction, upstream = maps(1, 7, 5, 3), maps(2, 7, 5, 3)[1:], maps(3, 3, 2, 3)[2:]
    _, gradient = value_and_gradient(SoftPooling2D((3, 4)), x, upstream)
    ahead, behind = (reference(x.astype("float64") + sign * 1e-5 * direction, (3, 4)) for sign in (1, -1))
    expected = np.sum((ahead - behind) / 2e-5 * upstream)
    np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-4)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1.0, 1e30])
@pytest.mark.parametrize("equal", [True, False])
def test_values_and_gradients_are_finite(value_and_gradient, size, equal):
    x = size * (np.ones((2, 7, 5, 3), "float32") if equal else maps(2, 7, 5, 3))
    value, gradient = value_and_gradient(SoftPooling2D(3), x.astype("float32"), np.ones((2, 3, 2, 3)))
    np.testing.assert_allclose(value, reference(x, (3, 3)), rtol=1e-5)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_policies(policy):
    x = maps(2, 5, 7, 4)
    layer = SoftPooling2D(3, dtype=policy)
    result = layer(ops.convert_to_tensor(x))
    assert keras.backend.standardize_dtype(result.dtype) == layer.compute_dtype
    rounded = ops.convert_to_numpy(ops.cast(ops.cast(x, layer.compute_dtype), "float32"))
    found = ops.convert_to_numpy(ops.cast(result, "float32"))
    np.testing.assert_allclose(found, reference(rounded, (3, 3)), rtol=2e-2 if "bf" in policy else 2e-3, atol=2e-3)


@pytest.mark.parametrize("jit_compile", [False] if keras.backend.backend() == "torch" else [False, True])
def test_fit_trains_through_it(jit_compile):
    model = keras.Sequential([keras.layers.Conv2D(2, 3, padding="same"), SoftPooling2D(3), keras.layers.Flatten()])
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.1), jit_compile=jit_compile)
    losses = model.fit(maps(8, 4, 4, 1), np.zeros((8, 8), "float32"), epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow")
def test_graphs_may_know_neither_batch_nor_map():
    import tensorflow as tf

    graph = tf.function(SoftPooling2D((3, 4)), input_signature=[tf.TensorSpec((None, None, None, 3))])
    for x in (maps(2, 7, 10, 3), maps(1, 6, 8, 3)):
        np.testing.assert_allclose(graph(x).numpy(), reference(x, (3, 4)), rtol=1e-5, atol=1e-5)


def test_a_saved_model_is_the_same(tmp_path):
    model = keras.Sequential([keras.Input((4, 7, 2)), SoftPooling2D((2, 3), "valid", "channels_last")])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = maps(2, 4, 7, 2)
    np.testing.assert_array_equal(loaded.predict_on_batch(x), model.predict_on_batch(x))
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pool_size": 0}, r"pool_size must hold integers of at least 1; received 0"),
        ({"padding": "full"}, r"padding must be one of same, valid; received 'full'"),
        ({"data_format": "nchw"}, r"data_format must be one of channels_last, channels_first; received 'nchw'"),
    ],
)
def test_bad_arguments_are_refused_at_the_door(arguments, message):
    with pytest.raises(ValueError, match=message):
        SoftPooling2D(**arguments)


def test_a_valid_window_larger_than_the_map_is_refused():
    with pytest.raises(ValueError, match="window of 5 on a map of 4"):
        SoftPooling2D((2, 5), "valid")(maps(1, 4, 4, 2))
