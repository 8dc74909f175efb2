"""Finding MNIST: the file given, the one of the environment, Keras' cache, the network."""

from __future__ import annotations

import os
from pathlib import Path

from sweeps.datasets import download
from sweeps.datasets.dataset import RawData
from sweeps.datasets.npzfile import read_npz
from sweeps.errors import DataError

VARIABLE = "CAPSWEEP_MNIST"


class DataNotFound(DataError):  # noqa: N818 - it says what happened
    """There is no copy of the data set to be had; the message lists where it was looked for."""


def load_mnist(file: Path | None, *, open_test: bool = False) -> RawData:
    """Load MNIST from the first place that has it.

    The places are `file`, the file named by `$CAPSWEEP_MNIST`, Keras' cache, and the network, from which it goes to
    Keras' cache. A file that somebody named is never passed over: it is used, or it is an error.

    Args:
        file: Named by somebody; None to look for one.
        open_test: Whether the test set is wanted too.

    Raises:
        DataNotFound: no file is named, the cache has none, and it cannot be downloaded.
        DataError: the file named, or the one in the cache, is missing, unreadable or breaks a rule.
    """
    if file is not None:
        return _read_named(file, "file given", blame="dataset.file", open_test=open_test)
    if named := os.environ.get(VARIABLE):
        return _read_named(Path(named), f"${VARIABLE}", blame=f"${VARIABLE}", open_test=open_test)
    return _read_cached(keras_cache(), open_test)


def keras_cache() -> Path:
    """Return where Keras keeps its copy of MNIST: under `$KERAS_HOME`, or else `~/.keras`."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets" / "mnist.npz"


def _read_named(file: Path, origin: str, *, blame: str, open_test: bool) -> RawData:
    path = file.expanduser()
    try:
        return read_npz(path, source=f"{origin}: {path}", open_test=open_test)
    except DataError as error:
        raise DataError(f"{blame}: {error}") from error


def _read_cached(cache: Path, open_test: bool) -> RawData:
    origin = "Keras' cache"
    if not os.path.exists(cache):  # False, where Path.exists() raises, for a home that may not be entered
        _download(cache)
        origin = "downloaded"
    try:
        return read_npz(cache, source=f"{origin}: {cache}", open_test=open_test)
    except DataError as error:
        raise DataError(f"{origin}: {error}; delete this file to have it downloaded anew") from error


def _download(cache: Path) -> None:
    try:
        download.download(cache)
    except download.DownloadError as error:
        raise DataNotFound(
            f"dataset.name: mnist was not found: dataset.file and ${VARIABLE} are not set, Keras' cache has no "
            f"{cache}, and the download from {download.URL} failed ({error}). Fix: name a copy by dataset.file "
            f"(--dataset FILE.npz) or {VARIABLE}=FILE.npz, or set dataset.name to digits (--dataset digits), which "
            "come with scikit-learn"
        ) from error
