"""Sweep files that extend others, and single keys set from outside on top of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from search_spaces import read_preset
from sweeps.config import SweepConfig
from sweeps.config.merging import in_order, merge
from sweeps.errors import ConfigError

BASE = """
name: base
model: {build: "capsule_layer:build_classifier", args: {batch_norm_momentum: 0.9, dropout: [0.1, 0.1, 0.1]}}
space:
  pooling: [capsule, max]
  width: {int: [2, 4]}
  temperature: {float: [0.1, 10.0], log: true, when: {pooling: capsule}}
compare: pooling
objective: {also: [macs], constraints: {macs: {at_most: 100}}}
search: {trials: 6, epochs: 4, sampler: {name: tpe, startup_trials: 4}, pruner: median}
training: {batch_size: 32, optimizer: {name: sgd, momentum: 0.9}, schedule: {name: steps, factors: [1, 0.5]}}
faults: {trial_timeout: 60}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes `name=text` as `name.yaml` into a folder that holds base.yaml; gives the last one's path."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)

    def write(**texts: str) -> Path:
        for name, text in {"base": BASE, **texts}.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        return folder / f"{name}.yaml"

    return write


def child_of(write: Write, text: str, *changes: str) -> SweepConfig:
    return SweepConfig.load(str(write(child=f"extends: base.yaml\n{text}")), changes=changes)


def refused(path: Path | str, *changes: str) -> str:
    with pytest.raises(ConfigError) as caught:
        SweepConfig.load(str(path), changes=changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_child_with_nothing_of_its_own_is_its_parent(write: Write) -> None:
    config = child_of(write, "")
    assert config == SweepConfig.load("files/base.yaml")
    assert "extends" not in config.model_dump(mode="json")


def test_sections_are_joined_and_all_else_is_replaced(write: Write) -> None:
    config = child_of(
        write,
        "name: child\nmodel: {args: {dropout: [0.2, 0.2, 0.2]}}\nobjective: {also: [parameters]}\nsearch: {epochs: 5}",
    )
    assert (config.name, config.search.epochs, config.search.trials) == ("child", 5, 6)
    assert config.model.args == {"batch_norm_momentum": 0.9, "dropout": [0.2, 0.2, 0.2]}
    assert [target.metric for target in config.objective.also] == ["parameters"]
    assert list(config.objective.constraints) == ["macs"]


def test_null_is_a_value_outside_the_space(write: Write) -> None:
    config = child_of(write, "faults: {trial_timeout: null}\ncompare: null\nmodel: {args: {dropout: null}}")
    assert config.faults.trial_timeout is None
    assert config.arms == (None,)
    assert config.model.args == {"batch_norm_momentum": 0.9, "dropout": None}


@pytest.mark.parametrize(
    ("text", "sampler"),
    [
        ("sampler: random", {"name": "random"}),
        ("sampler: tpe", {"name": "tpe"}),
        ("sampler: {name: grid, points: 3}", {"name": "grid", "points": 3}),
        ("sampler: {name: tpe, candidates: 9}", {"name": "tpe", "startup_trials": 4, "candidates": 9}),
        ("sampler: {candidates: 9}", {"name": "tpe", "startup_trials": 4, "candidates": 9}),
        ("sampler: {startup_trials: 2}", {"name": "tpe", "startup_trials": 2}),
    ],
)
def test_another_name_leaves_the_settings_of_the_one_before_behind(
    write: Write, text: str, sampler: dict[str, Any]
) -> None:
    assert child_of(write, f"search: {{{text}}}").search.sampler.model_dump() == sampler


def test_so_it_is_with_pruner_optimizer_and_schedule(write: Write) -> None:
    config = child_of(write, "search: {pruner: {startup_trials: 3}}\ntraining: {optimizer: adam, schedule: cosine}")
    assert config.search.pruner.model_dump() == {"name": "median", "startup_trials": 3}
    assert config.training.optimizer.model_dump() == {"name": "adam"}
    assert config.training.schedule.name == "cosine"
    config = child_of(write, "training: {optimizer: {nesterov: true}, schedule: {fresh_optimizer: true}}")
    assert config.training.optimizer.settings == {"momentum": 0.9, "nesterov": True}
    assert (config.training.schedule.factors, config.training.schedule.fresh_optimizer) == ((1.0, 0.5), True)
    assert config.training.batch_size == 32


def test_a_param_of_the_space_is_removed_by_null_and_replaced_whole(write: Write) -> None:
    assert list(child_of(write, "space: {temperature: null}").space.parameters) == ["pooling", "width"]
    config = child_of(write, "space: {width: {float: [0.5, 1]}, temperature: {float: [1, 2]}}")
    assert config.space.to_mapping() == {
        "pooling": ["capsule", "max"],
        "width": {"float": [0.5, 1.0]},
        "temperature": {"float": [1.0, 2.0]},
    }


def test_a_param_that_is_not_there_cannot_be_removed(write: Write) -> None:
    path = write(child="extends: base.yaml\nspace: {temprature: null}")
    message = "space.temprature: is null, which removes a param, and there is none of that name; there are pooling,"
    assert message in refused(path)
    assert message in refused("files/base.yaml", "space.temprature=null")
    path = write(child="extends: base.yaml\nspace: {pooling: null}\ncompare: null")
    assert "space: temperature: its condition names 'pooling'" in refused(path)


def test_params_keep_their_order_but_for_conditions(write: Write) -> None:
    config = child_of(write, "space: {depth: [1, 2], pooling: [max, capsule]}")
    assert list(config.space.parameters) == ["pooling", "width", "temperature", "depth"]
    config = child_of(write, "space: {kind: [a, b], width: {int: [2, 4], when: {kind: a}}}")
    assert list(config.space.parameters) == ["pooling", "temperature", "kind", "width"]
    space = {"a": {"when": {"b": 1}}, "b": {"when": {"c": 1}}, "d": [1], "c": [1]}
    assert list(in_order({"space": space})["space"]) == ["d", "c", "b", "a"]
    circle = {"a": {"when": {"b": 1}}, "b": {"when": {"a": 1}}, "c": [1]}
    assert list(in_order({"space": circle})["space"]) == ["c", "a", "b"]
    assert list(in_order({"space": {"a": {"when": {"a": 1}}, "b": {"when": {"x": 1}}}})["space"]) == ["a", "b"]


def test_a_condition_that_names_a_later_param_is_refused_where_nothing_is_extended(write: Write) -> None:
    path = write(child="space: {width: {int: [2, 4], when: {kind: a}}, kind: [a, b]}")
    assert "space: width: its condition names 'kind', which is not a parameter before it" in refused(path)


@pytest.mark.parametrize("given", ["seconds: 30", "budget: seconds, seconds: 30", "seconds: 30, trials: null"])
def test_one_amount_of_the_budget_takes_the_place_of_the_other(write: Write, given: str) -> None:
    search = child_of(write, f"search: {{{given}}}").search
    assert (search.budget, search.trials, search.seconds, search.epochs) == ("seconds", None, 30.0, 4)
    write(timed=f"extends: base.yaml\nsearch: {{{given}}}")
    for text, trials in (("trials: 9", 9), ("budget: trials", 60), ("budget: trials, trials: 5", 5)):
        found = SweepConfig.load(str(write(child=f"extends: timed.yaml\nsearch: {{{text}}}"))).search
        assert (found.budget, found.trials, found.seconds) == ("trials", trials, None)


def test_so_it_is_from_outside(write: Write) -> None:
    write()
    load = SweepConfig.load
    assert load("files/base.yaml", changes=("search.seconds=30",)).search.trials is None
    assert load("files/base.yaml", changes=("search.seconds=30", "search.budget=seconds")).search.seconds == 30
    assert load("files/base.yaml", changes=("search.trials=9",)).search.trials == 9
    for changes in (("search.seconds=30", "search.trials=9"), ("search.trials=9", "search.seconds=30")):
        assert "search.trials: does not go with budget: seconds" in refused("files/base.yaml", *changes)
    assert "search.seconds: is needed under budget: seconds" in refused("files/base.yaml", "search.budget=seconds")


def test_two_amounts_in_one_file_are_refused_wherever_they_stand(write: Write) -> None:
    path = write(child="extends: base.yaml\nsearch: {trials: 3, seconds: 30}")
    assert "search.trials: does not go with budget: seconds; leave it out" in refused(path)


@pytest.mark.parametrize(
    ("changes", "sampler"),
    [
        (("search.sampler=random",), {"name": "random"}),
        (("search.sampler.name=grid",), {"name": "grid"}),
        (("search.sampler.points=3", "search.sampler.name=grid"), {"name": "grid", "points": 3}),
        (("search.sampler.name=tpe",), {"name": "tpe", "startup_trials": 4}),
        (("search.sampler.candidates=9",), {"name": "tpe", "startup_trials": 4, "candidates": 9}),
        (("search.sampler={name: tpe}",), {"name": "tpe"}),
    ],
)
def test_another_name_from_outside(write: Write, changes: tuple[str, ...], sampler: dict[str, Any]) -> None:
    write()
    assert SweepConfig.load("files/base.yaml", changes=changes).search.sampler.model_dump() == sampler


def test_the_space_from_outside(write: Write) -> None:
    config = child_of(write, "", "space.temperature=null", "space.width={float: [0, 1]}", "space.depth=[1]")
    assert config.space.to_mapping() == {"pooling": ["capsule", "max"], "width": {"float": [0.0, 1.0]}, "depth": [1]}
    config = child_of(write, "", "space.kind=[a, b]", "space.width={int: [2, 4], when: {kind: a}}")
    assert list(config.space.parameters) == ["pooling", "temperature", "kind", "width"]


@pytest.mark.parametrize(
    ("change", "whole"),
    [
        ("search.first.0.width=3", "search.first"),
        ("search.first.0=3", "search.first"),
        ("search.first.width=3", "search.first"),
        ("search.first.-1.width=3", "search.first"),
        ("objective.also.0.direction=maximize", "objective.also"),
        ("space.pooling.0=max", "space.pooling"),
        ("model.args.dropout.1=0.3", "model.args.dropout"),
    ],
)
def test_a_change_cannot_reach_into_a_list(write: Write, change: str, whole: str) -> None:
    path = write(child="extends: base.yaml\nsearch: {first: [{pooling: max, width: 2}]}")
    key = change.partition("=")[0]
    assert (
        refused(path, change)
        == f"--set {key}: {whole} is a list, whose items have no keys; give it whole: {whole}=[...]"
    )


def test_a_change_cannot_reach_into_a_list_that_is_not_there_yet(write: Write) -> None:
    write()
    assert "--set search.first.0.width: search.first is a list" in refused("files/base.yaml", "search.first.0.width=3")


def test_what_a_file_extends_is_not_set_from_outside(write: Write) -> None:
    write()
    assert refused("files/base.yaml", "extends=full").startswith("--set extends: stands in a sweep file only")


def test_a_preset_may_be_extended_and_several_files(write: Write) -> None:
    config = SweepConfig.load(str(write(child="extends: quickstart\nname: mine")))
    plain = SweepConfig.load("quickstart", changes=("name=mine",))
    assert config == plain
    write(fast="search: {epochs: 1}\nname: fast", few="search: {trials: 2}\nname: few")
    config = SweepConfig.load(str(write(child="extends: [base.yaml, fast.yaml, few.yaml]")))
    assert (config.name, config.search.epochs, config.search.trials) == ("few", 1, 2)
    assert SweepConfig.from_text("extends: [full]\nname: x", source="s").name == "x"


def test_a_file_that_two_others_extend_is_below_both(write: Write) -> None:
    write(a="extends: base.yaml\nseed: 1\nname: a", b="extends: ./base.yaml\ntraining: {batch_size: 8}")
    config = SweepConfig.load(str(write(child="extends: [a.yaml, b.yaml]")))
    assert (config.name, config.seed, config.training.batch_size) == ("a", 1, 8)


def test_a_file_may_be_a_part_that_is_complete_only_with_another(write: Write) -> None:
    write(part="space: {temperature: null}")
    config = SweepConfig.load(str(write(child="extends: [base.yaml, part.yaml]")))
    assert list(config.space.parameters) == ["pooling", "width"]


def test_paths_are_relative_to_the_file_that_names_them(write: Write, tmp_path: Path) -> None:
    inner = tmp_path / "files" / "inner"
    inner.mkdir()
    (inner / "data.yaml").write_text(
        "extends: ../base.yaml\ndataset: {file: mnist.npz}\nsearch: {warm_start: [../a, /b]}"
    )
    path = write(child="extends: inner/data.yaml")
    config = SweepConfig.load(str(path))
    assert config.dataset.file == str(inner / "mnist.npz")
    assert config.search.warm_start == (str(tmp_path / "files" / "a"), "/b")
    # By whatever way the file is reached, the paths are the same.
    assert SweepConfig.load("files/inner/../child.yaml") == config
    os.chdir(inner)
    assert SweepConfig.load("../child.yaml") == config
    changed = SweepConfig.load("../child.yaml", changes=("dataset.file=x.npz", "search.warm_start=[../c]"))
    assert (changed.dataset.file, changed.search.warm_start) == (str(inner / "x.npz"), (str(tmp_path / "files" / "c"),))
    whole = SweepConfig.load("../child.yaml", changes=("dataset={name: digits, file: x.npz}",))
    assert whole.dataset.file == str(inner / "x.npz")
    assert SweepConfig.load("../child.yaml", changes=("dataset.file=null",)).dataset.file is None


def test_one_run_named_by_two_paths_is_named_twice(write: Write, tmp_path: Path) -> None:
    path = write(child="extends: base.yaml\nsearch: {warm_start: [../a, ../x/../a]}")
    assert f"search.warm_start: names {tmp_path / 'a'} twice" in refused(path)


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("gone.yaml", "extends: gone.yaml: cannot be read as a sweep file: No such file or directory"),
        ("./gone", "extends: ./gone: cannot be read as a sweep file: No such file or directory"),
        ("..", "extends: ..: cannot be read as a sweep file: Is a directory"),
        ("quikstart", "extends: no preset named 'quikstart'; there are full, "),
        ("list.yaml", "extends: files/list.yaml must map keys to values, got [1]"),
        ("empty.yaml", "extends: files/empty.yaml must map keys to values, got None"),
        ("binary.yaml", "extends: binary.yaml: cannot be read as a sweep file: not UTF-8 text"),
        ("3", "extends: must be a file, a preset's name, or a list of them, got 3"),
        ("null", "extends: must be a file, a preset's name, or a list of them, got None"),
        ("''", "extends: must be a file, a preset's name, or a list of them, got ''"),
        ("[]", "extends: must be a file, a preset's name, or a list of them, got []"),
        ("[base.yaml, 3]", "extends: must be a file, a preset's name, or a list of them, got ['base.yaml', 3]"),
        ("{file: base.yaml}", "extends: must be a file, a preset's name, or a list of them, got {'file'"),
        (f"{'x' * 5000}", f"extends: {'x' * 5000}: cannot be read as a sweep file: File name too long"),
    ],
)
def test_what_cannot_be_extended_is_named(write: Write, tmp_path: Path, extends: str, message: str) -> None:
    write(list="[1]", empty="")
    (tmp_path / "files" / "binary.yaml").write_bytes(b"\xff\xfe\x00\x81")
    write(child=f"extends: {extends}")
    assert refused("files/child.yaml").startswith(f"files/child.yaml: {message}")


def test_a_circle_is_named_with_its_chain(write: Write, tmp_path: Path) -> None:
    write(a="extends: b.yaml", b="extends: [base.yaml, c.yaml]", c="extends: ../files/./a.yaml")
    assert refused("files/a.yaml") == (
        "files/c.yaml: extends: goes in a circle: files/a.yaml -> files/b.yaml -> files/c.yaml -> "
        "files/../files/a.yaml; leave one of them out"
    )
    assert "child.yaml: extends: goes in a circle: " in refused(write(child="extends: child.yaml"))
    (tmp_path / "files" / "link.yaml").symlink_to(tmp_path / "files" / "linked.yaml")
    write(linked="extends: link.yaml")
    assert "extends: goes in a circle: files/linked.yaml -> files/link.yaml; " in refused("files/linked.yaml")


def test_a_file_that_is_named_like_a_preset_does_not_extend_itself(write: Write) -> None:
    assert SweepConfig.load(str(write(quickstart="extends: quickstart\nname: mine"))).name == "mine"


def test_a_mistake_below_names_every_file_that_it_may_stand_in(write: Write) -> None:
    write(wrong="extends: base.yaml\ntraining: {batch_size: 0}")
    path = write(child="extends: [quickstart, wrong.yaml]")
    assert refused(path) == (
        f"{path} (extends preset quickstart, {path.parent / 'base.yaml'}, {path.parent / 'wrong.yaml'}): "
        "training.batch_size: must be at least 1, got 0"
    )
    assert "wrong.yaml: not YAML: " in refused(write(wrong="a: [", child="extends: wrong.yaml"))
    message = refused(write(child="extend: base.yaml\nspace: {a: [1]}"))
    assert "extend: unknown key; did you mean extends? known keys are name, " in message


def test_a_document_within_itself_is_refused(write: Write) -> None:
    text = "model: {args: &a {x: *a}}"
    path = write(other=f"space: {{a: [1]}}\n{text}", child=f"extends: other.yaml\n{text}")
    assert "not YAML: nested too deeply" in refused(path)


def test_nothing_that_is_merged_is_changed() -> None:
    inherited, given = yaml.safe_load(BASE), {"search": {"seconds": 3, "sampler": "random"}, "space": {"width": None}}
    before = yaml.safe_dump((inherited, given))
    merge(inherited, given, source="s")
    assert yaml.safe_dump((inherited, given)) == before


def test_ones_own_data_does_not_inherit_the_name_of_other_data() -> None:
    inherited = {"dataset": {"name": "digits", "train": 9}}
    own = {"dataset": {"load": "a:b"}}
    assert merge(inherited, own, source="s") == {"dataset": {"train": 9, "load": "a:b"}}
    named = {"dataset": {"load": "a:b", "name": "cells"}}
    assert merge(inherited, named, source="s") == {"dataset": {"train": 9, "load": "a:b", "name": "cells"}}
    assert merge(named, own, source="s") == named


def test_a_sweep_that_extends_says_what_the_whole_would_say(write: Write) -> None:
    config = child_of(write, "training: {batch_size: 8}")
    document = config.model_dump(mode="json")
    assert SweepConfig.from_mapping(document, source="log") == config
    assert SweepConfig.from_text(read_preset("quickstart"), source="s") == SweepConfig.load("quickstart")
