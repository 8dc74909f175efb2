"""Kept models of a search: which are due, and that one which cannot be tested keeps no other from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from sweeps.artifacts import Artifacts
from sweeps.config import SweepConfig
from sweeps.datasets import TestSet
from sweeps.errors import WorkerError
from sweeps.history import read_run
from sweeps.incumbents import incumbents_due, judge_incumbents
from sweeps.records import Audited, PlanFrozen, SweepStarted, TrialSpec
from sweeps.runlog import RunDirectory, RunLog

INCUMBENTS = [{"arm": "capsule", "trials": [0, 2]}, {"arm": "max", "trials": [1]}]
PLAN = PlanFrozen(revision=1, plan={"incumbents": INCUMBENTS}, digest="")
TEST = TestSet(np.zeros((7, 2)), np.zeros(7))


class Judge:
    """In place of a process that tests kept models: it says, raises or dies as the model wants."""

    begun: list[Judge]

    def __init__(self, function: str, *, cpus: float) -> None:
        self.begun.append(self)
        self.is_dead = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, build: str, model: bytes, test: TestSet, *, classes: int | None) -> tuple[Any, Any, float]:
        assert not self.is_dead
        if model.startswith(b"raises"):
            raise ValueError("planted:\n no layer")
        if model.startswith(b"dies"):
            self.is_dead = True
            raise WorkerError("planted")
        return {"accuracy": 0.5}, {"nll": 0.1, "brier": 0.2, "ece": 0.3}, 2.0


@pytest.fixture(autouse=True)
def judges(monkeypatch: pytest.MonkeyPatch) -> list[Judge]:
    """The processes that were begun."""
    Judge.begun = []
    monkeypatch.setattr("sweeps.incumbents.Child", Judge)
    return Judge.begun


@pytest.fixture
def log(tmp_path: Path, make_spec: Callable[..., TrialSpec]) -> Iterator[RunLog]:
    """Three trials that have begun."""
    log = RunLog.create(RunDirectory(tmp_path / "run"))
    fields: dict[str, Any] = dict.fromkeys(("sweep", "name", "config_digest"), "")
    log.append(SweepStarted(**fields, config={}, data={"classes": 10}, versions={}, commit=None, dirty=None))
    log.append(*map(make_spec, range(3)))
    yield log
    log.close()


def keep(log: RunLog, *models: bytes) -> None:
    for number, model in enumerate(models):
        Artifacts(log, cap=0).keep_model(number, model)


def due(log: RunLog) -> list[int]:
    return incumbents_due(PLAN, read_run(log.directory.path))


def judge(log: RunLog, config: SweepConfig) -> list[str]:
    """Judge what is due; what was said."""
    said: list[str] = []
    judge_incumbents(config, PLAN, read_run(log.directory.path), log, test=TEST, say=said.append)
    return said


def notes(log: RunLog) -> list[tuple[str, str]]:
    return [(audit.action, audit.detail) for audit in read_run(log.directory.path).audits]


def test_every_incumbent_of_the_plan_is_tested_once(log: RunLog, config: SweepConfig, judges: list[Judge]) -> None:
    keep(log, b"a", b"b", b"c")
    assert due(log) == [0, 2, 1]
    assert judge(log, config) == []
    assert notes(log) == [("test set read", f"kept model of trial {number}") for number in (0, 2, 1)]
    for trial in read_run(log.directory.path).trials.values():
        assert trial.tested is not None
        assert (trial.tested.attempt, trial.tested.worker, trial.tested.examples) == (0, "driver", 7)
        assert (trial.tested.metrics, trial.tested.nll) == ({"accuracy": 0.5}, 0.1)
    assert (due(log), judge(log, config), len(judges)) == ([], [], 1)


def test_a_read_without_a_result_is_repeated(log: RunLog, config: SweepConfig) -> None:
    keep(log, b"a", b"b", b"c")
    log.append(Audited(action="test set read", detail="kept model of trial 2"))
    assert due(log) == [0, 2, 1]
    judge(log, config)
    assert notes(log).count(("test set read", "kept model of trial 2")) == 2
    assert due(log) == []


def test_a_model_that_is_gone_is_not_read_and_due_when_it_is_back(log: RunLog, config: SweepConfig) -> None:
    keep(log, b"a", b"b", b"c")
    path = log.directory.artifacts / "trial-00001-model.keras"
    path.write_bytes(b"other")
    assert due(log) == [0, 2]
    assert judge(log, config) == ["trial 1: its kept model is gone or was changed, so it is not tested"]
    assert len(notes(log)) == 2
    path.write_bytes(b"b")
    assert due(log) == [1]


def test_a_model_that_raises_is_noted_and_not_tried_again(
    log: RunLog, config: SweepConfig, judges: list[Judge]
) -> None:
    keep(log, b"raises", b"b", b"c")
    assert judge(log, config) == ["trial 0: its kept model cannot be tested: ValueError: planted: no layer"]
    assert notes(log)[1] == ("not tested", "kept model of trial 0: ValueError: planted: no layer")
    assert [number for number, trial in read_run(log.directory.path).trials.items() if trial.tested] == [1, 2]
    assert (due(log), len(judges)) == ([], 1)


def test_a_model_that_takes_its_process_with_it_stops_no_other_and_is_tried_three_times(
    log: RunLog, config: SweepConfig, judges: list[Judge]
) -> None:
    keep(log, b"dies", b"b", b"c")
    assert judge(log, config) == ["trial 0: its kept model cannot be tested: WorkerError: planted"]
    assert [number for number, trial in read_run(log.directory.path).trials.items() if trial.tested] == [1, 2]
    assert len(judges) == 2
    for _ in range(2):
        assert due(log) == [0]
        judge(log, config)
    assert due(log) == []
