"""An epoch as one compiled call gives the numbers that Keras' `fit` gives; under JAX too, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest

from capsule_layer import CapsulePooling2D
from sweeps.datasets import Dataset
from sweeps.training.epochs import Epochs, Examples, FitEpochs, make_epochs

if keras.backend.backend() == "jax":
    from sweeps.training.scan_epochs import ScanEpochs as CompiledEpochs
else:
    from sweeps.training.graph_epochs import GraphEpochs as CompiledEpochs  # type: ignore[assignment]

only_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="graphs are TensorFlow's")
Build = Callable[[], keras.Model]
JIT = keras.backend.backend() == "jax"


@pytest.fixture(autouse=True)
def _policy() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")


def plain(**compiling: Any) -> keras.Model:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.AveragePooling2D(4),
            layers.Flatten(),
            layers.Dense(16, activation="relu", use_bias=False),  # under batch normalisation a bias is noise
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**settings | {"jit_compile": JIT} | compiling)
    return model


def pooled(policy: str, pooling: keras.layers.Layer) -> keras.Model:
    layers = keras.layers
    keras.config.set_dtype_policy(policy)
    stack = [layers.Conv2D(8, 3, strides=2), pooling, layers.BatchNormalization(momentum=0.9), layers.Flatten()]
    model = keras.Sequential([keras.Input((28, 28, 1)), *stack, layers.Dense(10, "softmax", dtype="float32")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=JIT)
    return model


@keras.saving.register_keras_serializable("capsweep_tests")
class OwnStep(keras.Sequential):
    """Trains on inverted images."""

    def train_step(self, *state_and_data: Any) -> Any:
        *state, (x, y) = state_and_data  # under JAX a step is given the state too
        return super().train_step(*state, (1.0 - x, y))


def own_step() -> keras.Model:
    model = OwnStep([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(3, name="top")])
    return model


MODELS: dict[str, Build] = {
    "plain": plain,
    "whole step under XLA": lambda: plain(jit_compile=True),
    "capsule pooling": lambda: pooled("float32", CapsulePooling2D(4, routing_steps=2)),
    "max pooling in mixed float16": lambda: pooled("mixed_float16", keras.layers.MaxPooling2D(4)),
    "a train step of its own": own_step,
}
if not JIT:  # Keras' own `fit` fails with it under JAX, the second time
    MODELS["an average of the weights"] = lambda: plain(
        optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9)
    )


def train(epochs: Callable[[keras.Model, Examples], Epochs], build: Build, data: Dataset, size: int) -> tuple[Any, Any]:
    keras.utils.set_random_seed(3)
    model = build()
    model.optimizer.build(model.trainable_variables)
    call = epochs(model, Examples.of(data))
    orders = [np.random.default_rng(epoch).permutation(64) for epoch in range(2)]
    return [call(order, size) for order in orders], model.get_weights()


@pytest.mark.parametrize("size", [32, 24])
@pytest.mark.parametrize("name", MODELS)
def test_a_compiled_epoch_is_the_epoch_of_fit(name: str, data: Dataset, size: int) -> None:
    expected, weights = train(FitEpochs, MODELS[name], data, size)
    found, others = train(CompiledEpochs, MODELS[name], data, size)
    # A batch of a known shape may be computed by another kernel, and Adam makes more of the last digit.
    precision = 1e-3 if "float16" in name else 1e-5
    slack = 1e-2 if JIT or size % 32 or "float16" in name else 0
    assert [list(metrics) for metrics in found] == [list(metrics) for metrics in expected]
    assert found[0] == pytest.approx(expected[0], rel=precision)
    assert found[0] != found[1]
    for mine, theirs in zip(others, weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=slack)


def test_a_new_order_or_learning_rate_is_no_new_trace(data: Dataset) -> None:
    model = plain()
    calls = []
    compute_loss = model.compute_loss
    model.optimizer.build(model.trainable_variables)
    epochs = CompiledEpochs(model, Examples.of(data))
    model.compute_loss = lambda *args, **kwargs: calls.append(1) or compute_loss(*args, **kwargs)
    epochs(np.arange(64), 24)
    traced = len(calls)
    model.optimizer.learning_rate = 0.5
    epochs(np.arange(64)[::-1].copy(), 24)
    assert len(calls) == traced > 0
    epochs(np.arange(64), 32)
    assert len(calls) > traced, "another batch size is another graph"


class OwnFit(keras.Sequential):
    """A model that trains in its own way."""

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        return super().fit(*args, **kwargs)


@only_tensorflow
@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (plain, CompiledEpochs),
        (own_step, CompiledEpochs),
        (lambda: plain(run_eagerly=True), FitEpochs),
        (lambda: plain(steps_per_execution=2), FitEpochs),
        (lambda: OwnFit.from_config(plain().get_config()), FitEpochs),
    ],
)
def test_what_a_model_brings_of_its_own_decides(build: Build, kind: type, data: Dataset) -> None:
    model = build()
    if not model.compiled:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert isinstance(make_epochs(model, Examples.of(data)), kind)


class ShortOfMemory(keras.Sequential):
    """Raises what a trial is judged by."""

    def train_step(self, *state_and_data: Any) -> Any:
        raise MemoryError("planted")


@only_tensorflow
def test_what_a_model_raises_while_it_is_traced_is_raised_as_it_is(data: Dataset) -> None:
    model = ShortOfMemory([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    epochs = make_epochs(model, Examples.of(data))
    assert isinstance(epochs, CompiledEpochs)
    with pytest.raises(MemoryError, match=r"^planted$"):
        epochs(np.arange(64), 32)


def test_the_same_under_jax() -> None:
    if keras.backend.backend() == "jax":
        return  # this is that process
    # Its compiler takes most of the time: of the batches only those that fill an epoch.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "not 24"]
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
