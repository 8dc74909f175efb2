"""One digest for one data set, however its file was compressed or ordered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from sweeps.datasets.dataset import Array, Bytes


class ArrayDigest:
    """sha256 over the name, dtype, shape and C-order bytes of arrays, taken in block by block.

    The arrays must come in one agreed order, `ARRAYS`: the digest of a file does not depend on the order in it.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def begin(self, name: str, shape: tuple[int, ...], dtype: str = "uint8") -> None:
        """Start the next array; its blocks follow."""
        self._hash.update(f"{name} {dtype} {shape}\n".encode())

    def update(self, block: Array) -> None:
        """Take in the next block of the array, in C order."""
        self._hash.update(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)

    def hexdigest(self) -> str:
        """Return the digest of everything taken in so far."""
        return self._hash.hexdigest()


ARRAYS = ("x_train", "y_train", "x_test", "y_test")
"""Names of the arrays of a data set, in the order of their digest."""


def digest_arrays(*arrays: Bytes) -> str:
    """Digest the four `ARRAYS`, given in that order."""
    return digest_named(zip(ARRAYS, arrays, strict=True))


def digest_named(arrays: Iterable[tuple[str, Array]]) -> str:
    """Digest arrays of any type, each under its name."""
    digest = ArrayDigest()
    for name, array in arrays:
        digest.begin(name, array.shape, str(array.dtype))
        digest.update(array)
    return digest.hexdigest()
