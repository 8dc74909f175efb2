"""What the machine has, and whether the workers asked for fit it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sweeps import hardware
from sweeps.config import WorkersConfig
from sweeps.errors import ConfigError
from sweeps.hardware import check_fits, count_cpus, count_gpus, gpu_memory


@pytest.mark.parametrize(
    ("visible", "count"), [("", 0), ("-1", 0), ("0", 1), ("0,1", 2), ("2, 3,", 2), ("GPU-1a2b,MIG-3c", 2), (" ", 0)]
)
def test_visible_devices_say_how_many_gpus_there_are(visible: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert count_gpus() == count


def test_without_them_the_driver_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert count_gpus() == 0
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\n[ \"$1\" = -L ] && echo 'GPU 0: A (UUID: x)' && echo '  MIG 1g.5gb Device 0:' && echo 'GPU 1: B'\n"
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    assert count_gpus() == 2
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'; exit 9\n")
    assert count_gpus() == 0


def test_the_memory_of_each_visible_gpu_in_its_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu_memory() == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, GPU-a, 81559'\necho '1, GPU-b, 24564'\necho '2, GPU-c, [N/A]'\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    assert gpu_memory() == [81559, 24564]
    for visible, memory in (("1", [24564]), ("GPU-b,0", [24564, 81559]), ("", []), ("7", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert gpu_memory() == memory


def test_only_the_cores_this_process_may_use_count() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert count_cpus() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert count_cpus() == len(before)


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        (WorkersConfig(), None),
        (WorkersConfig(count=4, cpus=1.0), None),
        (WorkersConfig(count=8, cpus=0.5, gpus=0.25), None),
        (WorkersConfig(count=5), "workers.cpus: 5 workers with 1 cpus each need 5, this machine has 4"),
        (WorkersConfig(cpus=4.5), "workers.cpus: 1 worker with 4.5 cpus each need 4.5, this machine has 4"),
        (WorkersConfig(gpus=3.0), "workers.gpus: 1 worker with 3 gpus each need 3, this machine has 2"),
        (WorkersConfig(count=3, gpus=1.0), "workers.gpus: 3 workers with 1 gpus each need 3, this machine has 2"),
        (WorkersConfig(count=4, gpus="auto"), None),
        (WorkersConfig(count=4, gpus=0.0), None),
    ],
)
def test_workers_must_fit_the_machine(
    workers: WorkersConfig, message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "count_cpus", lambda: 4)
    monkeypatch.setattr(hardware, "count_gpus", lambda: 2)
    if message is None:
        check_fits(workers)
        return
    with pytest.raises(ConfigError) as caught:
        check_fits(workers)
    assert str(caught.value) == f"{message}; ask for less, or join a cluster with --address"
