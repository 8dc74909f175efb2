"""A cluster of two real nodes, one of which knows nothing of the folder that the sweep is launched from."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from sweeps.history import read_run

Capsweep = Callable[..., subprocess.CompletedProcess[str]]

USERS_MODULE = """\
import os
import keras
import capsule_layer

def build(*, width, learning_rate=None):
    # Both must have travelled here: our packages and the choice of the backend.
    if "runtime_resources" not in capsule_layer.__file__ or "runtime_resources" not in __file__:
        if "CAPSWEEP_ON_CLUSTER" in os.environ:
            raise ValueError(f"not what the driver sent: {capsule_layer.__file__}, {__file__}")
    if os.environ.get("KERAS_BACKEND") != "jax" or keras.backend.backend() != "jax":
        raise ValueError("the backend did not travel")
    return keras.Sequential([
        keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(width, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ])
"""

SWEEP = """\
name: mine
model: {build: "mine.networks:build"}
dataset: {name: digits, train: 200, validation: 50}
space: {width: {int: [4, 16]}}
search: {trials: 4, epochs: 2, sampler: random, pruner: none}
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head without cores, and a node started in another folder, whose workers know that they are on a cluster."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    monkeypatch.setenv("CAPSWEEP_ON_CLUSTER", "1")
    cluster.add_node(num_cpus=2)
    yield cluster
    cluster.shutdown()


def test_a_users_own_module_trains_on_another_node(capsweep: Capsweep, folder: Path, cluster: Cluster) -> None:
    package = folder / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "networks.py").write_text(USERS_MODULE)
    (folder / "mine.yaml").write_text(SWEEP)
    environment = {"KERAS_BACKEND": "jax", "RAY_AUTH_MODE": "disabled"}
    done = capsweep("launch", "mine.yaml", "--address", cluster.address, env=environment)
    assert done.returncode == 0, done.stderr + done.stdout
    history = read_run(folder / "runs" / "mine")
    assert [trial.state for trial in history.trials.values()] == ["complete"] * 4
    assert len({worker.node for worker in history.workers}) == 1
    assert {worker.backend for worker in history.workers} == {"jax"}
    assert len(history.workers) == 2
