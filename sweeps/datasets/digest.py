"""One digest for one data set, however its file was compressed or ordered."""

from __future__ import annotations

import hashlib

from sweeps.datasets.dataset import Bytes


class ArrayDigest:
    """sha256 over the name, dtype, shape and C-order bytes of `uint8` arrays, taken in block by block.

    The arrays must come in one agreed order, `ARRAYS`: the digest of a file does not depend on the order in it.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def begin(self, name: str, shape: tuple[int, ...]) -> None:
        """Start the next array; its blocks follow."""
        self._hash.update(f"{name} uint8 {shape}\n".encode())

    def update(self, block: Bytes) -> None:
        """Take in the next block of the array, in C order."""
        self._hash.update(block.tobytes())

    def hexdigest(self) -> str:
        """Return the digest of everything taken in so far."""
        return self._hash.hexdigest()


ARRAYS = ("x_train", "y_train", "x_test", "y_test")
"""Names of the arrays of a data set, in the order of their digest."""


def digest_arrays(*arrays: Bytes) -> str:
    """Digest the four `ARRAYS`, given in that order."""
    digest = ArrayDigest()
    for name, array in zip(ARRAYS, arrays, strict=True):
        digest.begin(name, array.shape)
        digest.update(array)
    return digest.hexdigest()
