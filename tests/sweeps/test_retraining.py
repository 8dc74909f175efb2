"""A retrained model is kept only if it is the trial's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps import retraining
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.errors import RunError
from sweeps.history import History, read_run
from sweeps.records import AttemptStarted, DriverStarted, EpochEnded, ResourceEvent, SweepStarted, TrialSpec
from sweeps.results import conclude
from sweeps.runlog import RunDirectory, RunLog, append

FACTS = DataFacts("digits", "made", "digest", 64, 32, 0, 0, "", 10, (28, 28))
METRICS = {"loss": 0.1, "val_accuracy": 0.75}


@pytest.fixture
def history(config: SweepConfig, make_spec: Callable[..., TrialSpec], tmp_path: Path) -> History:
    """Two complete trials without a model: one of a driver with 2 cores a worker, one of a driver with 4."""
    log = RunLog.create(RunDirectory(tmp_path / "run"))
    document: dict[str, Any] = config.model_dump(mode="json")
    header = {"sweep": "s", "name": "small", "config": document, "config_digest": "", "versions": {}}
    log.append(SweepStarted(**header, data={"digest": "digest"}, commit=None, dirty=None))
    for number, cpus in ((0, 2.0), (1, 4.0)):
        log.append(DriverStarted(term=number + 1, host="h", pid=1, cluster="local", workers=1, cpus=cpus, gpus=0.0))
        log.append(make_spec(number))
        log.append(AttemptStarted(number=number, attempt=1, worker="w", wait_seconds=0.0, concurrency=1))
        epoch = EpochEnded(
            number=number,
            attempt=1,
            worker="w",
            epoch=0,
            step=2,
            metrics=METRICS,
            seconds=1.0,
            is_first=True,
            traces=1,
            memory_bytes=1,
        )
        log.append(epoch)
        log.append(conclude(number, [epoch], objective=config.objective, attempt=1, state="complete"))
    log.close()
    return read_run(tmp_path / "run")


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, data: Dataset) -> list[dict[str, Any]]:
    """The calls of the child process; it gives the second trial another metric than the log."""
    calls: list[dict[str, Any]] = []

    def run(function: str, config: SweepConfig, data: Dataset, spec: TrialSpec, *, epochs: int, **means: float) -> Any:
        assert epochs == 1, "a trial is trained as far as it came, not as far as it might have come"
        calls.append({**means, "of workers": config.workers.gpus})
        return b"model", METRICS if spec.number == 0 else {**METRICS, "val_accuracy": 0.76}

    monkeypatch.setattr(retraining, "run_in_child", run)
    monkeypatch.setattr(retraining, "load_data", lambda config: (data, FACTS))
    return calls


def test_what_repeats_is_kept_and_what_does_not_is_named(history: History, child: list[dict[str, Any]]) -> None:
    trials = list(history.trials.values())
    problems = retraining.retrain_models(history, trials, config=history.config)
    assert len(problems) == 1
    assert problems[0].startswith("trial 1: trained again, its last val_accuracy is 0.760000 and not 0.75")
    again = read_run(history.directory.path)
    assert "model" in again.trials[0].artifacts
    assert "model" not in again.trials[1].artifacts


def test_a_trial_is_trained_with_the_cores_it_had(history: History, child: list[dict[str, Any]]) -> None:
    retraining.retrain_models(history, history.trials.values(), config=history.config)
    assert child == [
        {"cpus": 2.0, "gpus": 0.0, "of workers": 0.0},
        {"cpus": 4.0, "gpus": 0.0, "of workers": 0.0},
    ]


@pytest.mark.parametrize(
    ("kind", "here", "gpus"), [("out_of_memory", 2, 1.0), ("not_saved", 1, 0.5), ("not_saved", 0, 0.0)]
)
def test_a_trial_that_ran_out_of_a_shared_gpus_memory_gets_it_whole_again(
    history: History,
    child: list[dict[str, Any]],
    make_spec: Callable[..., TrialSpec],
    monkeypatch: pytest.MonkeyPatch,
    kind: Any,
    here: int,
    gpus: float,
) -> None:
    monkeypatch.setattr(retraining, "count_gpus", lambda: here)
    course = list(history.trials[0].epochs)
    events = [
        DriverStarted(term=3, host="h", pid=1, cluster="local", workers=2, cpus=1.0, gpus=0.5),
        make_spec(2),
        AttemptStarted(number=2, attempt=1, worker="w", wait_seconds=0.0, concurrency=1),
        ResourceEvent(kind=kind, number=2, worker="w", detail="planted"),
        AttemptStarted(number=2, attempt=2, worker="v", wait_seconds=0.0, concurrency=1),
        *(replace(epoch, number=2, attempt=2) for epoch in course),
        conclude(2, course, objective=history.config.objective, attempt=2, state="complete"),
    ]
    append(history.directory, *events)
    again = read_run(history.directory.path)
    retraining.retrain_models(again, [again.trials[2]], config=again.config)
    assert child == [{"cpus": 1.0, "gpus": gpus, "of workers": gpus}]


def test_other_data_is_refused(
    history: History, child: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, data: Dataset
) -> None:
    monkeypatch.setattr(retraining, "load_data", lambda config: (data, replace(FACTS, digest="other")))
    with pytest.raises(RunError, match="name the same data with --dataset"):
        retraining.retrain_models(history, history.trials.values(), config=history.config)
