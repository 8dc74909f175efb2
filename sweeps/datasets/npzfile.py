"""Files in the layout of Keras' MNIST: checked once, the training arrays read, the test arrays only digested."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from sweeps.datasets.dataset import CLASSES, SIDE, Bytes, RawData, TestSet
from sweeps.datasets.digest import ARRAYS, ArrayDigest
from sweeps.errors import DataError

BLOCK = 1 << 20
"""Values read at a time."""

_DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)
"""What the standard library and NumPy raise on a file that is unreadable, cut short, encrypted or garbled."""


def read_npz(path: Path, *, source: str, open_test: bool = False) -> RawData:
    """Read and check a file with the arrays `x_train`, `y_train`, `x_test` and `y_test`.

    Images must be `uint8`, (n, 28, 28), with grey values from 0 to 255; labels integers of any width, (n,), 0 to 9,
    each of them present among `y_train`. The digest takes labels as `uint8`. Of the test arrays the header and the
    range of the labels are checked on the way through the digest; no image is made of them but under `open_test`.

    Raises:
        DataError: the file cannot be read, lacks an array, or an array breaks a rule; the message has the file, the
            array, the rule and what was found.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, source, open_test)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except _DAMAGE as error:
        raise DataError(f"{path}: must be a readable .npz file with {', '.join(ARRAYS)}: {error}") from error


@dataclass(frozen=True)
class _Header:
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


def _read(archive: zipfile.ZipFile, source: str, open_test: bool) -> RawData:
    members = archive.namelist()
    if missing := [name for name in ARRAYS if f"{name}.npy" not in members]:
        found = sorted(name.removesuffix(".npy") for name in members)
        raise DataError(
            f"must hold {', '.join(ARRAYS)}; lacks {', '.join(missing)}, found {', '.join(found) or 'none'}"
        )
    digest = ArrayDigest()
    images, labels = _train_arrays(archive, digest)
    if open_test:
        held_out = _test_arrays(archive, digest)
        return RawData(images, labels, len(held_out.y), digest.hexdigest(), source, held_out=held_out)
    test = _pass_test_arrays(archive, digest)
    return RawData(images, labels, test, digest.hexdigest(), source)


def _train_arrays(archive: zipfile.ZipFile, digest: ArrayDigest) -> tuple[Bytes, Bytes]:
    images = np.concatenate(list(_blocks(archive, "x_train", digest))).reshape(-1, SIDE, SIDE)
    labels = np.concatenate(list(_blocks(archive, "y_train", digest)))
    _check_lengths("train", len(images), len(labels))
    if (images.min(), images.max()) != (0, 255):
        raise DataError(f"x_train must have grey values from 0 to 255, found {images.min()} to {images.max()}")
    if absent := sorted(set(range(CLASSES)) - set(labels.tolist())):
        raise DataError(f"y_train must have every label from 0 to {CLASSES - 1}, lacks {absent}")
    return images, labels


def _test_arrays(archive: zipfile.ZipFile, digest: ArrayDigest) -> TestSet:
    images = np.concatenate(list(_blocks(archive, "x_test", digest))).reshape(-1, SIDE, SIDE)
    labels = np.concatenate(list(_blocks(archive, "y_test", digest)))
    _check_lengths("test", len(images), len(labels))
    return TestSet(images, labels)


def _pass_test_arrays(archive: zipfile.ZipFile, digest: ArrayDigest) -> int:
    """Send the test arrays through the digest, keep nothing of them, and return their length."""
    pixels = sum(block.size for block in _blocks(archive, "x_test", digest))
    labels = sum(block.size for block in _blocks(archive, "y_test", digest))
    _check_lengths("test", pixels // SIDE**2, labels)
    return labels


def _check_lengths(part: str, images: int, labels: int) -> None:
    if images != labels:
        raise DataError(f"x_{part} and y_{part} must be of one length, found {images:,} images and {labels:,} labels")


def _blocks(archive: zipfile.ZipFile, name: str, digest: ArrayDigest) -> Iterator[Bytes]:
    """Yield the values of an array as flat `uint8` blocks, each digested and checked."""
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as stream:
        header = _header(name, stream, member.file_size)
        digest.begin(name, header.shape)
        while raw := stream.read(BLOCK * header.dtype.itemsize):
            block = _as_bytes(name, np.frombuffer(raw, header.dtype))
            digest.update(block)
            yield block


def _header(name: str, stream: IO[bytes], size: int) -> _Header:
    """Read the header, check it, and check that the `size` bytes of the member hold exactly that array."""
    shape, fortran, dtype = _parse_header(name, stream)
    _check_dtype(name, dtype)
    _check_shape(name, shape)
    if fortran:
        raise DataError(f"{name} must be stored in C order, found Fortran order; save np.ascontiguousarray of it")
    if (held := size - stream.tell()) != (needed := int(np.prod(shape, dtype=object)) * dtype.itemsize):
        raise DataError(f"{name} must have {needed:,} bytes for its shape {shape}, found {held:,}")
    return _Header(name, shape, dtype)


def _parse_header(name: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        version = np.lib.format.read_magic(stream)
        return readers[version](stream)
    except Exception as error:  # NumPy has Python parse the header's text, and on garbled text that can raise anything
        rule, reason = "must be an array in version 1.0 or 2.0 of the .npy format", " ".join(str(error).split())
        raise DataError(f"{name} {rule}, found a header that cannot be read ({reason})") from error


def _check_dtype(name: str, dtype: np.dtype[np.generic]) -> None:
    if dtype.hasobject:
        raise DataError(f"{name} must hold plain numbers, found pickled objects, which are never loaded")
    if name.startswith("x") and dtype != np.uint8:
        raise DataError(f"{name} must be uint8 with grey values from 0 to 255, found {dtype}")
    if name.startswith("y") and dtype.kind not in "iu":
        raise DataError(f"{name} must be integers, found {dtype}")


def _check_shape(name: str, shape: tuple[int, ...]) -> None:
    trailing = (SIDE, SIDE) if name.startswith("x") else ()
    if shape[1:] != trailing or len(shape) != 1 + len(trailing) or shape[0] < 1:
        rule = f"(n, {SIDE}, {SIDE})" if trailing else "(n,)"
        raise DataError(f"{name} must have the shape {rule} with n at least 1, found {shape}")


def _as_bytes(name: str, block: np.ndarray[tuple[int], np.dtype[np.generic]]) -> Bytes:
    if name.startswith("y") and not 0 <= block.min() <= block.max() < CLASSES:
        raise DataError(f"{name} must have labels from 0 to {CLASSES - 1}, found {block.min()} to {block.max()}")
    return block.astype(np.uint8, copy=False)
