"""Warm starts: what a sweep takes from earlier runs, what it refuses, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps import driver
from sweeps.codec import to_line
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset
from sweeps.errors import ConfigError
from sweeps.history import History, read_run
from sweeps.records import SweepStarted, TrialEnded, TrialKnown, TrialStarted
from sweeps.runlog import RunDirectory
from sweeps.search import Search
from sweeps.training.inspection import Inspection
from sweeps.warm_start import read_warm_start
from tests.sweeps.search_world import Fate, World, arms_of, epoch_of, make_config

FATES = {1: Fate("nan", 2), 3: Fate("raise", 1)}


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., str]:
    """The directory of a whole run: `make_run("name", **changes of its sweep file)`."""

    def make(name: str = "earlier", *, sweep: str = "0123456789ab", cut: int | None = None, **changes: Any) -> str:
        config = make_config(**{"search__trials": 8, **changes})
        search, world = Search(config), World(FATES)
        world.drive(search)
        header = SweepStarted(
            sweep=sweep,
            name="s",
            config=config.model_dump(mode="json"),
            config_digest="",
            data={"digest": "data"},
            commit=None,
            dirty=None,
            versions={},
        )
        (tmp_path / name).mkdir()
        events = [header, *search.studies(), *world.log[:cut]]
        (tmp_path / name / "events.jsonl").write_bytes(b"".join(map(to_line, events)))
        return str(tmp_path / name)

    return make


def read(*runs: str, digest: str = "data", **changes: Any) -> tuple[list[TrialKnown], list[str]]:
    return read_warm_start(make_config(search__warm_start=list(runs), **changes), digest=digest)


def test_complete_and_pruned_trials_are_known_by_their_arm(make_run: Callable[..., str]) -> None:
    path = make_run()
    run = read_run(Path(path))
    known, remarks = read(path)
    usable = {trial.number: trial for trial in run.trials.values() if trial.state != "failed"}
    assert {trial.number for trial in known} == set(usable)
    assert {trial.state for trial in known} == {"complete", "pruned"}
    for trial in known:
        there = usable[trial.number]
        assert trial.study == f"s/{there.spec.arm}"
        assert trial.params == there.spec.params
        assert trial.course == tuple(epoch.metrics["val_accuracy"] for epoch in there.epochs)
        assert there.ended is not None
        assert trial.values == ((there.ended.value,) if trial.state == "complete" else ())
    counts = {arm: sum(trial.study == f"s/{arm}" for trial in known) for arm in ("capsule", "max")}
    assert remarks == [
        f"warm start: {len(known)} trials of {path} (s/capsule {counts['capsule']}, s/max {counts['max']})"
    ]


def test_an_arm_that_gets_none_is_named(make_run: Callable[..., str]) -> None:
    path = make_run(space={"pooling": ["capsule"], "x": {"float": [0, 1]}})
    _, remarks = read(path, space={"pooling": ["capsule", "max"], "x": {"float": [0, 1]}})
    assert remarks[-1] == "warm start: s/max gets none of these trials, so the arms do not begin alike"


def test_a_chain_of_warm_starts_uses_no_seed_again(make_run: Callable[..., str], tmp_path: Path) -> None:
    first = make_run("first")
    config = make_config(search__warm_start=[first], search__trials=6)
    search, world = Search(config), World({})
    known, _ = read_warm_start(config, digest="data")
    search.know(known)
    world.drive(search)
    header = read_run(Path(first)).header
    (tmp_path / "second").mkdir()
    events = [replace(header, sweep="another"), *search.studies(), *known, *world.log]
    (tmp_path / "second" / "events.jsonl").write_bytes(b"".join(map(to_line, events)))
    third = Search(make_config(search__warm_start=[first, str(tmp_path / "second")], search__trials=8))
    third.know(read(first, str(tmp_path / "second"))[0])
    fresh = World({})
    fresh.drive(third)
    before = {trial.spec.seeds for run in (first, tmp_path / "second") for trial in read_run(Path(run)).trials.values()}
    assert not before & {event.seeds for event in fresh.log if isinstance(event, TrialStarted)}


def test_the_pruner_knows_the_epochs_of_earlier_runs(make_run: Callable[..., str]) -> None:
    pruner = {"name": "median", "startup_trials": 2, "warmup_steps": 0}
    path = make_run()
    search = Search(make_config(search__warm_start=[path], search__pruner=pruner))
    search.know(read(path)[0])
    work = search.ask()
    assert work is not None
    result = search.observe(epoch_of(work.spec, 0, -1.0))
    assert isinstance(result, TrialEnded)
    assert result.state == "pruned"


def test_the_sampler_learns_from_them_at_once(make_run: Callable[..., str]) -> None:
    path = make_run()
    config = make_config(search__warm_start=[path])
    search = Search(config)
    search.know(read_warm_start(config, digest="data")[0])
    work = search.ask()
    assert work is not None
    assert work.spec.sampler_phase == "model"
    states = [trial.state.name for trial in arms_of(search)["s/capsule"].trials()]
    assert states.count("RUNNING") == 1
    assert len(states) > 4


def test_objectives_and_bounds_come_with_them(make_run: Callable[..., str]) -> None:
    both: dict[str, Any] = {
        "objective__also": ["parameters"],
        "objective__constraints": {"parameters": {"at_most": 500}},
    }
    path = make_run(**both)
    known, _ = read(path, **both)
    assert all(trial.constraints for trial in known)
    assert all(len(trial.values) == 2 for trial in known if trial.state == "complete")
    search = Search(make_config(search__warm_start=[path], **both))
    search.know(known)
    for arm in arms_of(search).values():
        trials, judged = arm.trials(), arm.judged_trials()
        assert [trial.state for trial in trials] == [trial.state for trial in judged]
        assert not any(trial.intermediate_values for trial in trials)
        assert all(trial.intermediate_values for trial in judged)
        assert [trial.constraints for trial in trials] == [
            each.constraints for each in sorted(known, key=lambda each: each.number) if each.study == arm.name
        ]


def test_what_lies_outside_is_left_out_and_counted(make_run: Callable[..., str]) -> None:
    path = make_run()
    space = {
        "pooling": ["capsule", "max"],
        "pool_size": {"int": [2, 3]},
        "steps": {"int": [1, 3], "when": {"pooling": "capsule"}},
        "learning_rate": {"float": [1.0e-4, 1.0e-2], "log": True},
    }
    known, (remark,) = read(path, space=space)
    assert {trial.params["pool_size"] for trial in known} == {2, 3}
    left = sum(trial.state != "failed" for trial in read_run(Path(path)).trials.values()) - len(known)
    assert left > 0
    assert f"{left} lie outside this space and are left out" in remark


def test_other_training_is_told(make_run: Callable[..., str]) -> None:
    path = make_run()
    _, (remark,) = read(path, training__early_stopping=2)
    assert "it differs in training (" in remark


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective__at": "best"}, "had another objective"),
        ({"model": {"build": "a:b"}}, "had another model"),
        ({"dataset__split_seed": 3}, r"had another dataset\.split_seed: 0 there, 3 here"),
        ({"dataset__train": 32}, r"had another dataset\.train: 64 there, 32 here"),
        ({"digest": "other"}, "was run on data with digest data, this sweep's is other"),
        ({"space": {"pooling": ["capsule", "max"], "other": [1, 2]}}, "has no complete or pruned trial in this space"),
    ],
)
def test_another_question_is_refused(make_run: Callable[..., str], changes: dict[str, Any], message: str) -> None:
    path = make_run()
    with pytest.raises(ConfigError, match=message) as caught:
        read(path, **changes)
    assert str(caught.value).startswith(f"search.warm_start: {path} ")


def test_a_run_that_is_none_or_comes_twice_is_refused(make_run: Callable[..., str], tmp_path: Path) -> None:
    path = make_run()
    with pytest.raises(ConfigError, match=r"^search\.warm_start: .*nowhere: no run here"):
        read(str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="is the same run as"):
        read(path, f"{path}/.")
    with pytest.raises(ConfigError, match=r"warm_start: names .* twice"):
        read(path, path)
    assert len(read(path, make_run("another", sweep="ba9876543210"))[1]) == 2


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.999])
def test_a_warm_started_run_remembers_what_it_knew(
    make_run: Callable[..., str], tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """Even where the earlier run has gone, and where the launch died within its first lines."""
    config = make_config(model={"build": "tests.sweeps.formulas:learning"}, search__warm_start=[make_run()])
    known = tuple(read_warm_start(config.model_copy(update={"model": make_config().model}), digest="data")[0])

    def prepared(config: SweepConfig, known: tuple[TrialKnown, ...]) -> driver.Prepared:
        facts = DataFacts("digits", "made", "data", 64, 8, 0, 0, "", 10, (28, 28))
        return driver.Prepared(config, Search(config), data, facts, Inspection((), frozenset(), ()), known=known)

    def means() -> driver.Means:
        trainer = "sweeps.training.synthetic:SyntheticTrainer"
        return driver.Means(True, None, lambda line: None, lambda event: None, trainer=trainer)

    whole = driver.launch(prepared(config, known), RunDirectory(tmp_path / "whole"), means())
    lines = (tmp_path / "whole" / "events.jsonl").read_bytes().splitlines(keepends=True)
    rest = b"".join(lines[1:])
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "events.jsonl").write_bytes(lines[0] + rest[: int(len(rest) * share)])

    def again(history: History, config: SweepConfig, means: driver.Means) -> driver.Prepared:
        return prepared(config, () if history.drivers else known)

    monkeypatch.setattr(driver, "_prepare_again", again)
    resumed = driver.resume(RunDirectory(tmp_path / "cut"), means(), replay=lambda event: None)
    assert outcomes(resumed) == outcomes(whole)
    text = (tmp_path / "cut" / "events.jsonl").read_text()
    assert text.count('"trial_known"') == len(known)
    first = whole.trials[0].spec
    assert first.sampler_phase == "model"


def outcomes(history: History) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for number, trial in sorted(history.trials.items()):
        ended: TrialEnded | None = trial.ended
        found.append((number, trial.spec.params, trial.spec.seeds, trial.state, ended and ended.value))
    return found
