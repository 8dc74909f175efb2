"""The optimizer that the sweep file names, made by Keras' class of that name."""

from __future__ import annotations

import keras

from sweeps.config import SweepConfig, TrainingConfig
from sweeps.config.training import Optimizer
from sweeps.errors import ConfigError
from sweeps.functions import in_words

_ANY_RATE = 1e-3


def make_optimizer(asked: Optimizer, learning_rate: float) -> keras.optimizers.Optimizer:
    """A new optimizer.

    Args:
        asked: The class by its name in lower case, and its arguments.
        learning_rate: To begin with.

    Raises:
        ConfigError: If the class does not take the arguments.
    """
    if "learning_rate" in asked.settings:
        raise ConfigError("training.optimizer: learning_rate belongs beside it; write training.learning_rate")
    kinds = {name.lower(): kind for name, kind in vars(keras.optimizers).items() if isinstance(kind, type)}
    try:
        return kinds[asked.name](learning_rate=learning_rate, **asked.settings)
    except Exception as error:
        raise ConfigError(_refusal(asked, error)) from None


def check_optimizers(config: SweepConfig) -> None:
    """Take a step with each optimizer of a sweep: not every argument is looked at before.

    Raises:
        ConfigError: If the class does not take the arguments, or fails with them.
    """
    parameter = config.space.parameters.get("optimizer")
    names = parameter.domain.corners() if parameter else ()
    others = [TrainingConfig.model_validate({"optimizer": name}).optimizer for name in names]
    configured = config.training.optimizer
    for asked in [configured, *(other for other in others if other.name != configured.name)]:
        optimizer = make_optimizer(asked, _ANY_RATE)
        try:
            weight = keras.Variable(keras.ops.ones((2, 2), "float32"))
            optimizer.build([weight])
            optimizer.apply([keras.ops.ones((2, 2), "float32")])
        except Exception as error:
            raise ConfigError(_refusal(asked, error)) from None


def _refusal(asked: Optimizer, error: Exception) -> str:
    settings = ", ".join(f"{name}: {value!r}" for name, value in asked.settings.items())
    return f"training.optimizer: {asked.name} does not take {{{settings}}}: {in_words(error)}"
