"""The sweep's own network: which function builds it, which params it takes, what it costs.

The contract with the function named by `model.build`: called with the params of a config that are not training
settings, and with `model.args`, all by keyword, it returns a Keras model. A plain model is compiled here, for integer
labels; one that comes compiled is left as it is. An attribute `runtime_values` on the function, a mapping from a
param's name to a function of `(model, value)`, names the params that can be changed on a compiled model: no new
graph is traced for them.

Each call must build anew, and random draws inside the model must come from a `keras.random.SeedGenerator` of its own,
as they do in Keras' layers: only then can a trial be repeated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from search_spaces import Params, ParamValue
from sweeps.config import SweepConfig, TrainingConfig
from sweeps.functions import import_function


@dataclass(frozen=True)
class Recipe:
    """One config, sorted by what each of its params acts on.

    Attributes:
        architecture: Arguments of the build function that change the graph.
        runtime: Values set on a compiled model.
        training: The sweep's training settings with those of the config in their place.
    """

    architecture: dict[str, ParamValue]
    runtime: dict[str, ParamValue]
    training: TrainingConfig

    @property
    def key(self) -> str:
        """Equal for configs that one compiled model can serve."""
        return repr((sorted(self.architecture.items()), self.training.dtype_policy))


@dataclass(frozen=True)
class Blueprint:
    """The build function of a sweep with what it declares."""

    build: Callable[..., keras.Model]
    args: Mapping[str, Any]
    runtime_values: Mapping[str, Callable[[keras.Model, Any], None]]
    training: TrainingConfig

    @classmethod
    def of(cls, config: SweepConfig) -> Blueprint:
        """Import the build function.

        Raises:
            ConfigError: If it cannot be imported, or is no function.
        """
        build = import_function(config.model.build, key="model.build")
        return cls(build, config.model.args, getattr(build, "runtime_values", {}), config.training)

    def recipe(self, params: Params) -> Recipe:
        """Sort the params of one config."""
        settings = {name: value for name, value in params.items() if name in TrainingConfig.model_fields}
        training = TrainingConfig(**{**self.training.model_dump(), **settings})
        rest = {name: value for name, value in params.items() if name not in settings}
        runtime = {name: value for name, value in rest.items() if name in self.runtime_values}
        return Recipe({name: value for name, value in rest.items() if name not in runtime}, runtime, training)

    def build_model(self, recipe: Recipe, shape: tuple[int, ...]) -> tuple[keras.Model, bool]:
        """Build a fresh, compiled model for images of `shape`, and say whether it was compiled here.

        Keras' global seed decides its initial weights.
        """
        keras.config.set_dtype_policy(recipe.training.dtype_policy)
        model = self.build(**recipe.architecture, **recipe.runtime, **self.args)
        if not isinstance(model, keras.Model):
            raise TypeError(f"must return a keras.Model, got {type(model).__name__}")
        if not model.built or not model.variables:
            model(keras.Input(shape))
        plain = not model.compiled
        if plain:
            model.compile(
                optimizer=keras.optimizers.Adam(recipe.training.learning_rate),
                loss="sparse_categorical_crossentropy",
                metrics=["accuracy"],
                jit_compile=_whole_step_compiles(),
            )
        return model, plain

    def set_runtime(self, model: keras.Model, recipe: Recipe, *, learning_rate: bool) -> None:
        """Set on a compiled model what needs no new graph; the learning rate only where the sweep owns it."""
        for name, value in recipe.runtime.items():
            self.runtime_values[name](model, value)
        if learning_rate:
            model.optimizer.learning_rate = recipe.training.learning_rate


def check_fresh(model: keras.Model, other: keras.Model) -> None:
    """Refuse a build function that hands out the same weights twice: trials would go on where others ended.

    Raises:
        ValueError: If the two models share a weight.
    """
    shared = {id(variable) for variable in model.variables} & {id(variable) for variable in other.variables}
    if shared:
        raise ValueError(
            "must build a new model at each call, got one that shares weights with the model of an earlier call; make "
            "every layer inside the function"
        )


def count_macs(model: keras.Model) -> int | None:
    """Multiply-accumulates of one image's forward pass in layers with a kernel; None if a shape is not known.

    Pooling, routing, normalisation and activations are not counted: they are less than one in a hundred here.
    """
    counts = [_layer_macs(layer) for layer in model.layers]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _layer_macs(layer: keras.layers.Layer) -> int | None:
    if isinstance(layer, keras.Model):
        return count_macs(layer)
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0 if not layer.trainable_weights or len(layer.trainable_weights[0].shape) < 2 else None
    try:
        outputs = layer.output.shape[1:]
    except (AttributeError, ValueError):  # a subclassed model, or a layer that is called several times
        return None
    return None if None in outputs else int(math.prod(kernel.shape) * math.prod(outputs) // outputs[-1])


def _whole_step_compiles() -> bool:
    """XLA for the whole step pays on accelerators and is JAX's only way; TensorFlow's CPU kernels beat it."""
    if keras.backend.backend() == "jax":
        return True
    return keras.backend.backend() == "tensorflow" and "gpu" in str(keras.distribution.list_devices()).lower()
