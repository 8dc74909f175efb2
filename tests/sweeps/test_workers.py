"""One contract for all workers: in the driver's process, and on a real Ray."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pytest
import ray

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.errors import WorkerError
from sweeps.records import (
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ResourceEvent,
    TrialFailed,
    TrialSpec,
    WorkerEnded,
    WorkerStarted,
)
from sweeps.workers.capacity import Supply
from sweeps.workers.cluster import Cluster, connect, disconnect, settle
from sweeps.workers.inline import InlineWorkers
from sweeps.workers.on_ray import RayWorkers
from sweeps.workers.protocol import Report, Reports, Saved, Tested, Workers
from tests.sweeps import formulas
from tests.sweeps.killing import kill

SYNTHETIC = "sweeps.training.synthetic:SyntheticTrainer"
Open: TypeAlias = Callable[..., Workers]
MakeSpec: TypeAlias = Callable[..., TrialSpec]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    workers = SweepConfig.from_mapping({"space": {"x": [1]}, "workers": {"count": 2}}, source="test").workers
    yield connect(workers, address=None)
    disconnect()


@pytest.fixture(params=["inline", "ray"])
def open_workers(
    request: pytest.FixtureRequest, make_config: Callable[..., SweepConfig], data: Dataset
) -> Iterator[Open]:
    opened: list[Workers] = []

    def open_(
        formula: str = "learning", *, trainer: str = SYNTHETIC, confirm: object = MappingProxyType({}), **faults: float
    ) -> Workers:
        config = make_config(model={"build": f"tests.sweeps.formulas:{formula}"}, faults=faults, confirm=confirm)
        if request.param == "inline":
            opened.append(InlineWorkers(config, data, trainer=trainer))
        else:
            cluster = request.getfixturevalue("cluster")
            opened.append(RayWorkers(config, data, cluster=cluster, trainer=trainer))
        return opened[-1]

    yield open_
    for workers in opened:
        workers.close()


def hear(workers: Workers) -> Report:
    """The next thing that happens."""
    while (report := workers.wait()) is None:
        pass
    return report


def ready(workers: Workers) -> Workers:
    """Wait until every worker has started."""
    for _ in range(workers.count):
        assert isinstance(hear(workers), WorkerStarted)
    return workers


def wait_for(workers: Workers, kind: type[Report]) -> Report:
    report = hear(workers)
    assert isinstance(report, kind), report
    return report


def test_no_room_before_the_first_worker_is_ready(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = open_workers()
    assert not workers.has_room()
    with pytest.raises(RuntimeError, match="no worker is idle"):
        workers.start(make_spec(0), attempt=1)
    started = wait_for(workers, WorkerStarted)
    assert workers.has_room()
    assert isinstance(started, WorkerStarted)
    assert started.backend == "formula"
    assert "capsweep" in started.versions


def test_a_trial_from_start_to_release(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers())
    begun = workers.start(make_spec(7), attempt=2)
    assert (begun.number, begun.attempt, begun.concurrency) == (7, 2, 1)
    assert begun.wait_seconds >= 0
    first = wait_for(workers, EpochEnded)
    workers.train(7, 1)
    second = wait_for(workers, EpochEnded)
    assert isinstance(first, EpochEnded)
    assert isinstance(second, EpochEnded)
    assert [(each.number, each.epoch, each.attempt) for each in (first, second)] == [(7, 0, 2), (7, 1, 2)]
    assert first.worker == begun.worker
    workers.release(7)
    assert not workers.busy()
    assert workers.has_room()


def test_epochs_that_need_no_word_are_told_in_order_as_far_as_asked(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers())
    workers.start(make_spec(3, epochs=9), attempt=2, until=4)
    told: list[EpochEnded] = []
    while len(told) < 4:
        if told:
            workers.train(3, len(told), until=4)
        report = hear(workers)
        for event in report.events if isinstance(report, Reports) else (report,):
            assert isinstance(event, EpochEnded)
            told.append(event)
    assert [(each.number, each.epoch, each.attempt) for each in told] == [(3, epoch, 2) for epoch in range(4)]
    workers.save(3, "checkpoint")
    saved = wait_for(workers, Saved)
    assert isinstance(saved, Saved)
    assert (saved.epochs, saved.payload) == (4, b"3 4")
    workers.release(3)
    assert not workers.busy()


def test_a_kept_model_comes_before_the_worker_is_idle(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers())
    for number in range(workers.count):
        workers.start(make_spec(number), attempt=1)
    assert not workers.has_room()
    ended = wait_for(workers, EpochEnded)
    assert isinstance(ended, EpochEnded)
    workers.save(ended.number, "model")
    workers.release(ended.number)
    assert workers.busy()
    assert not workers.has_room()
    saved = [report for report in (hear(workers) for _ in range(workers.count)) if isinstance(report, Saved)]
    assert [(each.number, each.kind, each.epochs) for each in saved] == [(ended.number, "model", 1)]
    assert saved[0].payload == f"model of trial {ended.number}".encode()
    assert workers.has_room()


def test_a_checkpoint_is_what_was_trained_when_it_was_asked_for(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers())
    workers.start(make_spec(4), attempt=1)
    wait_for(workers, EpochEnded)
    workers.save(4, "checkpoint")
    workers.train(4, 1)
    saved = wait_for(workers, Saved)
    assert isinstance(saved, Saved)
    assert (saved.number, saved.kind, saved.epochs, saved.payload) == (4, "checkpoint", 1, b"4 1")
    wait_for(workers, EpochEnded)
    workers.release(4)
    assert not workers.busy()
    begun = workers.start(make_spec(4), attempt=2, epoch=1, checkpoint=saved.payload)
    assert begun.epoch == 1
    again = wait_for(workers, EpochEnded)
    assert isinstance(again, EpochEnded)
    assert (again.epoch, again.attempt, again.is_first) == (1, 2, True)
    assert again.model is not None


TEST = TestSet(np.zeros((7, 2), np.float32), np.zeros(7, np.int32))


def trained(workers: Workers, spec: TrialSpec, *, attempt: int = 1) -> AttemptStarted:
    """Train a trial's first epoch."""
    begun = workers.start(spec, attempt=attempt)
    wait_for(workers, EpochEnded)
    return begun


def test_no_trial_is_tested_before_the_test_set_is_open(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers())
    trained(workers, make_spec(3))
    with pytest.raises(RuntimeError, match="the test set is not open; call open_test first"):
        workers.test(3)
    workers.open_test(TEST)
    with pytest.raises(RuntimeError, match="trial 4 is not on a worker; start it first"):
        workers.test(4)
    workers.train(3, 1)
    wait_for(workers, EpochEnded)


def test_a_trial_is_tested_where_it_was_trained_and_still_there_afterwards(
    open_workers: Open, make_spec: MakeSpec
) -> None:
    workers = ready(open_workers(confirm={"shifts": {"translate": [2], "rotate": [10]}}))
    workers.open_test(TEST)
    begun = trained(workers, make_spec(3), attempt=2)
    workers.test(3)
    assert workers.busy()
    tested = wait_for(workers, Tested)
    assert isinstance(tested, Tested)
    event = tested.event
    assert (event.number, event.attempt, event.worker, event.examples) == (3, 2, begun.worker, 7)
    assert event.metrics == formulas.learning.test(make_spec(3).params, make_spec(3).seeds)  # type: ignore[attr-defined]
    assert (event.nll, tested.files) == (None, {})
    assert event.shifted == {
        name: formulas.learning.shifted(make_spec(3).params, make_spec(3).seeds, name)  # type: ignore[attr-defined]
        for name in ("translate 2", "rotate 10")
    }
    workers.save(3, "model")
    workers.release(3)
    saved = wait_for(workers, Saved)
    assert isinstance(saved, Saved)
    assert (saved.number, saved.epochs) == (3, 1)
    assert not workers.busy()


def test_what_a_test_raises_is_data_and_the_worker_lives_on(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers("untestable"))
    workers.open_test(TEST)
    trained(workers, make_spec(3), attempt=2)
    workers.test(3)
    failed = wait_for(workers, TrialFailed)
    assert isinstance(failed, TrialFailed)
    assert (failed.number, failed.attempt, failed.error) == (3, 2, "ValueError")
    assert failed.message == "planted at the test"
    assert "in _raise" in failed.traceback
    workers.release(3)
    assert not workers.busy()
    trained(workers, make_spec(4))


def test_a_worker_that_dies_at_a_test_loses_its_trial_and_its_successor_may_test(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:dying_at_test"})
    workers = ready(RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC))
    try:
        workers.open_test(TEST)
        for attempt in (1, 2):
            begun = trained(workers, make_spec(3), attempt=attempt)
            workers.test(3)
            lost = wait_for(workers, AttemptLost)
            assert isinstance(lost, AttemptLost)
            assert (lost.number, lost.attempt, lost.worker, lost.retry) == (3, attempt, begun.worker, True)
            assert not workers.busy()
            assert {type(hear(workers)) for _ in range(2)} == {WorkerEnded, WorkerStarted}
    finally:
        workers.close()


def test_an_exception_is_data_and_the_worker_lives_on(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers("raising"))
    workers.start(make_spec(0, pooling="max"), attempt=1)
    wait_for(workers, EpochEnded)
    workers.train(0, 1)
    failed = wait_for(workers, TrialFailed)
    assert isinstance(failed, TrialFailed)
    assert (failed.number, failed.error, failed.message) == (0, "ValueError", "planted <failure>")
    assert "in raising" in failed.traceback
    workers.release(0)
    workers.start(make_spec(1, pooling="capsule"), attempt=1)
    wait_for(workers, EpochEnded)


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("speechless", "SpeechlessError", "(its message cannot be had: ValueError)"),
        ("leaving", "SystemExit", "3"),
        ("unspeakable", "ValueError", r"\udc80  [...] "),
    ],
)
def test_whatever_a_trial_raises_is_data(
    open_workers: Open, make_spec: MakeSpec, formula: str, error: str, message: str
) -> None:
    workers = ready(open_workers(formula))
    workers.start(make_spec(0), attempt=1)
    failed = wait_for(workers, TrialFailed)
    assert isinstance(failed, TrialFailed)
    assert failed.error == error
    assert failed.message.replace("x", "") == message
    assert len(failed.message) < 3000
    assert f"in {formula}" in failed.traceback
    workers.release(0)
    assert workers.has_room()


def test_what_cannot_be_saved_is_said_and_the_worker_lives_on(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers(trainer="tests.sweeps.formulas:Unsaveable"))
    workers.start(make_spec(5), attempt=1)
    wait_for(workers, EpochEnded)
    workers.save(5, "model")
    workers.release(5)
    saved = wait_for(workers, Saved)
    assert isinstance(saved, Saved)
    assert (saved.number, saved.payload, saved.problem) == (5, b"", "model: NotImplementedError: no get_config")
    assert workers.has_room()


def test_a_trial_that_takes_too_long_is_over(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers(trainer="tests.sweeps.formulas:SlowTrainer", trial_timeout=1500))
    begun = workers.start(make_spec(3), attempt=2)
    wait_for(workers, EpochEnded)
    workers.train(3, 1)
    lost = wait_for(workers, AttemptLost)
    assert isinstance(lost, AttemptLost)
    assert (lost.number, lost.attempt, lost.worker) == (3, 2, begun.worker)
    assert (lost.reason, lost.retry) == ("took longer than 1500 s", False)
    with pytest.raises(RuntimeError, match="trial 3 is not on a worker"):
        workers.train(3, 2)
    assert not workers.busy()
    for number in range(workers.count):
        workers.start(make_spec(4 + number), attempt=1)
        wait_for(workers, EpochEnded)


def test_a_trial_in_time_is_left_alone(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers(trial_timeout=600, no_progress=600))
    workers.start(make_spec(0), attempt=1)
    wait_for(workers, EpochEnded)


def test_what_a_driver_stands_still_is_not_the_trials_time(
    open_workers: Open, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = ready(open_workers(trial_timeout=600, no_progress=600))
    workers.start(make_spec(0), attempt=1)
    wait_for(workers, EpochEnded)
    clock = time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + 3600)  # its disk was full for an hour
    workers.train(0, 1)
    wait_for(workers, EpochEnded)


def test_an_answer_of_a_worker_that_has_been_replaced_is_never_heard(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:learning"})
    workers = RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC)
    ready(workers)
    for number in range(2):
        workers.start(make_spec(number), attempt=1)
    ray.wait(list(workers._crew.calls), num_returns=2)
    first = wait_for(workers, EpochEnded)
    assert isinstance(first, EpochEnded)
    workers.release(first.number)
    other = next(slot for slot in workers._crew.slots if slot.spec)
    workers._replace(other, "planted")
    wait_for(workers, WorkerEnded)
    wait_for(workers, WorkerStarted)
    workers.close()


def test_a_trial_that_hangs_beyond_its_time_has_failed(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:hanging"}, faults={"trial_timeout": 1})
    workers = ready(RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC))
    begun = workers.start(make_spec(0, pooling="max"), attempt=1)
    wait_for(workers, EpochEnded)
    workers.train(0, 1)
    lost = wait_for(workers, AttemptLost)
    assert isinstance(lost, AttemptLost)
    assert (lost.reason, lost.retry) == ("took longer than 1 s", False)
    gone = wait_for(workers, WorkerEnded)
    assert isinstance(gone, WorkerEnded)
    assert (gone.worker, gone.reason) == (begun.worker, lost.reason)
    wait_for(workers, WorkerStarted)
    workers.close()


def test_an_answer_that_has_come_is_never_overdue(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:learning"}, faults={"no_progress": 1000})
    workers = ready(RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC))
    for number in range(2):
        workers.start(make_spec(number), attempt=1)
    ray.wait(list(workers._crew.calls), num_returns=2)
    for slot in workers._crew.slots:
        slot.heard -= 2000  # the driver looked away meanwhile
    workers._next_check = 0.0
    for _ in range(2):
        wait_for(workers, EpochEnded)
    workers.close()


def test_a_hung_worker_is_found_beside_one_that_never_rests(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:hanging"}, faults={"no_progress": 1})
    workers = ready(RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC))
    workers.start(make_spec(0, pooling="max"), attempt=1)
    workers.start(make_spec(1, pooling="capsule"), attempt=1)
    for _ in range(2):
        wait_for(workers, EpochEnded)
    workers.train(0, 1)
    report: Report | None = None
    epoch = 1
    while not isinstance(report, AttemptLost):
        workers.train(1, epoch)
        ray.wait(list(workers._crew.calls), num_returns=1)  # there is always an answer
        report = hear(workers)
        epoch += 1
    assert report.number == 0
    workers.close()


def test_a_model_that_is_lost_with_its_worker_is_named(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:learning"})
    workers = ready(RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC))
    workers.start(make_spec(5), attempt=1)
    wait_for(workers, EpochEnded)
    (slot,) = (slot for slot in workers._crew.slots if slot.busy)
    kill(slot)
    workers.save(5, "model")
    workers.release(5)
    heard: list[Report | None] = []
    while workers.busy():
        heard.append(workers.wait())
    (saved,) = (report for report in heard if isinstance(report, Saved))
    assert (saved.number, saved.kind, saved.payload) == (5, "model", b"")
    assert saved.problem
    assert saved.problem.startswith("model: ")
    workers.close()


def test_an_answer_is_heard_once_though_another_worker_is_given_up_in_the_same_look(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:hanging"}, faults={"no_progress": 1000})
    workers = ready(RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC))
    workers.start(make_spec(0, pooling="max"), attempt=1)
    wait_for(workers, EpochEnded)
    hung = workers._slot_of(0)
    workers.train(0, 1)
    workers.save(0, "model")
    workers.release(0)
    workers.start(make_spec(1, pooling="capsule"), attempt=1)
    answer = next(reference for reference, slot in workers._crew.calls.items() if slot is not hung)
    ray.wait([answer])
    hung.heard -= 2000
    workers._next_check = 0.0
    heard = [hear(workers) for _ in range(4)]
    assert sum(isinstance(report, EpochEnded) for report in heard) == 1
    assert {type(report) for report in heard} == {EpochEnded, WorkerEnded, Saved, WorkerStarted}
    assert answer not in workers._crew.calls
    workers.close()


def test_what_trains_in_the_driver_has_no_gpu(
    make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", "1")
    config = make_config(model={"build": "tests.sweeps.formulas:learning"}, workers={"gpus": 0.5})
    workers = ready(InlineWorkers(config, data, trainer="tests.sweeps.formulas:SharingTrainer"))
    workers.start(make_spec(0), attempt=1)
    ended = wait_for(workers, EpochEnded)
    assert isinstance(ended, EpochEnded)
    assert ended.metrics == {"gpus": 0.0, "fraction": 1.0}


def test_a_ray_worker_that_hangs_is_ended_and_its_trial_may_go_on_elsewhere(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:hanging"}, faults={"no_progress": 1})
    workers = ready(RayWorkers(config, data, cluster=cluster, trainer=SYNTHETIC))
    hanging, quick = (
        workers.start(make_spec(0, pooling="max"), attempt=1),
        workers.start(make_spec(1, pooling="capsule"), attempt=1),
    )
    for _ in range(2):
        wait_for(workers, EpochEnded)
    workers.train(0, 1)
    lost = wait_for(workers, AttemptLost)
    assert isinstance(lost, AttemptLost)
    assert (lost.number, lost.worker) == (0, hanging.worker)
    assert (lost.reason, lost.retry) == ("no word from its worker for 1 s", True)
    wait_for(workers, WorkerEnded)
    started = wait_for(workers, WorkerStarted)
    assert isinstance(started, WorkerStarted)
    assert started.worker not in (hanging.worker, quick.worker)
    workers.train(1, 1)
    ended = wait_for(workers, EpochEnded)
    assert isinstance(ended, EpochEnded)
    assert (ended.number, ended.worker) == (1, quick.worker), "a worker that owes nothing is not overdue"
    workers.close()


def test_calls_out_of_order_are_refused(open_workers: Open, make_spec: MakeSpec) -> None:
    workers = ready(open_workers())
    with pytest.raises(RuntimeError, match="nothing is under way"):
        workers.wait()
    with pytest.raises(RuntimeError, match="trial 5 is not on a worker"):
        workers.train(5, 1)
    with pytest.raises(RuntimeError, match="trial 5 is not on a worker"):
        workers.release(5)


def test_a_trainer_that_cannot_be_opened_is_a_clear_error(open_workers: Open) -> None:
    workers = open_workers(trainer="sweeps.training.nowhere:Trainer")
    with pytest.raises(WorkerError, match=r"could not start: ModuleNotFoundError"):
        hear(workers)


def test_a_ray_worker_that_holds_the_architecture_is_preferred(
    cluster: Cluster, make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.formulas:learning"})
    workers = RayWorkers(
        config, data, cluster=cluster, architecture=lambda spec: str(spec.params["pool_size"]), trainer=SYNTHETIC
    )
    ready(workers)
    homes = {}
    for number, size in enumerate((3, 4)):
        homes[size] = workers.start(make_spec(number, pool_size=size), attempt=1).worker
    for _ in range(2):
        ended = wait_for(workers, EpochEnded)
        assert isinstance(ended, EpochEnded)
        workers.release(ended.number)
    assert len(set(homes.values())) == 2
    for number, size in ((2, 4), (3, 3)):
        assert workers.start(make_spec(number, pool_size=size), attempt=1).worker == homes[size]
    workers.close()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"count": 4000}, "4000 with 1 CPU and 0 GPU each do not fit"),
        ({"gpus": 1}, "1 with 1 CPU and 1 GPU each do not fit"),
    ],
)
def test_more_than_the_cluster_has_is_refused(cluster: Cluster, asked: dict[str, float], message: str) -> None:
    config = SweepConfig.from_mapping({"space": {"x": [1]}, "workers": asked}, source="test")
    with pytest.raises(WorkerError, match=message):
        settle(config.workers, None, Supply([{"CPU": 2.0}], {}))


def test_a_trial_that_runs_alone_has_the_device_for_itself(
    make_config: Callable[..., SweepConfig], make_spec: MakeSpec, data: Dataset, cluster: Cluster
) -> None:
    workers = RayWorkers(
        make_config(model={"build": "tests.sweeps.formulas:learning"}), data, cluster=cluster, trainer=SYNTHETIC
    )
    try:
        ready(workers)
        workers.start(make_spec(0), attempt=1)
        assert workers.has_room()
        assert not workers.has_room(alone=True)
        with pytest.raises(RuntimeError, match="no worker is idle"):
            workers.start(make_spec(1), attempt=1, alone=True)
        wait_for(workers, EpochEnded)
        workers.release(0)
        assert workers.has_room(alone=True)
        workers.start(make_spec(1), attempt=1, alone=True)
        assert not workers.has_room()
        wait_for(workers, EpochEnded)
        workers.release(1)
        workers.start(make_spec(2), attempt=1)
        assert workers.has_room()
    finally:
        workers.close()


def test_a_worker_is_replaced_after_so_many_trials_and_not_before_it_has_sent_what_it_owes(
    make_config: Callable[..., SweepConfig], make_spec: MakeSpec, data: Dataset, cluster: Cluster
) -> None:
    config = make_config(
        model={"build": "tests.sweeps.formulas:learning"}, workers={"count": 1, "gpus": 0, "recycle_trials": 2}
    )
    workers = RayWorkers(config, data, cluster=replace(cluster, count=1), trainer=SYNTHETIC)
    try:
        ready(workers)
        for number in (0, 1):
            workers.start(make_spec(number), attempt=1)
            wait_for(workers, EpochEnded)
            if number == 1:
                workers.save(1, "model")
            workers.release(number)
        saved = wait_for(workers, Saved)
        assert isinstance(saved, Saved)
        assert saved.payload == b"model of trial 1"
        told = wait_for(workers, ResourceEvent)
        assert isinstance(told, ResourceEvent)
        assert (told.kind, told.worker, told.detail) == ("recycled", saved.worker, "after 2 trials")
        assert not workers.has_room()
        gone = wait_for(workers, WorkerEnded)
        assert isinstance(gone, WorkerEnded)
        assert gone.worker == saved.worker
        started = wait_for(workers, WorkerStarted)
        assert isinstance(started, WorkerStarted)
        assert started.worker != saved.worker
        assert workers.has_room()
    finally:
        workers.close()
