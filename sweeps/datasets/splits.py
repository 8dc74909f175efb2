"""The split into training and validation images: stratified, seeded, and never crossed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweeps.datasets.dataset import CLASSES, Bytes, Dataset, RawData
from sweeps.errors import DataError

VALIDATION_SHARE = 6
"""One image in so many is for validation."""

MAX_SEED = 2**32 - 1


def split(raw: RawData, *, train: int | None, validation: int | None, split_seed: int) -> Dataset:
    """Split 5/6 to 1/6, then draw samples of the sizes asked for, each inside its own part.

    Which part an image belongs to depends on the labels and on `split_seed` alone, so it can never move from one
    part to the other between two sweeps that differ only in the sizes they ask for.

    Args:
        raw: all images that may be trained on.
        train: images for training, at most 5/6 of them.
        validation: images for validation, at most 1/6 of them.
        split_seed: 0 to 2**32 - 1.

    Raises:
        DataError: a size is smaller than the number of classes or larger than its part.
        DataError: the seed is out of range.
        DataError: a label occurs only once, so that it cannot be in both parts.
    """
    held_out = len(raw.labels) // VALIDATION_SHARE
    train = len(raw.labels) - held_out if train is None else train
    validation = held_out if validation is None else validation
    _check_size("train", train, len(raw.labels) - held_out)
    _check_size("validation", validation, held_out)
    rest, part = stratified_parts(raw.labels, held_out, seed=split_seed)
    chosen = rest[_sample(raw.labels[rest], train)]
    validating = part[_sample(raw.labels[part], validation)]
    return Dataset(raw.images[chosen], raw.labels[chosen], raw.images[validating], raw.labels[validating], CLASSES)


def stratified_parts(labels: Bytes, held_out: int, *, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split the indices of `labels` in two, by scikit-learn: the rest, and `held_out` of them, both in random order."""
    from sklearn.model_selection import train_test_split

    if not 0 <= seed <= MAX_SEED:
        raise DataError(f"split_seed must lie in 0..{MAX_SEED}, got {seed}")
    rarest = int(np.bincount(labels, minlength=CLASSES).argmin())
    if np.count_nonzero(labels == rarest) < 2:
        raise DataError(f"every label must occur at least twice among the training images, {rarest} does not")
    rest, part = train_test_split(np.arange(len(labels)), test_size=held_out, stratify=labels, random_state=seed)
    return rest, part


def describe(raw: RawData, data: Dataset, *, split_seed: int) -> str:
    """Say in a sentence how the split was made."""
    held_out = len(raw.labels) // VALIDATION_SHARE
    return (
        f"{len(raw.labels):,} images were split by scikit-learn, stratified by label, seed {split_seed}, into "
        f"{len(raw.labels) - held_out:,} for training, of which {len(data.y_train):,} are used, and {held_out:,} "
        f"for validation, of which {len(data.y_validation):,} are used; {raw.test:,} test images stay apart."
    )


def _check_size(argument: str, size: int, part: int) -> None:
    if size < CLASSES:
        raise DataError(f"{argument} must be at least {CLASSES}, the number of classes, got {size}")
    if size > part:
        raise DataError(f"{argument} must be at most {part:,}, the size of its part of the data, got {size:,}")


def _sample(labels: Bytes, size: int) -> NDArray[np.intp]:
    """Take `size` positions of a part in random order: the first of each class, by largest remainder, ascending.

    scikit-learn cannot leave out fewer images than there are classes, hence this one.
    """
    counts = np.bincount(labels, minlength=CLASSES)
    quotas = size * counts / len(labels)
    taken = np.floor(quotas).astype(int)
    taken[np.argsort(taken - quotas, kind="stable")[: size - taken.sum()]] += 1
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:number] for label, number in enumerate(taken)]))
