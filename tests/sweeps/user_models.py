"""Build functions as users write them, good and bad; imported by name."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

SHAPE = (28, 28, 1)


def without_input(*, width: int) -> keras.Model:
    """A sequential model that learns its input's shape at the first call."""
    return keras.Sequential([layers.Flatten(), layers.Dense(width, activation="relu"), layers.Dense(10, "softmax")])


class Subclassed(keras.Model):  # type: ignore[misc]
    """Two layers and a dropout, called by hand."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.flat, self.hidden = layers.Flatten(), layers.Dense(width, activation="relu")
        self.drop, self.out = layers.Dropout(0.5), layers.Dense(10, activation="softmax")

    def call(self, images: Any, training: bool = False) -> Any:
        return self.out(self.drop(self.hidden(self.flat(images)), training=training))


def subclassed(*, width: int) -> keras.Model:
    """A model without a graph of layers."""
    return Subclassed(width)


def compiled(*, width: int) -> keras.Model:
    """Compiled by its author, with an optimizer that has state and a metric of its own."""
    model = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(width), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")
    model.compile(keras.optimizers.Adagrad(0.05), loss, metrics=[top])
    return model


def plain(*, pooling: str, pool_size: int, **rest: Any) -> keras.Model:
    """As small as a classifier can be, whatever it is asked for."""
    return keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(10, activation="softmax")])


def settled(*, pooling: str, pool_size: int) -> keras.Model:
    """Compiled, whatever it is asked for."""
    return compiled(width=4)


def scheduled(*, pooling: str, pool_size: int) -> keras.Model:
    """Compiled with a learning rate that nobody else can set."""
    model = settled(pooling=pooling, pool_size=pool_size)
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
    return model


def wrong_images(*, width: int) -> keras.Model:
    """Takes colour images."""
    return keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(10)])


def wrong_classes(*, width: int) -> keras.Model:
    """Knows three classes."""
    return keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(3)])


def two_outputs(*, width: int) -> keras.Model:
    """Answers twice."""
    images = keras.Input(SHAPE)
    flat = layers.Flatten()(images)
    return keras.Model(images, [layers.Dense(10)(flat), layers.Dense(10)(flat)])


def two_compiled_outputs(*, width: int) -> keras.Model:
    """Answers twice, and would be told twice."""
    model = two_outputs(width=width)
    model.compile("sgd", ["sparse_categorical_crossentropy"] * 2)
    return model


def two_inputs(*, width: int) -> keras.Model:
    """Looks at two images, without a weight of its own before the last layer."""
    left, right = keras.Input(SHAPE, name="left"), keras.Input(SHAPE, name="right")
    return keras.Model([left, right], layers.Dense(10)(layers.Flatten()(layers.Add()([left, right]))))


def no_model(*, width: int) -> object:
    """Forgot what to return."""
    return width


_MADE: dict[int, keras.Model] = {}


def the_same_again(*, width: int) -> keras.Model:
    """Hands out one model for ever."""
    return _MADE.setdefault(width, compiled(width=width))


class Unbuilt(keras.Model):  # type: ignore[misc]
    """Says that it is built before it is."""

    def __init__(self) -> None:
        super().__init__()
        self.flat, self.out = layers.Flatten(), layers.Dense(10, activation="softmax")
        self.built = True

    def call(self, images: Any) -> Any:
        return self.out(self.flat(images))


def unbuilt(*, width: int) -> keras.Model:
    """A model whose weights come with the first call, whatever it says."""
    return Unbuilt()


def breaks_in_training(*, width: int) -> keras.Model:
    """Can be built and evaluated, and nothing else."""

    class Broken(keras.Model):  # type: ignore[misc]
        def train_step(self, *args: Any) -> Any:
            raise ValueError("planted: cannot be trained")

    images = keras.Input(SHAPE)
    return Broken(images, layers.Dense(10, activation="softmax")(layers.Flatten()(images)))


def leaves(*, width: int) -> keras.Model:
    """Ends the process that calls it."""
    raise SystemExit(0)


def too_wide(*, width: int) -> keras.Model:
    """Cannot be built at one end of its space."""
    if width > 8:
        raise ValueError("width must not exceed 8")
    return without_input(width=width)
