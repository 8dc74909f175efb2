"""The short form of `tests/benchmarks/chaos.py`: one disturbance of each kind, and nothing may be wrong afterwards.

Of the two that kill the driver only the one that tears the log too.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.benchmarks.chaos import ACTIONS, chaos
from tests.conftest import need


def test_nothing_that_happens_to_a_sweep_changes_what_it_comes_to(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(os.geteuid() == 0, "root, to mount a disk that is soon full")
    monkeypatch.chdir(Path(__file__).parents[2])  # where the sweep's own models are found
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    said: list[str] = []
    wanted = {action: 1 for action in ACTIONS if action != "driver"}
    told = chaos(tmp_path_factory.mktemp("chaos"), seed=0, wanted=wanted, say=said.append, examples=400)
    assert len(said) == len(wanted)
    assert "attempts lost" in told
