"""The promise that a comparison rests on: two arms of different dimension have had equally much, whatever happened."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sweeps import driver
from sweeps.cli import app
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.history import History, read_run
from sweeps.runlog import RunDirectory
from sweeps.search import Search
from sweeps.training.inspection import Inspection
from sweeps.workers.inline import InlineWorkers

EPOCHS = 9


def means() -> driver.Means:
    return driver.Means(
        inline=True,
        address=None,
        say=lambda line: None,
        on_event=lambda event: None,
        trainer="tests.sweeps.formulas:CostlyTrainer",
    )


def prepared(config: SweepConfig, data: Dataset) -> driver.Prepared:
    facts = DataFacts("digits", "made", "digest", 64, 32, 0, 0, "", 10, (28, 28))
    return driver.Prepared(config, Search(config), data, facts, Inspection((), frozenset({"temperature"}), ()))


@pytest.fixture
def interrupted(
    make_config: Callable[..., SweepConfig], data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., History]:
    """A sweep of two arms that was cut off midway, in the middle of a line, and resumed."""
    monkeypatch.setattr(InlineWorkers, "overlap", True)
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared(config, data))

    def run(**search: object) -> History:
        config = make_config(
            model={"build": "tests.sweeps.formulas:learning"},
            search={"epochs": EPOCHS, "sampler": "tpe", "pruner": {"name": "hyperband", "min_resource": 1}, **search},
            faults={"same_error": 0},
        )
        driver.launch(prepared(config, data), RunDirectory(tmp_path / "whole"), means())
        events = (tmp_path / "whole" / "events.jsonl").read_bytes()
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "events.jsonl").write_bytes(events[: int(len(events) * 0.6)])
        return driver.resume(RunDirectory(tmp_path / "run"), means(), replay=lambda event: None)

    return run


def status(history: History) -> dict[str, dict[str, object]]:
    """What `capsweep status --json` says of every arm."""
    done = CliRunner().invoke(app, ["status", str(history.directory.path), "--json"])
    assert done.exit_code == 0, done.output
    return {arm["arm"]: arm for arm in json.loads(done.output)["arms"]}


def has_seen_everything(history: History) -> None:
    states = Counter((trial.spec.arm, trial.state) for trial in history.trials.values())
    for arm in ("capsule", "max"):
        assert all(states[arm, state] for state in ("complete", "pruned", "failed")), states
    assert len(history.drivers) == 2
    spaces = [len(study.space) for study in history.studies]
    assert spaces[0] > spaces[1], "one arm has more params than the other"


def test_sixty_trials_each(interrupted: Callable[..., History]) -> None:
    history = interrupted(trials=60)
    has_seen_everything(history)
    arms = status(history)
    for arm in ("capsule", "max"):
        assert sum(arms[arm]["states"].values()) == 60  # type: ignore[attr-defined]
        assert (arms[arm]["budget"], arms[arm]["unit"]) == (60, "trials")
    assert Counter(trial.spec.arm for trial in history.trials.values()) == {"capsule": 60, "max": 60}


def test_as_many_worker_seconds_each_within_one_trial(interrupted: Callable[..., History]) -> None:
    history = interrupted(budget="seconds", seconds=400.0)
    has_seen_everything(history)
    arms = status(history)
    worth = {"capsule": EPOCHS * 3.0 + 1, "max": EPOCHS * 1.0 + 1}
    for arm in ("capsule", "max"):
        spent = arms[arm]["seconds"]
        assert isinstance(spent, float)
        assert 400 <= spent <= 400 + worth[arm]
        assert (arms[arm]["budget"], arms[arm]["unit"]) == (400.0, "seconds")
    counts = Counter(trial.spec.arm for trial in history.trials.values())
    assert counts["max"] > 2 * counts["capsule"], "the cheaper arm has had more trials for its seconds"
    shown = CliRunner().invoke(app, ["status", str(history.directory.path)]).output
    assert shown.count("/400") == 2
    assert read_run(history.directory.path).ended is not None
