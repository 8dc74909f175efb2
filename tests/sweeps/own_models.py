"""Models on other data than images, plain and compiled, and what goes wrong with them; imported by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers

Build = Callable[..., keras.Model]


def dense(width: int, outputs: int, *, features: int = 4, activation: str | None = None) -> keras.Model:
    """Two layers on rows of numbers."""
    head = layers.Dense(outputs, activation=activation)
    return keras.Sequential([keras.Input((features,)), layers.Dense(width, activation="relu"), head])


def classifier(*, width: int = 8) -> keras.Model:
    """Plain, three classes."""
    return dense(width, 3, activation="softmax")


def pictures(*, pooling: str, pool_size: int) -> keras.Model:
    """Plain, ten classes of images, with one convolution."""
    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[pooling](pool_size)
    head = [layers.Flatten(), layers.Dense(10, activation="softmax")]
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(8, 5, activation="relu"), pool, *head])


def logits(*, width: int = 8) -> keras.Model:
    """Plain, three classes, no softmax."""
    return dense(width, 3)


def sigmoids(*, width: int = 8) -> keras.Model:
    """Plain, three classes, each by itself."""
    return dense(width, 3, activation="sigmoid")


def frozen(*, width: int = 8, trainable: bool = False) -> keras.Model:
    """Plain, three classes, learns nothing."""
    model = classifier(width=width)
    model.trainable = trainable
    return model


def regressor(*, width: int = 8) -> keras.Model:
    """Plain, one number."""
    return dense(width, 1)


def two_numbers(*, width: int = 8) -> keras.Model:
    """Plain, two numbers."""
    return dense(width, 2)


def flat_number(*, width: int = 8) -> keras.Model:
    """Plain, one number without an axis."""
    rows = keras.Input((4,))
    return keras.Model(rows, layers.Reshape(())(layers.Dense(1)(layers.Dense(width)(rows))))


def tokens(*, width: int = 8) -> keras.Model:
    """Plain, on ids of ten words."""
    ids = keras.Input((4,))
    pooled = layers.GlobalAveragePooling1D()(layers.Embedding(10, width)(ids))
    return keras.Model(ids, layers.Dense(3, activation="softmax")(pooled))


def binary(*, width: int = 8) -> keras.Model:
    """Compiled: one output for two classes."""
    model = dense(width, 1, activation="sigmoid")
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def count(*, width: int = 8) -> keras.Model:
    """Compiled: a number for whole numbers."""
    model = dense(width, 1)
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def one_hot(*, width: int = 8) -> keras.Model:
    """Compiled: for rows of ones and zeros."""
    model = dense(width, 3, activation="softmax")
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def hinge(*, width: int = 8) -> keras.Model:
    """Compiled: for labels -1 and 1."""
    model = dense(width, 1, activation="tanh")
    model.compile("adam", "hinge")
    return model


class OwnSteps(keras.Model):  # type: ignore[misc]
    """Learns to give back what it gets; its loss is nobody else's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner, self.outer = layers.Dense(width), layers.Dense(4)
        self.tracker = keras.metrics.Mean(name="error")

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.tracker]

    def call(self, rows: Any) -> Any:
        return self.outer(self.inner(rows))

    def train_step(self, data: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            error = tf.reduce_mean((self(data[0], training=True) - data[0]) ** 2)
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(error, weights), weights, strict=True))
        self.tracker.update_state(error)
        return {"error": self.tracker.result()}

    def test_step(self, data: Any) -> dict[str, Any]:
        self.tracker.update_state(tf.reduce_mean((self(data[0]) - data[0]) ** 2))
        return {"error": self.tracker.result()}


def own_steps(*, width: int = 8) -> keras.Model:
    """Compiled without a loss."""
    model = OwnSteps(width)
    model.compile("adam")
    return model


def scheduled(*, width: int = 8) -> keras.Model:
    """Compiled with a rate that changes by itself."""
    model = dense(width, 3, activation="softmax")
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def settable(*, width: int = 8) -> keras.Model:
    """Compiled with a rate that is a number."""
    model = dense(width, 3, activation="softmax")
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def graph_breaks(*, width: int = 8) -> keras.Model:
    """Can be trained step by step, but not as a graph."""

    class Eager(keras.Model):  # type: ignore[misc]
        def train_step(self, *args: Any) -> Any:
            if not tf.executing_eagerly():
                raise ValueError("planted: not as a graph")
            return super().train_step(*args)

    rows = keras.Input((4,))
    return Eager(rows, layers.Dense(3, activation="softmax")(rows))


def attended(*, width: int = 8) -> keras.Model:
    """Plain, with a layer whose arithmetic is not counted."""
    rows = keras.Input((4,))
    column = layers.Reshape((4, 1))(rows)
    mixed = layers.MultiHeadAttention(1, width)(column, column)
    return keras.Model(rows, layers.Dense(3, activation="softmax")(layers.Flatten()(mixed)))


def no_predict(*, width: int = 8) -> keras.Model:
    """Fails where nobody trains."""

    class Silent(keras.Model):  # type: ignore[misc]
        def predict_step(self, *args: Any) -> Any:
            raise ValueError("planted: never predicts")

    rows = keras.Input((4,))
    return Silent(rows, layers.Dense(3, activation="softmax")(rows))


def kills(*, width: int = 8) -> keras.Model:
    """Takes its process with it."""
    os.write(2, b"planted last words")
    os.abort()


class Breaks(keras.Model):  # type: ignore[misc]
    """Cannot be trained."""

    def train_step(self, *args: Any) -> Any:
        raise ValueError("planted")


def of_two_kinds(*, width: int = 8, kind: str, odd: str) -> keras.Model:
    """Compiled; one kind is sound, and the other has a flaw that is seen once it is trained."""
    rows = keras.Input((4,))
    hidden = layers.Dense(width)(rows)
    flaw = odd if kind == "odd" else ""
    if flaw == "infinite":
        hidden = layers.Lambda(lambda each: each * 1e38 * 1e38)(hidden)
    outputs = layers.Dense(3, activation="softmax")(hidden)
    model = (Breaks if flaw == "breaks" else keras.Model)(rows, outputs)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[] if flaw == "silent" else ["accuracy"])
    return model


class Scale(layers.Layer):  # type: ignore[misc]
    """Multiplies: by a variable, and by a Python attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = self.add_weight(shape=(), initializer="ones", trainable=False)
        self.attribute = 1.0

    def call(self, rows: Any) -> Any:
        return rows * self.factor * self.attribute


def scaled(*, width: int = 8, factor: float = 1.0, kind: str = "scaled") -> keras.Model:
    """Plain; `factor` is a runtime value, which only one kind has a use for."""
    rows = keras.Input((4,))
    inside = Scale()(rows) if kind == "scaled" else rows
    return keras.Model(rows, layers.Dense(3, activation="softmax")(layers.Dense(width)(inside)))


def _scales(model: keras.Model) -> list[Scale]:
    return [layer for layer in model.layers if isinstance(layer, Scale)]


def set_factor(model: keras.Model, value: float) -> None:
    """Assigns a variable."""
    for layer in _scales(model):
        layer.factor.assign(value)


def set_attribute(model: keras.Model, value: float) -> None:
    """Sets what a compiled graph never looks at again."""
    for layer in _scales(model):
        layer.attribute = value


def set_small(model: keras.Model, value: float) -> None:
    """Takes no large value."""
    if value > 5:
        raise ValueError("planted: too large")
    set_factor(model, value)


def _variant(values: Any) -> Build:
    def build(*, width: int = 8, factor: float = 1.0, kind: str = "scaled") -> keras.Model:
        return scaled(width=width, factor=factor, kind=kind)

    build.runtime_values = values  # type: ignore[attr-defined]
    return build


with_factor = _variant({"factor": set_factor})
with_attribute = _variant({"factor": set_attribute})
with_small = _variant({"factor": set_small})
with_list = _variant(["factor"])
with_text = _variant({"factor": "set_factor"})
with_typo = _variant({"factro": set_factor})
with_rate = _variant({"learning_rate": set_factor})


class Weighted(keras.losses.Loss):  # type: ignore[misc]
    """A loss with a variable."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = keras.Variable(1.0, trainable=False)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.weight * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


def weighted(*, factor: float = 1.0) -> keras.Model:
    """Compiled; `factor` lies in its loss."""
    model = dense(8, 3, activation="softmax")
    model.compile("sgd", Weighted(), metrics=["accuracy"])
    return model


weighted.runtime_values = {"factor": lambda model, value: model.loss.weight.assign(value)}  # type: ignore[attr-defined]
