"""The notebook's digit classifier, with any pooling layer in its two places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import keras
from keras import layers

from capsule_layer.arguments import three_rates, window_size
from capsule_layer.pooling import CapsulePooling2D
from capsule_layer.soft_pooling import SoftPooling2D


@dataclass(frozen=True)
class PoolingPlace:
    """What a pooling layer may need to know: its windows, the filters before it, and its routing."""

    pool_size: tuple[int, int]
    filters: int
    routing_steps: int
    temperature: float
    learn_temperature: bool


_LAST = "channels_last"

POOLINGS: dict[str, Callable[[PoolingPlace], keras.layers.Layer]] = {
    "capsule": lambda at: CapsulePooling2D(
        at.pool_size, at.routing_steps, at.temperature, data_format=_LAST, learn_temperature=at.learn_temperature
    ),
    "max": lambda at: layers.MaxPooling2D(at.pool_size, padding="same", data_format=_LAST),
    "average": lambda at: layers.AveragePooling2D(at.pool_size, padding="same", data_format=_LAST),
    "soft": lambda at: SoftPooling2D(at.pool_size, data_format=_LAST),
    "none": lambda at: layers.Conv2D(
        at.filters, 3, strides=at.pool_size, padding="same", activation="relu", data_format=_LAST
    ),
}


def build_classifier(
    *,
    pooling: str = "capsule",
    pool_size: int | tuple[int, int] = 2,
    routing_steps: int = 2,
    temperature: float = 1.0,
    learn_temperature: bool = False,
    batch_norm_momentum: float = 0.99,
    dropout: float | tuple[float, float, float] = (0.4, 0.4, 0.3),
    input_shape: tuple[int, int, int] = (28, 28, 1),
    num_classes: int = 10,
) -> keras.Model:
    """Build the notebook's network, not compiled.

    `build_classifier.runtime_values` maps the name of each argument that leaves the graph as it is to a function of
    `(model, value)` that sets it on a built model. Whoever keeps a compiled model warm may change these values, and
    only these, without building it again.

    Args:
        pooling: `"capsule"`, `"max"`, `"average"`, `"soft"` (`SoftPooling2D`), or `"none"`, a 3x3 convolution that
            strides in place of pooling.
        pool_size: Height and width of the windows in both places: an integer or a pair.
        routing_steps: As in `CapsulePooling2D`; any other pooling ignores it.
        temperature: As in `CapsulePooling2D`; any other pooling ignores it.
        learn_temperature: As in `CapsulePooling2D`; any other pooling ignores it.
        batch_norm_momentum: Of both batch normalisations; short trainings need less than the default.
        dropout: Rates after the first pooling, after the second, and before the output; one number for all three.
        input_shape: Height, width and channels of the images.
        num_classes: Number of outputs.

    Returns:
        A model from `(batch, *input_shape)` to class probabilities `(batch, num_classes)`, float32 under any policy.

    Raises:
        ValueError: The pooling is unknown, or an argument breaks the rule of the layer it goes to.

    Source:
        The network of the notebook in which `CapsulePooling2D` was published. Its last 3x3 convolution does not pad;
        here it does where large windows leave a map smaller than 3.
    """
    if pooling not in POOLINGS:
        raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}; received {pooling!r}.")
    rates = three_rates(dropout)
    conv = partial(layers.Conv2D, kernel_size=3, activation="relu", data_format=_LAST)
    norm = partial(layers.BatchNormalization, momentum=batch_norm_momentum)
    place = partial(
        PoolingPlace,
        pool_size=window_size(pool_size),
        routing_steps=routing_steps,
        temperature=temperature,
        learn_temperature=learn_temperature,
    )

    images = keras.Input(input_shape)
    x = conv(64)(conv(32)(images))
    x = POOLINGS[pooling](place(filters=64))(norm()(x))
    x = layers.Dropout(rates[0])(x)
    x = conv(128, padding="same")(conv(128, padding="same")(x))
    x = POOLINGS[pooling](place(filters=128))(norm()(x))
    x = layers.Dropout(rates[1])(x)
    x = conv(256, padding="valid" if min(x.shape[1:3]) >= 3 else "same")(x)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(rates[2])(x)
    return keras.Model(images, layers.Dense(num_classes, activation="softmax", dtype="float32")(x))


def set_temperature(model: keras.Model, value: float) -> None:
    """Set the temperature of every `CapsulePooling2D` in a model, nested models included; others are left alone.

    Raises:
        ValueError: The value is not positive and finite, and the model holds such a layer.
    """
    for layer in _leaves(model):
        if isinstance(layer, CapsulePooling2D):
            layer.temperature = value


build_classifier.runtime_values = {"temperature": set_temperature}  # type: ignore[attr-defined]


def _leaves(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    children = getattr(layer, "layers", None)
    if children is None:
        yield layer
    for child in children or ():
        yield from _leaves(child)
