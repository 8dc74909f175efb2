"""Tables against numbers worked out by hand from the events of the `mixed` run (see conftest)."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from reports.placing import positions
from reports.tables import tables
from search_spaces import Choice
from sweeps.records import AttemptStarted, TrialTested

CAPSULE = {"pooling": "capsule", "pool_size": 2, "routing_steps": 3, "temperature": 1.0, "learning_rate": 1.0e-3}
PLAIN = {"pooling": "max", "pool_size": 3, "learning_rate": 2.0e-3}


def column(frame: pd.DataFrame, name: str) -> list[object]:
    return [None if pd.isna(value) else value for value in frame[name]]


def test_trials_keep_every_state_and_its_value(mixed) -> None:
    trials = tables(mixed.read()).trials
    assert column(trials, "number") == list(range(8))
    assert column(trials, "state") == [
        "complete", "complete", "pruned", "complete", "complete", "failed", "complete", "running",
    ]  # fmt: skip
    assert column(trials, "value") == [0.90, 0.85, 0.95, 0.94, 0.89, None, 0.88, None]
    assert column(trials, "epochs") == [3, 3, 2, 3, 3, 0, 3, 1]
    assert column(trials, "step") == [30, 30, 20, 30, 30, 0, 30, 10]
    assert column(trials, "best_epoch") == [2, 2, 1, 2, 2, None, 2, None]


def test_trials_know_their_worker_times_and_seeds(mixed) -> None:
    trials = tables(mixed.read()).trials
    # build 1 s + epochs of 2 s, or 1 s on w1; a failed model was never built
    assert column(trials, "seconds") == [7.0, 4.0, 5.0, 7.0, 4.0, 0.0, 7.0, 3.0]
    assert column(trials, "started")[:2] == [1.0, 6.0]
    assert column(trials, "ended")[:2] == [5.0, 10.0]
    assert column(trials, "ended")[7] is None
    assert column(trials, "worker")[:2] == ["w0", "w1"]
    assert column(trials, "node")[:2] == ["node-w0", "node-w1"]
    assert column(trials, "seed.order") == list(range(1, 9))
    assert column(trials, "parameters")[5] is None


def test_a_parameter_that_does_not_apply_is_missing(mixed) -> None:
    trials = tables(mixed.read()).trials
    assert column(trials, "param.routing_steps") == [3, None, 3, 5, None, None, None, None]
    assert column(trials, "param.temperature") == [1.0, None, 5.0, 1.0, None, None, None, None]
    assert str(trials["param.routing_steps"].dtype) == "Int64"


def test_a_failure_keeps_its_reason_and_is_counted(mixed) -> None:
    frames = tables(mixed.read())
    reason = "ValueError: pool_size: <b>too large</b>"
    assert column(frames.trials, "reason")[5] == reason
    assert frames.failures.to_dict("records") == [{"reason": reason, "count": 1, "arms": "max", "numbers": "5"}]


def test_epochs_add_up_to_the_trial(mixed) -> None:
    frames = tables(mixed.read())
    first = frames.epochs[frames.epochs["number"] == 0]
    assert column(first, "metric.val_accuracy") == [0.5, 0.8, 0.90]
    assert column(first, "cumulative_seconds") == [3.0, 5.0, 7.0]
    assert column(first, "epoch") == [0, 1, 2]


def test_arms_side_by_side(mixed) -> None:
    arms = tables(mixed.read()).arms.set_index("arm")
    assert list(arms.index) == ["capsule", "max", "average"]
    assert arms[["started", "complete", "pruned", "failed", "running"]].to_numpy().tolist() == [
        [3, 2, 1, 0, 0],
        [3, 2, 0, 1, 0],
        [2, 1, 0, 0, 1],
    ]
    assert column(arms, "best") == [0.94, 0.89, 0.88]  # not the pruned 0.95
    assert column(arms, "best_number") == [3, 4, 6]
    assert column(arms, "n") == [2, 2, 1]
    assert arms.loc["capsule", "mean"] == pytest.approx(0.92)
    assert arms.loc["max", "median"] == pytest.approx(0.87)
    assert arms.loc["capsule", "sd"] == pytest.approx(0.04 / math.sqrt(2))
    assert pd.isna(arms.loc["average", "sd"])
    assert column(arms, "seconds") == [19.0, 8.0, 10.0]


def test_progress_spends_on_every_trial_and_improves_on_complete_ones(mixed) -> None:
    progress = tables(mixed.read()).progress
    capsule = progress[progress["arm"] == "capsule"]
    assert column(capsule, "trials") == [1, 2, 3]
    assert column(capsule, "seconds") == [7.0, 12.0, 19.0]
    assert column(capsule, "best") == [0.90, 0.90, 0.94]
    failed = progress[progress["number"] == 5]
    assert column(failed, "trials") == [3]
    assert column(failed, "best") == [0.89]
    assert 7 not in set(progress["number"])  # still running


def test_less_is_better_when_minimizing(writer) -> None:
    run = writer({"objective": {"metric": "val_loss", "direction": "minimize"}})
    for value in (0.5, 0.3, 0.4):
        run.trial(PLAIN, [value])
    frames = tables(run.read())
    assert column(frames.progress, "best") == [0.5, 0.3, 0.3]
    assert frames.arms.set_index("arm").loc["max", ["best", "best_number"]].tolist() == [0.3, 1]


def test_a_tie_goes_to_the_lower_number_in_whatever_order_they_end(writer) -> None:
    run = writer()
    first, second = run.start(PLAIN), run.start(PLAIN)
    for number in (second, first):
        run.train(number, [0.5])
        run.end(number, [0.5])
    frames = tables(run.read())
    assert column(frames.progress, "best_number") == [1, 0]
    assert frames.arms.set_index("arm").loc["max", "best_number"] == 0


def test_not_a_number_is_complete_and_never_best(writer) -> None:
    run = writer()
    run.trial(PLAIN, [math.nan])
    run.trial(PLAIN, [math.inf])
    frames = tables(run.read())
    arm = frames.arms.set_index("arm").loc["max"]
    assert (arm["complete"], arm["n"]) == (2, 0)
    assert pd.isna(arm["best"])
    assert column(frames.progress, "best") == [None, None]


def test_a_new_attempt_starts_over(writer) -> None:
    run = writer()
    number = run.start(PLAIN)
    run.train(number, [0.1, 0.2])
    run.write(AttemptStarted(time=run.time, number=number, attempt=1, worker="w1", wait_seconds=0.0, concurrency=1))
    frames = tables(run.read())
    assert column(frames.trials, "worker") == ["w1"]
    assert column(frames.trials, "epochs") == [0]
    assert frames.epochs.empty


def test_only_the_search_counts_for_an_arm(mixed) -> None:
    run = mixed.read()
    spec = run.trials[3].spec
    object.__setattr__(spec, "phase", "confirm")
    frames = tables(run)
    assert frames.arms.set_index("arm").loc["capsule", "best"] == 0.90
    assert len(frames.trials) == 8


def test_an_empty_run_has_every_column(writer) -> None:
    frames = tables(writer().read())
    assert frames.trials.empty
    assert "param.temperature" in frames.trials
    assert frames.progress.empty
    assert column(frames.arms, "started") == [0, 0, 0]


def test_a_shifted_copy_has_a_column_of_the_metric_that_decides(writer) -> None:
    run = writer({"confirm": {"shifts": {"rotate": [10, 2.5]}}})
    shown = {"rotate 10": {"accuracy": 0.7, "loss": 3.0}, "rotate 2.5": {"loss": 2.0}, "rotate 99": {"accuracy": 0.1}}
    for number, shifted in enumerate(({}, shown)):
        run.trial(PLAIN, [0.5])
        metrics = {"accuracy": 0.8, "loss": 1.0}
        event = TrialTested(number=number, attempt=0, worker="w0", metrics=metrics, examples=9, seconds=1.0)
        run.write(replace(event, shifted=shifted))
    run.trial(PLAIN, [0.5])
    lines = run.directory.events.read_bytes()
    run.directory.events.write_bytes(lines.replace(b',"shifted":{}', b""))  # as a log of before
    trials = tables(run.read()).trials
    assert [name for name in trials if name.startswith("shift.")] == ["shift.rotate 10", "shift.rotate 2.5"]
    assert column(trials, "test") == [0.8, 0.8, None]
    assert column(trials, "shift.rotate 10") == [None, 0.7, None]
    assert column(trials, "shift.rotate 2.5") == [None, None, None]
    assert not [name for name in tables(writer().read()).trials if name.startswith("shift.")]


def test_one_joint_search_is_one_arm(writer) -> None:
    run = writer({"compare": None})
    run.trial(CAPSULE, [0.5])
    run.trial(PLAIN, [0.7])
    assert column(tables(run.read()).arms, "arm") == ["all"]
    assert column(tables(run.read()).arms, "best") == [0.7]


def test_a_choice_lies_at_its_place_in_the_list() -> None:
    values = pd.Series([0.5, "x", None, True], dtype=object)
    places = positions(values, Choice((True, "x", 0.5)))
    assert [None if math.isnan(place) else place for place in places] == [2.0, 1.0, None, 0.0]
