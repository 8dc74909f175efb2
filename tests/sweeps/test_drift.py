"""What a resume takes for a change, and which changes nobody can have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps.cli.options import changed
from sweeps.config import SweepConfig
from sweeps.drift import CHANGEABLE, apply_changes, changes_between, check_changes, sized_like
from sweeps.errors import ConfigError

MakeConfig = Callable[..., SweepConfig]
NOTHING: dict[str, Any] = {
    "sweep": None,
    "changes": None,
    "allowed": None,
    "workers": None,
    "gpus": None,
    "dataset": None,
}
OBJECTIVE = {"also": ["macs"], "constraints": {"macs": {"at_most": 100}, "f1": {"at_least": 0.5}}}


def refusals(before: SweepConfig, after: SweepConfig) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check_changes(before, after, allowed=(), source="s")
    return [line.removeprefix("s: ") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"objective": OBJECTIVE}, {"objective": {**OBJECTIVE, "also": [{"metric": "macs", "direction": "minimize"}]}}),
        (
            {"objective": OBJECTIVE},
            {"objective": {"also": ["macs"], "constraints": {"f1": {"at_least": 0.5}, "macs": {"at_most": 1e2}}}},
        ),
        ({"model": {"args": {"a": 1, "b": [2]}}}, {"model": {"args": {"b": [2.0], "a": 1.0}}}),
        ({"search": {"sampler": "tpe"}}, {"search": {"sampler": {"name": "tpe"}, "budget": "trials"}}),
        ({"training": {"learning_rate": 1e-3}}, {"training": {"learning_rate": "1e-3"}}),
        (
            {"search": {"first": [{"pooling": "max", "pool_size": 3, "learning_rate": "1e-3"}]}},
            {"search": {"first": [{"learning_rate": 1e-3, "pooling": "max", "pool_size": 3}]}},
        ),
    ],
)
def test_the_same_in_other_words_is_no_change(
    make_config: MakeConfig, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert changes_between(make_config(**before), make_config(**after)) == {}
    assert changes_between(make_config(**after), make_config(**before)) == {}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (
            {"objective": OBJECTIVE},
            {"objective": {**OBJECTIVE, "constraints": {"macs": {"at_most": 90}, "f1": {"at_least": 0.5}}}},
            ["objective.constraints.macs.at_most: is 90.0, was 100.0; that is another sweep: launch it, or leave the"],
        ),
        (
            {"objective": OBJECTIVE},
            {"objective": {**OBJECTIVE, "constraints": {"macs": {"at_most": 100}, "loss": {"at_most": 1}}}},
            [
                'objective.constraints.f1: is not there, was {"at_most": null, "at_least": 0.5}; that is another',
                'objective.constraints.loss: is {"at_most": 1.0, "at_least": null}, was not there; that is another',
            ],
        ),
        ({"objective": OBJECTIVE}, {"objective": {**OBJECTIVE, "also": []}}, ["objective.also: is [], was [{"]),
        ({"model": {"args": {"a": 1}}}, {"model": {"args": {"a": True}}}, ["model.args.a: is true, was 1; that is"]),
        (
            {"training": {"schedule": "cosine"}},
            {"training": {"schedule": {"name": "steps", "at": [1], "factors": [1, 0.5]}}},
            [
                'training.schedule.name: is "steps", was "cosine"',
                "training.schedule.factors: is [1.0, 0.5], was [1.0, 0.1, 0.01]",
                "training.schedule.at: is [1], was null",
            ],
        ),
        (
            {"training": {"optimizer": "adam"}},
            {"training": {"optimizer": {"name": "adam", "beta_1": 0.8}}},
            ["training.optimizer.beta_1: is 0.8, was not there; that is another sweep"],
        ),
        (
            {"compare": None, "space": {"a": [1], "b": [2]}},
            {"compare": None, "space": {"b": [2], "a": [1]}},
            ["space: is in the order b, a, was in the order a, b; that is another sweep"],
        ),
        (
            {"compare": None, "space": {"a": [1], "b": [2]}},
            {"compare": None, "space": {"b": [2, 3], "c": [1]}},
            ["space.a: is not there, was [1]", "space.b: is [2, 3], was [2]", "space.c: is [1], was not there"],
        ),
        (
            {"search": {"trials": 9}},
            {"search": {"trials": 8}},
            ["search.trials: is 8, was 9; a budget may grow but not"],
        ),
        ({"search": {"trials": 9}}, {"search": {"trials": 10}}, ["search.trials: is 10, was 9; --allow search.trials"]),
        ({"search": {"seconds": 9}}, {"search": {"seconds": 8.5}}, ["search.seconds: is 8.5, was 9.0; a budget may"]),
        (
            {"search": {"trials": 9}},
            {"search": {"seconds": 9}},
            [
                'search.budget: is "seconds", was "trials"; that is another sweep: launch it',
                "search.trials: is null, was 9; that is another sweep: a budget keeps its unit",
                "search.seconds: is 9.0, was null; that is another sweep: a budget keeps its unit",
            ],
        ),
        ({}, {"dataset": {"name": "digits", "train": 64}}, ["dataset.validation: is null, was 32; that is another"]),
    ],
)
def test_another_question_is_told_by_the_key_that_makes_it_one(
    make_config: MakeConfig, before: dict[str, Any], after: dict[str, Any], lines: list[str]
) -> None:
    found = refusals(make_config(**before), make_config(**after))
    assert len(found) == len(lines)
    for line, start in zip(found, lines, strict=True):
        assert line.startswith(start)


def test_a_larger_budget_is_taken_in_either_unit(make_config: MakeConfig) -> None:
    for key, value, amount in (("trials", 9, 9), ("seconds", 2.5, 2.5)):
        config = make_config(search={key: value - 1, "epochs": 2})
        asked = changed(config, **{**NOTHING, "changes": [f"search.{key}={value}"]})
        assert asked.search.amount == amount
        assert apply_changes(config, changes_between(config, asked)) == asked
    with pytest.raises(ConfigError, match=r"search\.budget: is \"seconds\", was \"trials\"; that is another sweep"):
        changed(make_config(), **{**NOTHING, "changes": ["search.seconds=9"]})


def test_sizes_that_a_file_leaves_open_are_those_of_the_run(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config()
    assert (config.dataset.train, config.dataset.validation) == (64, 32)
    document = config.model_dump(mode="json")
    file = tmp_path / "mine.yaml"

    def written(**dataset: object) -> SweepConfig:
        file.write_text(yaml.safe_dump({**document, "dataset": {"name": "digits", **dataset}}, sort_keys=False))
        return changed(config, **{**NOTHING, "sweep": str(file)})

    assert written() == config
    assert written(train=64) == config
    assert written(validation=None) == config
    with pytest.raises(ConfigError, match=r"dataset\.train: is 60, was 64; that is another sweep"):
        written(train=60)
    with pytest.raises(ConfigError, match=r"dataset\.split_seed: is 1, was 0"):
        written(split_seed=1)
    assert sized_like(make_config(dataset={"name": "digits"}), config) == config


def test_a_run_goes_on_in_its_own_words(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config(model={"args": {"width": 2}})
    document = config.model_dump(mode="json")
    document["model"]["args"] = {"width": 2.0}
    document["faults"]["retries"] = 1
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    found = changed(config, **{**NOTHING, "sweep": str(file), "allowed": ["faults.retries"]})
    assert repr(found.model.args) == "{'width': 2}"
    assert found.faults.retries == 1


def test_a_file_that_extends_another_is_compared_as_a_whole(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config()
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\nsearch: {trials: 5}")
    asked = {**NOTHING, "sweep": str(tmp_path / "mine.yaml")}
    with pytest.raises(ConfigError, match=r"search\.trials: is 5, was 2; --allow search\.trials takes the change"):
        changed(config, **asked)
    assert changed(config, **{**asked, "allowed": ["search.trials"]}).search.trials == 5


LATER: dict[str, Any] = {
    "confirm": {"seeds": 6},
    "swap": {"settings": 7},
    "controls": {"pairs": 2, "same": [[{}, {"pool_size": 3}]]},
    "cost_probe": 1,
}
ANOTHER = "that is another sweep: launch it, or leave the key as it was"
FROZEN = "; the champions were chosen and the plan was frozen by the old one: launch another sweep"


@pytest.mark.parametrize(
    ("key", "value", "refusal"),
    [
        ("confirm.seeds", 7, None),
        ("confirm.seeds", 0, "confirm.seeds: is 0, was 6; it may grow but not shrink"),
        ("swap.settings", 8, None),
        ("swap.settings", 6, "swap.settings: is 6, was 7; it may grow but not shrink"),
        ("controls.pairs", 3, None),
        ("controls.pairs", 1, "controls.pairs: is 1, was 2; it may grow but not shrink"),
        ("cost_probe", 2, None),
        ("cost_probe", 0, "cost_probe: is 0, was 1; it may grow but not shrink"),
        ("confirm.margin", "1e-2", f"confirm.margin: is 0.01, was 0.001{FROZEN}"),
        ("confirm.alpha", 0.1, f"confirm.alpha: is 0.1, was 0.05{FROZEN}"),
        ("confirm.runs", 6, f"confirm.runs: is 6, was null{FROZEN}"),
        ("confirm.rule", "best_mean", f'confirm.rule: is "best_mean", was "best"{FROZEN}'),
        ("confirm.champions", 2, f"confirm.champions: is 2, was 1{FROZEN}"),
        ("confirm.baseline", "capsule", f'confirm.baseline: is "capsule", was null{FROZEN}'),
        (
            "confirm.shifts",
            {"translate": [1], "rotate": []},
            'confirm.shifts: is {"translate": [1], "rotate": []}, was {"translate": [], "rotate": []}' + FROZEN,
        ),
        ("swap.seeds", 2, f"swap.seeds: is 2, was 1{FROZEN}"),
        ("controls.same", [], f'controls.same: is [], was [[{{}}, {{"pool_size": 3}}]]{FROZEN}'),
        ("search.trials", 3, f"search.trials: is 3, was 2{FROZEN}"),
        (
            "search.epochs",
            3,
            "search.epochs: is 3, was 2; that is another sweep: launch it, or leave the key as it was",
        ),
        ("workers.count", 3, None),
        ("faults.retries", 3, None),
    ],
)
def test_what_follows_a_search_may_grow_and_its_rules_change_until_the_plan_is_frozen(
    make_config: MakeConfig, key: str, value: object, refusal: str | None
) -> None:
    config = make_config(**LATER)
    other = apply_changes(config, {key: value})
    assert apply_changes(config, changes_between(config, other)) == other
    for frozen in (False, True):
        expected = refusal if frozen or not (refusal or "").endswith(FROZEN) else None
        if expected is None:
            check_changes(config, other, allowed=CHANGEABLE, source="s", frozen=frozen)
        else:
            with pytest.raises(ConfigError) as caught:
                check_changes(config, other, allowed=CHANGEABLE, source="s", frozen=frozen)
            assert str(caught.value) == f"s: {expected}"


def test_what_follows_a_search_is_asked_for_by_name(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config()
    asked = changed(config, **{**NOTHING, "changes": ["confirm.seeds=8", "controls.pairs=2", "cost_probe=1"]})
    assert (asked.confirm.seeds, asked.controls.pairs, asked.cost_probe) == (8, 2, 1)
    for change in ("confirm.shifts={rotate: [10]}", "confirm.shifts.rotate=[10]"):
        assert changed(config, **{**NOTHING, "changes": [change]}).confirm.shifts.rotate == (10,)
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({**config.model_dump(mode="json"), "cost_probe": 2}, sort_keys=False))
    with pytest.raises(ConfigError, match=r"cost_probe: is 2, was 0; --allow cost_probe takes the change"):
        changed(config, **{**NOTHING, "sweep": str(file)})
    assert changed(config, **{**NOTHING, "sweep": str(file), "allowed": ["cost_probe"]}).cost_probe == 2
