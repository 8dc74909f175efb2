"""Arms are equal in trials or in worker seconds, whatever their trials cost and whatever becomes of them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sweeps.attempts import Assignment
from sweeps.config import SweepConfig
from sweeps.errors import SweepHaltedError
from sweeps.records import (
    AnyEvent,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ModelFacts,
    TrialEnded,
    TrialFailed,
    TrialStarted,
    WorkerEvent,
    worker_seconds,
)
from sweeps.search import Search
from sweeps.search.budget import Budget
from tests.sweeps.search_world import course_of, epoch_of, make_config, quality

Happens = Callable[[TrialStarted, int], str]


class Clock:
    """So many workers in simulated time: the seconds of an epoch are those of its arm, or `odd` by its config."""

    def __init__(self, workers: int, seconds: Mapping[object, float], *, build: float = 1.0, odd: bool = False) -> None:
        self.odd = odd
        self.workers, self.seconds, self.build = workers, seconds, build
        self.log: list[AnyEvent] = []
        self.most = 0

    def run(self, search: Search, happens: Happens = lambda spec, epoch: "epoch", *, until: int = 10**6) -> None:
        now, due, running = 0.0, [], 0
        while len(self.log) < until and not (search.finished() and not due):
            while running < self.workers and (work := search.ask()) is not None:
                self.log += [work.spec] if work.is_new else []
                self.log.append(begun(work))
                running += 1
                heapq.heappush(due, self._next(work, work.epoch, now, happens))
            self.most = max(self.most, running)
            if not due:
                assert search.finished(), "nothing is under way, and nothing is begun"
                return
            now, _, work, event = heapq.heappop(due)
            result = search.observe(event)
            self.log += [event] if result is None else [event, result]
            if isinstance(event, EpochEnded) and result is None:
                heapq.heappush(due, self._next(work, event.epoch + 1, now, happens))
            else:
                running -= 1

    def _next(
        self, work: Assignment, epoch: int, now: float, happens: Happens
    ) -> tuple[float, int, Assignment, WorkerEvent]:
        spec, cost = work.spec, self.seconds[work.spec.arm]
        if self.odd:
            cost *= 1 + 29 * quality(spec.params)
        build = ModelFacts(parameters=1, macs=None, build_seconds=self.build, warm=False) if epoch == 0 else None
        event: WorkerEvent = replace(
            epoch_of(spec, epoch, course_of(spec.params, epoch), attempt=work.attempt), seconds=cost, model=build
        )
        lost = {"number": spec.number, "attempt": work.attempt, "worker": "w", "seconds": cost}
        match happens(spec, epoch):
            case "raises":
                event = TrialFailed(**lost, error=f"E{spec.number}", message="", traceback="")
            case "times out":
                event = AttemptLost(**lost, reason=f"took longer than {spec.number} s", retry=False)
            case "dies":
                event = AttemptLost(**lost, reason="gone")
            case "lacks":
                event = replace(event, metrics={"loss": 1.0})
        spent = worker_seconds(event)  # type: ignore[arg-type]
        return now + spent, spec.number, work, event

    def spent(self) -> dict[object, float]:
        arms = {event.number: event.arm for event in self.log if isinstance(event, TrialStarted)}
        spent: Counter[object] = Counter()
        for event in self.log:
            if isinstance(event, EpochEnded | TrialFailed | AttemptLost):
                spent[arms[event.number]] += worker_seconds(event)  # type: ignore[assignment]
        return dict(spent)


def begun(work: Assignment) -> AttemptStarted:
    return AttemptStarted(
        number=work.spec.number, attempt=work.attempt, worker="w", wait_seconds=0.0, concurrency=1, epoch=work.epoch
    )


def seconds_config(seconds: float, **changes: Any) -> SweepConfig:
    return make_config(search__trials=None, search__seconds=seconds, **changes)


@pytest.mark.parametrize("pruner", ["none", "hyperband", "median"])
@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("seconds", [60.0, 1000.0])
def test_arms_end_within_one_trial_of_their_seconds(seconds: float, workers: int, pruner: str) -> None:
    clock = Clock(workers, {"capsule": 5.0, "max": 1.0})
    clock.run(Search(seconds_config(seconds, search__pruner=pruner, search__epochs=9)))
    spent = clock.spent()
    worth = {"capsule": 9 * 5.0 + 1, "max": 9 * 1.0 + 1}
    for arm in ("capsule", "max"):
        assert seconds <= spent[arm] <= seconds + worth[arm], (arm, spent)


def test_workers_are_not_left_idle_once_a_trial_has_told_what_it_costs() -> None:
    clock = Clock(16, {"capsule": 5.0, "max": 1.0})
    clock.run(Search(seconds_config(5000.0, search__epochs=9)))
    assert clock.most == 16


@pytest.mark.parametrize("what", ["raises", "times out", "dies"])
def test_seconds_that_came_to_nothing_count(what: str) -> None:
    clock = Clock(3, {"capsule": 5.0, "max": 1.0})
    config = seconds_config(120.0, faults={"same_error": 0})
    clock.run(Search(config), lambda spec, epoch: what if spec.arm == "max" and epoch == 1 else "epoch")
    spent = clock.spent()
    assert 120 <= spent["capsule"] <= 120 + 21
    assert 120 <= spent["max"] <= 120 + 3 * 3


@pytest.mark.parametrize("what", ["raises", "times out"])
def test_an_arm_whose_trials_never_see_an_epoch_ends_all_the_same(what: str) -> None:
    clock = Clock(4, {"capsule": 5.0, "max": 1.0})
    config = seconds_config(40.0, faults={"same_error": 0})
    clock.run(Search(config), lambda spec, epoch: what if spec.arm == "max" else "epoch")
    spent = clock.spent()
    assert 40 <= spent["max"] <= 41
    assert 40 <= spent["capsule"] <= 61


@pytest.mark.parametrize("what", ["times out", "lacks"])
def test_an_arm_that_can_never_succeed_stops_the_sweep(what: str) -> None:
    clock = Clock(1, {"capsule": 1.0, "max": 1.0})
    kinds = {"times out": "timeout", "lacks": "wrong report"}

    def happens(spec: TrialStarted, epoch: int) -> str:
        return what if spec.arm == "max" else "epoch"

    search = Search(seconds_config(1000.0))
    if what == "times out":
        happens_alike = happens
        clock_next = clock._next

        def alike(work: Assignment, epoch: int, now: float, _: Happens) -> Any:
            time, number, same, event = clock_next(work, epoch, now, happens_alike)
            return time, number, same, replace(event, reason="too long") if isinstance(event, AttemptLost) else event

        clock._next = alike  # type: ignore[method-assign]
    with pytest.raises(SweepHaltedError, match=kinds[what]):
        clock.run(search, happens)


def test_a_budget_in_seconds_goes_on_after_a_cut() -> None:
    config = seconds_config(200.0, search__pruner="hyperband", search__epochs=9)
    costs = {"capsule": 5.0, "max": 1.0}
    first = Clock(3, costs)
    first.run(Search(config), until=60)
    again = Search(config)
    second = Clock(3, costs)
    second.log = list(first.log)
    second.log += again.replay(second.log)
    second.run(again)
    spent = second.spent()
    assert 200 <= spent["capsule"] <= 200 + 46
    assert 200 <= spent["max"] <= 200 + 10


def test_trials_are_equal_whatever_they_cost() -> None:
    clock = Clock(5, {"capsule": 5.0, "max": 1.0})
    clock.run(Search(make_config(search__trials=23)), lambda spec, epoch: "dies" if spec.number % 7 == 3 else "epoch")
    counts = Counter(event.arm for event in clock.log if isinstance(event, TrialStarted))
    assert counts == {"capsule": 23, "max": 23}
    ended = Counter(event.number for event in clock.log if isinstance(event, TrialEnded))
    assert set(ended.values()) == {1}


def spec_of(number: int, study: str, *, epochs: int = 4) -> TrialStarted:
    work = Search(make_config(search__epochs=epochs)).ask()
    assert work is not None
    return replace(work.spec, number=number, study=study)


def cost(spec: TrialStarted, epoch: int, seconds: float) -> EpochEnded:
    return replace(epoch_of(spec, epoch, 0.5), seconds=seconds, model=None)


def test_what_trials_under_way_may_cost_is_set_aside_by_the_costliest_so_far() -> None:
    budget = Budget(seconds_config(100.0).search, ["a", "b"])
    first, second = spec_of(0, "a"), spec_of(1, "a")
    budget.begin(first)
    assert not budget.allows("a"), "nothing is known of its cost"
    assert budget.allows("b")
    for epoch, seconds in enumerate([20.0, 5.0, 10.0, 5.0]):
        budget.charge(first, cost(first, epoch, seconds))
    budget.end(first)
    assert budget.spent("a") == 40
    budget.begin(second)
    assert budget.allows("a"), "40 spent, and 20 + 3 x 10 may come"
    budget.charge(second, cost(second, 0, 15.0))
    third = spec_of(2, "a")
    budget.begin(third)
    assert not budget.allows("a"), "55 spent, and 30 + 20 + 3 x 10 may come"
    for epoch in (1, 2, 3):
        budget.charge(second, cost(second, epoch, 1.0))
    assert not budget.allows("a"), "58 spent, and 50 may come"
    budget.end(third)
    assert budget.allows("a")
    fourth = spec_of(3, "a")
    budget.begin(fourth)
    budget.charge(fourth, cost(fourth, 0, 2.0))
    assert budget.allows("a"), "60 spent, and 3 x 10 may come: its first epoch is over"


def test_the_turn_is_that_of_the_study_with_least_spent_and_set_aside() -> None:
    budget = Budget(seconds_config(100.0).search, ["a", "b"])
    for number in range(3):
        spec = spec_of(number, "a")
        budget.begin(spec)
        budget.charge(spec, cost(spec, 0, 1.0))
        budget.end(spec)
    spec = spec_of(9, "b")
    budget.begin(spec)
    budget.charge(spec, cost(spec, 0, 2.0))
    assert budget.poorest(["a", "b"]) == "a", "b has begun fewer, but has 2 spent and 6 set aside"
    budget.end(spec)
    assert budget.poorest(["a", "b"]) == "b"
    assert budget.poorest(["a"]) == "a"
    assert budget.poorest([]) is None


@pytest.mark.parametrize("workers", [4, 32])
@pytest.mark.parametrize("seconds", [300.0, 5000.0])
def test_arms_end_within_one_trial_of_each_other_whatever_their_trials_cost(seconds: float, workers: int) -> None:
    clock = Clock(workers, {"capsule": 1.0, "max": 1.0}, odd=True)
    clock.run(Search(seconds_config(seconds, search__epochs=9, search__pruner="none")))
    spent = clock.spent()
    assert min(spent.values()) >= seconds
    assert abs(spent["capsule"] - spent["max"]) <= dearest(clock.log)


@pytest.mark.parametrize("every", [0, 3])
@pytest.mark.parametrize("part", range(12))
def test_a_crash_leaves_no_arm_behind(part: int, every: int) -> None:
    config = seconds_config(300.0, search__epochs=9, search__pruner="none", faults={"checkpoint_every": every})
    whole = Clock(16, {"capsule": 5.0, "max": 2.0})
    whole.run(Search(config))
    second = Clock(16, {"capsule": 5.0, "max": 2.0})
    second.log = whole.log[: len(whole.log) * part // 12]
    again = Search(config)
    second.log += again.replay(second.log)
    second.run(again)
    spent = second.spent()
    assert min(spent.values()) >= 300
    assert abs(spent["capsule"] - spent["max"]) <= dearest(second.log)


def dearest(log: list[AnyEvent]) -> float:
    """What the costliest trial came to, its lost attempts included."""
    spent: Counter[int] = Counter()
    for event in log:
        if isinstance(event, EpochEnded | TrialFailed | AttemptLost):
            spent[event.number] += worker_seconds(event)  # type: ignore[assignment]
    return float(max(spent.values()))


def test_what_is_trained_again_is_set_aside_again() -> None:
    budget = Budget(seconds_config(100.0).search, ["a", "b"])
    first, other = spec_of(0, "a"), spec_of(1, "a")
    budget.begin(first)
    for epoch in range(3):
        budget.charge(first, cost(first, epoch, 20.0))
    assert budget.allows("a"), "60 spent, and 20 may come"
    budget.repeat(first, 0)
    assert not budget.allows("a"), "60 spent, and 80 may come"
    budget.repeat(first, 3)
    assert budget.allows("a")
    budget.begin(other)
    budget.charge(other, TrialFailed(number=1, attempt=1, worker="w", error="", message="", traceback="", seconds=1.0))
    assert not budget.allows("a"), "61 spent, and 20 and 80 may come"
    budget.end(other)
    assert budget.allows("a"), "61 spent, and 20 may come"
