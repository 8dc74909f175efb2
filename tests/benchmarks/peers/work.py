"""The sweep that every system runs: its configs, its networks, and one trial as a user of a peer would write it.

Nothing here knows an orchestrator, and nothing imports Keras before a trial does.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS, TRAIN, VALIDATION, BATCH = 3, 1024, 256, 128
SPACE: dict[str, Any] = {
    "pooling": ["capsule", "max", "average"],
    "pool_size": {"int": [2, 4]},
    "routing_steps": {"int": [1, 4], "when": {"pooling": "capsule"}},
    "temperature": {"float": [0.25, 8.0], "log": True, "when": {"pooling": "capsule"}},
    "learning_rate": {"float": [1e-4, 1e-2], "log": True},
}
CONDITIONAL = ("routing_steps", "temperature")
# Widths a seventh of the notebook's: 0.94 million multiply-accumulates an image in the place of 47.7.
NARROW = {"first": 4, "second": 9, "third": 18, "last": 36}

Config = dict[str, Any]
Report = Callable[[int, float], None]


def draw(count: int, seed: int = 0) -> list[Config]:
    """The configs that every system is given, in this order: as many of each pooling, the rest at random."""
    numbers = np.random.default_rng(seed)
    return [_draw_one(SPACE["pooling"][place % 3], numbers) for place in range(count)]


def _draw_one(pooling: str, numbers: np.random.Generator) -> Config:
    config: Config = {
        "pooling": pooling,
        "pool_size": int(numbers.integers(2, 5)),
        "learning_rate": float(10 ** numbers.uniform(-4, -2)),
    }
    if config["pooling"] == "capsule":
        config["routing_steps"] = int(numbers.integers(1, 5))
        config["temperature"] = float(2 ** numbers.uniform(-2, 3))
    return config


def suggest(trial: Any) -> Config:
    """The space, against anything with Optuna's `suggest_*` methods."""
    config: Config = {
        "pooling": trial.suggest_categorical("pooling", SPACE["pooling"]),
        "pool_size": trial.suggest_int("pool_size", 2, 4),
        "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
    }
    if config["pooling"] == "capsule":
        config["routing_steps"] = trial.suggest_int("routing_steps", 1, 4)
        config["temperature"] = trial.suggest_float("temperature", 0.25, 8.0, log=True)
    return config


def build_narrow(
    *, pooling: str, pool_size: int, routing_steps: int = 1, temperature: float = 1.0, layer: str = "own"
) -> Any:
    """The notebook's network with a fiftieth of its arithmetic."""
    import keras
    from keras import layers

    pool = partial(_pooling(pooling, layer), pool_size, routing_steps, temperature)
    conv = partial(layers.Conv2D, kernel_size=3, activation="relu")
    images = keras.Input((28, 28, 1))
    x = conv(NARROW["second"])(conv(NARROW["first"])(images))
    x = layers.Dropout(0.4)(pool()(layers.BatchNormalization()(x)))
    x = conv(NARROW["third"], padding="same")(conv(NARROW["third"], padding="same")(x))
    x = layers.Dropout(0.4)(pool()(layers.BatchNormalization()(x)))
    x = conv(NARROW["last"], padding="valid" if x.shape[1] >= 3 else "same")(x)
    x = layers.Dropout(0.3)(layers.Dense(NARROW["third"], activation="relu")(layers.Flatten()(x)))
    return keras.Model(images, layers.Dense(10, activation="softmax")(x))


def _set_temperature(model: Any, value: float) -> None:
    from capsule_layer import set_temperature

    set_temperature(model, value)


build_narrow.runtime_values = {"temperature": _set_temperature}  # type: ignore[attr-defined]


def build_notebook(*, layer: str, **params: Any) -> Any:
    """The notebook's network."""
    from unittest import mock

    from capsule_layer import build_classifier
    from capsule_layer.classifier import POOLINGS

    plain = {"capsule": lambda at: _plain()(at.pool_size[0], at.routing_steps, at.temperature)}
    with mock.patch.dict(POOLINGS, plain if layer == "plain" else {}):
        return build_classifier(**params)


def _pooling(name: str, layer: str) -> Callable[[int, int, float], Any]:
    from keras import layers

    from capsule_layer import CapsulePooling2D

    if name == "capsule":
        return _plain() if layer == "plain" else CapsulePooling2D
    kind = layers.MaxPooling2D if name == "max" else layers.AveragePooling2D
    return lambda size, steps, temperature: kind(size, padding="same")


@cache
def _plain() -> Any:
    """The layer as one writes it in an afternoon with `keras.ops`: no compiler of its own, no gradient of its own."""
    import keras
    from keras import ops

    class PlainCapsulePooling(keras.layers.Layer):
        """Routing by agreement in each window, over windows laid out in axes of their own."""

        def __init__(self, size: int, steps: int, temperature: float) -> None:
            super().__init__()
            self.size, self.steps, self.temperature = size, steps, temperature

        def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
            return (shape[0], -(-shape[1] // self.size), -(-shape[2] // self.size), shape[3])

        def call(self, maps: Any) -> Any:
            height, width, channels = maps.shape[1:]
            rows, columns, size = -(-height // self.size), -(-width // self.size), self.size
            pads = [(0, 0), *(_halves(n * size - side) for n, side in ((rows, height), (columns, width))), (0, 0)]
            grid = (-1, rows, size, columns, size)
            cells = ops.reshape(ops.pad(maps, pads), (*grid, channels))
            real = ops.reshape(np.pad(np.ones((1, height, width, 1), np.float32), pads), (*grid, 1))
            total = ops.sum(real, (2, 4), keepdims=True)
            mean, score = ops.sum(cells, (2, 4), keepdims=True) / total, 0.0
            for _ in range(self.steps - 1):
                length = ops.sqrt(ops.sum(mean * mean, -1, keepdims=True) + 1e-14)
                score += ops.sum(cells * mean / (1 + length), -1, keepdims=True)
                among = ops.where(real > 0, score, -1e30)
                weight = ops.exp((among - ops.stop_gradient(ops.max(among, (2, 4), keepdims=True))) / self.temperature)
                weight /= ops.sum(weight, (2, 4), keepdims=True)
                mean = ops.sum(weight * cells, (2, 4), keepdims=True)
            return ops.reshape(mean, (-1, rows, columns, channels))

    return PlainCapsulePooling


def _halves(count: int) -> tuple[int, int]:
    return count // 2, count - count // 2


@cache
def _data() -> tuple[Any, Any]:
    with np.load(os.environ["CAPSWEEP_MNIST"]) as file:
        parts = (slice(TRAIN), slice(50_000, 50_000 + VALIDATION))
        pixels, labels = file["x_train"], file["y_train"].astype(np.int32)
    first, second = (((pixels[part] / np.float32(255))[..., None], labels[part]) for part in parts)
    return first, second


def log(**row: Any) -> None:
    """One line an event, from any process of the run."""
    row.update(pid=os.getpid(), time=time.time())
    with (Path(os.environ["PEERS_OUT"]) / "events.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")


def train(config: Mapping[str, Any], trial: object, report: Report = lambda epoch, accuracy: None) -> float:
    """One trial; the last validation accuracy. The log counts seconds inside `fit`, without those inside `report`."""
    log(event="start", trial=trial)
    _import_keras()
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    params = {name: value for name, value in config.items() if name != "learning_rate"}
    build = build_narrow if os.environ["PEERS_NETWORK"] == "narrow" else build_notebook
    model = build(**params, layer=os.environ["PEERS_LAYER"])
    optimizer = keras.optimizers.Adam(config["learning_rate"])
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    inside = 0.0

    def on_epoch_end(epoch: int, logs: Any) -> None:
        nonlocal inside
        now = time.perf_counter()
        log(event="epoch", trial=trial, epoch=epoch, fit_seconds=now - began - inside)
        now, accuracy = time.perf_counter(), float(logs["val_accuracy"])
        report(epoch, accuracy)
        inside += time.perf_counter() - now

    (images, labels), validation = _data()
    callback = keras.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)
    began = time.perf_counter()
    history = model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=validation,
        verbose=0,
        callbacks=[callback],
    )
    log(event="done", trial=trial, fit_seconds=time.perf_counter() - began - inside)
    return float(history.history["val_accuracy"][-1])


@cache
def _import_keras() -> None:
    import tensorflow as tf

    threads = int(os.environ["OMP_NUM_THREADS"])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
