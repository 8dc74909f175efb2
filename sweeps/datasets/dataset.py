"""What the modules of this package hand to each other and to the rest of the sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]

SIDE = 28
"""Height and width of an image, in pixels."""

CLASSES = 10
"""The labels are 0 to 9."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """What travels to the workers; there is no test data in it.

    Attributes:
        x_train: images for training, (n, 28, 28), grey values 0 to 255.
        y_train: their labels, (n,).
        x_validation: images for validation, (m, 28, 28).
        y_validation: their labels, (m,).
        classes: number of labels, which are 0 to `classes` - 1.
    """

    x_train: Bytes
    y_train: Bytes
    x_validation: Bytes
    y_validation: Bytes
    classes: int


@dataclass(frozen=True)
class DataFacts:
    """What the log records of a data set; every field has a JSON form.

    Attributes:
        name: key of `sweeps.datasets.LOADERS`.
        source: where it was found, with the path if there is one.
        digest: sha256 over all arrays, the test set's included (see `sweeps.datasets.digest`).
        train: number of images for training.
        validation: number of images for validation.
        test: number of images set aside, unread.
        split_seed: seed of the split and of the samples drawn from its parts.
        split: how the split was made, in a sentence.
        classes: number of labels.
        shape: height and width of an image, in pixels.
    """

    name: str
    source: str
    digest: str
    train: int
    validation: int
    test: int
    split_seed: int
    split: str
    classes: int
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class RawData:
    """A data set before its split: what a loader returns.

    Attributes:
        images: the images that may be trained on, (n, 28, 28).
        labels: their labels, (n,).
        test: number of images set aside.
        digest: sha256 over all arrays, the test set's included.
        source: where it was found.
    """

    images: Bytes
    labels: Bytes
    test: int
    digest: str
    source: str
