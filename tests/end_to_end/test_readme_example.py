"""The example in the README of a user's own model and data, as it stands there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sweeps.history import read_run

README = Path(__file__).parents[2] / "README.md"
HEADING = "**Sweep your own model and data.**"
BLOCKS = re.compile(r"`(mine\.\w+)`[^\n]*\n\n```\w+\n(.*?)```\n", re.DOTALL)


def blocks() -> dict[str, str]:
    """The files of the example by name: each is named in the line before its block."""
    text = README.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n*Data.*")[0]
    return dict(BLOCKS.findall(text))


@pytest.fixture
def example(folder: Path) -> Path:
    for name, text in blocks().items():
        (folder / name).write_text(text)
    return folder


def test_the_example_is_short_and_has_two_files() -> None:
    assert set(blocks()) == {"mine.py", "mine.yaml"}
    assert sum(text.count("\n") for text in blocks().values()) < 40


def test_the_example_can_be_planned_and_launched(
    capsweep: Callable[..., subprocess.CompletedProcess[str]], example: Path
) -> None:
    planned = capsweep("plan", "mine.yaml")
    assert planned.returncode == 0, planned.stderr
    assert "data: mine:load, 1,000 examples to train and 200 to validate (mine:load(examples=1200))" in planned.stdout
    assert "every corner of the space built: 8 different networks" in planned.stdout
    assert "warning" not in planned.stdout
    launched = capsweep("launch", "mine.yaml")
    assert launched.returncode == 0, launched.stderr
    assert launched.stderr == ""
    best = yaml.safe_load((example / "runs" / "mine" / "best" / "best.yaml").read_text())
    for entry in best["overall"]:
        assert (example / "runs" / "mine" / "best" / entry["model"]).exists()
        assert entry["value"] > 0.8
    history = read_run(example / "runs" / "mine")
    assert all(trial.state == "complete" for trial in history.trials.values())
    assert len(history.trials) == 12
    assert history.header.data["classes"] == 2
