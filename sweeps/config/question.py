"""Of which model and of which data a sweep asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from sweeps.config.fields import FunctionPath, Plain, Text, Whole
from sweeps.config.section import Section

BUILT_IN = ("mnist", "digits")
"""Names of data sets that need no function."""


class ModelConfig(Section):
    """Who builds the network: `build(**params, **args)` returns a Keras model."""

    build: FunctionPath = Field(
        "capsule_layer:build_classifier", description='"package.module:function" that returns a Keras model.'
    )
    args: Plain = Field({}, description="Arguments of that function which are the same for every trial.")


class DatasetConfig(Section):
    """Which data, how much of each part, and the seed of the split."""

    name: Text = Field("mnist", description="mnist or digits; with load, what reports call the data.")
    load: FunctionPath | None = Field(None, description='"package.module:function" that returns (x, y).')
    args: Plain = Field({}, description="Arguments of that function.")
    train: Whole | None = Field(None, ge=1, description="Examples to train on; all of their part (5/6) if not given.")
    validation: Whole | None = Field(
        None, ge=1, description="Examples to validate on; all of their part (1/6) if not given."
    )
    test: Whole | None = Field(None, ge=1, description="Examples to test on; all of the test set if not given.")
    split_seed: Whole = Field(0, ge=0, lt=2**31, description="Decides which example is in which part.")
    file: Text | None = Field(None, description="Where the file mnist.npz lies.")

    @model_validator(mode="before")
    @classmethod
    def _own_data_is_named_after_its_function(cls, document: Any) -> Any:
        if isinstance(document, Mapping) and isinstance(document.get("load"), str) and "name" not in document:
            return {**document, "name": document["load"]}
        return document

    @model_validator(mode="after")
    def _a_function_stands_alone(self) -> Self:
        if self.load is None and self.args:
            raise ValueError("args: are those of load, which is not given")
        if self.load is not None and self.name in BUILT_IN:
            raise ValueError(
                f"name: must not be that of a built-in data set beside load, got {self.name}; leave one of them out"
            )
        if self.load is not None and self.file is not None:
            raise ValueError("file: is where MNIST lies; a function named by load takes its file as one of args")
        return self
