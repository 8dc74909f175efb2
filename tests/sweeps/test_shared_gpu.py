"""Workers that share a GPU, which a trial short of memory gets for itself: on a Ray that believes it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import EpochEnded, TrialSpec, WorkerEnded, WorkerStarted
from sweeps.workers.cluster import Cluster, connect, disconnect
from sweeps.workers.on_ray import RayWorkers
from sweeps.workers.protocol import Report

SHARES = {"count": 2, "cpus": 0.5, "gpus": 0.5}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    workers = SweepConfig.from_mapping({"space": {"x": [1]}, "workers": SHARES}, source="test").workers
    yield connect(workers, address=None)
    disconnect()


def hear(workers: RayWorkers, kind: type[Report]) -> Report:
    while (report := workers.wait()) is None:
        pass
    assert isinstance(report, kind), report
    return report


def test_a_trial_short_of_memory_gets_a_process_with_the_whole_gpu(
    cluster: Cluster, make_config: Callable[..., SweepConfig], make_spec: Callable[..., TrialSpec], data: Dataset
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:gpu_share"}, workers=SHARES)
    workers = RayWorkers(config, data, cluster=cluster, trainer="tests.sweeps.formulas:SharingTrainer")
    for _ in range(2):
        started = hear(workers, WorkerStarted)
        assert isinstance(started, WorkerStarted)
        assert started.device == "gpu 0"
    workers.start(make_spec(0), attempt=1)
    shared = hear(workers, EpochEnded)
    assert isinstance(shared, EpochEnded)
    assert shared.metrics == {"gpus": 0.5, "fraction": 0.45}
    assert workers.has_room()
    assert not workers.has_room(alone=True)
    workers.clear()
    assert not workers.has_room(), "nothing is begun any more on the device that comes free"
    workers.release(0)
    for _ in range(3):
        workers.clear()
    assert {type(hear(workers, WorkerEnded)) for _ in range(2)} == {WorkerEnded}
    assert not workers.has_room(alone=True)
    hear(workers, WorkerStarted)
    assert workers.has_room(alone=True)
    assert not workers.has_room()
    workers.start(make_spec(1), attempt=2, alone=True)
    alone = hear(workers, EpochEnded)
    assert isinstance(alone, EpochEnded)
    assert alone.metrics == {"gpus": 1.0, "fraction": 0.9}
    workers.release(1)
    hear(workers, WorkerEnded)
    for _ in range(2):
        hear(workers, WorkerStarted)
    workers.start(make_spec(2), attempt=1)
    again = hear(workers, EpochEnded)
    assert isinstance(again, EpochEnded)
    assert again.metrics == shared.metrics
    workers.close()
