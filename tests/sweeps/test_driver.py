"""Whole sweeps with formulas in place of networks: budgets, losses, kills, resume."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sweeps import driver
from sweeps.codec import to_line
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.drift import apply_changes
from sweeps.errors import ConfigError, RunError, SweepHaltedError
from sweeps.history import History, read_run
from sweeps.records import AnyEvent, AttemptStarted, StudyCreated, TrialEnded, TrialStarted
from sweeps.runlog import RunDirectory, read_events
from sweeps.search import Search
from sweeps.training.inspection import Inspection
from sweeps.workers.inline import InlineWorkers

SYNTHETIC = "sweeps.training.synthetic:SyntheticTrainer"
MakeConfig = Callable[..., SweepConfig]


def means(*, inline: bool = True) -> driver.Means:
    return driver.Means(
        inline=inline, address=None, say=lambda line: None, on_event=lambda event: None, trainer=SYNTHETIC
    )


def prepared(config: SweepConfig, data: Dataset) -> driver.Prepared:
    """A sweep as `prepare` leaves it, on a few images and without a model."""
    facts = DataFacts("digits", "made", "digest", 64, 32, 20, 0, "", 10, (28, 28))
    return driver.Prepared(config, Search(config), data, facts, Inspection((), frozenset({"temperature"}), ()))


def results(history: History) -> list[tuple[object, ...]]:
    """What must not depend on interruptions: every trial's params and outcome."""
    return [
        (number, trial.spec.params, trial.spec.seeds, trial.state, trial.ended and trial.ended.value)
        for number, trial in sorted(history.trials.items())
    ]


@pytest.fixture
def sweep(make_config: MakeConfig) -> MakeConfig:
    """A sweep by formula: `sweep("learning", trials=6, epochs=3)`."""

    def make(formula: str = "learning", *, trials: int = 6, epochs: int = 3, **changes: object) -> SweepConfig:
        return make_config(
            model={"build": f"tests.sweeps.formulas:{formula}"},
            search={
                "trials": trials,
                "epochs": epochs,
                "sampler": {"name": "tpe", "startup_trials": 3},
                "pruner": {"name": "median", "startup_trials": 2, "warmup_steps": 2},
            },
            **changes,
        )

    return make


def run(config: SweepConfig, data: Dataset, path: Path, *, inline: bool = True) -> History:
    return driver.launch(prepared(config, data), RunDirectory(path), means(inline=inline))


def test_the_same_seed_gives_the_same_sweep_and_another_seed_another(
    sweep: MakeConfig, data: Dataset, tmp_path: Path
) -> None:
    first, second = (run(sweep(), data, tmp_path / name) for name in ("a", "b"))
    assert results(first) == results(second)
    assert results(run(sweep(seed=1), data, tmp_path / "c")) != results(first)
    states = {trial.state for trial in first.trials.values()}
    assert states == {"complete", "pruned"}, "the sweep must prune for this test to mean anything"


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.5, 0.75, 0.9, 0.999])
def test_a_sweep_cut_off_anywhere_resumes_to_the_same_end(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, overlap: bool
) -> None:
    monkeypatch.setattr(InlineWorkers, "overlap", overlap)
    config = sweep()
    whole = run(config, data, tmp_path / "whole")
    events = (tmp_path / "whole" / "events.jsonl").read_bytes()
    cut = tmp_path / "cut"
    cut.mkdir()
    header = len(b"".join(events.splitlines(keepends=True)[:4]))
    (cut / "events.jsonl").write_bytes(events[: header + int((len(events) - header) * share)])
    before = read_run(cut)
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared(config, data))
    again = driver.resume(RunDirectory(cut), means(), replay=lambda event: None)
    assert results(again) == results(whole)
    assert again.ended is not None
    assert [each.term for each in again.drivers] == list(range(1, len(again.drivers) + 1))
    for number, trial in before.trials.items():
        if trial.ended:
            assert again.trials[number].ended == trial.ended
            assert again.trials[number].attempts == trial.attempts
    for kind in (TrialStarted, TrialEnded):
        numbers = [event.number for event, _ in read_events(RunDirectory(cut)) if isinstance(event, kind)]
        assert sorted(numbers) == list(range(12)), kind


@pytest.mark.parametrize("overlap", [False, True])
def test_the_next_trial_is_chosen_while_others_train_where_that_saves_time(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overlap: bool
) -> None:
    monkeypatch.setattr(InlineWorkers, "overlap", overlap)
    run(sweep(), data, tmp_path / "run")
    events = [event for event, _ in read_events(RunDirectory(tmp_path / "run"))]
    chosen = {event.number: at for at, event in enumerate(events) if isinstance(event, TrialStarted)}
    begun = {event.number: at for at, event in enumerate(events) if isinstance(event, AttemptStarted)}
    ended = {event.number: at for at, event in enumerate(events) if isinstance(event, TrialEnded)}
    assert sorted(begun) == list(range(12))
    for number in range(1, 12):
        assert begun[number - 1] < ended[number - 1] < begun[number]
        if overlap:
            assert begun[number - 1] < chosen[number] < ended[number - 1]
        else:
            assert begun[number] == chosen[number] + 1


def test_a_finished_sweep_is_not_run_again(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sweep()
    run(config, data, tmp_path / "run")
    before = (tmp_path / "run" / "events.jsonl").read_bytes()
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared(config, data))
    driver.resume(RunDirectory(tmp_path / "run"), means(), replay=lambda event: None)
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == before


def test_other_data_is_refused_at_resume(sweep: MakeConfig, data: Dataset, tmp_path: Path) -> None:
    config = sweep()
    run(config, data, tmp_path / "run")
    path = tmp_path / "run" / "events.jsonl"
    (tmp_path / "run" / "events.jsonl").write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:8]))
    other = replace(prepared(config, data).facts, digest="other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "prepare", lambda *args, **kwargs: replace(prepared(config, data), facts=other))
        with pytest.raises(RunError, match="digest"):
            driver.resume(RunDirectory(tmp_path / "run"), means(), replay=lambda event: None)


def test_failed_trials_spend_their_arms_budget_and_keep_their_traceback(
    sweep: MakeConfig, data: Dataset, tmp_path: Path
) -> None:
    history = run(sweep("raising", faults={"same_error": 0}), data, tmp_path / "run")
    by_arm = [(trial.spec.arm, trial.state) for trial in history.trials.values()]
    assert by_arm.count(("max", "failed")) == 6
    assert [arm for arm, _ in by_arm].count("capsule") == 6
    failed = next(trial for trial in history.trials.values() if trial.state == "failed")
    assert failed.ended is not None
    assert failed.ended.reason == "ValueError: planted <failure>"
    assert failed.failure is not None
    assert "formulas.py" in failed.failure.traceback


def test_one_error_again_and_again_stops_a_sweep_that_can_be_resumed(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sweep("raising", faults={"same_error": 3})
    with pytest.raises(SweepHaltedError, match=r"small/max: 3 trials in a row .* ValueError: planted <failure>"):
        run(config, data, tmp_path / "run")
    halted = read_run(tmp_path / "run")
    assert [trial.state for trial in halted.trials.values() if trial.spec.arm == "max"] == ["failed"] * 3
    assert halted.ended is None
    mended = sweep(faults={"same_error": 3})
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared(mended, data))
    history = driver.resume(RunDirectory(tmp_path / "run"), means(), replay=lambda event: None)
    states = Counter(trial.state for trial in history.trials.values())
    assert states["failed"] == 3
    assert states.total() == 12
    assert history.ended is not None


def test_a_lost_worker_costs_an_attempt_and_no_trial(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path / "mark"))
    config = sweep("dying_once", faults={"checkpoint_every": 1})
    history = run(config, data, tmp_path / "run", inline=False)
    assert len(history.lost) == 1
    lost = history.trials[history.lost[0].number]
    assert [attempt.attempt for attempt in lost.attempts] == [1, 2]
    # The checkpoint after the first epoch may have been on its way when the worker died.
    again = lost.attempts[1].epoch
    assert again in (0, 1)
    assert [(epoch.epoch, epoch.attempt) for epoch in lost.epochs][:2] == [(0, 1 if again else 2), (1, 2)]
    assert lost.attempts[0].worker != lost.attempts[1].worker
    assert len(history.trials) == 12
    assert all(trial.state in ("complete", "pruned") for trial in history.trials.values())
    later = [trial.attempts[-1].worker for trial in history.trials.values() if trial.number > lost.number + 1]
    assert lost.attempts[0].worker not in later


def test_a_trial_that_kills_every_worker_fails_and_the_sweep_ends(
    sweep: MakeConfig, data: Dataset, tmp_path: Path
) -> None:
    history = run(sweep("deadly", trials=1), data, tmp_path / "run", inline=False)
    states = {trial.spec.arm: trial for trial in history.trials.values()}
    assert states["capsule"].state == "complete"
    assert states["max"].state == "failed"
    assert states["max"].ended is not None
    assert "lost 3 workers" in (states["max"].ended.reason or "")


def test_the_leaders_models_are_kept_and_named_by_their_digest(
    sweep: MakeConfig, data: Dataset, tmp_path: Path
) -> None:
    import hashlib

    history = run(sweep(), data, tmp_path / "run")
    for arm in ("capsule", "max"):
        complete = [t for t in history.trials.values() if t.spec.arm == arm and t.state == "complete"]
        best = max(complete, key=lambda trial: trial.ended.value or 0)  # type: ignore[union-attr]
        model = best.artifacts["model"]
        payload = (tmp_path / "run" / model.path).read_bytes()
        assert payload == f"model of trial {best.number}".encode()
        assert model.digest == hashlib.sha256(payload).hexdigest()


def test_two_drivers_on_one_run_are_refused(sweep: MakeConfig, data: Dataset, tmp_path: Path) -> None:
    run(sweep(), data, tmp_path / "run")
    code = (
        "import sys, time; from pathlib import Path; from sweeps.runlog import *;"
        "log = RunLog.open(RunDirectory(Path(sys.argv[1]))); print('taken', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        with pytest.raises(RunError, match="another driver"):
            driver.resume(RunDirectory(tmp_path / "run"), means(), replay=lambda event: None)
        os.kill(holder.pid, signal.SIGKILL)
    assert not RunDirectory(tmp_path / "run").is_driven()


def test_the_header_says_what_was_asked(sweep: MakeConfig, data: Dataset, tmp_path: Path) -> None:
    config = sweep()
    history = run(config, data, tmp_path / "run")
    assert history.config == config
    assert history.header.data["digest"] == "digest"
    assert history.header.versions["optuna"]
    assert [study.study for study in history.studies] == ["small/capsule", "small/max"]
    assert history.studies[0].space["pooling"] == ["capsule"]
    assert "temperature" not in history.studies[1].space
    first = (tmp_path / "run" / "events.jsonl").read_bytes().splitlines(keepends=True)[0]
    assert first == to_line(history.header)


def test_no_log_has_a_header_without_its_studies(sweep: MakeConfig, data: Dataset, tmp_path: Path) -> None:
    seen: list[int] = []

    def look(event: AnyEvent) -> None:
        seen.append(len(read_run(tmp_path / "run").studies))

    driver.launch(prepared(sweep(), data), RunDirectory(tmp_path / "run"), replace(means(), on_event=look))
    assert set(seen) == {2}


def test_a_larger_budget_is_taken_at_resume_and_remembered(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(sweep(trials=9), data, tmp_path / "whole")
    run(sweep(trials=6), data, tmp_path / "run")
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared(config, data))
    said: list[str] = []
    shown: list[AnyEvent] = []
    history = driver.resume(
        RunDirectory(tmp_path / "run"),
        replace(means(), say=said.append),
        replay=shown.append,
        change=lambda config: apply_changes(config, {"search.trials": 9}),
    )
    # The arms took turns up to the sixth trial, and what is drawn next is drawn as if they had gone on doing so.
    assert sorted(map(str, (params[1:] for params in results(history)))) == sorted(
        map(str, (params[1:] for params in results(whole)))
    )
    assert "resume: search.trials is now 9" in said
    assert history.config.search.trials == 9
    assert [study.budget for study in history.studies] == [9, 9]
    assert [event.budget for event in shown if isinstance(event, StudyCreated)] == [9, 9]
    assert history.drivers[-1].changes == {"search.trials": 9}
    assert history.header.config["search"]["trials"] == 6  # type: ignore[index,call-overload]
    again = driver.resume(RunDirectory(tmp_path / "run"), means(), replay=lambda event: None)
    assert again.config.search.trials == 9


def test_another_question_is_refused_by_the_driver_itself(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(sweep(), data, tmp_path / "run")
    before = (tmp_path / "run" / "events.jsonl").read_bytes()
    with pytest.raises(ConfigError, match=r"resume: search\.epochs: is 4, was 3; that is another sweep"):
        driver.resume(
            RunDirectory(tmp_path / "run"),
            means(),
            replay=lambda event: None,
            change=lambda config: apply_changes(config, {"search.epochs": 4}),
        )
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == before


def test_a_run_is_not_taken_over_for_a_resume_that_is_refused(sweep: MakeConfig, data: Dataset, tmp_path: Path) -> None:
    config, directory = sweep(), RunDirectory(tmp_path / "run")

    def on_event(event: AnyEvent) -> None:
        if isinstance(event, TrialEnded) and event.number == 4:
            with pytest.raises(ConfigError, match="that is another sweep"):
                driver.resume(
                    directory,
                    means(),
                    replay=lambda event: None,
                    change=lambda config: apply_changes(config, {"search.epochs": 4}),
                    take_over=True,
                )

    history = driver.launch(prepared(config, data), directory, replace(means(), on_event=on_event))
    assert history.ended is not None
    assert len(history.drivers) == 1


def test_a_driver_whose_run_is_taken_over_writes_nothing_more(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, directory = sweep(), RunDirectory(tmp_path / "run")
    whole = run(config, data, tmp_path / "whole")
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared(config, data))
    after: list[bytes] = []

    def on_event(event: AnyEvent) -> None:
        if isinstance(event, TrialEnded) and event.number == 4:
            driver.resume(directory, means(), replay=lambda event: None, take_over=True)
            after.append(directory.events.read_bytes())

    with pytest.raises(RunError, match="another driver has taken this run over; nothing more is written here"):
        driver.launch(prepared(config, data), directory, replace(means(), on_event=on_event))
    assert directory.events.read_bytes() == after[0]
    assert results(read_run(directory.path)) == results(whole)
    assert not directory.is_driven()


def test_out_of_memory_is_tried_again_alone_and_recorded(
    sweep: MakeConfig, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path))
    config = sweep("short_of_memory", trials=2, epochs=2)
    history = run(config, data, tmp_path / "run", inline=False)
    assert {trial.state for trial in history.trials.values()} == {"complete"}
    assert all(trial.failure is None for trial in history.trials.values())
    short = [event.number for event in history.resources if event.kind == "out_of_memory"]
    assert sorted(short) == sorted(trial.number for trial in history.trials.values() if trial.spec.arm == "max")
    log = [event for event, _ in read_events(RunDirectory(tmp_path / "run"))]
    for number in short:
        again = history.trials[number].attempts[1]
        assert (again.attempt, again.concurrency) == (2, 1)
        after = log[log.index(again) + 1 :]
        first_ended = next(event for event in after if isinstance(event, TrialEnded))
        begun = [event for event in after[: after.index(first_ended)] if isinstance(event, AttemptStarted)]
        assert first_ended.number == number
        assert not begun, "another trial began beside it"


def test_a_trial_that_raises_is_tried_again_as_often_as_asked(sweep: MakeConfig, data: Dataset, tmp_path: Path) -> None:
    history = run(sweep("raising", trials=2, faults={"retries": 2, "same_error": 0}), data, tmp_path / "run")
    for trial in history.trials.values():
        fails = trial.spec.arm == "max"
        assert [attempt.attempt for attempt in trial.attempts] == ([1, 2, 3] if fails else [1])
        assert (trial.state == "failed") == fails == (trial.failure is not None)


def test_a_process_that_leaks_is_replaced_in_time(sweep: MakeConfig, data: Dataset, tmp_path: Path) -> None:
    config = sweep("leaking", trials=10, epochs=2, workers={"count": 1, "gpus": 0, "recycle_gib": 0.1})
    history = run(config, data, tmp_path / "run", inline=False)
    assert {trial.state for trial in history.trials.values()} <= {"complete", "pruned"}
    recycled = [event for event in history.resources if event.kind == "recycled"]
    assert recycled, "20 trials of 16 MiB each, of which 100 MiB are allowed"
    assert "its memory grew by 0.1" in recycled[0].detail
    by_worker: dict[str, list[int]] = {}
    for trial in history.trials.values():
        by_worker.setdefault(trial.attempts[0].worker, []).extend(epoch.memory_bytes for epoch in trial.epochs)
    assert len(by_worker) == len(recycled) + 1
    for memory in by_worker.values():
        assert max(memory) - min(memory) < 0.1 * 2**30 + 3 * 16 * 2**20
