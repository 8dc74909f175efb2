"""What a training process finds around it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps import environment
from sweeps.environment import (
    cluster_environment,
    local_environment,
    process_environment,
    set_for_a_while,
)
from sweeps.errors import WorkerError

THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KERAS_BACKEND", "KERAS_HOME", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("cpus", "threads"), [(0.25, "1"), (1, "1"), (1.9, "1"), (2, "2"), (8.0, "8")])
def test_a_worker_has_a_thread_for_every_core(cpus: float, threads: str) -> None:
    assert {process_environment(cpus=cpus, gpus=0)[name] for name in THREADS} == {threads}


def test_a_worker_sees_no_gpu_unless_it_has_one() -> None:
    assert process_environment(cpus=1, gpus=0)["CUDA_VISIBLE_DEVICES"] == ""
    for gpus in (0.25, 1):
        assert "CUDA_VISIBLE_DEVICES" not in process_environment(cpus=1, gpus=gpus)


@pytest.mark.parametrize(("gpus", "share"), [(0, None), (0.25, "0.225"), (0.5, "0.450"), (1, None), (2, None)])
def test_who_shares_a_gpu_takes_no_more_of_its_memory_than_the_share(gpus: float, share: str | None) -> None:
    assert process_environment(cpus=1, gpus=gpus).get("XLA_PYTHON_CLIENT_MEM_FRACTION") == share


def test_on_this_machine_ray_finds_our_code_and_no_file_of_the_current_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ours = str(Path(environment.__file__).parents[1])
    threads = process_environment(cpus=2, gpus=0)
    assert local_environment(cpus=2, gpus=0) == threads | {"PYTHONPATH": ours}
    monkeypatch.setenv("PYTHONPATH", "/a:/b")
    found = local_environment(cpus=1, gpus=1, backend="torch")
    assert found["PYTHONPATH"] == os.pathsep.join((ours, "/a:/b"))
    assert found["KERAS_BACKEND"] == "torch"
    assert "CUDA_VISIBLE_DEVICES" not in found


def test_variables_are_set_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPSWEEP_A", "1")
    before = dict(os.environ)

    def fail() -> None:
        with set_for_a_while({"CAPSWEEP_A": "2", "CAPSWEEP_B": "3"}):
            assert (os.environ["CAPSWEEP_A"], os.environ["CAPSWEEP_B"]) == ("2", "3")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert dict(os.environ) == before


QUICK = """
import gc, sys
import colorsys  # stands for a library that is there already
from sweeps import environment
environment._UNUSED = ("pandas", "sklearn", "colorsys")
with environment.quick_imports():
    assert not gc.isenabled()
    import keras
    assert sys.modules["pandas"] is None and sys.modules["sklearn"] is None
    assert sys.modules["colorsys"] is colorsys
assert gc.isenabled()
assert "pandas" not in sys.modules and "sklearn" not in sys.modules
import pandas, sklearn
from sweeps.training.trainer import Trainer
"""


def test_what_is_hidden_from_keras_can_be_imported_afterwards() -> None:
    subprocess.run([sys.executable, "-c", QUICK], check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})


def test_on_a_cluster_code_travels_and_data_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    sent = cluster_environment()
    assert sent["working_dir"] == str(tmp_path)
    assert sent["env_vars"]["KERAS_BACKEND"] == "jax"
    assert [Path(folder).name for folder in sent["py_modules"]] == ["capsule_layer", "search_spaces", "sweeps"]
    assert all((Path(folder) / "__init__.py").is_file() for folder in sent["py_modules"])
    assert {"runs", ".git", "*.npz", "*.keras"} <= set(sent["excludes"])


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_PACKAGES", ("capsule_layer", "no_such_package"))
    with pytest.raises(WorkerError, match="the package no_such_package is not installed; install capsweep again"):
        cluster_environment()
