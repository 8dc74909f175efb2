"""The source of the phases after the search, told by hand what workers would report."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sweeps.config import SweepConfig
from sweeps.errors import SweepHaltedError
from sweeps.phases import FixedPlan
from sweeps.phases.plan import Frozen
from sweeps.phases.specs import confirm_specs
from sweeps.records import EpochEnded, TrialFailed, TrialTested

MakeConfig = Callable[..., SweepConfig]


def confirming(make_config: MakeConfig) -> FixedPlan:
    config = make_config(confirm={"seeds": 10}, faults={"same_error": 3}, search={"trials": 2, "epochs": 1})
    champion = Frozen("max", 0, "hash", {"pooling": "max", "pool_size": 3, "learning_rate": 1e-3}, (0,), 0.9)
    return FixedPlan(config, "confirm", confirm_specs(config, [champion]), first_number=0)


def end_next(source: FixedPlan, *, fails: bool) -> None:
    work = source.ask()
    assert work is not None
    number, attempt = work.spec.number, work.attempt
    if fails:
        error = {"error": "ValueError", "message": "planted", "traceback": '  File "formulas.py", line 1'}
        source.observe(TrialFailed(number=number, attempt=attempt, worker="w0", seconds=1.0, **error))
        return
    report = EpochEnded(
        number=number,
        attempt=attempt,
        worker="w0",
        epoch=0,
        step=1,
        metrics={"loss": 0.1, "val_accuracy": 0.9},
        seconds=1.0,
        is_first=True,
        traces=0,
        memory_bytes=1,
    )
    assert source.observe(report) is None
    assert source.wants_test(report)
    tested = TrialTested(
        number=number, attempt=attempt, worker="w0", metrics={"accuracy": 0.9}, examples=10, seconds=1.0
    )
    assert source.observe(tested) is not None


def test_failures_with_a_success_between_them_are_not_in_a_row(make_config: MakeConfig) -> None:
    source = confirming(make_config)
    for fails in (True, True, False, True, True, False, True):
        end_next(source, fails=fails)
    assert source.ask() is not None


def test_one_error_again_and_again_stops_a_confirmation(make_config: MakeConfig) -> None:
    source = confirming(make_config)
    for fails in (True, False, True, True, True):
        end_next(source, fails=fails)
    with pytest.raises(SweepHaltedError, match="3 trials in a row"):
        source.ask()
