from __future__ import annotations

import keras
import numpy as np
import pytest

from capsule_layer import CapsulePooling2D

# Keras reads its variables through a call that NumPy 2 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def living_model(learn: bool = False) -> tuple[keras.Model, CapsulePooling2D, np.ndarray]:
    layer = CapsulePooling2D((2, 3), 3, 1.5, learn_temperature=learn, name="capsules")
    model = keras.Sequential([keras.Input((4, 7, 2)), layer])
    layer.temperature = 0.1
    return model, layer, np.random.default_rng(0).normal(size=(2, 4, 7, 2)).astype("float32")


@pytest.mark.parametrize("learn", [False, True])
def test_a_saved_model_has_the_temperature_it_had_when_saved(tmp_path, learn):
    model, _, x = living_model(learn)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    copy = loaded.get_layer("capsules")
    assert copy.temperature == copy.get_config()["temperature"] == pytest.approx(0.1, rel=2e-7 if learn else 0)
    np.testing.assert_allclose(loaded.predict_on_batch(x), model.predict_on_batch(x), rtol=1e-6)


def test_loaded_weights_bring_their_temperature(tmp_path):
    model, layer, _ = living_model()
    model.save_weights(tmp_path / "of.weights.h5")
    layer.temperature = 9.0
    model.load_weights(tmp_path / "of.weights.h5")
    assert layer.temperature == layer.get_config()["temperature"] == 0.1


def test_the_config_builds_the_layer_again():
    layer = CapsulePooling2D((2, 3), 4, 0.25, "valid", "channels_first", True, name="capsules", dtype="mixed_bfloat16")
    config = keras.saving.serialize_keras_object(layer)
    assert config["registered_name"] == "capsule_layer>CapsulePooling2D"
    assert keras.saving.deserialize_keras_object(config).get_config() == layer.get_config()
    assert CapsulePooling2D.from_config(layer.get_config()).get_config() == layer.get_config()
    keys = ("pool_size", "routing_steps", "padding", "data_format", "learn_temperature")
    assert {key: layer.get_config()[key] for key in keys} == {
        "learn_temperature": True,
        "pool_size": (2, 3),
        "routing_steps": 4,
        "padding": "valid",
        "data_format": "channels_first",
    }


def test_a_clone_starts_at_the_present_temperature():
    model, _, _ = living_model()
    assert keras.models.clone_model(model).get_layer("capsules").temperature == 0.1
