"""The source of a later phase keeps to the contract of a search's, tests in `confirm` alone, and survives any crash."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sweeps.attempts import Assignment
from sweeps.config import SweepConfig
from sweeps.errors import SweepHaltedError
from sweeps.phases import FixedPlan
from sweeps.phases.specs import confirm_specs, control_specs, cost_specs, swap_specs
from sweeps.records import (
    AttemptStarted,
    EpochEnded,
    Phase,
    ResourceEvent,
    TrialEnded,
    TrialStarted,
    TrialTested,
    WorkerStarted,
)
from tests.sweeps.later_world import CHAMPIONS, Fate, PhaseWorld, epoch_of, make_config, shown_of

SPECS = {"confirm": confirm_specs, "swap": swap_specs, "controls": control_specs, "cost_probe": cost_specs}
ALL: dict[str, Any] = {"swap": {"settings": 6}, "controls": {"pairs": 2}, "cost_probe": 2}
SIZES = {"confirm": 12, "swap": 12, "controls": 4, "cost_probe": 4}


def config_of(**changes: Any) -> SweepConfig:
    return make_config(**{**ALL, **changes})


def source_of(phase: Phase = "confirm", config: SweepConfig | None = None) -> FixedPlan:
    config = config or config_of()
    return FixedPlan(config, phase, SPECS[phase](config, CHAMPIONS), first_number=10)


def driven(*fates: Fate, phase: Phase = "confirm", config: SweepConfig | None = None) -> PhaseWorld:
    """A phase at its end, whose first trials met these fates."""
    world = PhaseWorld(dict(enumerate(fates, start=10)))
    source = source_of(phase, config)
    world.drive(source)
    assert source.finished()
    return world


def ended(world: PhaseWorld) -> dict[int, TrialEnded]:
    return {event.number: event for event in world.of(TrialEnded)}


def ask(source: FixedPlan) -> Assignment:
    work = source.ask()
    assert work is not None
    return work


@pytest.mark.parametrize("phase", SPECS)
def test_every_trial_is_trained_to_its_end_in_the_order_of_the_plan(phase: Phase) -> None:
    world = driven(phase=phase)
    config = config_of()
    wanted = [(spec.pair_id, spec.arm, spec.side) for spec in SPECS[phase](config, CHAMPIONS)]
    begun = world.of(TrialStarted)
    assert [(spec.pair_id, spec.arm, spec.side) for spec in begun] == wanted
    assert [spec.number for spec in begun] == list(range(10, 10 + SIZES[phase])) == sorted(ended(world))
    assert all(spec.time > 1.7e9 for spec in begun)
    for event in ended(world).values():
        assert (event.state, event.epochs) == ("complete", 3 if phase == "cost_probe" else 4)


@pytest.mark.parametrize("phase", SPECS)
def test_only_confirm_shows_a_trial_the_test_set_after_its_last_epoch(phase: Phase) -> None:
    source, world = source_of(phase), driven(phase=phase)
    assert source.tests == (phase == "confirm")
    assert bool(world.of(TrialTested)) == (phase == "confirm")
    work = ask(source)
    for epoch in range(work.spec.epochs):
        event = epoch_of(work.spec, epoch)
        result = source.observe(event)
        is_last = epoch == work.spec.epochs - 1
        if phase == "confirm":
            assert result is None
            assert source.wants_test(event) == is_last
        else:
            assert isinstance(result, TrialEnded) == is_last
            assert not source.wants_test(event)
    for trial in ended(world).values():
        scores = (trial.test, trial.nll, trial.brier, trial.ece)
        assert (None not in scores) if phase == "confirm" else scores == (None, None, None, None)


@pytest.mark.parametrize("at", ["last", "best"])
def test_a_result_follows_the_objective_and_what_the_test_said(at: str) -> None:
    world = driven(config=config_of(objective__at=at))
    for spec in world.of(TrialStarted):
        result = ended(world)[spec.number]
        values = [epoch_of(spec, epoch).metrics["val_accuracy"] for epoch in range(4)]
        assert result.value == (max(values) if at == "best" else values[-1])
        assert result.best_epoch == 1
        assert result.test == shown_of(spec, attempt=1).metrics["accuracy"]
        assert (result.nll, result.brier, result.ece) == (0.3, 0.2, 0.1)


def test_a_source_is_finished_when_the_last_trial_has_ended() -> None:
    source = source_of()
    assert source.size == 12
    works = [ask(source) for _ in range(12)]
    assert source.ask() is None
    assert (source.size, source.finished()) == (12, False)
    for left, work in zip(range(11, -1, -1), works, strict=True):
        assert source.expects(shown_of(work.spec, attempt=1))
        assert not source.expects(shown_of(work.spec, attempt=2))
        for epoch in range(4):
            source.observe(epoch_of(work.spec, epoch))
        assert isinstance(source.observe(shown_of(work.spec, attempt=1)), TrialEnded)
        assert not source.expects(shown_of(work.spec, attempt=1))
        assert (source.size, source.finished()) == (left, left == 0)


def test_a_new_worker_ends_nothing() -> None:
    started = WorkerStarted(
        worker="w", node="n", pid=1, device="cpu", backend="b", versions={}, deterministic=False, seconds=1.0
    )
    source = source_of()
    assert source.expects(started)
    assert source.observe(started) is None


@pytest.mark.parametrize("phase", SPECS)
def test_only_a_cost_probe_is_trained_alone(phase: Phase) -> None:
    assert ask(source_of(phase)).alone == (phase == "cost_probe")


def test_a_trial_that_runs_out_of_memory_is_tried_again_alone_once() -> None:
    world = driven(Fate("memory", 2))
    assert [event.kind for event in world.of(ResourceEvent)] == ["out_of_memory"]
    assert len([event for event in world.of(AttemptStarted) if event.number == 10]) == 2
    assert (ended(world)[10].state, ended(world)[10].reason) == ("failed", "MemoryError: ")


def test_a_trial_that_gets_no_better_ends_early_and_is_tested_then() -> None:
    world = driven(config=config_of(training__early_stopping=1))
    for trial in ended(world).values():
        assert (trial.epochs, trial.early_stop_epoch, trial.state) == (3, 2, "complete")
        assert trial.test is not None


def test_a_trials_own_patience_replaces_the_sweeps() -> None:
    config = config_of(training__early_stopping=2)
    patience = {"capsule": 0, "max": 1}
    champions = [replace(each, params={**each.params, "early_stopping": patience[str(each.arm)]}) for each in CHAMPIONS]
    source, again = (FixedPlan(config, "confirm", confirm_specs(config, champions), first_number=0) for _ in range(2))
    (world := PhaseWorld()).drive(source)
    assert {spec.arm: ended(world)[spec.number].epochs for spec in world.of(TrialStarted)} == {"max": 3, "capsule": 4}
    works = [ask(again) for _ in range(2)]
    assert [again.until(work.spec.number, 1) for work in works] == [4, 2]


@pytest.mark.parametrize(("every", "untils"), [(0, [4, 4, 4, 4]), (1, [1, 2, 3, 4]), (3, [3, 3, 3, 4])])
def test_nothing_is_decided_before_a_checkpoint_or_the_end(every: int, untils: list[int]) -> None:
    source = source_of(config=config_of(faults={"checkpoint_every": every}))
    spec = ask(source).spec
    assert [source.until(spec.number, epoch) for epoch in range(4)] == untils
    assert source.wants_checkpoint(epoch_of(spec, 2), stopping=False) == (every in (1, 3))
    assert source.wants_checkpoint(epoch_of(spec, 1), stopping=True) == bool(every)


def test_a_lost_trial_goes_on_from_its_checkpoint_before_anything_new_is_begun() -> None:
    world = driven(Fate("lost", 3, times=1), config=config_of(faults={"checkpoint_every": 2}))
    attempts = [(event.number, event.attempt, event.epoch) for event in world.of(AttemptStarted)]
    assert attempts[:3] == [(10, 1, 0), (10, 2, 2), (11, 1, 0)]
    assert ended(world)[10].state == "complete"
    assert ended(world)[10].epochs == 4


def test_a_trial_that_loses_every_worker_fails() -> None:
    world = driven(Fate("lost", 1), Fate("lost", 99), Fate("slow", 0))
    assert [(ended(world)[number].state, ended(world)[number].reason) for number in (10, 11, 12)] == [
        ("failed", "lost 3 workers in a row, the last by: gone"),
        ("failed", "lost 3 workers in a row, the last by: gone"),
        ("failed", "too long"),
    ]
    assert all(ended(world)[number].test is None for number in (10, 11, 12))


@pytest.mark.parametrize("epoch", [1, 99])
@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_trial_that_raises_in_training_or_at_its_test_is_tried_again_as_often_as_asked(
    epoch: int, retries: int
) -> None:
    world = driven(Fate("raise", epoch, times=1), Fate("raise", epoch), config=config_of(faults={"retries": retries}))
    assert ended(world)[10].state == ("complete" if retries else "failed")
    assert (ended(world)[11].state, ended(world)[11].reason, ended(world)[11].value) == ("failed", "E: m", None)
    assert Counter(event.number for event in world.of(AttemptStarted))[11] == retries + 1
    tested = [event.number for event in world.of(TrialTested)]
    assert (10 in tested, 11 in tested, ended(world)[11].test) == (bool(retries), False, None)


def test_a_trial_that_diverges_has_failed_and_sees_no_test_set() -> None:
    world = driven(Fate("nan", 2))
    assert ended(world)[10].reason == "diverged: val_accuracy is not finite after epoch 3"
    assert (ended(world)[10].state, ended(world)[10].value) == ("failed", None)
    assert 10 not in [event.number for event in world.of(TrialTested)]


def test_a_report_without_the_metric_fails_its_trial_and_halts_a_sweep_of_nothing_else() -> None:
    world = PhaseWorld({number: Fate("missing", 0) for number in (10, 12)})
    with pytest.raises(
        SweepHaltedError, match=r"s/capsule: 2 trials in a row \(10, 12\) .*, wrong report: .*no metric val_accuracy"
    ):
        world.drive(source_of(config=config_of(faults={"same_error": 2})))
    assert ended(world)[10].reason == "no metric val_accuracy; the model reports loss"


def test_an_objective_that_is_not_measured_fails_a_trial_and_halts_a_sweep_of_nothing_else() -> None:
    world = PhaseWorld()
    config = config_of(objective__also=[{"metric": "val_f1", "direction": "maximize"}], faults={"same_error": 2})
    with pytest.raises(
        SweepHaltedError, match=r"s/capsule: 2 trials in a row .*, wrong report: .*no val_f1, which is an objective"
    ):
        world.drive(source_of(config=config))
    assert {(trial.state, trial.test, trial.nll) for trial in ended(world).values()} == {("failed", None, None)}


@pytest.mark.parametrize("epoch", [1, 99])
def test_a_champion_that_always_fails_halts_the_sweep(epoch: int) -> None:
    world = PhaseWorld({number: Fate("raise", epoch) for number in range(11, 22, 2)})
    source = source_of(config=config_of(faults={"same_error": 3}))
    with pytest.raises(
        SweepHaltedError, match=r"s/max: 3 trials in a row \(11, 13, 15\) failed by the same error, E: m"
    ):
        world.drive(source)


@pytest.mark.parametrize("phase", ["confirm", "swap"])
def test_failures_with_a_success_between_them_halt_nothing(phase: Phase) -> None:
    config = config_of(faults={"same_error": 2}, swap={"settings": 6})
    world = PhaseWorld({number: Fate("raise", 1) for number in (11, 15, 19)})
    world.drive(source_of(phase, config))
    assert Counter(trial.state for trial in ended(world).values()) == {"complete": 9, "failed": 3}


@pytest.mark.parametrize("phase", SPECS)
def test_no_model_is_kept(phase: Phase) -> None:
    source = source_of(phase)
    assert not any(source.keeps(result) for result in ended(driven(phase=phase)).values())


FATES = (
    Fate("raise", 99, times=1),
    Fate("lost", 3, times=2),
    Fate("nan", 2),
    Fate("raise", 1),
    Fate("lost", 99, times=1),
    Fate("memory", 1, times=1),
    Fate("lost", 0),
    Fate("slow", 1),
)
CASES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "with checkpoints": {"faults": {"checkpoint_every": 2, "same_error": 0}},
    "tried again": {"faults": {"checkpoint_every": 1, "retries": 1, "same_error": 0}},
    "the best epoch, early": {"objective__at": "best", "training__early_stopping": 1, "faults": {"same_error": 0}},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("phase", SPECS)
def test_a_phase_cut_off_anywhere_comes_to_the_same_end(phase: Phase, case: str) -> None:
    config = config_of(**CASES[case])
    whole = driven(*FATES, phase=phase, config=config)
    for length in range(len(whole.log) + 1):
        again, source = whole.cut(length), source_of(phase, config)
        begun = len(again.of(TrialStarted))
        source = FixedPlan(config, phase, SPECS[phase](config, CHAMPIONS), first_number=10 + begun)
        again.log += source.replay(again.log, checkpoints=again.checkpoints)
        over = {event.number for event in again.of(TrialEnded)}
        left = {number: epoch for number, epoch in again.checkpoints.items() if number not in over}
        kept = [event.number for event in again.of(TrialEnded) if event.state == "complete"]
        again.drive(source)
        assert again.results() == whole.results(), length
        assert len(again.of(TrialEnded)) == SIZES[phase] == len(again.of(TrialStarted)), length
        attempts = [event for event in again.log[length:] if isinstance(event, AttemptStarted)]
        assert {event.number: event.epoch for event in attempts[::-1]}.items() >= left.items(), length
        trained = [event.number for event in again.log[length:] if isinstance(event, EpochEnded)]
        assert not set(kept) & set(trained), length
        assert source.finished()


def test_a_replay_brings_the_results_that_a_log_lacks() -> None:
    whole = driven(Fate("nan", 1))
    for at, event in enumerate(whole.log):
        if isinstance(event, TrialEnded):
            results = source_of().replay(whole.log[:at], checkpoints={})
            assert [(each.number, each.state, each.value, each.test, each.reason) for each in results] == [
                (event.number, event.state, event.value, event.test, event.reason)
            ]
        elif isinstance(event, TrialStarted):
            assert source_of().replay(whole.log[:at], checkpoints={}) == []


def test_more_seeds_train_only_what_is_new() -> None:
    few = driven()
    config = config_of(confirm__seeds=8)
    source = FixedPlan(config, "confirm", confirm_specs(config, CHAMPIONS), first_number=22)
    assert source.replay(few.log, checkpoints={}) == []
    more = few.cut(len(few.log))
    more.drive(source)
    assert [spec.pair_id for spec in more.of(TrialStarted)[12:]] == ["confirm:0:6"] * 2 + ["confirm:0:7"] * 2
    assert [spec.number for spec in more.of(TrialStarted)] == list(range(10, 26))
