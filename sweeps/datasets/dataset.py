"""What the modules of this package hand to each other and to the rest of the sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Array: TypeAlias = NDArray[Any]

SIDE = 28
"""Height and width of an image of the built-in data sets, in pixels."""

CLASSES = 10
"""Their labels are 0 to 9."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """What travels to the workers; there is no test data in it.

    The built-in data sets are `uint8`: images (n, 28, 28) of grey values 0 to 255, which workers scale to [0, 1] with a
    channel axis behind, and their labels. A user's own data is what the model gets, as it is: examples `float32`,
    (n, ...); labels `int32`, (n,), or quantities `float32`, (n, ...).

    Attributes:
        x_train: examples for training.
        y_train: their labels or quantities.
        x_validation: examples for validation.
        y_validation: their labels or quantities.
        classes: number of different labels; None for quantities.
        gap: why the labels are not 0 to `classes` - 1, in words; empty if they are.
    """

    x_train: Array
    y_train: Array
    x_validation: Array
    y_validation: Array
    classes: int | None
    gap: str = ""

    def few(self, count: int) -> Dataset:
        """At most so many examples of each part, from all over it, for a look at them."""
        train, validation = (_spread(len(part), count) for part in (self.y_train, self.y_validation))
        return Dataset(
            self.x_train[train],
            self.y_train[train],
            self.x_validation[validation],
            self.y_validation[validation],
            self.classes,
            self.gap,
        )


def _spread(length: int, count: int) -> NDArray[np.int64]:
    return np.linspace(0, length - 1, min(count, length)).astype(np.int64)


@dataclass(frozen=True)
class DataFacts:
    """What the log records of a data set; every field has a JSON form.

    Attributes:
        name: key of `sweeps.datasets.LOADERS`, or what the sweep file calls a user's own data.
        source: where it was found, with the path or function if there is one.
        digest: sha256 over all arrays, the test set's included (see `sweeps.datasets.digest`).
        train: number of examples for training.
        validation: number of examples for validation.
        test: number of examples set aside, unread.
        split_seed: seed of the split and of the samples drawn from its parts.
        split: how the split was made, in a sentence.
        classes: number of different labels; None for quantities.
        shape: of one example: height and width of an image of a built-in data set, in pixels.
        repeats: number of test examples of a user's own that are among the others too.
    """

    name: str
    source: str
    digest: str
    train: int
    validation: int
    test: int
    split_seed: int
    split: str
    classes: int | None
    shape: tuple[int, ...]
    repeats: int = 0

    def __str__(self) -> str:
        return f"{self.name}, {self.train:,} examples to train and {self.validation:,} to validate ({self.source})"


@dataclass(frozen=True, eq=False)
class RawData:
    """A data set before its split: what a loader returns.

    Attributes:
        x: the examples that may be trained on, (n, ...).
        y: their labels, (n,), or quantities.
        test: number of examples set aside.
        digest: sha256 over all arrays, the test set's included.
        source: where it was found.
        classes: number of different labels; None for quantities.
        gap: as in `Dataset`.
        things: what reports call the examples.
        may_be_random: whether the split may be random where it cannot be stratified by label.
        repeats: as in `DataFacts`.
    """

    x: Array
    y: Array
    test: int
    digest: str
    source: str
    classes: int | None = CLASSES
    gap: str = ""
    things: str = "images"
    may_be_random: bool = False
    repeats: int = 0
