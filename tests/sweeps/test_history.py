"""The log, folded: what each trial came to, at any moment of a run."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.config import SweepConfig
from sweeps.errors import ConfigError, RunError
from sweeps.history import History, read_run
from sweeps.records import (
    AnyEvent,
    ArtifactWritten,
    AttemptLost,
    AttemptStarted,
    Audited,
    DriverStarted,
    EpochEnded,
    ModelFacts,
    PlanFrozen,
    Seeds,
    StudyCreated,
    SweepEnded,
    SweepStarted,
    TrialEnded,
    TrialFailed,
    TrialStarted,
    TrialTested,
    WorkerEnded,
    WorkerStarted,
)
from sweeps.runlog import RunDirectory, RunLog
from sweeps.summary import summarise

CONFIG = SweepConfig.from_mapping(
    {"name": "s", "space": {"pooling": ["capsule", "max"], "size": {"int": [2, 4]}}, "compare": "pooling"},
    source="test",
)
STARTED = SweepStarted(
    time=100.0,
    sweep="0",
    name="s",
    config=CONFIG.model_dump(mode="json"),
    config_digest="",
    data={},
    commit=None,
    dirty=None,
    versions={},
    notes=("on other data",),
)


def study(arm: str | None, **changes: Any) -> StudyCreated:
    fields: dict[str, Any] = {"direction": "maximize", "sampler": "tpe", "pruner": "median", "seed": 0}
    fields |= {"sampler_settings": {}, "pruner_settings": {}, "startup_trials": 1, "space": {}, "space_digest": ""}
    return StudyCreated(**{"time": 100.0, "study": f"s/{arm}", "arm": arm, "budget": 2, **fields, **changes})


def driver(time: float) -> DriverStarted:
    return DriverStarted(time=time, term=1, host="h", pid=1, cluster="local", workers=2, cpus=1, gpus=0)


def worker(name: str, time: float) -> WorkerStarted:
    return WorkerStarted(
        time=time,
        worker=name,
        node="n",
        pid=1,
        device="cpu",
        backend="b",
        versions={},
        deterministic=False,
        seconds=1.0,
    )


def trial(number: int, arm: str = "max") -> TrialStarted:
    return TrialStarted(
        time=100.0,
        number=number,
        study=f"s/{arm}",
        arm=arm,
        order=number,
        params={"pooling": arm, "size": 3},
        config_hash="",
        shared_hash="",
        sampler_phase="startup",
        epochs=2,
        seeds=Seeds(init=1, order=2, dropout=3, augment=4, split=5),
    )


def attempt(number: int, attempt: int = 1, time: float = 100.0) -> AttemptStarted:
    return AttemptStarted(time=time, number=number, attempt=attempt, worker="w0", wait_seconds=0.0, concurrency=1)


def epoch(number: int, epoch: int, *, time: float = 100.0, seconds: float = 1.0, build: float = 0.5) -> EpochEnded:
    facts = ModelFacts(parameters=10, macs=20, build_seconds=build, warm=False)
    return EpochEnded(
        time=time,
        number=number,
        attempt=1,
        worker="w0",
        epoch=epoch,
        step=epoch + 1,
        metrics={"val_accuracy": 0.5},
        seconds=seconds,
        is_first=epoch == 0,
        traces=0,
        memory_bytes=1,
        model=facts if epoch == 0 else None,
    )


def end(number: int, value: float | None = 0.5, **changes: Any) -> TrialEnded:
    fields: dict[str, Any] = {"state": "complete", "epochs": 2, "step": 2, "last": {}}
    fields |= {"attempt": 1, "best_value": value, "best_epoch": 0, "time": 100.0}
    return TrialEnded(**{"number": number, "value": value, **fields, **changes})


def fold(*events: AnyEvent) -> History:
    history = History(RunDirectory(Path("run")))
    for event in events:
        history.fold(event)
    return history


HEAD = (STARTED, study("capsule"), study("max"), driver(100.0))


def test_a_trial_is_all_that_happened_to_it() -> None:
    model = ArtifactWritten(number=0, kind="model", path="artifacts/a", digest="", bytes=1)
    events = (trial(0), attempt(0), epoch(0, 0), epoch(0, 1), end(0), model)
    history = fold(*HEAD, *events)
    found = history.trials[0]
    assert (found.number, found.state, found.spec) == (0, "complete", events[0])
    assert found.attempts == [events[1]]
    assert found.epochs == [events[2], events[3]]
    assert found.ended == events[4]
    assert found.artifacts == {"model": model}
    assert found.model == events[2].model  # type: ignore[union-attr]
    assert found.failure is None
    assert found.seconds == 2.5
    assert history.studies == [study("capsule"), study("max")]
    assert history.drivers == [driver(100.0)]


def test_plans_audits_and_tests_have_their_places_in_the_log() -> None:
    tested = TrialTested(number=0, attempt=1, worker="w0", metrics={}, examples=1, seconds=1.0, time=1.0)
    plan = PlanFrozen(revision=1, plan={}, digest="", time=500.0)
    history = fold(*HEAD, trial(0), plan, Audited(action="test set read", detail="trial 0", time=300.0), tested, plan)
    first = len(HEAD)
    assert (history.trials[0].begun_at, history.trials[0].tested_at) == (first, first + 3)
    assert (history.plans_at, history.audits_at, history.place) == ([first + 1, first + 4], [first + 2], first + 5)


def test_a_new_attempt_forgets_the_epochs_of_the_lost_one() -> None:
    lost = AttemptLost(number=0, attempt=1, worker="w0", reason="gone")
    history = fold(*HEAD, trial(0), attempt(0), epoch(0, 0), epoch(0, 1), lost)
    assert (history.trials[0].state, len(history.trials[0].epochs)) == ("running", 2)
    assert history.lost == [lost]
    for event in (attempt(0, 2), epoch(0, 0, seconds=3.0, build=0.25)):
        history.fold(event)
    assert history.trials[0].attempts == [attempt(0), attempt(0, 2)]
    assert history.trials[0].seconds == 3.25


def test_a_failure_is_kept_with_its_trial() -> None:
    failure = TrialFailed(number=0, attempt=1, worker="w0", error="E", message="m", traceback="t")
    history = fold(*HEAD, trial(0), attempt(0), failure, end(0, None, state="failed", reason="E: m"))
    assert history.trials[0].failure == failure
    assert history.trials[0].state == "failed"
    assert history.trials[0].seconds == 0.0


def test_a_driver_that_starts_makes_an_ended_run_go_on() -> None:
    over = SweepEnded(reason="budget met")
    audit = Audited(action="export", detail="x")
    page = ArtifactWritten(number=None, kind="page", path="p", digest="", bytes=1)
    history = fold(*HEAD, over, audit, page)
    assert history.ended == over
    assert history.audits == [audit]
    history.fold(driver(200.0))
    assert history.ended is None
    assert len(history.drivers) == 2


def test_the_last_time_is_the_latest_of_any_clock() -> None:
    assert fold(*HEAD, worker("w0", 300.0), replace(trial(0), time=200.0)).last_time == 300.0


@pytest.mark.parametrize("event", [attempt(7), epoch(7, 0), end(7)])
def test_an_event_of_a_trial_that_never_started_is_refused(event: AnyEvent) -> None:
    with pytest.raises(RunError, match=rf"run/events\.jsonl: {event.event} of trial 7, which never started"):
        fold(*HEAD, trial(0), event)


def test_a_run_is_read_while_it_grows(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "run")
    log = RunLog.create(directory)
    log.append(STARTED)
    history = read_run(directory.path)
    assert history.header == STARTED
    assert history.config == CONFIG
    assert not history.refresh()
    for event in (study("max"), trial(0, "max")):
        log.append(event)
    with directory.events.open("ab") as file:
        file.write(b'{"event":"tri')
    assert history.refresh()
    assert not history.refresh()
    assert list(history.trials) == [0]
    log.append(attempt(0))
    assert history.refresh()
    assert history.trials[0].attempts == [attempt(0)]
    log.close()
    assert history.offset == directory.events.stat().st_size


def test_an_empty_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").touch()
    with pytest.raises(RunError, match="empty: nothing was started; delete the directory and launch again"):
        read_run(tmp_path)
    with pytest.raises(RunError, match="no run here"):
        read_run(tmp_path / "gone")


def test_a_config_that_no_longer_holds_names_the_log() -> None:
    history = fold(replace(STARTED, config={**STARTED.config, "seed": -1}))
    with pytest.raises(ConfigError, match=r"^run/events\.jsonl: seed: "):
        _ = history.config


def shares(history: History, **expected: float) -> None:
    """Check every share; those not named are nothing."""
    found = history.utilisation.shares()
    assert found is not None
    names = ("train", "trace", "start", "wait", "report")
    assert asdict(found) == pytest.approx({name: expected.get(name, 0.0) for name in names}, abs=1e-12)


def test_every_second_of_a_worker_is_accounted_for() -> None:
    history = fold(*HEAD, worker("w0", 100.0), trial(0))  # asked for at 99
    shares(history, start=1.0)
    history.fold(attempt(0, time=101.0))
    shares(history, start=0.5, wait=0.5)
    history.fold(epoch(0, 0, time=109.0, seconds=7.0, build=0.5))  # half a second on the way
    shares(history, start=0.1, wait=0.1, train=0.7, trace=0.05, report=0.05)
    history.fold(replace(end(0), time=109.0))
    history.fold(worker("w1", 119.0))
    shares(history, start=2 / 21, wait=11 / 21, train=7 / 21, trace=0.5 / 21, report=0.5 / 21)


def test_a_trace_is_what_the_first_epoch_took_longer_than_the_second() -> None:
    history = fold(*HEAD, worker("w0", 100.0), trial(0), attempt(0), trial(1))
    history.fold(replace(epoch(0, 0, time=107.0, seconds=7.0, build=0.0), traces=2))
    shares(history, start=1 / 8, train=7 / 8)
    history.fold(epoch(0, 1, time=109.0, seconds=2.0))
    shares(history, start=0.1, train=0.4, trace=0.5)
    history.fold(epoch(0, 2, time=110.0, seconds=1.0))
    shares(history, start=1 / 11, train=5 / 11, trace=5 / 11)


def test_a_warm_first_epoch_holds_no_trace() -> None:
    history = fold(*HEAD, worker("w0", 100.0), trial(0), attempt(0), epoch(0, 0, time=107.0, seconds=7.0, build=0.0))
    history.fold(epoch(0, 1, time=109.0, seconds=2.0))
    shares(history, start=0.1, train=0.9)


def test_the_night_between_two_drivers_belongs_to_no_worker() -> None:
    history = fold(*HEAD, worker("w0", 101.0), trial(0), attempt(0, time=101.0))
    history.fold(epoch(0, 0, time=110.0, seconds=9.0, build=0.0))
    for event in (driver(50_000.0), worker("w0", 50_001.0), attempt(0, 2, 50_001.0)):
        history.fold(event)
    history.fold(epoch(0, 0, time=50_010.0, seconds=4.0, build=0.0))
    shares(history, start=0.1, train=0.65, report=0.25)


def test_a_lost_worker_is_no_longer_waited_for() -> None:
    lost = AttemptLost(time=110.0, number=0, attempt=1, worker="w0", reason="gone")
    history = fold(*HEAD, worker("w0", 101.0), trial(0), attempt(0, time=101.0))
    history.fold(epoch(0, 0, time=106.0, seconds=5.0, build=0.0))
    for event in (lost, replace(lost, worker="unknown"), worker("w1", 121.0), replace(end(0), time=130.0)):
        history.fold(event)
    shares(history, start=0.1, train=0.25, wait=0.45, report=0.2)


def test_a_worker_that_was_replaced_waits_for_nothing_any_more() -> None:
    history, time = fold(*HEAD), 101.0
    for number in range(10):
        name = f"w{number}"
        history.fold(worker(name, time))  # asked for a second before
        history.fold(trial(number))
        history.fold(replace(attempt(number, time=time), worker=name))
        history.fold(epoch(number, 0, time=time + 9.0, seconds=9.0, build=0.0))
        history.fold(replace(end(number), time=time + 9.0))
        history.fold(WorkerEnded(time=time + 9.0, worker=name, reason="recycled"))
        time += 10.0
    shares(history, start=0.1, train=0.9)


def test_a_clock_that_runs_ahead_cannot_make_shares_above_one() -> None:
    early = fold(*HEAD, worker("w0", 100.0), trial(0), attempt(0), epoch(0, 0, time=101.0, seconds=9.0, build=0.0))
    shares(early, start=0.1, train=0.9)
    assert fold(*HEAD).utilisation.shares() is None


def test_a_summary_counts_states_and_finds_each_arms_leader() -> None:
    history = fold(
        *HEAD,
        *(event for number in range(3) for event in (trial(number, "max"), attempt(number), epoch(number, 0))),
        end(0, 0.7),
        end(1, 0.9, state="pruned"),
        end(2, 0.8),
        trial(3, "max"),
        trial(4, "capsule"),
        attempt(4),
        end(4, None, state="failed"),
    )
    summary = summarise(history)
    assert (summary.name, summary.metric, summary.notes) == ("s", "val_accuracy", ("on other data",))
    capsule, other = summary.arms
    assert (capsule.arm, capsule.name, capsule.budget) == ("capsule", "capsule", 2)
    assert (capsule.states, capsule.best, capsule.seconds) == ({"failed": 1}, None, 0.0)
    assert other.states == {"complete": 2, "pruned": 1, "running": 1}
    assert other.best == (2, 0.8, {"pooling": "max", "size": 3})
    assert other.seconds == 4.5


def test_the_leader_follows_the_direction_and_a_tie_goes_to_the_first() -> None:
    document = {**STARTED.config, "objective": {"direction": "minimize"}}
    events = (*HEAD[1:], trial(0), end(0, 0.7), trial(1), end(1, 0.5), trial(2), end(2, 0.5))
    best = summarise(fold(replace(STARTED, config=document), *events)).arms[1].best
    assert best is not None
    assert best[:2] == (1, 0.5)


def test_a_joint_search_is_one_arm_called_all() -> None:
    (arm,) = summarise(fold(STARTED, study(None))).arms
    assert (arm.name, arm.states, arm.best) == ("all", {}, None)


def test_a_run_is_running_ended_or_interrupted(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "run")
    log = RunLog.create(directory)
    for event in HEAD:
        log.append(event)
    history = read_run(directory.path)
    assert summarise(history).state == "running"
    log.close()
    assert summarise(history).state == "interrupted"
    history.fold(SweepEnded(reason="budget met"))
    assert summarise(history).state == "ended"


def test_a_log_of_the_time_when_controls_was_a_number_is_read(tmp_path: Path) -> None:
    document = {**CONFIG.model_dump(mode="json"), "controls": 0, "confirm": {"seeds": 0}, "swap": {"settings": 0}}
    history = History(RunDirectory(tmp_path))
    history.fold(replace(STARTED, schema=4, config=document))
    assert history.config == CONFIG


def shown(number: int, *, time: float = 100.0, seconds: float = 2.0) -> TrialTested:
    return TrialTested(
        time=time, number=number, attempt=1, worker="w0", metrics={"accuracy": 0.4}, examples=9, seconds=seconds
    )


def test_trials_after_the_search_are_kept_apart_with_what_the_test_said() -> None:
    plan = PlanFrozen(revision=1, plan={"champions": []}, digest="d")
    later = replace(trial(2), phase="confirm", pair_id="confirm:0:0")
    search = (*HEAD, trial(0), attempt(0), epoch(0, 0), end(0, 0.5), trial(1, "capsule"), end(1, 0.4))
    history = fold(*search, plan, later, attempt(2), epoch(2, 0), shown(2), end(2, 0.99, test=0.4))
    assert [each.number for each in history.searched] == [0, 1]
    assert history.plans == [plan]
    assert (history.trials[2].tested, history.trials[0].tested) == (shown(2), None)
    assert (history.trials[2].spent, history.trials[2].seconds) == (3.5, 1.5)
    assert summarise(history).arms == summarise(fold(*search)).arms


def test_a_test_of_a_kept_model_costs_the_search_nothing() -> None:
    search = (*HEAD, trial(0), attempt(0), epoch(0, 0), end(0, 0.5))
    tested = replace(shown(0), attempt=0, worker="driver")
    history = fold(*search, tested)
    assert history.trials[0].tested == tested
    assert history.trials[0].spent == fold(*search).trials[0].spent > 0


def test_a_test_of_a_trial_that_never_started_is_refused() -> None:
    with pytest.raises(RunError, match="trial_tested of trial 7, which never started"):
        fold(*HEAD, shown(7))


def test_a_workers_time_at_a_test_is_training() -> None:
    begun = (*HEAD, worker("w0", 102.0), trial(0), attempt(0, time=102.0), epoch(0, 0, time=104.0, build=0.0))
    shares = [
        fold(*begun, *events, end(0, time=108.0)).utilisation.shares() for events in ((), (shown(0, time=108.0),))
    ]
    assert shares[0] is not None
    assert shares[1] is not None
    # Seven seconds from when the worker was asked for: one to start, one epoch, and two of a test.
    assert shares[0].train == pytest.approx(1 / 7)
    assert shares[1].train == pytest.approx(3 / 7)
    assert shares[0].report - shares[1].report == pytest.approx(2 / 7)
