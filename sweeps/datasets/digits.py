"""The 1,797 handwritten digits that come with scikit-learn: small, always there, good for a first try."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweeps.datasets.dataset import SIDE, Bytes, RawData, TestSet
from sweeps.datasets.digest import digest_arrays
from sweeps.datasets.splits import stratified_parts
from sweeps.errors import DataError

TEST = 297
TEST_SEED = 0
DARKEST = 16


def load_digits(file: Path | None, *, open_test: bool = False) -> RawData:
    """Load the digits, enlarged from (8, 8) to (28, 28), less 297 for a test.

    Which images are the test's is fixed for good and does not depend on the seed of the split.

    Args:
        file: None.
        open_test: Whether the test images are wanted too.

    Raises:
        DataError: a `file` is given; these digits come with scikit-learn.
    """
    from sklearn import datasets

    if file is not None:
        raise DataError(f"dataset.file: digits come with scikit-learn, which takes no file, got {file}; leave it out")
    bunch = datasets.load_digits()
    images, labels = _enlarge(bunch.images), bunch.target.astype(np.uint8)
    rest, test = stratified_parts(labels, TEST, seed=TEST_SEED)
    digest = digest_arrays(images[rest], labels[rest], images[test], labels[test])
    held_out = TestSet(images[test], labels[test]) if open_test else None
    return RawData(images[rest], labels[rest], len(test), digest, "scikit-learn", held_out=held_out)


def _enlarge(images: NDArray[np.float64]) -> Bytes:
    """Resize (n, 8, 8) grey values 0..16 linearly to (n, 28, 28) values 0..255."""
    from scipy.ndimage import zoom

    factor = SIDE / images.shape[1]
    large: NDArray[np.float64] = zoom(images, (1, factor, factor), order=1)
    return np.rint(large * (255 / DARKEST)).astype(np.uint8)
