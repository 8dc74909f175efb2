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
from sweeps.workers.cluster import Cluster, connect, disconnect
from sweeps.workers.on_ray import RayWorkers
from tests.sweeps.killing import kill
from tests.sweeps.listening import get_whole, hear, hear_of

SHARES = {"count": 2, "cpus": 0.5, "gpus": 0.5}


@pytest.fixture(scope="module")
def one_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    workers = SweepConfig.from_mapping({"space": {"x": [1]}, "workers": SHARES}, source="test").workers
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "0")
        patch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path_factory.mktemp("mark")))
        yield connect(workers, address=None)
        disconnect()


@pytest.fixture
def cluster(one_ray: Cluster) -> Cluster:
    """The Ray of all tests here, once the workers of the test before have left it."""
    while ray.available_resources().get("GPU") != 1:
        pass
    return one_ray


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
        seed=count,  # the formula remembers seeds, and both sweeps run on one Ray
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
