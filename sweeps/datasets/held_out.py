"""The test pair of a user's own data: held to the rules of the first one, and compared with it."""

from __future__ import annotations

import hashlib

import numpy as np

from sweeps.datasets.dataset import Array
from sweeps.errors import DataError


def check_like(first: tuple[Array, Array], test: tuple[Array, Array]) -> None:
    """Compare arrays as they were returned: a model that learns from the first pair must be able to take the other.

    Raises:
        DataError: The test pair is empty, or has other shapes, other kinds of numbers or labels that nothing teaches.
    """
    if not len(test[0]):
        raise DataError("x_test must hold at least one example, got none; return (x, y) alone if there is no test set")
    for name, array, other in zip("xy", first, test, strict=True):
        if other.shape[1:] != array.shape[1:]:
            raise DataError(
                f"{name}_test must have the shape (n, ...) of {name}, got {other.shape} beside {array.shape}"
            )
        if _kind(other) != _kind(array):
            raise DataError(
                f"{name}_test must hold the same kind of numbers as {name}, {_kind(array)} of {array.dtype}, got "
                f"{_kind(other)} of {other.dtype}; prepare both in one way"
            )
    if _kind(first[1]) == "whole numbers":
        unknown = np.setdiff1d(test[1], first[1])
        if len(unknown):
            raise DataError(f"y_test must hold labels that y has, got {unknown[0]}, which y lacks")


def _kind(array: Array) -> str:
    return "floats" if array.dtype.kind == "f" else "whole numbers"


def count_repeats(x: Array, test: Array) -> int:
    """How many rows of `test` are rows of `x` too; both of one dtype and C-contiguous."""
    known = {_fingerprint(row) for row in x}
    return sum(_fingerprint(row) in known for row in test)


def _fingerprint(row: Array) -> bytes:
    return hashlib.blake2b(row.data, digest_size=16).digest()
