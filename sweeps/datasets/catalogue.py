"""The data sets by name, and the one function that makes any of them ready for a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sweeps.config import DatasetConfig
from sweeps.datasets.dataset import DataFacts, Dataset, RawData, TestSet
from sweeps.datasets.digits import load_digits
from sweeps.datasets.mnist import load_mnist
from sweeps.datasets.own import load_own
from sweeps.datasets.splits import describe, split
from sweeps.errors import DataError


class Loader(Protocol):
    """Finds a data set."""

    def __call__(self, file: Path | None, *, open_test: bool = False) -> RawData:
        """Load it from its file, if it has one, with its test set only if asked."""


LOADERS: dict[str, Loader] = {"mnist": load_mnist, "digits": load_digits}
"""Another data set is one line more: its name, and a function of the file given that loads it."""


def load_dataset(
    name: str, *, train: int | None, validation: int | None, split_seed: int, file: Path | None = None
) -> tuple[Dataset, DataFacts]:
    """Find, check and split a data set; the same arguments and file give the same arrays.

    Args:
        name: one of `LOADERS`.
        train: number of images to train on; all of their part if None.
        validation: number of images to validate on, all of their part if None; none of them ever one of
            training, whatever the sizes.
        split_seed: decides which images are for training and which for validation, 0 to 2**32 - 1.
        file: the data set's file, if it is of a kind that has one; searched for if None.

    Returns:
        The arrays for the workers, C-contiguous and without test data, and the facts for the log.

    Raises:
        DataNotFound: there is no copy of the data set to be had.
        DataError: unknown name, a file that breaks a rule, or sizes that the data set cannot serve.
    """
    if name not in LOADERS:
        known = ", ".join(LOADERS)
        raise DataError(
            f"dataset.name: must be one of {known}, got {name!r}; dataset.load names a function of your own"
        )
    return _make_ready(LOADERS[name](file), name=name, train=train, validation=validation, split_seed=split_seed)


def load_own_dataset(
    load: str,
    args: Mapping[str, Any],
    *,
    name: str,
    train: int | None,
    validation: int | None,
    split_seed: int,
) -> tuple[Dataset, DataFacts]:
    """The same of what a function of a user's own returns.

    Args:
        load: `package.module:function`, by the contract in `sweeps.datasets.own`.
        args: its arguments.
        name: what the log calls the data.
        train: number of examples to train on; all of their part if None.
        validation: number of examples to validate on; all of their part if None.
        split_seed: decides which examples are for training and which for validation.

    Raises:
        ConfigError: the function cannot be imported.
        DataError: the function fails, or what it returns breaks a rule.
    """
    return _make_ready(load_own(load, args), name=name, train=train, validation=validation, split_seed=split_seed)


def open_test_set(config: DatasetConfig, *, digest: str) -> TestSet:
    """The test set of a data set, for whoever has said in the log that it opens it.

    Args:
        config: Which data, and how many of them.
        digest: What the sweep began with.

    Raises:
        ConfigError: a user's function cannot be imported.
        DataError: the data cannot be had, are not what they were, or have no test set.
    """
    if config.load is not None:
        raw = load_own(config.load, config.args, open_test=True)
    else:
        raw = LOADERS[config.name](Path(config.file) if config.file else None, open_test=True)
    if raw.digest != digest:
        raise DataError(f"the data have digest {raw.digest[:12]} now, the sweep began with {digest[:12]}")
    if raw.held_out is None:
        raise DataError(f"{config.name} has no test set")
    return raw.held_out if config.test is None else _some(raw.held_out, config.test, seed=config.split_seed)


def _some(test: TestSet, size: int, *, seed: int) -> TestSet:
    """That many examples at random, in their order."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(test.y))[:size])
    return TestSet(test.x[chosen], test.y[chosen])


def _make_ready(
    raw: RawData, *, name: str, train: int | None, validation: int | None, split_seed: int
) -> tuple[Dataset, DataFacts]:
    """Split a loaded data set, and sum it up."""
    data = split(raw, train=train, validation=validation, split_seed=split_seed)
    facts = DataFacts(
        name=name,
        source=raw.source,
        digest=raw.digest,
        train=len(data.y_train),
        validation=len(data.y_validation),
        test=raw.test,
        split_seed=split_seed,
        split=describe(raw, data, split_seed=split_seed),
        classes=raw.classes,
        shape=tuple(raw.x.shape[1:]),
        repeats=raw.repeats,
    )
    return data, facts
