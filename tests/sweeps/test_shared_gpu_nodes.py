"""A GPU that is cleared for a trial short of memory, while nodes come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import ray

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import AttemptLost, EpochEnded, TrialSpec, WorkerStarted
from sweeps.workers import crew
from sweeps.workers.cluster import connect, disconnect
from sweeps.workers.on_ray import RayWorkers
from tests.machines import Machines
from tests.sweeps.killing import kill
from tests.sweeps.listening import fill, get_whole, hear_of


@pytest.fixture
def nodes() -> Iterator[Machines]:
    """A head, and two nodes that believe that they have a GPU each."""
    nodes = Machines()
    yield nodes
    disconnect()
    nodes.shutdown()


@pytest.mark.parametrize("gpus", [0.5, 0])
def test_another_device_is_cleared_once_the_first_has_gone_with_its_node(
    nodes: Machines,
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
    nodes: Machines, make_config: Callable[..., SweepConfig], make_spec: Callable[..., TrialSpec], data: Dataset
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
    nodes: Machines, make_config: Callable[..., SweepConfig], make_spec: Callable[..., TrialSpec], data: Dataset
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
