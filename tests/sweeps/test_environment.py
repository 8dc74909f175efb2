"""What a training process finds around it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeps import environment
from sweeps.environment import job_environment, process_environment
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


def test_on_one_disk_nothing_is_copied_and_the_users_code_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ours = str(Path(environment.__file__).parents[1])
    assert job_environment(same_disk=True) == {"env_vars": {"PYTHONPATH": f"{ours}{os.pathsep}{tmp_path}"}}
    monkeypatch.setenv("PYTHONPATH", "/a:/b")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert job_environment(same_disk=True) == {
        "env_vars": {"KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join((ours, str(tmp_path), "/a:/b"))}
    }
    assert job_environment(same_disk=True, backend="torch")["env_vars"]["KERAS_BACKEND"] == "torch"


def test_on_a_cluster_code_travels_and_data_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    sent = job_environment(same_disk=False)
    assert sent["working_dir"] == str(tmp_path)
    assert sent["env_vars"]["KERAS_BACKEND"] == "jax"
    assert [Path(folder).name for folder in sent["py_modules"]] == ["capsule_layer", "search_spaces", "sweeps"]
    assert all((Path(folder) / "__init__.py").is_file() for folder in sent["py_modules"])
    assert {"runs", ".git", "*.npz", "*.keras"} <= set(sent["excludes"])


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_PACKAGES", ("capsule_layer", "no_such_package"))
    with pytest.raises(WorkerError, match="the package no_such_package is not installed; install capsweep again"):
        job_environment(same_disk=False)
