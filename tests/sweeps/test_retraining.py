"""A retrained model is kept, or handed out, only if it is the trial's own."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps import cli, retraining
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.errors import ConfigError, RunError
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


def test_trials_are_named_once_and_of_any_phase(history: History) -> None:
    history.trials[1].spec = replace(history.trials[1].spec, phase="confirm")
    assert [trial.number for trial in retraining.complete_trials(history, [1, 0, 1])] == [1, 0]


@pytest.mark.parametrize(("state", "words"), [("failed", "has failed"), ("pruned", "was pruned")])
def test_only_what_is_complete_can_be_repeated(history: History, state: Any, words: str) -> None:
    ended = history.trials[1].ended
    assert ended is not None
    history.trials[1].ended = replace(ended, state=state)
    with pytest.raises(ConfigError, match=f"^--trial: must be a complete trial, and trial 1 {words}$"):
        retraining.complete_trials(history, [0, 1])
    history.trials[1].ended = None
    with pytest.raises(ConfigError, match=r"and trial 1 has not ended$"):
        retraining.complete_trials(history, [1])


def test_a_trial_that_is_not_there_is_refused(history: History) -> None:
    with pytest.raises(ConfigError, match=r"--trial: must be a trial of .*run, got 2; it has 0 to 1$"):
        retraining.complete_trials(history, [0, 2])
    history.trials.clear()
    with pytest.raises(ConfigError, match="got 0; it has none yet"):
        retraining.complete_trials(history, [0])


def test_a_repeated_trial_is_compared_and_the_run_left_as_it_is(history: History, child: list[dict[str, Any]]) -> None:
    before = history.directory.events.read_bytes()
    held = RunLog.open(history.directory)  # a driver goes on meanwhile
    first, second = retraining.repeat(history, [*history.trials.values()], config=history.config)
    held.close()
    assert (first.trial.number, first.model) == (0, b"model")
    assert first.said == "trial 0: trained again, its last val_accuracy is 0.750000, as recorded"
    assert (second.trial.number, second.model) == (1, None)
    assert second.said.startswith(
        "trial 1: trained again, its last val_accuracy is 0.760000 and not 0.75: this machine"
    )
    assert history.directory.events.read_bytes() == before
    assert not [*history.directory.artifacts.iterdir()]
    assert [call["cpus"] for call in child] == [2.0, 4.0]


def test_a_trial_that_cannot_be_had_again_leaves_the_others(
    history: History, child: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = retraining.run_in_child

    def run(function: str, config: SweepConfig, data: Dataset, spec: TrialSpec, **how: Any) -> Any:
        if spec.number == 1:
            raise ValueError("planted\n  misfortune")
        return train(function, config, data, spec, **how)

    monkeypatch.setattr(retraining, "run_in_child", run)
    first, second = retraining.repeat(history, [history.trials[1], history.trials[0]], config=history.config)
    assert (first.model, first.said) == (None, "trial 1: cannot be had again: ValueError: planted misfortune")
    assert second.model == b"model"


def test_repeating_on_other_data_is_refused(
    history: History, child: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, data: Dataset
) -> None:
    monkeypatch.setattr(retraining, "load_data", lambda config: (data, replace(FACTS, digest="other")))
    with pytest.raises(RunError, match="name the same data with --dataset"):
        next(retraining.repeat(history, [history.trials[0]], config=history.config))
    assert child == []


@pytest.mark.parametrize(
    ("recorded", "found", "repeats"),
    [
        (0.75, 0.75 + 1e-7, True),
        (0.75, 0.75 + 1e-5, False),
        (math.nan, math.nan, True),
        (0.75, math.nan, False),
        (math.nan, 0.75, False),
        (None, 0.75, False),
        (0.75, None, False),
    ],
)
def test_what_counts_as_the_same(
    history: History,
    child: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    recorded: float | None,
    found: float | None,
    repeats: bool,
) -> None:
    trial, metrics = history.trials[0], {} if found is None else {"val_accuracy": found}
    assert trial.ended is not None
    trial.ended = replace(trial.ended, last={} if recorded is None else {"val_accuracy": recorded})
    monkeypatch.setattr(retraining, "run_in_child", lambda *args, **how: (b"model", metrics))
    (again,) = retraining.repeat(history, [trial], config=history.config)
    assert (again.model is not None) == repeats
    assert again.said.endswith("as recorded") == repeats


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["capsweep", "export", *map(str, arguments)])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


def test_the_command_writes_each_trial_and_names_what_does_not_repeat(
    history: History,
    child: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    run, folder = history.directory.path, tmp_path / "out"
    assert command(monkeypatch, run, "--trial", 0, "-o", folder) == 0
    assert "as recorded" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["trial-00000.keras", "trial-00000.yaml"]
    assert command(monkeypatch, run, "--trial", 1, "--trial", 0) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("capsweep: trial 1: trained again, its last val_accuracy is 0.760000 and not 0.75")
    assert "trial 0" in printed.out
    assert sorted(path.name for path in (run / "again").iterdir()) == [
        "trial-00000.keras",
        "trial-00000.yaml",
        "trial-00001.yaml",
    ]
    assert yaml.safe_load((run / "again" / "trial-00001.yaml").read_text())["trials"][0]["model"] is None
    again = read_run(run)
    assert [audit.detail for audit in again.audits] == [
        f"trial {number}, trained again, to {place}"
        for number, place in ((0, folder), (1, run / "again"), (0, run / "again"))
    ]
    assert not any(trial.artifacts for trial in again.trials.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trial", 2], "got 2; it has 0 to 1"),
        (["--trial", 0, "--trial", 7], "got 7; it has 0 to 1"),
        (["--trial", -1], "--trial"),
        (["--trial", 0, "--top", 1], "--trial: names what is exported, and so does --top; leave one of them out"),
    ],
)
def test_the_command_refuses_before_it_trains(
    history: History,
    child: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[object],
    words: str,
) -> None:
    assert command(monkeypatch, history.directory.path, *arguments) == 2
    assert words in capsys.readouterr().err
    assert child == []
    assert read_run(history.directory.path).audits == []


def test_without_a_trial_the_command_exports_the_best(
    history: History, child: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = history.directory.path
    assert command(monkeypatch, run) == 0
    best = yaml.safe_load((run / "best" / "best.yaml").read_text())
    assert [entry["trial"] for entry in best["overall"]] == [0]
    assert command(monkeypatch, run, "--top", 2) == 1
    best = yaml.safe_load((run / "best" / "best.yaml").read_text())
    assert [entry["model"] for entry in best["overall"]] == ["trial-00000.keras", None]
    assert [audit.detail for audit in read_run(run).audits] == [f"top {top} to {run / 'best'}" for top in (1, 2)]
