"""Fetching MNIST without Keras, whose import would claim a GPU for the driver."""

from __future__ import annotations

import hashlib
import os
import secrets
import urllib.request
from http.client import HTTPException
from pathlib import Path

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CONNECT_SECONDS = 10
MAX_BYTES = 1 << 26


class DownloadError(Exception):
    """The file cannot be fetched, is not the one expected, or cannot be written."""


def download(target: Path) -> None:
    """Fetch MNIST to `target`, where it appears whole or not at all.

    Nothing is written before the digest is right, and then to a file of a name of its own, so that two processes at
    once both end with the same good file.

    Raises:
        DownloadError: no connection, another file than expected, or no right to write.
    """
    try:
        _write_whole(target, _fetch())
    except (OSError, HTTPException) as error:
        raise DownloadError(str(error) or type(error).__name__) from error


def _fetch() -> bytes:
    with urllib.request.urlopen(URL, timeout=CONNECT_SECONDS) as response:
        content: bytes = response.read(MAX_BYTES)
    if (found := hashlib.sha256(content).hexdigest()) != SHA256:
        raise DownloadError(f"got {len(content):,} bytes of sha256 {found}, must be {SHA256}")
    return content


def _write_whole(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{secrets.token_hex(8)}.part")
    try:
        beside.write_bytes(content)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
