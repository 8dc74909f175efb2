"""One training process: how many epochs it trains before it says a word."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import EpochEnded, TrialFailed, TrialSpec
from sweeps.workers import process
from sweeps.workers.process import Worker
from sweeps.workers.protocol import Reports

MakeSpec = Callable[..., TrialSpec]


@pytest.fixture
def worker(make_config: Callable[..., SweepConfig], data: Dataset) -> Worker:
    """A process of which max pooling fails at its second epoch."""
    opened = Worker("w", "sweeps.training.synthetic:SyntheticTrainer")
    opened.open(make_config(model={"build": "tests.sweeps.formulas:raising"}), data, node="here", device="cpu")
    return opened


def short(monkeypatch: pytest.MonkeyPatch, *, always: bool) -> None:
    monkeypatch.setattr(process, "_SHORT", math.inf if always else 0.0)


def test_short_epochs_are_told_together(worker: Worker, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    short(monkeypatch, always=True)
    report = worker.train_on(make_spec(0, pooling="capsule"), 0, until=3, attempt=1)
    assert isinstance(report, Reports)
    assert [event.epoch for event in report.events if isinstance(event, EpochEnded)] == [0, 1, 2]
    again = worker.go_on(3, until=5, attempt=1)
    assert isinstance(again, Reports)
    assert [event.epoch for event in again.events if isinstance(event, EpochEnded)] == [3, 4]
    assert isinstance(worker.go_on(5, until=6, attempt=1), EpochEnded)


def test_long_ones_are_told_one_by_one(worker: Worker, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    short(monkeypatch, always=False)
    report = worker.train_on(make_spec(0, pooling="capsule"), 0, until=3, attempt=1)
    assert isinstance(report, EpochEnded)
    assert report.epoch == 0


def test_nothing_is_trained_after_a_failure(
    worker: Worker, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, always=True)
    report = worker.train_on(make_spec(0, pooling="max"), 0, until=9, attempt=1)
    assert isinstance(report, Reports)
    assert [type(event) for event in report.events] == [EpochEnded, TrialFailed]
