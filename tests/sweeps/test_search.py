"""Search: equal budgets, honest results, pruning at the right step, and a replay that forgets nothing."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState

from search_spaces import Params, ParamValue
from sweeps.attempts import Assignment
from sweeps.batches import largest_batch
from sweeps.codec import config_hash, digest, from_line, to_line
from sweeps.records import (
    AnyEvent,
    ArtifactWritten,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ResourceEvent,
    State,
    StudyCreated,
    TrialEnded,
    TrialFailed,
    TrialSpec,
    TrialStarted,
    WorkerStarted,
)
from sweeps.search import Search
from sweeps.search.arm import Arm
from sweeps.seeds import trial_seeds
from tests.sweeps.search_world import (
    MEDIAN,
    SPACE,
    Fate,
    World,
    arms_of,
    ask,
    epoch_of,
    lose,
    make_config,
    optuna_trials,
    quality,
    resumed,
    train,
)

FATES = {
    1: Fate("nan", 2),
    2: Fate("lost", 3, times=2),
    3: Fate("raise", 1),
    4: Fate("missing", 0),
    5: Fate("lost", 0),
    6: Fate("lost", 1, times=1),
}


def test_a_log_cut_after_any_event_leads_to_the_same_sweep() -> None:
    config = make_config(search__trials=8)
    search, world = Search(config), World(FATES)
    world.drive(search)
    states = Counter(str(event.state) for event in world.log if isinstance(event, TrialEnded))
    assert states == {"failed": 4, "complete": states["complete"], "pruned": states["pruned"]}
    assert states["pruned"] >= 2
    for length in range(len(world.log)):
        again, other = resumed(config, world, length)
        assert other.results() == world.results(), f"cut after {length} events"
        assert optuna_trials(again) == optuna_trials(search), f"cut after {length} events"
        before = {event.number for event in world.log[:length] if isinstance(event, TrialEnded)}
        after = {event.number for event in other.log[length:] if isinstance(event, AttemptStarted)}
        assert not before & after, "a finished trial was trained again"
        assert set(other.count(TrialEnded).values()) == {1}


@settings(max_examples=40)
@given(st.data())
def test_a_log_cut_twice_leads_to_the_same_sweep_whatever_happens_to_its_trials(data: st.DataObject) -> None:
    kinds = st.sampled_from(["nan", "lost", "raise", "missing"])
    fate = st.builds(Fate, kinds, st.integers(0, 3), times=st.sampled_from([1, 2, 99]))
    world = World(data.draw(st.dictionaries(st.integers(0, 7), fate, max_size=5)))
    config = make_config(
        seed=data.draw(st.integers(0, 99)),
        search__trials=4,
        objective__direction=data.draw(st.sampled_from(["maximize", "minimize"])),
        objective__at=data.draw(st.sampled_from(["last", "best"])),
        compare=data.draw(st.sampled_from(["pooling", None])),
    )
    search = Search(config)
    world.drive(search)
    _, once = resumed(config, world, data.draw(st.integers(0, len(world.log) - 1)))
    again, twice = resumed(config, once, data.draw(st.integers(0, len(once.log) - 1)))
    assert twice.results() == world.results()
    assert optuna_trials(again) == optuna_trials(search)
    assert again.finished()
    assert again.ask() is None


def next_new(search: Search) -> TrialSpec | None:
    """The next trial that the log does not know, once all others are under way."""
    while (work := search.ask()) is not None:
        if work.is_new:
            return replace(work.spec, time=0)
    return None


@settings(max_examples=40)
@given(st.data())
def test_a_study_with_many_trials_under_way_is_rebuilt_as_it_was(data: st.DataObject) -> None:
    config = make_config(search__trials=6, seed=data.draw(st.integers(0, 99)))
    search = Search(config)
    log: list[AnyEvent] = []
    running: dict[int, tuple[Assignment, int]] = {}
    for _ in range(data.draw(st.integers(1, 50))):
        if len(running) < data.draw(st.integers(1, 4)) and (work := search.ask()) is not None:
            number = work.spec.number
            log += [work.spec] if work.is_new else []
            log.append(AttemptStarted(number=number, attempt=work.attempt, worker="w", wait_seconds=0.0, concurrency=1))
            running[number] = (work, 0)
        elif running:
            number = data.draw(st.sampled_from(sorted(running)))
            work, epoch = running.pop(number)
            event: EpochEnded | AttemptLost = epoch_of(work.spec, epoch, quality(work.spec.params) + 0.01 * epoch)
            if data.draw(st.integers(0, 9)) == 0:
                event = AttemptLost(number=number, attempt=work.attempt, worker="w", reason="gone")
            log.append(event)
            result = search.observe(event)
            if result is not None:
                log.append(result)
            elif isinstance(event, EpochEnded):
                running[number] = (work, epoch + 1)
    again = Search(config)
    again.replay([from_line(to_line(event)) for event in log])
    assert optuna_trials(again) == optuna_trials(search)
    assert next_new(again) == next_new(search)


@pytest.mark.parametrize(
    ("pruner", "every", "ends"),
    [("none", 3, [3, 3, 3, 6, 6, 6, 7]), ("none", 0, [7] * 7), ("median", 3, [1, 2, 3, 4, 5, 6, 7])],
)
def test_a_word_is_needed_where_something_is_to_be_decided(pruner: str, every: int, ends: list[int]) -> None:
    search = Search(make_config(search__epochs=7, search__pruner=pruner, faults__checkpoint_every=every))
    number = ask(search).spec.number
    assert [search.until(number, epoch) for epoch in range(7)] == ends


def test_every_arm_gets_its_budget_whatever_ends_its_trials() -> None:
    world = World({0: Fate("raise", 0), 2: Fate("lost", 0), 4: Fate("nan", 0), 6: Fate("missing", 0)})
    search = Search(make_config())
    world.drive(search)
    specs = [event for event in world.log if isinstance(event, TrialStarted)]
    assert [spec.number for spec in specs] == list(range(10))
    assert Counter(spec.arm for spec in specs) == {"capsule": 5, "max": 5}
    assert [spec.order for spec in specs if spec.arm == "max"] == list(range(5))
    assert Counter(spec.study for spec in specs) == {"s/capsule": 5, "s/max": 5}
    assert world.count(TrialEnded) == Counter(range(10))
    assert world.count(AttemptStarted)[2] == 3
    assert search.finished()
    assert search.ask() is None


def test_arms_take_turns_even_when_many_trials_run_at_once() -> None:
    search = Search(make_config(search__trials=2))
    works = [ask(search) for _ in range(4)]
    assert [work.spec.arm for work in works] == ["capsule", "max", "capsule", "max"]
    assert search.ask() is None
    assert not search.finished()
    for work in works[:-1]:
        search.observe(TrialFailed(number=work.spec.number, attempt=1, worker="w", error="", message="", traceback=""))
    assert not search.finished()
    lose(search, works[-1])
    assert ask(search).spec == works[-1].spec
    assert search.ask() is None


def test_without_compare_there_is_one_study_of_the_whole_space() -> None:
    search = Search(make_config(compare=None, search__trials=12))
    (study,) = search.studies()
    assert (study.study, study.arm, study.budget) == ("s", None, 12)
    specs = [ask(search).spec for _ in range(12)]
    assert {spec.arm for spec in specs} == {None}
    assert {spec.params["pooling"] for spec in specs} == {"capsule", "max"}
    assert all(spec.shared_hash == spec.config_hash for spec in specs)
    assert search.ask() is None


def test_a_trial_is_described_in_full() -> None:
    config = make_config(seed=3, dataset__split_seed=9)
    search = Search(config)
    ask(search), ask(search)
    spec = ask(search).spec
    config.space.validate(spec.params)
    shared = {name: spec.params[name] for name in ("pool_size", "learning_rate")}
    assert (spec.number, spec.phase, spec.study, spec.arm, spec.order) == (2, "search", "s/capsule", "capsule", 1)
    assert (spec.epochs, spec.sampler_phase, spec.replicate) == (4, "cohort", 0)
    assert spec.config_hash == config_hash(spec.params)
    assert spec.shared_hash == config_hash(shared)
    assert spec.seeds == trial_seeds(3, "search", 1, split=9)


def test_trials_of_two_arms_with_the_same_order_share_their_seeds() -> None:
    search = Search(make_config())
    specs = [ask(search).spec for _ in range(10)]
    for order in range(5):
        assert len({spec.seeds for spec in specs if spec.order == order}) == 1
    assert len({spec.seeds for spec in specs}) == 5


def test_params_follow_from_the_seed() -> None:
    def drawn(**changes: Any) -> list[dict[str, ParamValue]]:
        world = World({})
        world.drive(Search(make_config(**changes)))
        return [event.params for event in world.log if isinstance(event, TrialStarted)]

    assert drawn() == drawn()
    one, other = drawn(), drawn(seed=1)
    assert all(a != b for a, b in zip(one, other, strict=True))


def test_arms_draw_on_their_own_even_where_their_spaces_are_alike() -> None:
    search = Search(make_config(space={"arm": ["a", "b"], "x": {"float": [0, 1]}}, compare="arm"))
    drawn = [ask(search).spec.params["x"] for _ in range(10)]
    assert len(set(drawn)) == 10


def test_what_only_some_arms_have_is_not_shared() -> None:
    space = {
        "arm": ["a", "b", "c"],
        "some": {"choice": [1], "when": {"arm": ["a", "b"]}},
        "hanging": {"choice": [1], "when": {"some": 1}},
        "all": {"choice": [1], "when": {"arm": ["a", "b", "c"]}},
        "plain": [1],
    }
    search = Search(make_config(space=space, compare="arm"))
    specs = [ask(search).spec for _ in range(3)]
    assert [sorted(spec.params) for spec in specs] == [
        ["all", "arm", "hanging", "plain", "some"],
        ["all", "arm", "hanging", "plain", "some"],
        ["all", "arm", "plain"],
    ]
    assert {spec.shared_hash for spec in specs} == {config_hash({"all": 1, "plain": 1})}
    assert len({spec.config_hash for spec in specs}) == 3


def test_a_lost_trial_comes_first_again_with_the_next_attempt() -> None:
    search = Search(make_config())
    first, second = ask(search), ask(search)
    assert (first.attempt, first.is_new) == (1, True)
    search.observe(epoch_of(first.spec, 0, 0.5))
    assert lose(search, first) is None
    assert lose(search, second) is None
    again = ask(search)
    assert (again.spec, again.attempt, again.is_new) == (first.spec, 2, False)
    assert ask(search) == Assignment(second.spec, 2, False)
    assert ask(search).spec.number == 2
    for epoch in range(3):
        assert search.observe(epoch_of(first.spec, epoch, 0.1 * epoch, attempt=2)) is None
    result = search.observe(epoch_of(first.spec, 3, 0.9, attempt=2))
    assert result is not None
    assert (result.state, result.attempt, result.epochs, result.value) == ("complete", 2, 4, 0.9)


def test_the_third_loss_ends_a_trial() -> None:
    search = Search(make_config())
    for _ in range(2):
        assert lose(search, ask(search)) is None
    work = ask(search)
    search.observe(epoch_of(work.spec, 0, 0.5))
    result = lose(search, work)
    assert result is not None
    assert (result.state, result.reason) == ("failed", "lost 3 workers in a row, the last by: gone")
    assert (result.attempt, result.value, result.epochs, result.best_value) == (3, None, 1, 0.5)
    assert ask(search).spec.number == 1


def test_losses_between_which_a_trial_came_further_are_not_counted_together() -> None:
    config = make_config(faults={"losses": 2})
    search = Search(config)
    work = ask(search)
    log: list[AnyEvent] = [work.spec]
    for attempt in range(1, 6):
        log.append(
            AttemptStarted(number=0, attempt=attempt, worker="w", wait_seconds=0.0, concurrency=1, epoch=work.epoch)
        )
        search.note_checkpoint(0, attempt)
        log.append(ArtifactWritten(number=0, kind="checkpoint", path="p", digest="d", bytes=1, epochs=attempt))
        assert lose(search, work) is None
        log.append(AttemptLost(number=0, attempt=attempt, worker="w", reason="gone"))
        work = ask(search)
        assert (work.epoch, work.attempt) == (attempt, attempt + 1)
    again = Search(config)
    again.replay(log, checkpoints={0: 5})
    for each, last in ((search, work), (again, ask(again))):
        result = lose(each, last)
        assert result is not None, "once more without a new checkpoint"
        assert result.state == "failed"


def test_a_checkpoint_is_wanted_after_every_so_many_epochs_and_at_a_stop() -> None:
    search = Search(make_config(faults={"checkpoint_every": 3}))
    spec = ask(search).spec
    wanted = [epoch for epoch in range(9) if search.wants_checkpoint(epoch_of(spec, epoch, 0.5), stopping=False)]
    assert wanted == [2, 5, 8]
    assert search.wants_checkpoint(epoch_of(spec, 0, 0.5), stopping=True)
    none = Search(make_config(faults={"checkpoint_every": 0}))
    assert not none.wants_checkpoint(epoch_of(spec, 2, 0.5), stopping=True)


def test_a_trial_that_took_too_long_has_failed_at_once() -> None:
    search = Search(make_config())
    number = ask(search).spec.number
    event = AttemptLost(number=number, attempt=1, worker="w", reason="took longer than 9 s", retry=False)
    result = search.observe(event)
    assert result is not None
    assert (result.state, result.reason) == ("failed", "took longer than 9 s")
    assert ask(search).spec.number != number


def test_an_interrupted_driver_is_no_lost_worker() -> None:
    config = make_config()
    search = Search(config)
    work = ask(search)
    log: list[AnyEvent] = [work.spec]
    started = AttemptStarted(number=0, attempt=1, worker="w", wait_seconds=0.0, concurrency=1)
    log += [replace(started, attempt=attempt) for attempt in (1, 2, 3, 4)]
    log += [AttemptLost(number=0, attempt=4, worker="w", reason="gone"), replace(started, attempt=5)]
    search = Search(config)
    search.replay(log)
    work = ask(search)
    assert (work.attempt, work.is_new) == (6, False)
    assert lose(search, work) is None
    result = lose(search, ask(search))
    assert result is not None
    assert result.reason == "lost 3 workers in a row, the last by: gone"


@pytest.mark.parametrize(
    ("metrics", "named"),
    [
        ({"val_accuracy": math.nan}, "val_accuracy"),
        ({"val_accuracy": math.inf}, "val_accuracy"),
        ({"loss": math.nan}, "loss"),
        ({"loss": -math.inf}, "loss"),
        ({"loss": math.nan, "val_accuracy": math.nan}, "val_accuracy"),
    ],
)
def test_numbers_that_are_not_finite_end_a_trial_as_diverged(metrics: dict[str, float], named: str) -> None:
    search = Search(make_config())
    spec = ask(search).spec
    assert search.observe(epoch_of(spec, 0, 0.75)) is None
    result = search.observe(replace(epoch_of(spec, 1, 0.5), metrics={"loss": 1.0, "val_accuracy": 0.5, **metrics}))
    assert result is not None
    assert (result.state, result.value) == ("failed", None)
    assert result.reason == f"diverged: {named} is not finite after epoch 2"
    assert (result.epochs, result.step, result.best_value, result.best_epoch) == (2, 4, 0.75, 0)
    assert repr(result.last) == repr({"loss": 1.0, "val_accuracy": 0.5, **metrics})
    assert arms_of(search)["s/capsule"].trials()[0].state == TrialState.FAIL


def test_another_metric_may_be_what_it_likes() -> None:
    search = Search(make_config())
    assert search.observe(epoch_of(ask(search).spec, 0, 0.5, val_loss=math.nan)) is None


def test_a_missing_metric_ends_a_trial_with_the_reported_ones_named() -> None:
    search = Search(make_config(objective__metric="val_f1"))
    result = train(search, 0.5)
    assert (result.state, result.value, result.epochs) == ("failed", None, 1)
    assert result.reason == "no metric val_f1; the model reports loss, val_accuracy"


def test_what_a_model_raises_is_its_trials_reason() -> None:
    search = Search(make_config())
    number = ask(search).spec.number
    event = TrialFailed(number=number, attempt=1, worker="w", error="ValueError", message="too big", traceback="...")
    result = search.observe(event)
    assert result is not None
    assert (result.state, result.reason, result.epochs, result.step) == ("failed", "ValueError: too big", 0, 0)
    assert (result.best_value, result.best_epoch, result.last) == (None, None, {})


def test_a_worker_that_starts_ends_nothing() -> None:
    event = WorkerStarted(
        worker="w", node="n", pid=1, device="cpu", backend="b", versions={}, deterministic=False, seconds=1.0
    )
    assert Search(make_config()).observe(event) is None


@pytest.mark.parametrize(
    ("at", "direction", "value", "best"),
    [
        ("last", "maximize", 0.4, (0.8, 1)),
        ("best", "maximize", 0.8, (0.8, 1)),
        ("last", "minimize", 0.4, (0.2, 2)),
        ("best", "minimize", 0.2, (0.2, 2)),
    ],
)
def test_the_value_is_taken_at_the_last_or_at_the_best_epoch(
    at: str, direction: str, value: float, best: tuple[float, int]
) -> None:
    search = Search(make_config(objective__at=at, objective__direction=direction, search__pruner="none"))
    result = train(search, 0.5, 0.8, 0.2, 0.4)
    assert (result.state, result.value) == ("complete", value)
    assert (result.best_value, result.best_epoch) == best
    assert (result.epochs, result.step, result.prune_step, result.reason) == (4, 8, None, None)
    assert result.last == {"loss": 1.0, "val_accuracy": 0.4}
    assert arms_of(search)["s/capsule"].trials()[0].value == value


@pytest.mark.parametrize(
    ("images", "batch", "warmup", "first"),
    [
        (64, 32, 0, 0),
        (64, 32, 1, 0),
        (64, 32, 2, 0),
        (64, 32, 3, 1),
        (64, 32, 4, 1),
        (64, 32, 5, 2),
        (65, 32, 3, 0),
        (65, 32, 4, 1),
        (63, 32, 2, 0),
        (32, 32, 3, 2),
        (8, 32, 4, 3),
        (4096, 32, 64, 0),
        (50_000, 128, 64, 0),
        (64, 32, 7, 3),
    ],
)
def test_no_trial_is_stopped_before_its_warm_up_steps(images: int, batch: int, warmup: int, first: int) -> None:
    config = make_config(
        dataset__train=images,
        training__batch_size=batch,
        search__epochs=9,
        search__pruner={"name": "median", "startup_trials": 1, "warmup_steps": warmup},
        compare=None,
    )
    search = Search(config)
    assert train(search, *[0.9] * 9).state == "complete"
    result = train(search, *[0.1] * 9)
    assert (result.state, result.epochs, result.value) == ("pruned", first + 1, 0.1)
    assert result.prune_step == result.step == 2 * (first + 1)
    steps = math.ceil(images / batch)
    assert steps * (first + 1) >= warmup > steps * first or (first == 0 and warmup <= steps)


@pytest.mark.parametrize(("direction", "bad", "good"), [("maximize", 0.1, 0.9), ("minimize", 0.9, 0.1)])
def test_only_trials_that_fall_behind_the_median_are_stopped(direction: str, bad: float, good: float) -> None:
    pruner = {"name": "median", "startup_trials": 3, "warmup_steps": 0}
    search = Search(make_config(objective__direction=direction, search__pruner=pruner, compare=None))
    for value in (bad, 0.5, good):  # nothing is stopped while three trials start up
        assert train(search, *[value] * 4).state == "complete"
    assert train(search, *[bad] * 4).state == "pruned"
    assert train(search, *[good] * 4).state == "complete"


def test_the_last_epoch_completes_a_trial_however_bad() -> None:
    search = Search(make_config(compare=None, search__epochs=1, search__pruner={**MEDIAN, "warmup_steps": 0}))
    assert [train(search, value).state for value in (0.9, 0.8, 0.1)] == ["complete"] * 3


def test_a_trial_trained_again_is_not_stopped_before_the_epoch_its_lost_attempt_reached() -> None:
    search = Search(make_config(compare=None, search__epochs=5, search__pruner={**MEDIAN, "startup_trials": 1}))
    lost = ask(search)
    for epoch in range(3):
        assert search.observe(epoch_of(lost.spec, epoch, 0.1)) is None
    good = ask(search)
    for epoch in range(5):
        search.observe(epoch_of(good.spec, epoch, 0.9))
    assert lose(search, lost) is None
    assert ask(search).attempt == 2
    assert search.observe(epoch_of(lost.spec, 0, 0.1, attempt=2)) is None
    assert search.observe(epoch_of(lost.spec, 1, 0.1, attempt=2)) is None
    result = search.observe(epoch_of(lost.spec, 2, 0.1, attempt=2))
    assert result is not None
    assert (result.state, result.epochs) == ("pruned", 3)


@pytest.mark.parametrize(
    ("batch_size", "largest"),
    [
        ({"choice": [64, 16, 32]}, 64),
        ({"int": [8, 64], "log": True}, 64),
        ({"choice": [16, 32], "when": {"pooling": "max"}}, 48),
        ({"choice": [16, 64], "when": {"pooling": "max"}}, 64),
        (None, 48),
    ],
)
def test_the_warm_up_counts_the_steps_of_the_largest_batch(batch_size: object, largest: int) -> None:
    space = {**SPACE, "batch_size": batch_size} if batch_size else SPACE
    config = make_config(space=space, training__batch_size=48)
    assert largest_batch(config.space, 48) == largest


def test_each_arm_counts_its_own_batches() -> None:
    pruner = {"name": "median", "startup_trials": 1, "warmup_steps": 4}
    config = make_config(space={"batch_size": [8, 64]}, compare="batch_size", search__epochs=9, search__pruner=pruner)
    search = Search(config)
    train(search, *[0.9] * 9)
    train(search, *[0.9] * 9)
    assert train(search, *[0.1] * 9).epochs == 1
    assert train(search, *[0.1] * 9).epochs == 4


def test_the_best_trial_of_each_study_is_kept() -> None:
    search = Search(make_config(search__pruner="none"))
    kept = [search.keeps(train(search, 0.9, 0.9, 0.9, value)) for value in (0.5, 0.1, 0.4, 0.2, 0.5, 0.2, 0.6)]
    assert kept == [True, True, False, True, False, False, True]
    spec = ask(search).spec
    failed = search.observe(TrialFailed(number=spec.number, attempt=1, worker="w", error="", message="", traceback=""))
    assert failed is not None
    assert not search.keeps(failed)


def test_a_pruned_trial_is_not_kept_and_the_direction_counts() -> None:
    pruner = {"name": "median", "startup_trials": 1, "warmup_steps": 0}
    search = Search(make_config(compare=None, objective__direction="minimize", search__pruner=pruner))
    assert search.keeps(train(search, 0.5, 0.5, 0.5, 0.9))
    pruned = train(search, 0.8)
    assert pruned.state == "pruned"
    assert not search.keeps(replace(pruned, value=0.0))
    assert search.keeps(train(search, 0.5, 0.5, 0.5, 0.8))


def test_leaders_are_known_again_after_a_replay() -> None:
    config = make_config(compare=None, search__pruner="none")
    search = Search(config)
    spec = ask(search).spec
    log: list[AnyEvent] = [spec, AttemptStarted(number=0, attempt=1, worker="w", wait_seconds=0.0, concurrency=1)]
    for epoch in range(4):
        log.append(epoch_of(spec, epoch, 0.8))
        result = search.observe(log[-1])  # type: ignore[arg-type]
    assert result is not None
    again = Search(config)
    again.replay([*log, result])
    assert not again.keeps(train(again, 0.5, 0.5, 0.5, 0.7))
    assert again.keeps(train(again, 0.5, 0.5, 0.5, 0.9))


def test_all_that_were_under_way_are_asked_for_again_in_their_order() -> None:
    config = make_config()
    search = Search(config)
    works = [ask(search) for _ in range(4)]
    log: list[AnyEvent] = [work.spec for work in works]
    started = AttemptStarted(number=0, attempt=1, worker="w", wait_seconds=0.0, concurrency=1)
    log += [replace(started, number=number) for number in (3, 1, 0)]
    failed = TrialFailed(number=1, attempt=1, worker="w", error="", message="", traceback="")
    log += [failed, search.observe(failed)]  # type: ignore[list-item]
    again = Search(config)
    again.replay(log)
    asked = [ask(again) for _ in range(4)]
    assert [(work.spec.number, work.attempt, work.is_new) for work in asked] == [
        (0, 2, False),
        (2, 1, False),
        (3, 2, False),
        (4, 1, True),
    ]
    assert asked[1].spec == works[2].spec


def test_the_sampler_starts_up_until_enough_trials_have_taught_it_something() -> None:
    world = World({0: Fate("raise", 0), 1: Fate("nan", 0)})
    search = Search(make_config(compare=None, search__trials=6, search__pruner="none"))
    world.drive(search)
    phases = [event.sampler_phase for event in world.log if isinstance(event, TrialStarted)]
    assert phases == ["cohort", "cohort", "startup", "startup", "model", "model"]
    search = Search(make_config(search__sampler="random"))
    assert {ask(search).spec.sampler_phase for _ in range(10)} == {"random"}


def test_a_cohort_is_drawn_at_random_though_the_sampler_has_learned() -> None:
    world = World({})
    world.drive(Search(make_config(compare=None, search__trials=6, search__cohort=5, search__pruner="none")))
    phases = [event.sampler_phase for event in world.log if isinstance(event, TrialStarted)]
    assert phases == ["cohort"] * 5 + ["model"]
    plain = World({})
    plain.drive(Search(make_config(compare=None, search__trials=6, search__sampler="random", search__pruner="none")))
    drawn = [[event.params for event in each.log if isinstance(event, TrialStarted)] for each in (world, plain)]
    assert drawn[0][:5] == drawn[1][:5]


def test_studies_are_described_in_full() -> None:
    config = make_config(seed=4, objective__direction="minimize", search__sampler="tpe", search__pruner="median")
    capsule, other = Search(config).studies()
    assert [capsule.study, other.study] == ["s/capsule", "s/max"]
    part = config.space.fix("pooling", "max").to_mapping()
    assert other == StudyCreated(
        time=other.time,
        study="s/max",
        arm="max",
        budget=5,
        cohort=5,
        direction="minimize",
        sampler="tpe",
        sampler_settings={"startup_trials": 10, "candidates": 24, "multivariate": True, "constant_liar": True},
        pruner="median",
        pruner_settings={"startup_trials": 5, "warmup_steps": 64},
        startup_trials=10,
        seed=4,
        space=part,
        space_digest=digest(part),
    )
    assert "steps" in capsule.space
    assert "steps" not in other.space


def test_a_study_is_told_of_a_value_that_cannot_be_as_of_a_failure() -> None:
    for value in (None, math.nan, math.inf):
        arm = arms_of(Search(make_config()))["s/max"]
        arm.ask()
        arm.tell(0, ended(0, "complete", value))
        assert arm.trials()[0].state == TrialState.FAIL


def ended(number: int, state: State, value: float | None, **changes: Any) -> TrialEnded:
    fields: dict[str, Any] = {"attempt": 1, "epochs": 1, "step": 1, "last": {}, "best_value": None, "best_epoch": None}
    return TrialEnded(number=number, state=state, value=value, **fields, **changes)


def test_a_renamed_sweep_is_the_same_sweep() -> None:
    first, second = (Search(make_config(name=name)) for name in ("one", "other"))
    for _ in range(6):
        mine, theirs = ask(first).spec, ask(second).spec
        assert (mine.params, mine.seeds) == (theirs.params, theirs.seeds)
        assert mine.study != theirs.study


def test_given_points_come_first_in_their_arm_and_then_the_sampler() -> None:
    points = [
        {"pooling": "max", "pool_size": 4, "learning_rate": 2e-3},
        {"pooling": "capsule", "pool_size": 2, "steps": 3, "learning_rate": 3e-3},
        {"pooling": "max", "pool_size": 3, "learning_rate": 5e-3},
    ]
    search = Search(make_config(search__first=points))
    asked = [search.ask() for _ in range(6)]
    specs = [work.spec for work in asked if work]
    assert [spec.params for spec in specs if spec.arm == "max"][:2] == [points[0], points[2]]
    assert next(spec.params for spec in specs if spec.arm == "capsule") == points[1]
    phases = [(spec.arm, spec.sampler_phase) for spec in sorted(specs, key=lambda spec: (str(spec.arm), spec.order))]
    assert phases == [("capsule", "given"), *[("capsule", "cohort")] * 2, *[("max", "given")] * 2, ("max", "cohort")]


def test_given_points_are_not_given_again_after_a_cut() -> None:
    config = make_config(search__first=[{"pooling": "max", "pool_size": 4, "learning_rate": 2e-3}])
    search, world = Search(config), World({})
    world.drive(search)
    for length in range(len(world.log)):
        again, other = resumed(config, world, length)
        assert other.results() == world.results()
        assert optuna_trials(again) == optuna_trials(search)


def raises(work: Assignment, error: str = "ValueError", message: str = "m") -> TrialFailed:
    return TrialFailed(
        number=work.spec.number, attempt=work.attempt, worker="w", error=error, message=message, traceback=""
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("MemoryError", ""),
        ("ResourceExhaustedError", "failed to allocate memory"),
        ("XlaRuntimeError", "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 bytes"),
        ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 1 GiB"),
        ("RuntimeError", "CUDA error: out of memory"),
    ],
)
def test_out_of_memory_is_tried_again_once_and_alone(error: str, message: str) -> None:
    search = Search(make_config())
    first, other = ask(search), ask(search)
    told = search.observe(raises(first, error, message))
    assert isinstance(told, ResourceEvent)
    assert (told.kind, told.number, told.worker) == ("out_of_memory", first.spec.number, "w")
    assert not other.alone
    again = ask(search)
    assert (again.spec, again.attempt, again.alone) == (first.spec, 2, True)
    ended = search.observe(raises(again, error, message))
    assert isinstance(ended, TrialEnded)
    assert (ended.state, ended.reason) == ("failed", f"{error}: {message}")


def test_a_trial_to_run_alone_still_is_after_a_replay() -> None:
    config = make_config()
    search = Search(config)
    first = ask(search)
    failed = raises(first, "MemoryError")
    told = search.observe(failed)
    started = AttemptStarted(number=0, attempt=1, worker="w", wait_seconds=0.0, concurrency=1)
    assert isinstance(told, ResourceEvent)
    replayed = Search(config)
    replayed.replay([first.spec, started, failed, told])
    again = ask(replayed)
    assert (again.spec.number, again.attempt, again.alone) == (0, 2, True)
    assert isinstance(replayed.observe(raises(again, "MemoryError")), TrialEnded)


def test_retries_are_counted_over_a_replay_and_beside_those_for_memory() -> None:
    config = make_config(faults__retries=2)
    search = Search(config)
    work = ask(search)
    log: list[AnyEvent] = [work.spec]
    for error in ("ValueError", "MemoryError", "ValueError"):
        log.append(AttemptStarted(number=0, attempt=work.attempt, worker="w", wait_seconds=0.0, concurrency=1))
        told = search.observe(raises(work, error))
        log += [raises(work, error), *([told] if told else [])]
        assert not isinstance(told, TrialEnded)
        work = ask(search)
    replayed = Search(config)
    replayed.replay(log)
    assert isinstance(replayed.observe(raises(ask(replayed))), TrialEnded)
    assert isinstance(search.observe(raises(work)), TrialEnded)


def test_a_study_taken_up_in_mid_flight_draws_as_the_one_that_was_cut_off() -> None:
    space = {"kind": ["a", "b"], "x": {"float": [0, 1]}, "y": {"float": [0, 1], "when": {"kind": "a"}}}
    sampler = {"name": "tpe", "startup_trials": 4}
    config = make_config(compare=None, space=space, search__sampler=sampler, search__pruner="none")

    def arm() -> Arm:
        return arms_of(Search(config))["s"]

    def finish(arm: Arm, params: Params, order: int) -> None:
        arm.tell(order, ended(order, "complete" if params["kind"] == "a" else "failed", float(params["x"])))

    live, drawn = arm(), []
    while len(drawn) < 30 or [params["kind"] for params in drawn[-3:]].count("b") == 0:
        drawn.append(live.ask().params)
        if len(drawn) > 3:
            finish(live, drawn[-4], len(drawn) - 4)
    again = arm()
    for params in drawn:
        again.restore(params, "model")
    for order, params in enumerate(drawn[:-3]):
        finish(again, params, order)
    assert [again.ask() for _ in range(20)] == [live.ask() for _ in range(20)]
