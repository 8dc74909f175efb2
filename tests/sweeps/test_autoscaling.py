"""A real autoscaler, of the kind that Ray has for its own tests, starts nodes for the workers that wait."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import ray

from sweeps import driver
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.records import AnyEvent, WorkerStarted
from sweeps.runlog import RunDirectory
from sweeps.search import Search
from sweeps.training.inspection import Inspection

RAY = str(Path(sys.executable).with_name("ray"))
PORT = 26379
ADDRESS = f"127.0.0.1:{PORT}"
ALONE = "CAPSWEEP_TEST_ALONE"


def config_of(small: dict[str, float]) -> dict[str, Any]:
    """Of a cluster whose head has no cores, and which may start three nodes of one kind."""
    nothing: dict[str, Any] = {"node_config": {}, "max_workers": 0, "resources": {"CPU": 0}}
    commands = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
    return {
        "cluster_name": "capsweep-test",
        "max_workers": 3,
        # There is nothing to log into: a node whose update fails would be ended within seconds.
        "provider": {"type": "fake_multinode", "gcs_address": ADDRESS, "disable_node_updaters": True},
        "available_node_types": {
            "ray.head.default": nothing,
            "small": {"resources": small, "node_config": {}, "min_workers": 0, "max_workers": 3},
        },
        "head_node_type": "ray.head.default",
        "idle_timeout_minutes": 5,
        "upscaling_speed": 10.0,
        **{f"{name}_commands": [] for name in commands},
        "auth": {"ssh_user": "nobody"},
        **{name: {} for name in ("docker", "file_mounts")},
        **{name: [] for name in ("cluster_synced_files", "rsync_exclude", "rsync_filter")},
        "file_mounts_sync_continuously": False,
        "no_restart": False,
    }


def stop_all_in(folder: str) -> None:
    """End the processes of Ray that work in a folder, and only those: `ray stop` ends every one on the machine."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            if folder.encode() in command.read_bytes():
                os.kill(int(command.parent.name), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def autoscaling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of such a cluster."""
    from ray.autoscaler._private.fake_multi_node.node_provider import FAKE_HEAD_NODE_ID

    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    # Its nodes unpack code into one folder, each of them anew: see Machines.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("AUTOSCALER_UPDATE_INTERVAL_S", "1")
    monkeypatch.setenv("RAY_FAKE_CLUSTER", "1")
    monkeypatch.setenv("RAY_OVERRIDE_NODE_ID_FOR_TESTING", FAKE_HEAD_NODE_ID)
    (tmp_path / "cluster.json").write_text(json.dumps(config_of({"CPU": 1})))
    command = [RAY, "start", "--head", f"--port={PORT}", "--num-cpus=0", "--include-dashboard=false"]
    # Sockets lie there, and their paths must be short.
    own = tempfile.mkdtemp(prefix="autoscaling-")
    command += [f"--autoscaling-config={tmp_path / 'cluster.json'}", f"--temp-dir={own}"]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("RAY_FAKE_CLUSTER", "RAY_OVERRIDE_NODE_ID_FOR_TESTING"):
        monkeypatch.delenv(name)
    yield ADDRESS
    ray.shutdown()
    stop_all_in(own)


@pytest.fixture
def swept(autoscaling: str, make_config: Any, data: Dataset, tmp_path: Path) -> None:
    config: SweepConfig = make_config(
        model={"build": "tests.sweeps.formulas:waiting"},
        search={"trials": 3, "epochs": 2, "pruner": "none"},
        workers={"gpus": 0, "autoscale_to": 2},
        faults={"no_progress": 60},  # were no second worker to come
    )
    started: list[WorkerStarted] = []

    def on_event(event: AnyEvent) -> None:
        if isinstance(event, WorkerStarted):
            started.append(event)
            if len(started) == 2:
                (tmp_path / "mark").touch()

    facts = DataFacts("digits", "made", "digest", 64, 32, 0, 0, "", 10, (28, 28))
    prepared = driver.Prepared(config, Search(config), data, facts, Inspection((), frozenset({"temperature"}), ()))
    means = driver.Means(False, autoscaling, lambda line: None, on_event, "sweeps.training.synthetic:SyntheticTrainer")
    history = driver.launch(prepared, RunDirectory(tmp_path / "run"), means)
    assert [trial.state for trial in history.trials.values()] == ["complete"] * 6
    assert len(history.workers) == 2, "each on a node of one core"


def test_workers_that_wait_are_what_an_autoscaler_listens_to(request: pytest.FixtureRequest) -> None:
    if os.environ.get(ALONE):
        request.getfixturevalue("swept")
        return
    # A Ray of our own, started by an earlier test, has left its token mode in this process and its environment.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(
        command, env=os.environ | {ALONE: "1", "RAY_AUTH_MODE": "disabled"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
