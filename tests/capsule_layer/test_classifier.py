from __future__ import annotations

import keras
import numpy as np
import pytest

from capsule_layer import CapsulePooling2D, build_classifier, set_temperature
from capsule_layer.classifier import POOLINGS

IMAGE = np.random.default_rng(0).normal(size=(1, 28, 28, 1)).astype("float32")


def kinds(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("pool_size", [2, 3, 4, 5])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_pooling_at_every_size_gives_probabilities(pooling, pool_size):
    output = np.asarray(build_classifier(pooling=pooling, pool_size=pool_size)(IMAGE, training=False))
    assert output.shape == (1, 10)
    np.testing.assert_allclose(output.sum(), 1, rtol=1e-5)


@pytest.mark.parametrize("pool_size", [8, 30, (2, 9)])
def test_large_windows_still_build(pool_size):
    assert build_classifier(pool_size=pool_size).output_shape == (None, 10)


def test_it_is_the_network_of_the_notebook():
    model = build_classifier(pooling="max", pool_size=3)
    assert kinds(model)[1:] == [
        *("Conv2D", "Conv2D", "BatchNormalization", "MaxPooling2D", "Dropout"),
        *("Conv2D", "Conv2D", "BatchNormalization", "MaxPooling2D", "Dropout"),
        *("Conv2D", "Flatten", "Dense", "Dropout", "Dense"),
    ]
    shapes = [layer.output.shape[1:] for layer in model.layers if type(layer).__name__ in ("Conv2D", "MaxPooling2D")]
    maps = [(26, 32), (24, 64), (8, 64), (8, 128), (8, 128), (3, 128), (1, 256)]
    assert shapes == [(size, size, filters) for size, filters in maps]
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.4, 0.4, 0.3]
    # Counted by hand: weights and biases, and four vectors for each batch normalisation.
    assert model.count_params() == 320 + 18496 + 4 * 64 + 73856 + 147584 + 4 * 128 + 295168 + 32896 + 1290


def test_capsules_add_two_temperatures_and_nothing_else():
    capsule, plain = (build_classifier(pooling=pooling) for pooling in ("capsule", "max"))
    assert capsule.count_params() == plain.count_params() + 2
    assert len(capsule.trainable_weights) == len(plain.trainable_weights)


def test_temperatures_are_trained_if_asked_for():
    learned, fixed = (build_classifier(learn_temperature=learn, temperature=0.5) for learn in (True, False))
    names = [weight.name for weight in learned.trainable_weights if "temperature" in weight.name]
    assert names == ["log_temperature"] * 2
    assert len(learned.trainable_weights) == len(fixed.trainable_weights) + 2
    capsules = [layer for layer in learned.layers if isinstance(layer, CapsulePooling2D)]
    assert [layer.temperature for layer in capsules] == [0.5, 0.5]


def test_no_pooling_strides_with_as_many_filters():
    strided = [
        layer
        for layer in build_classifier(pooling="none", pool_size=(2, 3)).layers
        if isinstance(layer, keras.layers.Conv2D) and layer.strides == (2, 3)
    ]
    assert [(layer.filters, layer.kernel_size, layer.padding) for layer in strided] == [
        (64, (3, 3), "same"),
        (128, (3, 3), "same"),
    ]


def test_arguments_arrive():
    model = build_classifier(
        pool_size=(2, 3), routing_steps=4, temperature=0.5, batch_norm_momentum=0.9, dropout=(0.1, 0.2, 0.0),
        input_shape=(20, 24, 3), num_classes=7,
    )  # fmt: skip
    capsules = [layer for layer in model.layers if isinstance(layer, CapsulePooling2D)]
    assert [(c.pool_size, c.routing_steps, c.temperature) for c in capsules] == [((2, 3), 4, 0.5)] * 2
    assert [b.momentum for b in model.layers if isinstance(b, keras.layers.BatchNormalization)] == [0.9, 0.9]
    assert [d.rate for d in model.layers if isinstance(d, keras.layers.Dropout)] == [0.1, 0.2, 0.0]
    assert (model.input_shape, model.output_shape) == ((None, 20, 24, 3), (None, 7))


def test_routing_is_ignored_without_capsules():
    assert "MaxPooling2D" in kinds(build_classifier(pooling="max", routing_steps=0, temperature=-1.0))


def test_probabilities_are_float32_under_a_mixed_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_classifier()
    finally:
        keras.config.set_dtype_policy(before)
    assert model.layers[1].compute_dtype == "bfloat16"
    assert model.output.dtype == "float32"


@pytest.mark.parametrize(("dropout", "rates"), [(0.25, [0.25] * 3), ([0.1, 0.2, 0], [0.1, 0.2, 0.0])])
def test_dropout_is_one_rate_or_three(dropout, rates):
    model = build_classifier(pooling="max", dropout=dropout)
    assert [d.rate for d in model.layers if isinstance(d, keras.layers.Dropout)] == rates


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pooling": "mean"}, "pooling must be one of capsule, max, average, soft, none; received 'mean'"),
        ({"dropout": (0.5, 0.5)}, r"dropout must be a rate .*, or three; received \(0\.5, 0\.5\)"),
        ({"dropout": 1.0}, "dropout must be a rate of at least 0 and less than 1, or three; received 1.0"),
        ({"dropout": (0.5, -0.1, 0.5)}, "dropout must be a rate"),
        ({"dropout": True}, "dropout must be a rate"),
        ({"pooling": "max", "pool_size": 0}, "pool_size must hold integers of at least 1; received 0"),
        ({"temperature": 0}, "temperature must be positive and finite in float32; received 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        build_classifier(**arguments)


def test_temperature_is_a_runtime_value():
    model = keras.Sequential([build_classifier()])
    build_classifier.runtime_values["temperature"](model, 0.25)
    capsules = [layer for layer in model.layers[0].layers if isinstance(layer, CapsulePooling2D)]
    assert [layer.temperature for layer in capsules] == [0.25, 0.25]
    with pytest.raises(ValueError, match="temperature must be positive and finite"):
        set_temperature(model, 0.0)


def test_a_model_without_capsules_has_no_temperature_to_set():
    set_temperature(build_classifier(pooling="average"), 0.25)
