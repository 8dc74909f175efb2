"""The split into training and validation examples: seeded, never crossed, stratified where there are labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweeps.datasets.dataset import Array, Dataset, RawData
from sweeps.errors import DataError

VALIDATION_SHARE = 6
"""One example in so many is for validation."""

MAX_SEED = 2**32 - 1

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Groups:
    """The examples by label, numbered from 0; without labels to go by, all are one group."""

    of: Indices
    count: int

    @classmethod
    def by_label(cls, labels: Array) -> _Groups:
        known, groups = np.unique(labels, return_inverse=True)
        return cls(groups.reshape(-1), len(known))


def split(raw: RawData, *, train: int | None, validation: int | None, split_seed: int) -> Dataset:
    """Split 5/6 to 1/6, then draw samples of the sizes asked for, each inside its own part.

    Which part an example belongs to depends on the labels (for quantities: on how many there are) and on `split_seed`
    alone, so it can never move from one part to the other between two sweeps that differ only in the sizes they ask
    for. Labels of a user's own that cannot be in both parts, and quantities, are split at random.

    Args:
        raw: all examples that may be trained on.
        train: examples for training, at most 5/6 of them.
        validation: examples for validation, at most 1/6 of them.
        split_seed: 0 to 2**32 - 1.

    Raises:
        DataError: a size is smaller than the number of classes or larger than its part.
        DataError: the seed is out of range.
        DataError: a label of a built-in data set occurs only once, so that it cannot be in both parts.
    """
    if not 0 <= split_seed <= MAX_SEED:
        raise DataError(f"dataset.split_seed must lie in 0..{MAX_SEED}, got {split_seed}")
    held_out = len(raw.y) // VALIDATION_SHARE
    train = len(raw.y) - held_out if train is None else train
    validation = held_out if validation is None else validation
    groups = _groups_of(raw)
    _check_size("train", train, len(raw.y) - held_out, groups.count)
    _check_size("validation", validation, held_out, groups.count)
    rest, part = _parts(groups, held_out, seed=split_seed)
    chosen = rest[_sample(groups.of[rest], train, groups.count)]
    validating = part[_sample(groups.of[part], validation, groups.count)]
    return Dataset(raw.x[chosen], raw.y[chosen], raw.x[validating], raw.y[validating], raw.classes, raw.gap)


def _groups_of(raw: RawData) -> _Groups:
    one = _Groups(np.zeros(len(raw.y), np.intp), 1)
    if raw.classes is None:
        return one
    groups = _Groups.by_label(raw.y)
    return one if raw.may_be_random and not _can_stratify(groups) else groups


def _can_stratify(groups: _Groups) -> bool:
    """Whether every label can be in both parts: what scikit-learn asks for."""
    counts = np.bincount(groups.of)
    return bool(counts.min() >= 2) and len(groups.of) // VALIDATION_SHARE >= groups.count


def _parts(groups: _Groups, held_out: int, *, seed: int) -> tuple[Indices, Indices]:
    if groups.count > 1:
        return stratified_parts(groups.of, held_out, seed=seed)
    order = np.random.default_rng(seed).permutation(len(groups.of))
    return order[held_out:], order[:held_out]


def stratified_parts(labels: Array, held_out: int, *, seed: int) -> tuple[Indices, Indices]:
    """Split the indices of `labels` in two, by scikit-learn: the rest, and `held_out` of them, both in random order."""
    from sklearn.model_selection import train_test_split

    known, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        raise DataError(
            f"dataset.file: every label must occur at least twice among the training images, {known[counts.argmin()]} "
            "does not"
        )
    rest, part = train_test_split(np.arange(len(labels)), test_size=held_out, stratify=labels, random_state=seed)
    return rest, part


def describe(raw: RawData, data: Dataset, *, split_seed: int) -> str:
    """Say in a sentence how the split was made."""
    held_out = len(raw.y) // VALIDATION_SHARE
    stratified = _groups_of(raw).count > 1
    how = "by scikit-learn, stratified by label" if stratified else "at random"
    return (
        f"{len(raw.y):,} {raw.things} were split {how}, seed {split_seed}, into "
        f"{len(raw.y) - held_out:,} for training, of which {len(data.y_train):,} are used, and {held_out:,} "
        f"for validation, of which {len(data.y_validation):,} are used; {raw.test:,} test {raw.things} stay apart."
    )


def _check_size(key: str, size: int, part: int, groups: int) -> None:
    if size < groups:
        raise DataError(f"dataset.{key} must be at least {groups}, the number of classes, got {size}")
    if size > part:
        raise DataError(
            f"dataset.{key} must be at most {part:,}, the size of its part of the data, got {size:,}; leave it out for "
            "all of them"
        )


def _sample(groups: Indices, size: int, count: int) -> Indices:
    """Take `size` positions of a part in random order: the first of each group, by largest remainder, ascending.

    scikit-learn cannot leave out fewer examples than there are classes, hence this one.
    """
    counts = np.bincount(groups, minlength=count)
    quotas = size * counts / len(groups)
    taken = np.floor(quotas).astype(int)
    taken[np.argsort(taken - quotas, kind="stable")[: size - taken.sum()]] += 1
    return np.sort(np.concatenate([np.flatnonzero(groups == group)[:number] for group, number in enumerate(taken)]))
