"""The mirror: what a storage of Optuna's holds of a run is what the log holds, whenever it is made."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState
from typer.testing import CliRunner

from sweeps.cli import app
from sweeps.codec import to_line
from sweeps.errors import ConfigError, RunError
from sweeps.history import History, read_run
from sweeps.lock import take
from sweeps.records import AnyEvent, SweepEnded, SweepStarted, TrialEnded
from sweeps.runlog import RunDirectory
from sweeps.search import Search
from sweeps.search.mirror import Mirror, name_in_storage
from sweeps.search.storage import open_storage, shown
from tests.sweeps.search_world import Fate, World, make_config

FATES = {1: Fate("nan", 2), 2: Fate("lost", 3, times=2), 3: Fate("raise", 1), 4: Fate("missing", 0)}
SEVERAL: dict[str, Any] = {
    "objective__also": ["parameters", {"metric": "loss", "direction": "minimize"}],
    "objective__constraints": {"parameters": {"at_most": 500}},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A storage with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'studies.db'}"
        return
    url: str = request.getfixturevalue("postgresql")
    yield url
    with contextlib.closing(Mirror(url)) as mirror:
        for study in mirror._storage.get_all_studies():
            mirror._storage.delete_study(study._study_id)


@pytest.fixture
def events() -> list[AnyEvent]:
    return events_of()


def events_of(*, sweep: str = "0123456789ab", **changes: Any) -> list[AnyEvent]:
    """The log of a whole sweep, without workers."""
    config = make_config(**{"search__trials": 8, "search__epochs": 6, **changes})
    search, world = Search(config), World(FATES)
    world.drive(search)
    document = config.model_dump(mode="json")
    header = SweepStarted(
        sweep=sweep, name="s", config=document, config_digest="", data={}, commit=None, dirty=None, versions={}
    )
    return [header, *search.studies(), *world.log, SweepEnded(reason="budget met")]


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., History]:
    def make(events: list[AnyEvent], name: str = "run") -> History:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "events.jsonl").write_bytes(b"".join(map(to_line, events)))
        return read_run(tmp_path / name)

    return make


def write(run: History, url: str) -> int:
    with contextlib.closing(Mirror(url)) as mirror:
        return mirror.write(run)


def held(url: str) -> dict[str, list[FrozenTrial]]:
    with contextlib.closing(Mirror(url)) as mirror:
        storage = mirror._storage
        return {study.study_name: storage.get_all_trials(study._study_id) for study in storage.get_all_studies()}


def check_equal(run: History, url: str) -> None:
    """Trial by trial, against the log itself."""
    there = held(url)
    assert set(there) == {name_in_storage(run, study.study) for study in run.studies}
    metric = run.config.objective.metric
    for study in run.studies:
        trials = sorted((t for t in run.trials.values() if t.spec.study == study.study), key=lambda t: t.spec.order)
        copies = there[name_in_storage(run, study.study)]
        assert [copy.number for copy in copies] == [trial.spec.order for trial in trials]
        for trial, copy in zip(trials, copies, strict=True):
            states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL", "running": "RUNNING"}
            assert copy.state.name == states[trial.state]
            assert copy.params == trial.spec.params
            assert set(copy.distributions) == set(trial.spec.params)
            course = {
                e.epoch: e.metrics[metric] for e in trial.epochs if math.isfinite(e.metrics.get(metric, math.nan))
            }
            assert course.items() <= copy.intermediate_values.items()
            if trial.ended:
                assert copy.intermediate_values == course
            assert copy.user_attrs["capsweep:trial"] == trial.number
            assert copy.datetime_start == datetime.fromtimestamp(trial.spec.time)
            if trial.ended:
                assert copy.constraints == trial.ended.constraints
            if trial.ended and trial.state == "complete":
                assert copy.values == [trial.ended.value, *trial.ended.also.values()]
            if trial.ended and trial.ended.reason:
                assert copy.user_attrs["capsweep:reason"] == trial.ended.reason


@pytest.mark.parametrize("changes", [{}, {"compare": None}, SEVERAL], ids=["arms", "joint", "several"])
def test_the_copy_is_the_log_trial_by_trial(
    changes: dict[str, Any], url: str, make_run: Callable[..., History]
) -> None:
    run = make_run(events_of(**changes))
    states = {trial.state for trial in run.trials.values()}
    assert states == {"complete", "pruned", "failed"}
    assert write(run, url) == len(run.trials)
    check_equal(run, url)
    before = repr(held(url))
    assert write(run, url) == 0
    assert repr(held(url)) == before, "a second time changes nothing"


def test_optuna_opens_the_copy(url: str, make_run: Callable[..., History]) -> None:
    run = make_run(events_of(**SEVERAL))
    write(run, url)
    with contextlib.closing(Mirror(url)) as mirror:
        study = optuna.load_study(study_name=name_in_storage(run, "s/capsule"), storage=mirror._storage)
        assert study.metric_names == ["val_accuracy", "parameters", "loss"]
        assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE", "MINIMIZE"]
        assert study.best_trials
        assert study.user_attrs == {"capsweep:run": "0123456789ab"}


@pytest.mark.parametrize("step", [7, 40])
def test_a_copy_that_follows_a_sweep_ends_as_one_made_at_once(
    step: int, url: str, events: list[AnyEvent], make_run: Callable[..., History]
) -> None:
    with contextlib.closing(Mirror(url)) as mirror:
        for length in range(3, len(events) + step, step):
            run = make_run(events[:length])
            mirror.write(run)
            check_equal(run, url)
    assert run.ended is not None


def test_a_copy_that_was_interrupted_anywhere_is_completed(
    url: str, events: list[AnyEvent], make_run: Callable[..., History], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, calls = make_run(events), iter(range(10_000))

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(calls) % 7 == 6:
                raise KeyboardInterrupt
            return original(*args, **kwargs)

        return call

    class_ = type(open_storage(url)) if False else optuna.storages.RDBStorage
    half = make_run(events[: len(events) // 2], "half")
    for name in ("create_new_trial", "set_trial_state_values", "set_trial_intermediate_value", "create_new_study"):
        monkeypatch.setattr(class_, name, failing(getattr(class_, name)))
    for history in (half, run):
        for _ in range(100):
            with contextlib.suppress(KeyboardInterrupt):
                write(history, url)
                break
        check_equal(history, url)


def test_two_runs_of_one_sweep_share_a_database(url: str, make_run: Callable[..., History]) -> None:
    one, other = make_run(events_of(), "one"), make_run(events_of(sweep="ba9876543210", seed=1), "other")
    write(one, url)
    write(other, url)
    assert len(held(url)) == 4
    assert write(one, url) == write(other, url) == 0


def test_a_study_that_is_not_the_runs_is_left_alone(url: str, make_run: Callable[..., History]) -> None:
    run = make_run(events_of())
    with contextlib.closing(Mirror(url)) as mirror:
        name = name_in_storage(run, "s/max")
        study = optuna.create_study(study_name=name, storage=mirror._storage, direction="minimize")
        before = repr(study.trials)
    with pytest.raises(RunError, match="with other objectives"):
        write(run, url)
    assert set(held(url)) == {name}, "nothing was written"
    with contextlib.closing(Mirror(url)) as mirror:
        mirror._storage.delete_study(mirror._storage.get_study_id_from_name(name))
        study = optuna.create_study(study_name=name, storage=mirror._storage, direction="maximize")
        study.add_trial(optuna.trial.create_trial(value=1.0))
        before = repr(study.trials)
    with pytest.raises(RunError, match=r"has a trial 0 that is not this run's"):
        write(run, url)
    assert repr(held(url)[name]) == before


def test_one_command_at_a_time_copies_a_run_to_a_place(
    url: str, events: list[AnyEvent], make_run: Callable[..., History]
) -> None:
    run = make_run(events)
    lock = take(run.directory.mirror_lock(url))
    try:
        refused = CliRunner().invoke(app, ["mirror", str(run.directory.path), url])
    finally:
        __import__("os").close(lock)
    assert isinstance(refused.exception, RunError)
    assert "another command copies this run there" in str(refused.exception)
    done = CliRunner().invoke(app, ["mirror", str(run.directory.path), url, "--follow"])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "trials written: 16")


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ("nonsense", ConfigError, "URL: must read as sqlite:///FILE or postgresql://"),
        ("postgresql://me:hunter2@host:port/x", ConfigError, "URL: must read as"),
        ("oracle9i://me:hunter2@host/x", ConfigError, "URL: must read as"),
        ("sqlite://", ConfigError, "is a database in memory"),
        ("sqlite:///:memory:", ConfigError, "is a database in memory"),
        ("sqlite:////nowhere/at/all/x.db", RunError, "unable to open database file"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:1/x", RunError, "127.0.0.1"),
        ("mysql://me:hunter2@127.0.0.1:1/x", ConfigError, "MySQLdb is needed to talk to it"),
    ],
)
def test_a_place_that_is_none_is_refused_without_its_password(bad: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        open_storage(bad)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_password_is_not_repeated(postgresql: str) -> None:
    wrong = postgresql.replace("s3cr%20et%2F%40", "hunter2")
    with pytest.raises(RunError) as caught:
        open_storage(wrong)
    assert "password authentication failed" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert shown(wrong).startswith("postgresql+psycopg://tester:***@127.0.0.1:")


def test_a_database_that_may_only_be_read_says_so(
    tmp_path: Path, events: list[AnyEvent], make_run: Callable[..., History]
) -> None:
    run, path = make_run(events), tmp_path / "x.db"
    write(make_run(events[:4], "half"), f"sqlite:///{path}")
    with pytest.raises(RunError, match="attempt to write a readonly database"):
        write(run, f"sqlite:///file:{path}?mode=ro&uri=true")


def test_the_log_ends_what_is_followed(events: list[AnyEvent]) -> None:
    assert isinstance(events[-2], TrialEnded)
    assert TrialState.RUNNING.name == "RUNNING"
    assert RunDirectory(Path("r")).mirror_lock("a") != RunDirectory(Path("r")).mirror_lock("b")
