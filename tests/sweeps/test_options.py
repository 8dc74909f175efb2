"""Options of the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sweeps.cli.options import changed, configure, free_directory, read_seconds, relocated
from sweeps.config import SweepConfig
from sweeps.errors import ConfigError


def test_options_win_over_set_and_set_over_the_file() -> None:
    config = configure("full", workers="3", gpus=None, dataset=None, changes=["workers.count=2", "search.trials=70"])
    assert (config.workers.count, config.search.trials) == (3, 70)
    assert configure("full", workers=None, gpus="0.5", dataset=None, changes=None).workers.gpus == 0.5


PARTS = ("train", "validation", "test")


@pytest.mark.parametrize(("asked", "given"), [((3072, 2000, 1000), (1250, 250, 297)), ((100, 50, 25), (100, 50, 25))])
def test_digits_give_what_is_asked_up_to_what_they_have(asked: tuple[int, ...], given: tuple[int, ...]) -> None:
    changes = [f"dataset.{part}={size}" for part, size in zip(PARTS, asked, strict=True)]
    dataset = configure("quickstart", workers=None, gpus=None, dataset="digits", changes=changes).dataset
    assert (dataset.name, dataset.train, dataset.validation, dataset.test) == ("digits", *given)


def test_digits_take_the_place_of_data_without_sizes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("space: {a: [1, 2]}\ndataset: {file: x.npz, validation: 20}")
    dataset = configure(str(file), workers=None, gpus=None, dataset="digits", changes=None).dataset
    assert (dataset.name, dataset.load, dataset.args, dataset.file) == ("digits", None, {}, None)
    assert (dataset.train, dataset.validation) == (None, 20)


def test_a_run_can_move_but_not_change_its_question(make_config: Callable[..., SweepConfig], tmp_path: Path) -> None:
    config = make_config(dataset={"name": "mnist", "file": "/gone.npz"})
    file = tmp_path / "here.npz"
    file.touch()
    moved = relocated(config, workers="1", gpus="auto", dataset=str(file))
    assert (moved.workers.count, moved.workers.gpus, moved.dataset.file) == (1, "auto", str(file))
    assert moved.model_copy(update={"workers": config.workers, "dataset": config.dataset}) == config
    assert relocated(config) == config
    with pytest.raises(ConfigError, match=r"workers\.count: must be auto or a whole number"):
        relocated(config, workers="some")


def test_a_free_directory_is_never_one_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert free_directory("a/b c") == Path("runs/a-b-c")
    (tmp_path / "runs" / "a-b-c").mkdir(parents=True)
    (tmp_path / "runs" / "a-b-c-2").mkdir()
    assert free_directory("a/b c") == Path("runs/a-b-c-3")
    assert free_directory("..") == Path("runs/sweep")


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, None), ("90", 90), ("90s", 90), ("1.5m", 90), ("8h", 28800), ("0.5", 0.5)]
)
def test_a_time_limit_is_read_as_seconds(text: str | None, seconds: float | None) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0", "-1h", "nan", "inf", "8d", "tomorrow"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--time-limit: must be seconds, or a number with s, m or h \(45m\), got"):
        read_seconds(text)


NOTHING = {"sweep": None, "changes": None, "allowed": None, "workers": None, "gpus": None, "dataset": None}


def test_a_resume_takes_what_it_is_asked_for_by_name(make_config: Callable[..., SweepConfig], tmp_path: Path) -> None:
    config = make_config()
    file = tmp_path / "sweep.yaml"
    document = config.model_dump(mode="json")
    document["search"]["trials"], document["faults"]["same_error"] = 9, 1
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    assert changed(config, **NOTHING) == config
    by_set = changed(config, **{**NOTHING, "changes": ["search.trials=9"], "workers": "2"})
    assert (by_set.search.trials, by_set.workers.count) == (9, 2)
    by_file = changed(config, **{**NOTHING, "sweep": str(file), "allowed": ["search.trials", "faults.same_error"]})
    assert (by_file.search.trials, by_file.faults.same_error) == (9, 1)
    with pytest.raises(ConfigError) as refused:
        changed(config, **{**NOTHING, "sweep": str(file), "allowed": ["search.trials"]})
    assert str(refused.value) == f"{file}: faults.same_error: is 1, was 5; --allow faults.same_error takes the change"
    with pytest.raises(ConfigError, match=r"--allow: must be one of search\.trials, .*, got 'space'"):
        changed(config, **{**NOTHING, "allowed": ["space"]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("search.trials=1", "--set: search.trials: is 1, was 2; a budget may grow but not shrink"),
        ("search.epochs=9", "--set: search.epochs: is 9, was 2; that is another sweep: launch it, or leave the key"),
        ("seed=9", "--set: seed: is 9, was 0; that is another sweep"),
        ("space.pool_size={int: [3, 3]}", "--set: space.pool_size.int: is [3, 3], was [3, 4]; that is"),
        ("search.pruner=none", '--set: search.pruner.name: is "none", was "median"; that is another'),
        ("workers.cpu=2", "workers.cpu: unknown key"),
    ],
)
def test_a_resume_refuses_another_question(make_config: Callable[..., SweepConfig], change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        changed(make_config(), **{**NOTHING, "changes": [change]})
