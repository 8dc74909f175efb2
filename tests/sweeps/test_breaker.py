"""A sweep in which everything fails the same way is stopped; one with unlucky trials is not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sweeps.breaker import CircuitBreaker
from sweeps.errors import SweepHaltedError
from sweeps.records import AttemptLost, EpochEnded, TrialFailed, TrialTested
from sweeps.search import Search
from tests.sweeps.search_world import epoch_of, make_config, train


def failure(number: int, *, error: str = "ValueError", message: str = "bad", line: int = 7) -> TrialFailed:
    frames = ["Traceback (most recent call last):", '  File "trainer.py", line 1, in fit', "    fit()"]
    frames += [f'  File "model.py", line {line}, in build', "    raise", f"{error}: {message}"]
    return TrialFailed(number=number, attempt=1, worker="w", error=error, message=message, traceback="\n".join(frames))


def epoch(number: int) -> EpochEnded:
    return EpochEnded(
        number=number,
        attempt=1,
        worker="w",
        epoch=0,
        step=1,
        metrics={},
        seconds=1.0,
        is_first=True,
        traces=0,
        memory_bytes=0,
    )


def test_the_last_failure_that_is_allowed_is_the_one_before_the_limit() -> None:
    breaker = CircuitBreaker(3)
    for number in (4, 6):
        breaker.note("s/max", failure(number))
        breaker.check()
    breaker.note("s/max", failure(9, message="worse"))
    with pytest.raises(SweepHaltedError) as halted:
        breaker.check()
    assert "s/max: 3 trials in a row (4, 6, 9)" in str(halted.value)
    assert 'ValueError: worse (File "model.py", line 7, in build)' in str(halted.value)


def test_messages_may_differ_where_the_error_does_not() -> None:
    breaker = CircuitBreaker(2)
    breaker.note("s", failure(0, message="shape (1, 2)"))
    breaker.note("s", failure(1, message="shape (3, 4)"))
    with pytest.raises(SweepHaltedError):
        breaker.check()


@pytest.mark.parametrize("other", [{"error": "KeyError"}, {"line": 8}])
def test_another_error_begins_a_row_of_its_own(other: dict[str, object]) -> None:
    breaker = CircuitBreaker(2)
    breaker.note("s", failure(0))
    breaker.note("s", failure(1, **other))  # type: ignore[arg-type]
    breaker.note("s", failure(2))
    breaker.check()


def test_a_trial_that_ends_otherwise_ends_the_row() -> None:
    breaker = CircuitBreaker(2)
    breaker.note("s", failure(0))
    breaker.note("s", epoch(1))
    breaker.note("s", failure(2))
    breaker.check()


def test_an_arm_whose_trials_all_take_too_long_stops_a_sweep() -> None:
    breaker = CircuitBreaker(2)
    for number in (0, 1):
        breaker.check()
        lost = AttemptLost(number=number, attempt=1, worker="w", reason="took longer than 9 s", retry=False)
        breaker.note("s", lost)
    with pytest.raises(SweepHaltedError, match=r"timeout: its attempt was ended \(took longer than 9 s\)"):
        breaker.check()


def test_reports_that_lack_the_metric_stop_a_sweep() -> None:
    breaker = CircuitBreaker(2)
    for number in (0, 1):
        breaker.check()
        breaker.note("s", epoch(number), wrong="no metric val_top2")
    with pytest.raises(SweepHaltedError, match=r"wrong report: after its first epoch \(no metric val_top2\)"):
        breaker.check()


def test_trials_that_take_their_workers_with_them_stop_a_sweep_too() -> None:
    breaker = CircuitBreaker(2)
    for number in (0, 1):
        breaker.check()
        breaker.note("s", AttemptLost(number=number, attempt=3, worker="w", reason="it died"))
    with pytest.raises(SweepHaltedError, match=r"worker lost: again and again \(it died\)"):
        breaker.check()


def test_the_luck_of_another_arm_hides_nothing() -> None:
    breaker = CircuitBreaker(2)
    for number in (0, 2):
        breaker.note("s/max", failure(number))
        breaker.note("s/average", AttemptLost(number=number + 1, attempt=3, worker="w", reason="gone"))
    with pytest.raises(SweepHaltedError, match="s/max"):
        breaker.check()


def test_no_limit_stops_nothing() -> None:
    breaker = CircuitBreaker(0)
    for number in range(50):
        breaker.note("s", failure(number))
    breaker.check()


def test_a_trial_that_was_pruned_or_diverged_ends_the_row() -> None:
    search = Search(make_config(compare=None, faults={"same_error": 2}, search__trials=9))
    for broken in (True, False, True):
        work = search.ask()
        assert work is not None
        event = epoch_of(work.spec, 0, math.nan if not broken else 0.5)
        if broken:
            search.observe(replace(failure(work.spec.number), attempt=1))
        else:
            search.observe(event)
    assert search.ask() is not None, "the diverged one stands between two that raised"


def test_trials_that_lack_an_objective_stop_a_sweep() -> None:
    search = Search(
        make_config(compare=None, objective__also=["macs"], faults={"same_error": 2}, search__pruner="none")
    )
    for _ in range(2):
        train(search, 0.1, 0.2, 0.3, 0.4)
    with pytest.raises(SweepHaltedError, match="no macs, which is an objective"):
        search.ask()


def test_a_trial_that_was_tested_ends_a_row_unless_it_lacks_what_the_sweep_needs() -> None:
    tested = TrialTested(number=1, attempt=1, worker="w", metrics={}, examples=9, seconds=1.0)
    breaker = CircuitBreaker(2)
    for event in (failure(0), tested, failure(2)):
        breaker.note("s", event)
    breaker.check()
    for number in (3, 4):
        breaker.note("s", replace(tested, number=number), wrong="no f1, which is an objective")
    with pytest.raises(SweepHaltedError, match=r"s: 2 trials in a row \(3, 4\) .* wrong report: .*no f1"):
        breaker.check()
