"""How a trial is trained, as data: every key can be searched too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from search_spaces import read_number
from sweeps.config.fields import Real, Whole
from sweeps.config.section import Named, Section, named

OptimizerName = Literal[
    "adam", "adamw", "nadam", "adamax", "adagrad", "adadelta", "rmsprop", "sgd", "lion", "lamb", "ftrl", "adafactor"
]
COMPILED_IN = ("dtype_policy", "optimizer")
"""The settings that make another compiled model; a warm one takes a new value of the others."""

Positive = Annotated[Real, Field(gt=0)]


class Optimizer(Named):
    """An optimizer of Keras by its name in lower case, with arguments of its class beside it."""

    name: OptimizerName = Field(description="Which one, in lower case.")

    @model_validator(mode="before")
    @classmethod
    def _reads_numbers(cls, document: Any) -> Any:
        # No optimizer has an argument that is text and reads as a number.
        is_mapping = isinstance(document, Mapping)
        return {key: read_number(value) for key, value in document.items()} if is_mapping else document


class Schedule(Section):
    """The learning rate over a trial's epochs.

    Source:
        The notebook trains 15 epochs each at 1e-3, 1e-4 and 1e-5 and compiles anew between them: `steps` with a fresh
        optimizer.
    """

    name: Literal["constant", "cosine", "steps"] = Field(
        "constant", description="cosine falls along half a wave towards 0; steps multiplies by factors."
    )
    factors: tuple[Positive, ...] = Field(
        (1.0, 0.1, 0.01), min_length=1, description="With steps: of the rate, one after the other."
    )
    at: tuple[Annotated[Whole, Field(ge=1)], ...] | None = Field(
        None,
        description="With steps: the epochs with which the second factor and those after it begin; equal parts of the "
        "trial if not given.",
    )
    fresh_optimizer: bool = Field(
        False, strict=True, description="With steps: whether the optimizer forgets what it has learned at each."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        extra = [key for key in ("factors", "at", "fresh_optimizer") if getattr(self, key) != _default(key)]
        if self.name != "steps" and extra:
            raise ValueError(f"{extra[0]}: goes with name: steps, got name: {self.name}")
        if self.at is not None and (len(self.at) != len(self.factors) - 1 or list(self.at) != sorted(set(self.at))):
            raise ValueError(
                f"at: must name {len(self.factors) - 1} rising epochs, where each factor but the first begins, got "
                f"{list(self.at)}"
            )
        return self

    def step(self, epoch: int, epochs: int) -> int:
        """Which of the factors an epoch of a trial has, from 0."""
        if self.name != "steps":
            return 0
        if self.at is not None:
            return sum(epoch >= begin for begin in self.at)
        return min(epoch * len(self.factors) // epochs, len(self.factors) - 1)

    def factor(self, epoch: int, epochs: int) -> float:
        """What the learning rate of an epoch is multiplied by."""
        if self.name == "cosine":
            return 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        return 1.0 if self.name == "constant" else self.factors[self.step(epoch, epochs)]


def _default(key: str) -> object:
    return Schedule.model_fields[key].default


class TrainingConfig(Section):
    """How a trial is trained; a parameter of the space with one of these names replaces the value."""

    batch_size: Whole = Field(128, ge=1, description="Examples a step.")
    learning_rate: Real = Field(1e-3, gt=0, description="Of the optimizer, before the schedule.")
    optimizer: Annotated[Optimizer, BeforeValidator(named)] = Field(
        Optimizer(name="adam"), description="By name, or with arguments of its class in Keras."
    )
    schedule: Annotated[Schedule, BeforeValidator(named)] = Field(
        Schedule(), description="The learning rate over a trial's epochs, by name or with settings."
    )
    early_stopping: Whole = Field(
        0,
        ge=0,
        description="Epochs without a better objective after which a trial ends, complete; 0 never ends one.",
    )
    dtype_policy: Literal["float32", "mixed_bfloat16", "mixed_float16", "float64"] = Field(
        "float32", description="Of the layers."
    )
