"""What tests need from the machine: real files and real programs, or an honest reason for a skip."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is slow now and then: a drawn example has no deadline.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# What a shell starts in the background ignores Ctrl-C, under `nohup` SIGHUP too: so would every sweep started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def need(found: bool, what: str) -> None:
    """Skip for something missing, or fail when `CAPSWEEP_REQUIRE` says that nothing may be missing."""
    if found:
        return
    if os.environ.get("CAPSWEEP_REQUIRE"):
        pytest.fail(f"needs {what}, and CAPSWEEP_REQUIRE forbids to skip")
    pytest.skip(f"needs {what}")


def _file_from(variable: str) -> Path:
    path = os.environ.get(variable, "")
    need(bool(path) and Path(path).is_file(), f"a file named by ${variable}")
    return Path(path)


@pytest.fixture(scope="session")
def mnist_file() -> Path:
    """The real MNIST, in the file layout of Keras."""
    return _file_from("CAPSWEEP_MNIST")


@pytest.fixture(scope="session")
def golden_file() -> Path:
    """Inputs, outputs and gradients of the notebook's layer."""
    return _file_from("CAPSWEEP_GOLDEN")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a headless browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    need(bool(path), "the program chromium")
    return path
