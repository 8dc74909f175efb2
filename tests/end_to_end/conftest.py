"""The command as a user runs it: in a process and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = [sys.executable, "-P", "-c", "from sweeps.cli import main; main()"]

SMALL = """\
name: small
model: {build: "capsule_layer:build_classifier", args: {batch_norm_momentum: 0.9, pool_size: 4}}
dataset: {name: digits, train: 320, validation: 100}
space:
  pooling: [average, max]  # the two that are traced soonest
  learning_rate: {float: [1.0e-4, 1.0e-2], log: true}
compare: pooling
search: {trials: 2, epochs: 2, sampler: random, pruner: none}
training: {batch_size: 32}
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No MNIST in any place, and no network: whoever asks for a proxy finds nobody there."""
    nowhere = "http://127.0.0.1:1"
    kept = {name: value for name, value in os.environ.items() if name != "CAPSWEEP_MNIST"}
    return kept | {"KERAS_HOME": str(tmp_path / "keras"), "https_proxy": nowhere, "HTTPS_PROXY": nowhere}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a small sweep file."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "small.yaml").write_text(SMALL)
    return here


@pytest.fixture
def capsweep(folder: Path, environment: dict[str, str]) -> Run:
    """Run the command in the folder: `capsweep("launch", "small.yaml")`."""

    def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=folder,
            env=environment | (env or {}),
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    return run
