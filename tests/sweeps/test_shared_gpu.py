"""Workers that share a GPU, which a trial short of memory gets for itself: on a Ray that believes it has one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster as RayCluster

from sweeps.artifacts import Artifacts
from sweeps.attempts import Assignment
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.errors import WorkerError
from sweeps.history import read_run
from sweeps.loop import _begin, run_phase
from sweeps.records import AttemptLost, EpochEnded, ResourceEvent, SweepStarted, TrialSpec, WorkerEnded, WorkerStarted
from sweeps.runlog import RunDirectory, RunLog
from sweeps.search import Search
from sweeps.workers import crew
from sweeps.workers.cluster import Cluster, connect, disconnect
from sweeps.workers.on_ray import RayWorkers
from sweeps.workers.protocol import Report
from tests.sweeps.killing import kill

SHARES = {"count": 2, "cpus": 0.5, "gpus": 0.5}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path))
    workers = SweepConfig.from_mapping({"space": {"x": [1]}, "workers": SHARES}, source="test").workers
    yield connect(workers, address=None)
    disconnect()


def hear(workers: RayWorkers, kind: type[Report]) -> Report:
    while (report := workers.wait()) is None:
        pass
    assert isinstance(report, kind), report
    return report


def hear_of(workers: RayWorkers, kind: type[Report]) -> None:
    """Wait for the next report of a kind, whatever comes before it."""
    while not isinstance(workers.wait(), kind):
        pass


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


@pytest.mark.parametrize("count", [1, 2])
def test_a_sweep_whose_trials_run_out_of_a_shared_gpus_memory_meets_its_budget(
    cluster: Cluster,
    make_config: Callable[..., SweepConfig],
    data: Dataset,
    tmp_path: Path,
    count: int,
) -> None:
    config = make_config(
        model={"build": "tests.sweeps.formulas:short_of_memory"},
        search={"trials": 3, "epochs": 3, "pruner": {"name": "none"}},
        workers=SHARES | {"count": count},
    )
    search = Search(config)
    workers = RayWorkers(
        config,
        data,
        cluster=replace(cluster, count=count),
        trainer="sweeps.training.synthetic:SyntheticTrainer",
    )
    document = config.model_dump(mode="json")
    header = {"sweep": "s", "name": "small", "config": document, "config_digest": "", "versions": {}}
    with closing(workers), closing(RunLog.create(RunDirectory(tmp_path / "run"))) as log:
        log.append(SweepStarted(**header, data={"digest": ""}, commit=None, dirty=None), *search.studies())
        run_phase(search, workers, log, Artifacts(log, cap=0))
    history = read_run(tmp_path / "run")
    assert [trial.state for trial in history.trials.values()] == ["complete"] * 6
    assert sum(event.kind == "out_of_memory" for event in history.resources) == 3


@pytest.fixture
def three(cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset) -> Iterator[RayWorkers]:
    """Two workers that share the GPU, and a third that waits for room."""
    config = make_config(model={"build": "tests.sweeps.formulas:gpu_share"}, workers=SHARES)
    trainer = "tests.sweeps.formulas:SharingTrainer"
    with closing(RayWorkers(config, data, cluster=replace(cluster, count=3), trainer=trainer)) as workers:
        for _ in range(2):
            hear(workers, WorkerStarted)
        assert [slot.ready for slot in workers._crew.slots] == [True, True, False]
        yield workers


def fill(workers: RayWorkers, make_spec: Callable[..., TrialSpec]) -> None:
    """Give each of four workers a trial."""
    for _ in range(4):
        hear_of(workers, WorkerStarted)
    for number in range(4):
        workers.start(make_spec(number), attempt=1)
        hear_of(workers, EpochEnded)


def get_whole(workers: RayWorkers) -> None:
    while not workers.has_room(alone=True):
        workers.clear()
        workers.wait()


def test_those_that_wait_for_room_on_a_device_that_is_cleared_go_too(
    three: RayWorkers, make_spec: Callable[..., TrialSpec]
) -> None:
    _, two, _ = three._crew.slots
    two.ready = False
    three.clear()
    assert [slot.leaving for slot in three._crew.slots] == [True, False, False], "the second may be there, or not"
    two.ready = True
    three.clear()
    assert [slot.whole for slot in three._crew.slots] == [True], "the one that waited could take what came free"
    get_whole(three)
    three.start(make_spec(0), attempt=2, alone=True)
    hear_of(three, EpochEnded)
    three.release(0)
    for _ in range(2):
        hear_of(three, WorkerStarted)
    assert len(three._crew.slots) == 3


@pytest.mark.parametrize("cleared_before", [0, 1])
def test_one_that_takes_the_place_of_a_dead_one_on_a_device_that_is_cleared_goes_too(
    three: RayWorkers, make_spec: Callable[..., TrialSpec], cleared_before: int
) -> None:
    one, two, waiting = three._crew.slots
    three.start(make_spec(0), attempt=1)
    hear(three, EpochEnded)
    three.clear()
    busy, idle = (one, two) if one.busy else (two, one)
    assert idle.leaving
    kill(busy)
    for slot in [idle][:cleared_before]:
        kill(slot)
        three._crew.call(slot, slot.actor.place.remote())
    three.train(0, 1)
    hear_of(three, AttemptLost)
    hear_of(three, WorkerStarted)
    assert waiting.ready, "it took what came free"
    assert all(slot in (idle, waiting) for slot in three._crew.slots), "nothing else comes there meanwhile"
    get_whole(three)
    assert [slot.whole for slot in three._crew.slots] == [True]


def test_a_process_that_never_lives_to_see_a_whole_gpu_ends_the_sweep(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:gpu_share"}, workers=SHARES)
    with closing(RayWorkers(config, data, cluster=cluster, trainer="tests.sweeps.formulas:DyingAlone")) as workers:
        for _ in range(2):
            hear(workers, WorkerStarted)
        with pytest.raises(WorkerError, match="3 workers in a row died while they started"):
            get_whole(workers)


@pytest.fixture
def nodes() -> Iterator[RayCluster]:
    """A head, and two nodes that believe that they have a GPU each."""
    nodes = RayCluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield nodes
    disconnect()
    nodes.shutdown()


@pytest.mark.parametrize("gpus", [0.5, 0])
def test_another_device_is_cleared_once_the_first_has_gone_with_its_node(
    nodes: RayCluster,
    make_config: Callable[..., SweepConfig],
    make_spec: Callable[..., TrialSpec],
    data: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    gpus: float,
) -> None:
    for gpu in range(2):
        nodes.add_node(num_cpus=1, num_gpus=1, env_vars={"CUDA_VISIBLE_DEVICES": str(gpu)})
    shares = {"count": 4, "cpus": 0.5, "gpus": gpus}
    config = make_config(model={"build": "tests.sweeps.formulas:hanging"}, workers=shares)
    cluster = connect(config.workers, address=nodes.address)
    trainer = "sweeps.training.synthetic:SyntheticTrainer"
    with closing(RayWorkers(config, data, cluster=cluster, trainer=trainer)) as workers:
        fill(workers, make_spec)
        monkeypatch.setattr(crew, "_PATIENT", 0.5)
        workers.clear()
        assert workers._crew.reserved is not None
        lost = workers._crew.reserved[0]
        staying = [n for n, slot in workers._slots.items() if slot.place[0] != lost]
        going = next(n for n in range(4) if n not in staying)
        workers.release(going)
        assert not workers.has_room(), "nothing is begun on a device that is to come free"
        workers.release(staying[0])
        assert workers.has_room(), "on the other device the sweep goes on"
        workers.start(make_spec(9), attempt=1)
        hear_of(workers, EpochEnded)
        (left,) = set(range(4)) - {going, *staying}
        workers.train(left, 1)
        node = next(node for node in nodes.worker_nodes if node.node_id.startswith(lost.rpartition("-")[2]))
        nodes.remove_node(node, allow_graceful=False)
        hear_of(workers, AttemptLost)
        while ray.cluster_resources().get("GPU") != 1:
            pass
        for number in (staying[1], 9):
            workers.release(number)
        report, attempt = None, 2
        while not isinstance(report, EpochEnded):  # an idle worker's death is noticed when it is given a trial
            get_whole(workers)
            workers.start(make_spec(10), attempt=attempt, alone=True)
            while not isinstance(report := workers.wait(), EpochEnded | AttemptLost):
                pass
            attempt += 1
        assert attempt <= 4


def test_a_cluster_is_followed_while_a_device_is_reserved(
    nodes: RayCluster, make_config: Callable[..., SweepConfig], make_spec: Callable[..., TrialSpec], data: Dataset
) -> None:
    nodes.add_node(num_cpus=1)
    config = make_config(model={"build": "tests.sweeps.formulas:hanging"}, workers={"count": "auto", "gpus": 0})
    cluster = connect(config.workers, address=nodes.address)
    trainer = "sweeps.training.synthetic:SyntheticTrainer"
    with closing(RayWorkers(config, data, cluster=cluster, trainer=trainer)) as workers:
        hear_of(workers, WorkerStarted)
        workers.start(make_spec(0), attempt=1)
        hear_of(workers, EpochEnded)
        workers.clear()
        kill(workers._crew.slots[0])
        workers.train(0, 1)
        hear_of(workers, AttemptLost)
        get_whole(workers)
        workers.start(make_spec(0), attempt=2, alone=True)
        hear_of(workers, EpochEnded)


def test_a_device_is_not_given_up_when_the_last_that_shared_it_is_recycled(
    nodes: RayCluster, make_config: Callable[..., SweepConfig], make_spec: Callable[..., TrialSpec], data: Dataset
) -> None:
    nodes.add_node(num_cpus=2, num_gpus=2, env_vars={"CUDA_VISIBLE_DEVICES": "0,1"})
    shares = {"count": 4, "cpus": 0.5, "gpus": 0.5, "recycle_trials": 1}
    config = make_config(model={"build": "tests.sweeps.formulas:learning"}, workers=shares)
    cluster = connect(config.workers, address=nodes.address)
    trainer = "sweeps.training.synthetic:SyntheticTrainer"
    with closing(RayWorkers(config, data, cluster=cluster, trainer=trainer)) as workers:
        fill(workers, make_spec)
        workers.clear()
        first = workers._crew.reserved
        for number in [n for n, slot in workers._slots.items() if slot.place == first]:
            workers.release(number)
        workers.clear()
        assert workers._crew.reserved == first
        assert not any(slot.leaving for slot in workers._crew.slots)
        get_whole(workers)
        assert [slot.place for slot in workers._crew.slots if slot.whole] == [first]


class Rooms:
    """The part of Workers that says whether a trial can begin: a device with `shared` places, or one for one alone."""

    def __init__(self, shared: int) -> None:
        self.shared, self.alone, self.cleared = shared, False, 0
        self.started: list[int] = []

    def has_room(self, *, alone: bool = False) -> bool:
        return self.alone if alone else self.shared > 0

    def clear(self) -> None:
        self.cleared += 1

    def start(self, spec: TrialSpec, *, alone: bool, **_: object) -> ResourceEvent:
        self.started.append(spec.number)
        self.shared, self.alone = self.shared - (not alone), self.alone and not alone
        return ResourceEvent(kind="recycled", number=spec.number, worker=None, detail="")


def test_others_go_on_while_a_trial_waits_for_a_device_of_its_own(make_spec: Callable[..., TrialSpec]) -> None:
    wanted = [Assignment(make_spec(n), 1, is_new=False, alone=n in (0, 2)) for n in range(5)]
    source = SimpleNamespace(ask=lambda: wanted.pop(0) if wanted else None, until=lambda number, epoch: epoch + 1)
    rooms, apart = Rooms(2), deque[Assignment]()
    log = SimpleNamespace(append=lambda *events: None)
    rest: tuple[Any, ...] = (apart, source, rooms, log, None)
    assert _begin(None, *rest) is None
    assert (rooms.started, [work.spec.number for work in apart]) == ([1, 3], [0, 2])
    assert rooms.cleared
    rooms.alone = True
    assert _begin(None, *rest) is None
    assert rooms.started == [1, 3, 0]
    ahead = wanted.pop()
    assert _begin(ahead, *rest) is ahead, "there is no room yet"
    rooms.shared, rooms.alone = 1, True
    assert _begin(ahead, *rest) is None
    assert rooms.started == [1, 3, 0, 2, 4]
