"""Sweeps that are cut off, asked to stop, or told stale news, and come to the same end."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sweeps import driver
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.errors import SweepStoppedError
from sweeps.history import History, read_run
from sweeps.records import AnyEvent, EpochEnded, SweepEnded, TrialEnded, TrialStarted
from sweeps.runlog import RunDirectory, read_events
from sweeps.search import Search
from sweeps.stopping import Stop
from sweeps.training.inspection import Inspection
from sweeps.workers.inline import InlineWorkers
from sweeps.workers.protocol import Report

SYNTHETIC = "sweeps.training.synthetic:SyntheticTrainer"
EPOCHS, EVERY = 7, 2


class CrashError(BaseException):
    """The driver is gone, between two events."""


@pytest.fixture
def sweep(make_config: Callable[..., SweepConfig]) -> SweepConfig:
    """Twelve trials by formula, some of which are pruned."""
    return make_config(
        model={"build": "tests.sweeps.formulas:learning"},
        faults={"checkpoint_every": EVERY},
        search={
            "trials": 6,
            "epochs": EPOCHS,
            "sampler": {"name": "tpe", "startup_trials": 3},
            "pruner": {"name": "median", "startup_trials": 2, "warmup_steps": 8},
        },
    )


@pytest.fixture(params=[False, True], ids=["in turn", "ahead"], autouse=True)
def _overlap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InlineWorkers, "overlap", request.param)


@pytest.fixture
def prepared(sweep: SweepConfig, data: Dataset) -> Callable[[], driver.Prepared]:
    facts = DataFacts("digits", "made", "digest", 64, 32, 0, 0, "", 10, (28, 28))
    return lambda: driver.Prepared(sweep, Search(sweep), data, facts, Inspection((), frozenset({"temperature"}), ()))


def means(
    on_event: Callable[[AnyEvent], None] = lambda event: None,
    say: Callable[[str], None] = lambda line: None,
    time_limit: float | None = None,
) -> driver.Means:
    return driver.Means(True, None, say, on_event, SYNTHETIC, time_limit)


def at_event(count: int, act: Callable[[], None]) -> Callable[[AnyEvent], None]:
    """Does something when the `count`-th event has been logged, from 1."""
    seen = Counter[str]()

    def on_event(event: AnyEvent) -> None:
        seen["events"] += 1
        if seen["events"] == count:
            act()

    return on_event


def crash() -> None:
    raise CrashError


def events(path: Path) -> list[AnyEvent]:
    return [event for event, _ in read_events(RunDirectory(path))]


def results(path: Path) -> list[tuple[object, ...]]:
    trials = sorted(read_run(path).trials.items())
    return [(number, trial.spec.params, trial.state, trial.ended and trial.ended.value) for number, trial in trials]


def epochs_of(path: Path) -> Counter[tuple[int, int]]:
    return Counter((event.number, event.epoch) for event in events(path) if isinstance(event, EpochEnded))


@pytest.fixture
def resume(
    prepared: Callable[[], driver.Prepared], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path, driver.Means], History]:
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: prepared())
    return lambda path, how: driver.resume(RunDirectory(path), how, replay=lambda event: None)


@pytest.fixture
def whole(prepared: Callable[[], driver.Prepared], tmp_path: Path) -> Path:
    """The sweep as it goes without trouble."""
    driver.launch(prepared(), RunDirectory(tmp_path / "whole"), means())
    states = Counter(trial.state for trial in read_run(tmp_path / "whole").trials.values())
    assert states["complete"] > 3
    assert states["pruned"] > 1
    return tmp_path / "whole"


def check(run: Path, whole: Path, *, losses: int) -> None:
    """Every invariant of a sweep that has come to its end."""
    assert results(run) == results(whole)
    assert read_run(run).ended is not None
    for kind in (TrialStarted, TrialEnded):
        numbers = [event.number for event in events(run) if isinstance(event, kind)]
        assert sorted(numbers) == list(range(12)), kind
    again = sum((epochs_of(run) - epochs_of(whole)).values())
    assert again <= losses * EVERY
    for trial in read_run(run).trials.values():
        assert [epoch.epoch for epoch in trial.epochs] == list(range(trial.ended.epochs if trial.ended else 0))
        numbers = [attempt.attempt for attempt in trial.attempts]
        assert numbers == list(range(1, len(numbers) + 1))
    kept = {path.name.split("-")[2].split(".")[0] for path in (run / "artifacts").iterdir()}
    assert kept == {"model"}, "checkpoints go with their trials"


@pytest.mark.parametrize("count", [5, 6, 7, 10, 17, 18, 19, 20, 21, 22, 43, 60, 71, 80, 85, 92])
def test_a_driver_that_dies_after_any_event_redoes_a_few_epochs_at_most(
    prepared: Callable[[], driver.Prepared],
    resume: Callable[[Path, driver.Means], History],
    whole: Path,
    tmp_path: Path,
    count: int,
) -> None:
    run = tmp_path / "run"
    with pytest.raises(CrashError):
        driver.launch(prepared(), RunDirectory(run), means(at_event(count, crash)))
    resume(run, means())
    check(run, whole, losses=1)


@pytest.mark.parametrize("lines", [1, 2])
def test_a_launch_that_died_within_its_first_lines_can_be_resumed(
    prepared: Callable[[], driver.Prepared],
    resume: Callable[[Path, driver.Means], History],
    whole: Path,
    tmp_path: Path,
    lines: int,
) -> None:
    run = tmp_path / "run"
    with pytest.raises(CrashError):
        driver.launch(prepared(), RunDirectory(run), means(at_event(5, crash)))
    log = (run / "events.jsonl").read_bytes().splitlines(keepends=True)
    (run / "events.jsonl").write_bytes(b"".join(log[:lines]))
    resume(run, means())
    check(run, whole, losses=0)
    assert len(read_run(run).studies) == 2


def test_a_driver_that_dies_again_and_again(
    prepared: Callable[[], driver.Prepared],
    resume: Callable[[Path, driver.Means], History],
    whole: Path,
    tmp_path: Path,
) -> None:
    run, losses = tmp_path / "run", 1
    with pytest.raises(CrashError):
        driver.launch(prepared(), RunDirectory(run), means(at_event(9, crash)))
    while True:
        try:
            resume(run, means(at_event(9, crash)))
            break
        except CrashError:
            losses += 1
    assert losses > 8
    check(run, whole, losses=losses)


def test_a_stop_between_two_epochs_begins_no_other(
    prepared: Callable[[], driver.Prepared], whole: Path, tmp_path: Path
) -> None:
    log = events(whole)
    first = (isinstance(event, EpochEnded) and event.epoch == 0 and place > 20 for place, event in enumerate(log, 1))
    count = 1 + list(first).index(True)
    with pytest.raises(SweepStoppedError, match="interrupted"):
        driver.launch(
            prepared(),
            RunDirectory(tmp_path / "run"),
            means(at_event(count, lambda: signal.raise_signal(signal.SIGINT))),
        )
    assert not [event for event in events(tmp_path / "run")[count:] if isinstance(event, EpochEnded)]


@pytest.mark.parametrize("count", [6, 13, 40, 77])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_brings_every_trial_to_rest_with_a_checkpoint(
    prepared: Callable[[], driver.Prepared],
    resume: Callable[[Path, driver.Means], History],
    whole: Path,
    tmp_path: Path,
    count: int,
    number: int,
) -> None:
    run, said = tmp_path / "run", list[str]()
    with pytest.raises(SweepStoppedError, match="interrupted"):
        driver.launch(
            prepared(),
            RunDirectory(run),
            means(at_event(count, lambda: os.kill(os.getpid(), number)), said.append),
        )
    assert said == ["stopping (interrupted): the epochs under way are finished and kept; Ctrl-C again ends at once"]
    last = events(run)[-1]
    assert isinstance(last, SweepEnded)
    assert last.reason == "interrupted"
    assert read_run(run).ended is None
    resume(run, means(say=said.append))
    check(run, whole, losses=0)
    on = [line for line in said if "goes on with epoch" in line]
    assert len(on) == sum(attempt.epoch > 0 for t in read_run(run).trials.values() for attempt in t.attempts)


def test_the_second_signal_ends_at_once(prepared: Callable[[], driver.Prepared], tmp_path: Path) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        driver.launch(prepared(), RunDirectory(tmp_path / "run"), means(at_event(12, twice)))
    assert len(events(tmp_path / "run")) == 12
    assert signal.getsignal(signal.SIGINT) is before


def test_a_sweep_out_of_time_can_be_resumed(
    prepared: Callable[[], driver.Prepared],
    resume: Callable[[Path, driver.Means], History],
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, clock = tmp_path / "run", [0.0]
    late = at_event(30, lambda: clock.append(100.0))
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: clock[-1])
        with pytest.raises(SweepStoppedError, match="time limit"):
            driver.launch(prepared(), RunDirectory(run), means(late, time_limit=99))
    assert 30 < len(events(run)) < 40
    resume(run, means())
    check(run, whole, losses=0)


def test_a_stop_without_a_limit_never_asks() -> None:
    assert not Stop()()
    assert not Stop(1000)()
    assert Stop(0)()


def test_news_of_an_attempt_that_no_longer_counts_is_refused(
    prepared: Callable[[], driver.Prepared], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was given up may still speak."""
    wait, stale = InlineWorkers.wait, list[Report]()

    def wait_and_repeat(workers: InlineWorkers) -> Report:
        if stale:
            return stale.pop()
        report = wait(workers)
        if isinstance(report, EpochEnded):
            stale.append(report)
            return replace(report, attempt=report.attempt - 1, metrics={"val_accuracy": 1.0, "loss": 0.0})
        return report

    monkeypatch.setattr(InlineWorkers, "wait", wait_and_repeat)
    driver.launch(prepared(), RunDirectory(tmp_path / "run"), means())
    check(tmp_path / "run", whole, losses=0)


def test_a_trial_whose_checkpoint_is_gone_begins_anew_and_the_plan_says_so(
    prepared: Callable[[], driver.Prepared],
    resume: Callable[[Path, driver.Means], History],
    whole: Path,
    tmp_path: Path,
) -> None:
    run, said = tmp_path / "run", list[str]()
    with contextlib.suppress(CrashError):
        driver.launch(prepared(), RunDirectory(run), means(at_event(16, crash)))
    checkpoints = list((run / "artifacts").glob("*.checkpoint"))
    assert checkpoints
    for checkpoint in checkpoints:
        checkpoint.unlink()
    resume(run, means(say=said.append))
    assert said[1].startswith("  from the first epoch: trial 0")
    assert results(run) == results(whole)


@pytest.fixture
def full_disk() -> Iterator[Callable[[Path], None]]:
    """`full_disk(run)` lets no file grow beyond what the log has now, and part of a line."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda run: resource.setrlimit(resource.RLIMIT_FSIZE, ((run / "events.jsonl").stat().st_size + 100, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("count", [10, 25, 40])
def test_a_full_disk_pauses_the_sweep_until_there_is_room(
    prepared: Callable[[], driver.Prepared],
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Callable[[Path], None],
    count: int,
) -> None:
    limits, looks, said = resource.getrlimit(resource.RLIMIT_FSIZE), [], []
    run = tmp_path / "run"

    def make_room(seconds: float) -> None:
        looks.append([event for event, _ in read_events(RunDirectory(run))])
        if len(looks) == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr("sweeps.stopping.time.sleep", make_room)
    driver.launch(prepared(), RunDirectory(run), means(at_event(count, lambda: full_disk(run)), said.append))
    assert looks[0] == looks[1] == looks[2], "something was written while there was no room"
    assert sum("paused" in line for line in said) == 1
    check(run, whole, losses=0)


def test_a_sweep_that_waits_for_room_can_be_stopped_and_resumed(
    prepared: Callable[[], driver.Prepared],
    resume: Callable[[Path, driver.Means], History],
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Callable[[Path], None],
) -> None:
    run, limits = tmp_path / "run", resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr("sweeps.stopping.time.sleep", lambda seconds: signal.raise_signal(signal.SIGINT))
    with pytest.raises(OSError, match=r"File too large|No space left"):
        driver.launch(prepared(), RunDirectory(run), means(at_event(30, lambda: full_disk(run))))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_run(run).ended is None
    resume(run, means())
    check(run, whole, losses=1)


@pytest.fixture
def unpruned(sweep: SweepConfig, data: Dataset) -> Callable[[], driver.Prepared]:
    """The sweep where only checkpoints and the last epoch need a word, and max pooling diverges between two of them."""
    changes = {"model": {"build": "tests.sweeps.formulas:diverging"}, "faults": {"checkpoint_every": 3}}
    search = {**sweep.search.model_dump(), "pruner": "none"}
    config = SweepConfig.from_mapping({**sweep.model_dump(mode="json"), **changes, "search": search}, source="test")
    facts = DataFacts("digits", "made", "digest", 64, 32, 0, 0, "", 10, (28, 28))
    return lambda: driver.Prepared(config, Search(config), data, facts, Inspection((), frozenset({"temperature"}), ()))


def tell(monkeypatch: pytest.MonkeyPatch, *, together: bool) -> None:
    monkeypatch.setattr("sweeps.workers.process._SHORT", math.inf if together else 0.0)


def timeless(path: Path) -> list[str]:
    """A log without what is never the same twice; as text, where NaN equals NaN."""
    clocks = {"time": 0.0, "seconds": 0.0, "wait_seconds": 0.0, "sweep": "", "memory_bytes": 0, "model": None}
    return [
        repr(replace(event, **{name: value for name, value in clocks.items() if hasattr(event, name)}))
        for event in events(path)
        if not isinstance(event, SweepEnded)  # it has the shares of the time
    ]


def test_short_epochs_told_together_leave_the_same_log(
    unpruned: Callable[[], driver.Prepared], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, together in (("one by one", False), ("together", True)):
        tell(monkeypatch, together=together)
        driver.launch(unpruned(), RunDirectory(tmp_path / name), means())
    logs = [timeless(tmp_path / name) for name in ("one by one", "together")]
    if not InlineWorkers.overlap:  # otherwise the next trial may be chosen between two epochs
        assert logs[0] == logs[1]
    assert sorted(logs[0]) == sorted(logs[1])
    trials = read_run(tmp_path / "together").trials.values()
    assert Counter((trial.state, len(trial.epochs)) for trial in trials) == {("complete", 7): 6, ("failed", 4): 6}


@pytest.mark.parametrize("count", range(6, 60, 3))
def test_a_driver_that_dies_or_stops_between_epochs_told_together(
    unpruned: Callable[[], driver.Prepared], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    tell(monkeypatch, together=True)
    driver.launch(unpruned(), RunDirectory(tmp_path / "whole"), means())
    monkeypatch.setattr(driver, "_prepare_again", lambda history, config, means: unpruned())
    for name, act in (("dies", crash), ("stops", lambda: signal.raise_signal(signal.SIGINT))):
        run = tmp_path / name
        with pytest.raises((CrashError, SweepStoppedError)):
            driver.launch(unpruned(), RunDirectory(run), means(at_event(count, act)))
        driver.resume(RunDirectory(run), means(), replay=lambda event: None)
        assert results(run) == results(tmp_path / "whole")
        again = sum((epochs_of(run) - epochs_of(tmp_path / "whole")).values())
        assert again <= (3 if name == "dies" else 0)
