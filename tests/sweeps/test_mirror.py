"""The mirror: what an Optuna storage holds of a run is what the log holds, whenever and however often it is made."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import create_trial

from sweeps import cli, driver
from sweeps.codec import to_line
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.errors import RunError
from sweeps.history import read_run
from sweeps.records import AnyEvent, SweepEnded, TrialEnded, TrialKnown, TrialStarted
from sweeps.runlog import RunDirectory, read_events
from sweeps.search import Search, mirror, mirror_storage
from sweeps.search.mirror import Mirror
from sweeps.training.inspection import Inspection
from tests.sweeps.mirror_world import (
    SEVERAL,
    SWEEP,
    execute,
    expected,
    held,
    lost_trial,
    mirrored,
    studies,
    sweep_of,
    tables,
    write_log,
)
from tests.sweeps.search_world import arms_of
from tests.sweeps.test_cli_errors import refused

KINDS: dict[str, dict[str, Any]] = {
    "arms": {},
    "joint": {"compare": None},
    "several": SEVERAL,
    "minimized": {"objective": {"metric": "loss", "direction": "minimize", "at": "best"}, "compare": None},
}
OPENED = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A storage with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'studies.db'}"
    database: str = request.getfixturevalue("database")
    return database


def test_a_sweep_that_was_driven_is_mirrored_trial_by_trial(
    make_config: Callable[..., SweepConfig], data: Dataset, url: str, tmp_path: Path
) -> None:
    config = make_config(
        model={"build": "tests.sweeps.formulas:raising"},
        search={
            "trials": 12,
            "epochs": 3,
            "sampler": {"name": "tpe", "startup_trials": 3},
            "pruner": {"name": "median", "startup_trials": 2, "warmup_steps": 2},
        },
        faults={"same_error": 0},
        compare=None,
    )
    facts = DataFacts("digits", "made", "digest", 64, 32, 0, 0, "", 10, (28, 28))
    prepared = driver.Prepared(config, Search(config), data, facts, Inspection((), frozenset({"temperature"}), ()))
    trainer = "sweeps.training.synthetic:SyntheticTrainer"
    means = driver.Means(inline=True, address=None, say=lambda _: None, on_event=lambda _: None, trainer=trainer)
    run = driver.launch(prepared, RunDirectory(tmp_path / "run"), means)
    mirrored(tmp_path / "run", url)
    events = [event for event, _ in read_events(run.directory)]
    there = held(url)
    assert there == expected(events, sweep=run.header.sweep)
    (trials,) = there.values()
    assert {trial["state"] for trial in trials} == {"COMPLETE", "PRUNED", "FAIL"}
    assert {len(trial["params"]) for trial in trials} == {3, 4}, "temperature applies to one pooling only"  # type: ignore[arg-type]
    (study,) = studies(url)
    assert study.user_attrs["capsweep:run"] == run.header.sweep
    best = max((t.ended for t in run.trials.values() if t.state == "complete"), key=lambda ended: ended.value)  # type: ignore[union-attr,arg-type,return-value]
    assert study.best_trial.user_attrs["capsweep:trial"] == best.number  # type: ignore[union-attr]
    assert len(study.trials_dataframe()) == 12


@OPENED
def test_a_second_time_changes_nothing(kind: str, url: str, tmp_path: Path) -> None:
    _, events = sweep_of(**KINDS[kind])
    run = write_log(tmp_path / "run", events)
    assert mirrored(run, url) == 8 * len(read_run(run).studies)
    assert held(url) == expected(events)
    before = tables(url)
    assert mirrored(run, url) == 0
    assert tables(url) == before


def test_a_second_time_changes_nothing_of_a_run_that_is_under_way(url: str, tmp_path: Path) -> None:
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events[: len(events) // 2])
    assert mirrored(run, url) > 0
    before = tables(url)
    assert "RUNNING" in str(held(url))
    assert mirrored(run, url) == 0
    assert tables(url) == before


def test_a_trial_that_somebody_changed_there_becomes_again_what_it_is(url: str, tmp_path: Path) -> None:
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events)
    mirrored(run, url)
    before = tables(url)
    of_value = "SELECT trial_id FROM trial_values WHERE trial_value_id = {}"
    execute(
        url,
        "UPDATE trial_values SET value = 17 WHERE trial_value_id = 1",
        f"DELETE FROM trial_intermediate_values WHERE trial_id = ({of_value.format(2)})",
        f"UPDATE trials SET state = 'RUNNING', datetime_complete = NULL WHERE trial_id = ({of_value.format(3)})",
    )
    assert mirrored(run, url) == 3
    assert held(url) == expected(events)
    assert tables(url)["trials"] == before["trials"]


@OPENED
def test_the_mirror_holds_what_the_search_itself_holds(kind: str, url: str, tmp_path: Path) -> None:
    search, events = sweep_of(**KINDS[kind])
    mirrored(write_log(tmp_path / "run", events), url)
    copies = {study.study_name.partition(" (")[0]: study for study in studies(url)}
    assert set(copies) == set(arms_of(search))
    for name, arm in arms_of(search).items():
        assert copies[name].directions == arm._study.directions
        for ours, theirs, judged in zip(copies[name].trials, arm.trials(), arm.judged_trials(), strict=True):
            assert ours.intermediate_values == judged.intermediate_values
            assert (ours.number, ours.state, ours.params) == (theirs.number, theirs.state, theirs.params)
            assert (ours.distributions, ours.constraints) == (theirs.distributions, theirs.constraints)
            if theirs.state.name == "COMPLETE":
                assert ours.values == theirs.values
    assert (copies.popitem()[1].metric_names or [])[1:] == (["parameters", "loss"] if kind == "several" else [])


def test_it_is_written_as_optuna_itself_writes_it(url: str, tmp_path: Path) -> None:
    _, events = sweep_of(**SEVERAL)
    mirrored(write_log(tmp_path / "run", events[:-9]), url)
    ours, twins = tables(url), f"sqlite:///{tmp_path / 'twins.db'}"
    storage = optuna.storages.RDBStorage(twins)
    for study in studies(url):
        twin = optuna.create_study(study_name=study.study_name, directions=study.directions, storage=storage)
        with pytest.warns(optuna.exceptions.ExperimentalWarning):
            twin.set_metric_names(study.metric_names or [])
        for key, value in study.user_attrs.items():
            twin.set_user_attr(key, value)
        for trial in study.get_trials():
            like = create_trial(
                state=trial.state,
                values=trial.values,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs=trial.user_attrs,
                intermediate_values=trial.intermediate_values,
                constraints=trial.constraints,
            )
            like.datetime_start, like.datetime_complete = trial.datetime_start, trial.datetime_complete
            twin.add_trial(like)
    storage.remove_session()
    storage.engine.dispose()
    theirs = tables(twins)
    assert {name: len(rows) for name, rows in ours.items()} == {name: len(rows) for name, rows in theirs.items()}
    for name in ("studies", "trials", "study_directions", "study_system_attributes"):
        assert ours[name] == theirs[name]
    assert held(twins) == held(url)


@pytest.mark.parametrize("step", [1, 17])
@pytest.mark.parametrize("kind", ["joint", "several"])
def test_a_mirror_that_looks_again_and_again_holds_what_the_log_holds_each_time(
    kind: str, step: int, url: str, tmp_path: Path
) -> None:
    _, events = sweep_of(**{**KINDS[kind], "search__trials": 4})
    run = write_log(tmp_path / "run", events[:3])
    states = set()
    with contextlib.closing(Mirror(run, url)) as copy:
        for length in range(4, len(events) + step, step):
            write_log(run, events[:length])
            copy.write()
            if step > 1 or length % 5 == 0 or length >= len(events):
                assert held(url) == expected(events[:length])
                states |= {trial["state"] for trials in held(url).values() for trial in trials}
    assert "RUNNING" in states
    assert held(url) == expected(events)


def test_epochs_of_a_lost_attempt_give_way_to_those_that_count(url: str, tmp_path: Path) -> None:
    events = lost_trial()
    run = write_log(tmp_path / "run", events[:3])
    for length in range(3, len(events) + 1):
        write_log(run, events[:length])
        mirrored(run, url)
        assert held(url) == expected(events[:length]), events[length - 1]
    assert held(url)[f"s/capsule ({SWEEP[:8]})"][0]["course"] == {0: 0.1, 1: 0.7}


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_mirror_interrupted_anywhere_is_completed(
    at_once: int, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "_AT_ONCE", at_once)
    _, events = sweep_of(**SEVERAL)
    run = write_log(tmp_path / "run", events)
    filled, until = mirror_storage.fill, [0]

    def fill(*args: Any) -> None:
        filled(*args)
        until[0] -= 1
        if until[0] == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(mirror_storage, "fill", fill)
    whole, written = expected(events), 0
    for until[0] in (1, 2, 3, 5, 7):
        with pytest.raises(KeyboardInterrupt):
            mirrored(run, url)
        there = held(url)
        assert all(trials == whole[name][: len(trials)] for name, trials in there.items()), "half a trial"
        assert sum(map(len, there.values())) >= written
        written = sum(map(len, there.values()))
    assert 0 < written < 16
    assert mirrored(run, url) == 16 - written
    assert held(url) == whole


def test_a_mirror_interrupted_between_its_studies_is_completed(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events)
    make, made = mirror_storage.Database.create_study, []

    def create(self: Any, study: Any) -> int:
        made.append(study)
        if len(made) == 2:
            raise KeyboardInterrupt
        return make(self, study)

    monkeypatch.setattr(mirror_storage.Database, "create_study", create)
    with pytest.raises(KeyboardInterrupt):
        mirrored(run, url)
    assert len(held(url)) == 1
    mirrored(run, url)
    assert held(url) == expected(events)


def test_runs_of_one_sweep_share_a_database(url: str, tmp_path: Path) -> None:
    (_, one), (_, other) = sweep_of(), sweep_of(sweep="ba9876543210", seed=1)
    runs = [write_log(tmp_path / name, events) for name, events in (("one", one), ("other", other))]
    with contextlib.closing(Mirror(runs[0], url)) as first, contextlib.closing(Mirror(runs[1], url)) as second:
        assert (first.write(), second.write()) == (16, 16)
    assert held(url) == expected(one) | expected(other, sweep="ba9876543210")
    assert sum(mirrored(run, url) for run in runs) == 0


def test_trials_of_earlier_runs_are_not_mirrored(url: str, tmp_path: Path) -> None:
    _, events = sweep_of()
    first = next(event for event in events if isinstance(event, TrialStarted))
    known = TrialKnown(
        study=first.study,
        sweep="other",
        number=0,
        seed_index=0,
        params=first.params,
        state="complete",
        values=(0.5,),
        course=(0.5,),
    )
    mirrored(write_log(tmp_path / "run", [*events[:3], known, *events[3:]]), url)
    assert held(url) == expected(events)


def test_numbers_that_optuna_does_not_take_become_what_they_mean(url: str, tmp_path: Path) -> None:
    _, events = sweep_of()
    at = next(place for place, e in enumerate(events) if isinstance(e, TrialEnded) and e.state == "complete")
    bounds = {"loss": math.nan, "parameters": -1.0}
    events[at] = replace(events[at], value=math.inf, constraints=bounds)  # type: ignore[arg-type]
    mirrored(write_log(tmp_path / "run", events), url)
    number = events[at].number  # type: ignore[union-attr]
    trials = [trial for study in studies(url) for trial in study.trials]
    (trial,) = [trial for trial in trials if trial.user_attrs["capsweep:trial"] == number]
    assert (trial.state.name, trial.values) == ("FAIL", None)
    assert trial.constraints == {"loss": math.inf, "parameters": -1.0}


def test_times_are_those_of_the_log_wherever_they_are_read(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    _, events = sweep_of()
    run = write_log(tmp_path / "run", events[: len(events) // 2])
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        mirrored(run, url)
        mirrored(write_log(run, events), url)
        assert held(url) == expected(events)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert held(url) == expected(events)


def test_two_mirrors_of_a_run_to_one_database_are_refused(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events)
    same = url.replace("+psycopg", "") if "psycopg" in url else f"sqlite:///{os.path.relpath(url[10:])}"
    assert same != url
    with contextlib.closing(Mirror(run, url)) as first:
        for other in (url, same):
            message = refused(capsys, monkeypatch, "mirror", str(run), other)
            assert f"{run}: is being copied to " in message
            assert "end that command first" in message
        mirrored(run, f"sqlite:///{tmp_path / 'other.db'}")
        first.write()
    assert mirrored(run, url) == 0
    assert held(url) == expected(events)


def test_a_copy_of_the_run_directory_doubles_no_trial(url: str, tmp_path: Path) -> None:
    _, events = sweep_of()
    one, other = (write_log(tmp_path / name, events[:20]) for name in ("run", "copy"))
    with contextlib.closing(Mirror(one, url)) as first, contextlib.closing(Mirror(other, url)) as second:
        for length in range(20, len(events) + 1, 9):
            for path, copy in ((one, first), (other, second)):
                write_log(path, events[:length])
                copy.write()
    assert held(url) == expected(events[:length])


def test_a_trial_that_somebody_puts_between_is_seen_before_any_is_doubled(url: str, tmp_path: Path) -> None:
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events[:20])
    with contextlib.closing(Mirror(run, url)) as copy:
        copy.write()
        storage = optuna.storages.RDBStorage(url)
        for name in copy.studies:
            optuna.load_study(study_name=name, storage=storage).add_trial(create_trial(value=1.0))
            optuna.load_study(study_name=name, storage=storage).add_trial(create_trial(value=1.0))
        storage.remove_session()
        storage.engine.dispose()
        before = tables(url)
        write_log(run, events[: len(events) // 2])
        with pytest.raises(RunError, match="somebody else writes to the study, which has"):
            copy.write()
    assert tables(url) == before
    with pytest.raises(RunError, match=r"its trial \d+ has other params than the run's|it has \d+ trials, the run has"):
        mirrored(run, url)
    assert tables(url) == before


def test_a_trial_that_somebody_takes_away_meanwhile_moves_no_number(url: str, tmp_path: Path) -> None:
    _, events = sweep_of(compare=None)
    run = write_log(tmp_path / "run", events[: len(events) // 2])
    with contextlib.closing(Mirror(run, url)) as copy:
        copy.write()
        parts = ("params", "values", "intermediate_values", "user_attributes", "system_attributes")
        first = "(SELECT min(trial_id) FROM trials)"
        execute(url, *(f"DELETE FROM trial_{part} WHERE trial_id = {first}" for part in parts))
        execute(url, f"DELETE FROM trials WHERE trial_id = {first}")
        before = tables(url)
        write_log(run, events)
        with pytest.raises(RunError, match="somebody else writes to the study, which has"):
            copy.write()
    assert tables(url) == before


def test_a_follower_sees_the_end(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, events = sweep_of()
    stopped = SweepEnded(reason="interrupted")
    lines = [to_line(event) for event in (*events[:50], stopped, *events[50:])]
    run = write_log(tmp_path / "run", events[:30])
    rest = [b"".join(lines[30:50]), lines[50], lines[51][:9], b"", lines[51][9:], b"".join(lines[52:])]
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        with (run / "events.jsonl").open("ab") as log:
            log.write(rest.pop(0))

    monkeypatch.setattr(mirror.time, "sleep", sleep)
    with contextlib.closing(Mirror(run, url)) as copy:
        copy.follow(every=0.5)
    assert (slept, rest) == ([0.5] * 6, [])
    assert held(url) == expected(events)


REFUSALS: dict[str, tuple[Callable[[list[AnyEvent]], list[AnyEvent]], tuple[str, ...], str]] = {
    "directions": (
        lambda events: events,
        ("UPDATE study_directions SET direction = 'MINIMIZE' WHERE study_id = 2",),
        "its directions are minimize, those of the run maximize",
    ),
    "more objectives": (
        lambda events: events,
        ("INSERT INTO study_directions (study_direction_id, direction, study_id, objective) "
         "VALUES (99, 'MINIMIZE', 2, 1)",),
        "its directions are maximize, minimize, those of the run maximize",
    ),
    "no stamp": (
        lambda events: events,
        ("DELETE FROM study_user_attributes WHERE study_id = 2",),
        "it is of another sweep (none of capsweep)",
    ),
    "another run of a like name": (
        lambda events: [replace(events[0], sweep=SWEEP[:8] + "zzzz"), *events[1:]],  # type: ignore[list-item,call-arg]
        (),
        f"it is of another sweep ({SWEEP})",
    ),
    "a number twice": (
        lambda events: events,
        ("UPDATE trials SET number = 3 WHERE study_id = 2 AND number = 4",),
        "its trials are not numbered in turn",
    ),
    "more trials": (
        lambda events: events[:-20],
        (),
        "trials, the run has",
    ),
    "other params": (
        lambda events: [replace(e, config_hash="x") if isinstance(e, TrialStarted) else e for e in events],
        (),
        "its trial 0 has other params than the run's",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_study_that_is_no_mirror_of_the_run_is_left_alone_and_so_is_all_else(
    kind: str, url: str, tmp_path: Path
) -> None:
    change, statements, message = REFUSALS[kind]
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events)
    mirrored(run, url)
    # The first study is missing, and must not be made anew before the second is compared.
    storage = optuna.storages.RDBStorage(url)
    storage.delete_study(storage.get_study_id_from_name(f"s/capsule ({SWEEP[:8]})"))
    storage.remove_session()
    storage.engine.dispose()
    execute(url, *statements)
    write_log(run, change(events))
    before = tables(url)
    with pytest.raises(RunError) as caught:
        mirrored(run, url)
    assert message in str(caught.value)
    assert f"the study 's/max ({SWEEP[:8]})' there is no mirror of {run}: " in str(caught.value)
    assert tables(url) == before


def test_what_a_person_keeps_there_stays(url: str, tmp_path: Path) -> None:
    """optuna-dashboard keeps its notes in a study's system attributes, and other tools theirs in a trial's."""
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events[: len(events) // 2])
    mirrored(run, url)
    storage = optuna.storages.RDBStorage(url)
    for study in storage.get_all_studies():
        storage.set_study_system_attr(study._study_id, "dashboard:note", "mine")
        for trial in storage.get_all_trials(study._study_id, states=(optuna.trial.TrialState.RUNNING,)):
            storage.set_trial_user_attr(trial._trial_id, "mine", 1)
            storage.set_trial_system_attr(trial._trial_id, "mine", 1)
            kept = trial.number
    mirrored(write_log(run, events), url)
    for study in storage.get_all_studies():
        assert study.system_attrs["dashboard:note"] == "mine"
    trials = [trial for study in storage.get_all_studies() for trial in storage.get_all_trials(study._study_id)]
    assert [trial.number for trial in trials if trial.user_attrs.get("mine") and trial.system_attrs.get("mine")] == [
        kept
    ]
    storage.remove_session()
    storage.engine.dispose()


def test_a_database_that_goes_away_meanwhile_is_one_message(url: str, tmp_path: Path) -> None:
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events[:20])
    with contextlib.closing(Mirror(run, url)) as copy:
        copy.write()
        execute(url, "ALTER TABLE trials RENAME TO gone")
        write_log(run, events)
        with pytest.raises(RunError, match=r"trials.*; once that is mended, the same command goes on") as caught:
            copy.write()
        assert "\n" not in str(caught.value)
        execute(url, "ALTER TABLE gone RENAME TO trials")
        copy.write()
    assert held(url) == expected(events)


def test_the_command_says_what_it_wrote_and_nothing_else(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, events = sweep_of()
    run = write_log(tmp_path / "run", events)
    monkeypatch.setattr("sys.argv", ["capsweep", "mirror", str(run), url, "--follow"])
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr()
    shown = url if "sqlite" in url else f"postgresql+psycopg://tester:***@{url.partition('@')[2]}"
    assert (stopped.value.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        f"study: s/capsule ({SWEEP[:8]})",
        f"study: s/max ({SWEEP[:8]})",
        f"trials written to {shown}: 16",
        "the run has ended, and all of it is there",
    ]


def test_ctrl_c_ends_it_with_a_code_of_its_own(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    _, events = sweep_of()
    run = write_log(tmp_path / "run", events[:-1])
    monkeypatch.setattr(mirror.time, "sleep", lambda _: signal.raise_signal(signal.SIGTERM))
    monkeypatch.setattr("sys.argv", ["capsweep", "mirror", str(run), url, "--follow"])
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert (stopped.value.code, capsys.readouterr().err) == (130, "interrupted; the same command goes on\n")
    assert mirrored(write_log(run, events), url) == 0


def test_an_open_mirror_holds_no_connection(database: str, tmp_path: Path) -> None:
    import psycopg

    _, events = sweep_of()
    with (
        contextlib.closing(Mirror(write_log(tmp_path / "run", events), database)) as copy,
        psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as other,
    ):
        copy.write()
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        # A process of the server ends a moment after its connection.
        assert any(other.execute(count).fetchone() == (1,) for _ in range(10_000))
