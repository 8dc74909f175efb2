"""The short form of `tests/benchmarks/chaos.py`: one disturbance of each kind, and nothing may be wrong afterwards."""

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
    told = chaos(
        tmp_path_factory.mktemp("chaos"), seed=0, wanted=dict.fromkeys(ACTIONS, 1), say=said.append, examples=600
    )
    assert len(said) == len(ACTIONS)
    assert "attempts lost" in told
