"""The sweep's own network: which function builds it, and which params it takes.

The contract with the function named by `model.build`: called with the params of a config that are not training
settings, and with `model.args`, all by keyword, it returns a Keras model of one input and one output. A plain model is
compiled here: for labels with cross-entropy and accuracy, for quantities with the mean squared and the mean absolute
error. One that comes compiled is left as it is, and decides by itself what its outputs and its loss are. An attribute
`runtime_values` on the function, a mapping from a param's name to a function of `(model, value)` that assigns a
variable of the model, names the params that can be changed on a compiled model: no new graph is traced for them.

Each call must build anew, and random draws inside the model must come from a `keras.random.SeedGenerator` of its own,
as they do in Keras' layers: only then can a trial be repeated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import keras

from search_spaces import Params, ParamValue
from sweeps.config import SweepConfig, TrainingConfig
from sweeps.config.training import COMPILED_IN
from sweeps.errors import ConfigError
from sweeps.functions import import_function
from sweeps.training.optimizers import make_optimizer

Setter = Callable[[keras.Model, Any], None]
_COMPILING = {
    "labels": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    "quantities": {"loss": "mean_squared_error", "metrics": ["mean_absolute_error"]},
}


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
        compiled = [self.training.model_dump()[key] for key in COMPILED_IN]
        return repr((sorted(self.architecture.items()), compiled))


@dataclass(frozen=True)
class Blueprint:
    """The build function of a sweep with what it declares, and what its models learn: labels or quantities."""

    build: Callable[..., keras.Model]
    args: Mapping[str, Any]
    runtime_values: Mapping[str, Setter]
    training: TrainingConfig
    learns: Literal["labels", "quantities"]

    @classmethod
    def of(cls, config: SweepConfig, *, classes: int | None) -> Blueprint:
        """Import the build function.

        Args:
            config: The sweep.
            classes: Number of labels; None for quantities.

        Raises:
            ConfigError: If it cannot be imported, is no function, or declares something else than it may.
        """
        build = import_function(config.model.build, key="model.build")
        values = _runtime_values(build, config.model.build)
        _check_known(values, build, config)
        return cls(build, config.model.args, values, config.training, "quantities" if classes is None else "labels")

    def recipe(self, params: Params) -> Recipe:
        """Sort the params of one config."""
        settings = {name: value for name, value in params.items() if name in TrainingConfig.model_fields}
        rest = {name: value for name, value in params.items() if name not in settings}
        for key in ("optimizer", "schedule"):  # settings in the sweep file are those of the name that stands there
            if settings.get(key) == getattr(self.training, key).name:
                del settings[key]
        training = TrainingConfig(**{**self.training.model_dump(), **settings})
        runtime = {name: value for name, value in rest.items() if name in self.runtime_values}
        return Recipe({name: value for name, value in rest.items() if name not in runtime}, runtime, training)

    def build_model(self, recipe: Recipe, shape: tuple[int, ...]) -> tuple[keras.Model, bool]:
        """Build a fresh, compiled model for examples of `shape`, and say whether it was compiled here.

        Keras' global seed decides its initial weights.
        """
        keras.config.set_dtype_policy(recipe.training.dtype_policy)
        model = self.build(**recipe.architecture, **recipe.runtime, **self.args)
        if not isinstance(model, keras.Model):
            raise TypeError(f"must return a keras.Model, got {type(model).__name__}")
        _check_one_input(model)
        if not model.built or not model.variables:
            model(keras.Input(shape))
        plain = not model.compiled
        if plain:
            optimizer = make_optimizer(recipe.training.optimizer, recipe.training.learning_rate)
            model.compile(optimizer, jit_compile=_whole_step_compiles(), **_COMPILING[self.learns])
        return model, plain

    def set_runtime(self, model: keras.Model, recipe: Recipe, *, learning_rate: bool) -> None:
        """Set on a compiled model what needs no new graph; the learning rate only where the sweep owns it."""
        for name, value in recipe.runtime.items():
            self.runtime_values[name](model, value)
        if learning_rate:
            model.optimizer.learning_rate = recipe.training.learning_rate


def _runtime_values(build: Callable[..., keras.Model], path: str) -> Mapping[str, Setter]:
    values = getattr(build, "runtime_values", {})
    fits = isinstance(values, Mapping) and all(isinstance(key, str) and callable(each) for key, each in values.items())
    if not fits:
        rule = "must map names of params to functions of (model, value)"
        raise ConfigError(f"model.build: {path}.runtime_values {rule}, got {values!r}")
    settings = [name for name in values if name in TrainingConfig.model_fields]
    if settings:
        raise ConfigError(
            f"model.build: {path}.runtime_values must not name {settings[0]}, which is a setting of training; give the "
            "param another name"
        )
    return values


def _check_known(values: Mapping[str, Setter], build: Callable[..., keras.Model], config: SweepConfig) -> None:
    """Refuse a runtime value that nobody can set: it is misspelt."""
    try:
        arguments = inspect.signature(build).parameters
    except (TypeError, ValueError):  # not all that can be called tells
        return
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in arguments.values()):
        return
    unknown = sorted(set(values) - set(arguments) - set(config.space.parameters))
    if unknown:
        names = ", ".join(config.space.parameters)
        raise ConfigError(
            f"model.build: {config.model.build}.runtime_values must name params of the space or arguments of the "
            f"function, got {unknown[0]!r}; the params are {names}, the arguments {', '.join(arguments) or 'none'}"
        )


def _check_one_input(model: keras.Model) -> None:
    inputs = getattr(model, "inputs", None) or ()  # a model that is no graph of layers has none before its first call
    if len(inputs) > 1:
        names = ", ".join(each.name for each in inputs)
        raise ValueError(
            f"must have one input, since models with several are not supported, got {len(inputs)} ({names}); put the "
            "parts of an example into one array, and take them apart inside the model"
        )


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


def _whole_step_compiles() -> bool:
    """XLA for the whole step pays on accelerators and is JAX's only way; TensorFlow's CPU kernels beat it."""
    if keras.backend.backend() == "jax":
        return True
    return keras.backend.backend() == "tensorflow" and "gpu" in str(keras.distribution.list_devices()).lower()
