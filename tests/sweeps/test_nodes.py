"""A sweep on a real cluster of several nodes, which come and go while it runs."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps import driver
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.errors import SweepStoppedError
from sweeps.history import History, read_run
from sweeps.records import AnyEvent, AttemptLost, EpochEnded, ResourceEvent, TrialEnded, WorkerStarted
from sweeps.runlog import RunDirectory, read_events
from sweeps.search import Search
from sweeps.summary import summarise
from sweeps.training.inspection import Inspection
from sweeps.workers import crew
from tests.machines import Machines

SYNTHETIC = "sweeps.training.synthetic:SyntheticTrainer"


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machines]:
    """A head without cores, and a node that holds two workers."""
    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path / "mark"))
    cluster = Machines()
    cluster.add_node(num_cpus=2)
    yield cluster
    cluster.shutdown()


@pytest.fixture
def launch(
    nodes: Machines, make_config: Callable[..., SweepConfig], data: Dataset, tmp_path: Path
) -> Callable[..., History]:
    """Runs a sweep of twenty trials, whose first epochs wait for the file `mark`, on the cluster."""

    def run(on_event: Callable[[AnyEvent], None], **workers: Any) -> History:
        config = make_config(
            model={"build": "tests.sweeps.formulas:waiting"},
            search={"trials": 10, "epochs": 3, "pruner": "none"},
            faults={"checkpoint_every": 1},
            workers={"gpus": 0, **workers},
        )
        facts = DataFacts("digits", "made", "digest", 64, 32, 0, 0, "", 10, (28, 28))
        prepared = driver.Prepared(config, Search(config), data, facts, Inspection((), frozenset({"temperature"}), ()))
        means = driver.Means(False, nodes.address, lambda line: None, on_event, SYNTHETIC)
        return driver.launch(prepared, RunDirectory(tmp_path / "run"), means)

    return run


def test_auto_follows_nodes_that_come_and_go(nodes: Machines, launch: Callable[..., History], tmp_path: Path) -> None:
    seen = Counter[type[AnyEvent]]()
    added: list[Any] = []

    def on_event(event: AnyEvent) -> None:
        seen[type(event)] += 1
        if isinstance(event, WorkerStarted) and seen[WorkerStarted] == 2:
            added.extend(nodes.add_node(num_cpus=2) for _ in range(2))
        if isinstance(event, WorkerStarted) and seen[WorkerStarted] == 6:
            (tmp_path / "mark").touch()
        if isinstance(event, AttemptLost):
            (tmp_path / "mark").touch()
        if isinstance(event, TrialEnded) and seen[TrialEnded] == 4:
            (tmp_path / "mark").unlink()  # what is begun from here on waits until the loss has been noticed
            nodes.remove_node(added[0], allow_graceful=False)

    history = launch(on_event, count="auto")
    assert [trial.state for trial in history.trials.values()] == ["complete"] * 20
    assert len({worker.node for worker in history.workers}) == 3
    assert len(history.workers) == 6, "nothing is started where there is no room"
    node_of = {worker.worker: worker.node for worker in history.workers}
    assert len({node_of[event.worker] for event in history.lost}) == 1
    assert 1 <= len(history.lost) <= 2
    log = [event for event, _ in read_events(RunDirectory(tmp_path / "run"))]
    trained = Counter((event.number, event.epoch) for event in log if isinstance(event, EpochEnded))
    assert trained.total() - len(trained) <= len(history.lost), "at most one epoch again for each loss"


def test_a_fixed_number_waits_for_room_and_says_so(
    nodes: Machines, launch: Callable[..., History], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_PATIENT", 0.0)
    other = nodes.add_node(num_cpus=2)
    started: list[WorkerStarted] = []
    told: list[str | None] = []

    def on_event(event: AnyEvent) -> None:
        if isinstance(event, WorkerStarted):
            started.append(event)
            if len(started) == 4:
                nodes.remove_node(other, allow_graceful=False)
            if len(started) == 5:
                (tmp_path / "mark").touch()
        if isinstance(event, ResourceEvent) and "1 of 2 nodes could hold one" in event.detail and not told:
            told.append(summarise(read_run(tmp_path / "run")).waiting)
            nodes.add_node(num_cpus=2)

    history = launch(on_event, count=4)
    assert told[0] is not None
    assert told[0].startswith("2 workers wait for 1 CPU and 0 GPU each; free are 0 CPU and 0 GPU")
    assert [trial.state for trial in history.trials.values()] == ["complete"] * 20
    assert 5 <= len(history.workers) <= 6
    assert len([event for event in history.lost if isinstance(event, AttemptLost)]) == 2
    assert summarise(history).waiting is None


def test_a_sweep_whose_nodes_are_all_gone_can_still_be_stopped(
    nodes: Machines, launch: Callable[..., History], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_PATIENT", 0.0)

    def on_event(event: AnyEvent) -> None:
        if isinstance(event, WorkerStarted):
            for node in list(nodes.worker_nodes):
                nodes.remove_node(node, allow_graceful=False)
        if isinstance(event, ResourceEvent) and "no node that is there could hold one" in event.detail:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SweepStoppedError, match="interrupted"):
        launch(on_event, count=2)
    history = read_run(tmp_path / "run")
    assert history.stopped is not None
    assert not any(trial.ended for trial in history.trials.values())
