"""The split: stratified, seeded, never crossed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.datasets.dataset import Dataset, RawData
from sweeps.datasets.splits import split
from sweeps.errors import DataError


def numbered(labels: np.ndarray) -> RawData:
    """Make images that hold their own index in the first two pixels."""
    index = np.arange(len(labels))
    pixels = np.zeros((len(labels), 28, 28), np.uint8)
    pixels[:, 0, 0], pixels[:, 0, 1] = index // 256, index % 256
    return RawData(pixels, labels.astype(np.uint8), 1, "digest", "made up")


def indices(images: np.ndarray) -> set[int]:
    return set((images[:, 0, 0].astype(int) * 256 + images[:, 0, 1]).tolist())


def uneven(n: int) -> np.ndarray:
    shares = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) / 55
    return np.random.default_rng(7).permutation(
        np.r_[np.repeat(range(10), 2), np.repeat(range(10), (n * shares).astype(int))]
    )


RAW = numbered(uneven(1200))
TRAIN, VALIDATION = len(RAW.y) - len(RAW.y) // 6, len(RAW.y) // 6


def parts(train: int = TRAIN, validation: int = VALIDATION, seed: int = 0) -> Dataset:
    return split(RAW, train=train, validation=validation, split_seed=seed)


@given(st.integers(10, TRAIN), st.integers(10, VALIDATION), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_an_image_keeps_its_part_whatever_the_sizes(train: int, validation: int, seed: int) -> None:
    whole, some = parts(seed=seed), parts(train, validation, seed)
    training, validating = indices(whole.x_train), indices(whole.x_validation)
    assert not training & validating
    assert training | validating == set(range(len(RAW.y)))
    assert indices(some.x_train) <= training
    assert indices(some.x_validation) <= validating
    assert (len(indices(some.x_train)), len(indices(some.x_validation))) == (train, validation)


@given(st.integers(10, TRAIN), st.integers(10, VALIDATION), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_class_counts_are_within_one_of_proportional(train: int, validation: int, seed: int) -> None:
    whole, some = parts(seed=seed), parts(train, validation, seed)
    everything = np.bincount(RAW.y)
    for labels, part, share in ((some.y_train, whole.y_train, 5), (some.y_validation, whole.y_validation, 1)):
        counts = np.bincount(part)
        assert np.abs(np.bincount(labels, minlength=10) - len(labels) * counts / len(part)).max() < 1
        assert np.abs(counts - everything * share / 6).max() <= 1


def test_images_keep_their_labels() -> None:
    data = parts(train=300, validation=100)
    for x, y in ((data.x_train, data.y_train), (data.x_validation, data.y_validation)):
        index = x[:, 0, 0].astype(int) * 256 + x[:, 0, 1]
        np.testing.assert_array_equal(RAW.y[index], y)


def test_the_same_arguments_give_the_same_arrays() -> None:
    first, second = parts(300, 100, 5), parts(300, 100, 5)
    np.testing.assert_array_equal(first.x_train, second.x_train)
    np.testing.assert_array_equal(first.x_validation, second.x_validation)


def test_another_seed_gives_another_split_and_other_samples() -> None:
    assert indices(parts(seed=0).x_validation) != indices(parts(seed=1).x_validation)
    assert indices(parts(300, 100, 0).x_train) != indices(parts(300, 100, 1).x_train)


def test_a_sample_is_of_all_its_part_and_mixed() -> None:
    data = parts(train=300)
    assert max(indices(data.x_train)) > 0.9 * len(RAW.y)
    assert (np.diff(data.y_train.astype(int)) < 0).any()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train": 9}, "train must be at least 10, the number of classes, got 9"),
        ({"validation": 0}, "validation must be at least 10, the number of classes, got 0"),
        ({"train": TRAIN + 1}, f"train must be at most {TRAIN:,}, the size of its part of the data, got {TRAIN + 1:,}"),
        ({"validation": VALIDATION + 1}, f"validation must be at most {VALIDATION:,}, .* got {VALIDATION + 1:,}"),
        ({"seed": -1}, r"split_seed must lie in 0\.\.4294967295, got -1"),
        ({"seed": 2**32}, "split_seed must lie in"),
    ],
)
def test_what_cannot_be_served_is_an_error_with_the_numbers(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        parts(**sizes)


def test_a_label_that_cannot_be_in_both_parts_is_an_error() -> None:
    labels = np.r_[np.arange(120) % 9, 9]
    with pytest.raises(DataError, match=r"^dataset\.file: every label must occur at least twice .* 9 does not"):
        split(numbered(labels), train=10, validation=10, split_seed=0)
