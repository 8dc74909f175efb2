"""The sweep file: every key of the contract, every rule, overrides, and no error but ConfigError whatever the text."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from search_spaces import SearchSpace, SpaceError, preset_names, read_preset
from sweeps.codec import from_line, to_line
from sweeps.config import SweepConfig
from sweeps.config.document import read_yaml
from sweeps.errors import ConfigError
from sweeps.records import SweepStarted

FULL: dict[str, Any] = yaml.safe_load(read_preset("full"))
SMALL = "space: {pooling: [capsule, max]}\n"


def read(text: str, *changes: str) -> SweepConfig:
    return SweepConfig.from_text(text, source="s.yaml", changes=changes)


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = getattr(value, key)
    return value


def put(document: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """A copy of the document with one value replaced."""
    document = copy.deepcopy(document)
    section = document
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    return document


def paths(value: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = [found for key, each in value.items() for found in paths(each, (*path, key))] if type(value) is dict else []
    return ([path] if path else []) + below


def leaves(value: object, path: str = "") -> set[str]:
    if not isinstance(value, dict) or not value:
        return {path}
    return {leaf for key, each in value.items() for leaf in leaves(each, f"{path}.{key}".strip("."))}


def test_the_contract_is_read_key_by_key() -> None:
    config = read(read_preset("full"))
    expected = {
        "name": "capsule-vs-max",
        "seed": 0,
        "dataset.load": None,
        "dataset.args": {},
        "objective.also": (),
        "objective.constraints": {},
        "search.budget": "trials",
        "search.seconds": None,
        "search.cohort": 20,
        "search.repeats": "replicate",
        "search.warm_start": (),
        "training.optimizer.name": "adam",
        "training.schedule.name": "constant",
        "training.schedule.factors": (1.0, 0.1, 0.01),
        "training.schedule.at": None,
        "training.schedule.fresh_optimizer": False,
        "training.early_stopping": 0,
        "model.build": "capsule_layer:build_classifier",
        "model.args": {"batch_norm_momentum": 0.9},
        "dataset.name": "mnist",
        "dataset.train": 50000,
        "dataset.validation": 10000,
        "dataset.test": None,
        "dataset.split_seed": 0,
        "dataset.file": None,
        "compare": "pooling",
        "objective.metric": "val_accuracy",
        "objective.direction": "maximize",
        "objective.at": "last",
        "search.trials": 60,
        "search.epochs": 15,
        "search.sampler.name": "tpe",
        "search.pruner.name": "median",
        "search.first": (),
        "confirm.seeds": 30,
        "confirm.champions": 1,
        "confirm.rule": "best",
        "confirm.baseline": "max",
        "confirm.margin": 0.001,
        "confirm.alpha": 0.05,
        "confirm.runs": None,
        "confirm.shifts.translate": (1, 2),
        "confirm.shifts.rotate": (10, 20),
        "swap.settings": 24,
        "swap.seeds": 2,
        "controls.pairs": 15,
        "controls.sources": 10,
        "controls.same": (({"pooling": "capsule", "routing_steps": 1, "temperature": 1.0}, {"pooling": "average"}),),
        "cost_probe": 3,
        "training.batch_size": 128,
        "training.learning_rate": 0.001,
        "training.dtype_policy": "float32",
        "workers.count": "auto",
        "workers.cpus": 1,
        "workers.gpus": "auto",
        "workers.autoscale_to": 0,
        "workers.recycle_trials": 0,
        "workers.recycle_gib": 4,
        "faults.retries": 0,
        "faults.losses": 3,
        "faults.same_error": 5,
        "faults.trial_timeout": None,
        "faults.no_progress": 3600,
        "faults.checkpoint_every": 5,
        "faults.checkpoint_gib": 10,
    }
    assert {path: at(config, path) for path in expected} == expected
    dumped = {leaf for leaf in leaves(config.model_dump(mode="json")) if not leaf.startswith("space")}
    assert dumped == {path if path != "model.args" else "model.args.batch_norm_momentum" for path in expected}
    assert config.space == SearchSpace.from_mapping(FULL["space"])
    assert config.arms == ("capsule", "max", "average")


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("name=x", "x"),
        ("seed=7", 7),
        ("seed=2147483647", 2**31 - 1),
        ("model.build=a.b:c", "a.b:c"),
        ("model.args={depth: [1, null, {x: true}]}", {"depth": [1, None, {"x": True}]}),
        ("dataset.name=digits", "digits"),
        ("dataset.train=1", 1),
        ("dataset.validation=1", 1),
        ("dataset.split_seed=3", 3),
        ("dataset.file=/a/mnist.npz", "/a/mnist.npz"),
        ("objective.metric=val_top2", "val_top2"),
        ("objective.direction=minimize", "minimize"),
        ("objective.at=best", "best"),
        ("search.trials=20", 20),
        ("search.epochs=1", 1),
        ("confirm.seeds=0", 0),
        ("confirm.champions=3", 3),
        ("confirm.rule=best_mean", "best_mean"),
        ("confirm.baseline=average", "average"),
        ("confirm.margin=5e-3", 0.005),
        ("confirm.alpha=0.1", 0.1),
        ("confirm.shifts.translate=[3]", (3,)),
        ("confirm.shifts.rotate=[]", ()),
        ("swap.seeds=2", 2),
        ("training.batch_size=32", 32),
        ("training.learning_rate=1e-4", 1e-4),
        ("training.learning_rate=1", 1.0),
        ("training.learning_rate=2.5E-3", 2.5e-3),
        ("training.early_stopping=5", 5),
        ("search.cohort=5", 5),
        ("search.repeats=skip", "skip"),
        ("dataset.args={}", {}),
        ("training.dtype_policy=mixed_bfloat16", "mixed_bfloat16"),
        ("workers.count=3", 3),
        ("workers.count=auto", "auto"),
        ("workers.cpus=0.5", 0.5),
        ("workers.gpus=0.25", 0.25),
        ("workers.gpus=0", 0.0),
    ],
)
def test_set_replaces_a_key(change: str, value: object) -> None:
    path = change.partition("=")[0]
    for text in (SMALL, read_preset("full")):
        config = read(text, change)
        assert at(config, path) == value
        assert type(at(config, path)) is type(value)


def test_changes_apply_in_order_and_open_sections_on_the_way() -> None:
    config = read(SMALL, "training.batch_size=32", "training.batch_size=64", " training.learning_rate =0.5")
    assert (config.training.batch_size, config.training.learning_rate) == (64, 0.5)
    config = read("search: {sampler: tpe}\n" + SMALL, "search.sampler.startup_trials=3", "search.pruner=none")
    assert (config.search.sampler.name, config.search.sampler.settings) == ("tpe", {"startup_trials": 3})
    assert (config.search.pruner.name, config.search.pruner.settings) == ("none", {})
    assert read(SMALL, "space.pooling=[max]").space == SearchSpace.from_mapping({"pooling": ["max"]})
    assert read(SMALL, "name=a=b").name == "a=b"


def test_a_bare_name_is_short_for_a_sampler_or_pruner_without_settings() -> None:
    short = read("search: {sampler: random, pruner: none}\n" + SMALL)
    long = read("search: {sampler: {name: random}, pruner: {name: none}}\n" + SMALL)
    assert short == long
    assert short.search.sampler.settings == {}


@pytest.mark.parametrize("change", ["seed", "=3", "search..trials=3", ".seed=1", "seed.=1", "", "  =1"])
def test_a_change_must_read_key_equals_value(change: str) -> None:
    with pytest.raises(ConfigError, match=r"^--set: must read key\.key=value, got ") as caught:
        read(SMALL, change)
    assert repr(change) in str(caught.value)


@pytest.mark.parametrize("value", ["[1", "2024-13-01", "{a: 1, a: 2}", "\t{", "a\0"])
def test_the_value_of_a_change_must_be_yaml(value: str) -> None:
    with pytest.raises(ConfigError, match=r"^--set model\.args: not YAML: "):
        read(SMALL, f"model.args={value}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("name=", "name: must be text, got None"),
        ("name=5", "name: must be text, got 5"),
        ("name=''", "name: must be text that is not empty, got ''"),
        (f"name={'x' * 121}", "name: must be text of at most 120 letters"),
        ("seed=-1", "seed: must be at least 0, got -1"),
        ("seed=2147483648", "seed: must be less than 2147483648, got 2147483648"),
        ("seed=1.5", "seed: must be a whole number, got 1.5"),
        ("seed=true", "seed: must be a whole number, got True"),
        ("seed='1'", "seed: must be a whole number, got '1'"),
        ("model=a:b", "model: must be a mapping with keys build, args, got 'a:b'"),
        ("model.build=a.b", "model.build: must read \"package.module:function\", got 'a.b'"),
        ("model.build='a b:c'", 'model.build: must read "package.module:function"'),
        ("model.build=':c'", "model.build: must read"),
        ("model.build='a:'", "model.build: must read"),
        ("model.build='a..b:c'", "model.build: must read"),
        ("model.build='a:b:c'", "model.build: must read"),
        ("model.args=[1]", "model.args: must be a mapping of names to values, got [1]"),
        ("model.args={a: .nan}", "model.args: must be made of text, finite numbers, true/false, null"),
        ("model.args={a: [.inf]}", "model.args: must be made of"),
        ("model.args={a: 2024-01-01}", "model.args: must be made of"),
        ("model.args={a: !!set {b}}", "model.args: must be made of"),
        ("model.args={a: {1: 2}}", "model.args: must be made of"),
        ("model.args={a: !!binary aGk=}", "model.args: must be made of"),
        ('model.args={a: "\\ud800"}', "model.args: must be made of"),
        ("model.args={a: &a [*a]}", "model.args: must be made of"),
        ("model.args={pool_size: 2}", "model.args.pool_size: is a parameter of the space too; keep one of them"),
        ("dataset.train=0", "dataset.train: must be at least 1, got 0"),
        ("dataset.train=true", "dataset.train: must be a whole number, got True"),
        ("dataset.validation=0", "dataset.validation: must be at least 1, got 0"),
        ("dataset.split_seed=-1", "dataset.split_seed: must be at least 0, got -1"),
        ("dataset.split_seed=2147483648", "dataset.split_seed: must be less than 2147483648"),
        ("dataset.file=3", "dataset.file: must be text, got 3"),
        ("space=null", "space: a space maps names to domains, got None"),
        ("space.pool_size.int=[4, 2]", "space: pool_size: low must not exceed high, got [4, 2]"),
        ("space.temperature.when={pooling: min}", "space: temperature: its condition pooling = 'min' never holds"),
        ("space.learning_rate.float=[1e-4x, 1]", "space: learning_rate: low must be a finite number, got '1e-4x'"),
        ("space.batch_size=[0, 32]", "space: batch_size: must be at least 1, got 0"),
        ("space.batch_size=[many]", "space: batch_size: must be a whole number, got 'many'"),
        ("space.batch_size.float=[16, 32]", "space: batch_size: must be a whole number, got 16.0"),
        (
            "space.learning_rate=[1e-4, 1e-3]",
            "space: learning_rate: must be a number, got '1e-4' (YAML reads it as text; write 0.0001)",
        ),
        ("space.learning_rate={float: [-1, 1]}", "space: learning_rate: must be more than 0, got -1.0"),
        ("space.dtype_policy=[float32, float8]", "space: dtype_policy: must be one of float32,"),
        ("compare=nothing", "compare: must name a parameter of the space that is an unconditional list of choices"),
        ("compare=pool_size", "(pooling), got 'pool_size'"),
        ("compare=1", "compare: must be text, got 1"),
        ("objective.metric=3", "objective.metric: must be text, got 3"),
        ("objective.direction=up", "objective.direction: must be one of maximize, minimize, got 'up'"),
        ("objective.at=end", "objective.at: must be one of last, best, got 'end'"),
        ("search.trials=0", "search.trials: must be at least 1, got 0"),
        ("search.epochs=0", "search.epochs: must be at least 1, got 0"),
        ("search.epochs=1.5", "search.epochs: must be a whole number"),
        ("search.sampler={startup_trials: 3}", "search.sampler.name: is needed and not given"),
        ("search.pruner=3", "search.pruner: must be a name, or a mapping with name and settings, got 3"),
        ("confirm.seeds=false", "confirm.seeds: must be a whole number, got False"),
        ("confirm.seeds=6", "confirm.seeds: must be at least 7, with which 2 exact comparisons can claim anything"),
        ("swap.settings=-1", "swap.settings: must be at least 0, got -1"),
        ("controls=1", "controls: must be a mapping with keys pairs, sources, same, got 1"),
        ("cost_probe=-1", "cost_probe: must be at least 0, got -1"),
        ("training.batch_size=0", "training.batch_size: must be at least 1, got 0"),
        ("training.learning_rate=0", "training.learning_rate: must be more than 0, got 0"),
        ("training.learning_rate=.nan", "training.learning_rate: must be more than 0, got nan"),
        ("training.learning_rate=.inf", "training.learning_rate: must be a finite number, got inf"),
        ("training.learning_rate=true", "training.learning_rate: must be a number, got True"),
        ("training.dtype_policy=int8", "training.dtype_policy: must be one of float32, mixed_bfloat16"),
        ("workers.count=0", "workers.count: must be auto or a whole number of at least 1, got 0"),
        ("workers.count=1.5", "workers.count: must be auto or a whole number of at least 1, got 1.5"),
        ("workers.count=true", "workers.count: must be auto or a whole number of at least 1, got True"),
        ("workers.count=all", "workers.count: must be auto or a whole number of at least 1, got 'all'"),
        ("workers.cpus=0", "workers.cpus: must be more than 0, got 0"),
        ("workers.cpus=.inf", "workers.cpus: must be a finite number, got inf"),
        ("workers.cpus=true", "workers.cpus: must be a number, got True"),
        ("workers.gpus=-1", "workers.gpus: must be auto or a number of at least 0, got -1"),
        ("workers.gpus=.nan", "workers.gpus: must be auto or a number of at least 0, got nan"),
        ("workers.gpus=.inf", "workers.gpus: must be auto or a number of at least 0, got inf"),
        ("workers.gpus=false", "workers.gpus: must be auto or a number of at least 0, got False"),
        (f"workers.gpus=1{'0' * 400}", "workers.gpus: must be auto or a number of at least 0, got 1000"),
    ],
)
def test_a_broken_rule_is_one_line_with_key_rule_and_value(change: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(read_preset("full"), change)
    (line,) = str(caught.value).splitlines()
    assert line.startswith("s.yaml: ")
    assert message in line


@pytest.mark.parametrize(
    ("key", "known"),
    [
        (
            "sed",
            "did you mean seed? known keys are name, seed, model, dataset, space, compare, objective, search, "
            "confirm, swap, controls, cost_probe, training, workers",
        ),
        ("int", "known keys are name, seed,"),
        ("model.arg", "did you mean args? known keys of model are build, args"),
        ("model.int", "known keys of model are build, args"),
        ("dataset.size", "known keys of dataset are name, load, args, train, validation, test, split_seed, file"),
        ("objective.metrics", "did you mean metric? known keys of objective are metric, direction, at"),
        ("search.trails", "did you mean trials? known keys of search are budget, trials, seconds, epochs, cohort"),
        ("confirm.seed", "did you mean seeds? known keys of confirm are seeds, champions, rule,"),
        ("swap.setting", "did you mean settings? known keys of swap are settings, seeds"),
        ("controls.pair", "did you mean pairs? known keys of controls are pairs, sources, same"),
        ("training.batchsize", "did you mean batch_size? known keys of training are batch_size, learning_rate,"),
        ("workers.gpu", "did you mean gpus? known keys of workers are count, cpus, gpus"),
    ],
)
def test_an_unknown_key_lists_the_known_ones(key: str, known: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(read_preset("full"), f"{key}=1")
    assert str(caught.value).startswith(f"s.yaml: {key}: unknown key; ")
    assert known in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^s\.yaml: 1: keys must be text, got 1"):
        read("1: 2\n" + SMALL)


def test_every_broken_rule_has_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        read("sed: 1\nseed: -1\nsearch: {trials: 0, epochs: 0, x: 1}\nworkers: {count: 0}")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "seed",
        "space",
        "search.trials",
        "search.epochs",
        "search.x",
        "workers.count",
        "sed",
    ]
    assert "space: is needed and not given" in str(caught.value)


@pytest.mark.parametrize("values", ["[1, '1']", "[true, 'True']", "[1.5, x, '1.5']"])
def test_arms_that_would_share_a_study_are_refused(values: str) -> None:
    with pytest.raises(ConfigError, match="compare: the values name the studies, so they must differ as text, got "):
        read(f"compare: a\nspace: {{a: {values}}}")
    read(f"space: {{a: {values}}}")


def test_comparing_nothing_makes_one_joint_search() -> None:
    assert read(SMALL).arms == (None,)
    assert read(SMALL, "compare=pooling").arms == ("capsule", "max")
    with pytest.raises(ConfigError, match=r"\(there is none\), got 'a'"):
        read("space: {a: {int: [1, 2]}}", "compare=a")
    with pytest.raises(ConfigError, match=r"\(a\), got 'b'"):
        read("space: {a: [1], b: {choice: [1, 2], when: {a: 1}}}", "compare=b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml: a sweep file maps keys to values; known keys are name, seed, model"),
        ("# nothing", "s.yaml: a sweep file maps keys to values"),
        ("- 1", "s.yaml: a sweep file maps keys to values"),
        ("quickstart", "s.yaml: a sweep file maps keys to values"),
        ("{}", "s.yaml: space: is needed and not given"),
        ("a: [1", 's.yaml: not YAML: while parsing a flow sequence in "s.yaml", line 1'),
        ("\tseed: 1", "s.yaml: not YAML: "),
        ("a\0b", "s.yaml: not YAML: "),
        ("--- 1\n--- 2", "s.yaml: not YAML: expected a single document"),
        ("a: !!python/object/apply:os.getcwd []", "s.yaml: not YAML: could not determine a constructor"),
        ("name: 2024-13-45", "s.yaml: not YAML: month must be in 1..12: quote it if it is text"),
        ("x: !!int ''", "s.yaml: not YAML: string index out of range"),
        ("x: !!timestamp now", "s.yaml: not YAML: "),
        ("x: " + "[" * 5000, "s.yaml: not YAML: nested too deeply"),
        ("? [a]\n: 1", "s.yaml: not YAML: while constructing a mapping"),
        ("x: *y", "s.yaml: not YAML: found undefined alias"),
    ],
)
def test_text_that_is_no_sweep_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("seed: 1\nseed: 2\n" + SMALL, "seed", 2),
        (SMALL + "search: {trials: 3, epochs: 1,\n trials: 4}", "trials", 3),
        ("space:\n  a: [1]\n  a: [2]", "a", 3),
        ("space: {a: {int: [1, 2], int: [1, 3]}}", "int", 1),
        ("model: {args: {deep: [{x: 1,\n x: 1}]}}\n" + SMALL, "x", 2),
        ("1: x\ntrue: y", True, 2),
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_line(text: str, key: object, line: int) -> None:
    with pytest.raises(ConfigError, match=f"the key {key!r} stands twice in .*, line {line},"):
        read(text)


def test_equal_keys_of_different_sections_and_merged_ones_are_fine() -> None:
    document = read_yaml("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: {<<: *a}\nd: {<<: *a, <<: *a}", source="s")
    assert document["b"] == {"x": 3, "y": 2}
    assert document["c"] == document["d"] == {"x": 1, "y": 2}


def test_load_reads_a_file_or_a_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(SMALL + "name: mine", encoding="utf-8")
    (tmp_path / "bare").write_text("\ufeff" + SMALL + "name: größer", encoding="utf-8")
    assert SweepConfig.load("mine.yaml", changes=("seed=3",)).seed == 3
    assert SweepConfig.load(str(tmp_path / "mine.yaml")).name == "mine"
    assert SweepConfig.load("bare").name == "größer"
    (tmp_path / "quickstart").mkdir()
    assert SweepConfig.load("quickstart", changes=("name=x",)).name == "x"
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"^folder: cannot be read as a sweep file: Is a directory"):
        SweepConfig.load("folder")
    with pytest.raises(SpaceError, match="no preset named 'nothing'; there are full, notebook, quickstart"):
        SweepConfig.load("nothing")
    with pytest.raises(ConfigError, match=r"^preset full: seed: "):
        SweepConfig.load("full", changes=("seed=x",))


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x81")
    (tmp_path / "empty.yaml").touch()
    (tmp_path / "folder.yml").mkdir()
    for name, reason in (
        ("gone.yaml", "cannot be read as a sweep file: No such file or directory"),
        ("folder.yml", "cannot be read as a sweep file: Is a directory"),
        ("binary.yaml", "cannot be read as a sweep file: not UTF-8 text"),
        ("empty.yaml", "a sweep file maps keys to values"),
        ("no/such", "cannot be read as a sweep file: No such file or directory"),
    ):
        with pytest.raises(ConfigError) as caught:
            SweepConfig.load(str(tmp_path / name))
        assert str(caught.value).startswith(f"{tmp_path / name}: {reason}")


def logged(config: SweepConfig) -> SweepConfig:
    """The config as a resume finds it: through the log's first line."""
    document = config.model_dump(mode="json")
    event = SweepStarted(
        sweep="0", name="n", config=document, config_digest="", data={}, commit=None, dirty=None, versions={}
    )
    found = from_line(to_line(event))
    assert isinstance(found, SweepStarted)
    return SweepConfig.from_mapping(found.config, source="log")


@pytest.mark.parametrize("name", preset_names())
def test_a_config_survives_the_log_and_a_pickle(name: str) -> None:
    config = SweepConfig.load(name, changes=("search.sampler={name: tpe, startup_trials: 4}", "workers.gpus=0.5"))
    for other in (logged(config), pickle.loads(pickle.dumps(config))):
        assert other == config
        assert repr(other) == repr(config)


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(SMALL).seed = 3  # type: ignore[misc]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.binary(max_size=3),
    st.sampled_from(
        ["tpe", "auto", "max", "a:b", "1e-4", "pooling", "int", "name", "float32", "val_accuracy", 10**400]
    ),
)
names = st.one_of(
    st.sampled_from(sorted({key for path in paths(FULL) for key in path} | {"choice", "x"})), scalars.filter(bool)
)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)


def assert_read_or_refused(text: str) -> None:
    try:
        config = read(text)
    except ConfigError:
        pass  # any other exception fails the test
    else:
        assert repr(logged(config)) == repr(config)


@given(st.text())
@example("\ud800")
@example("a: \x85")
def test_any_text_is_read_or_refused(text: str) -> None:
    assert_read_or_refused(text)


@given(st.text("{}[]:,&*!|>'\"%@`#-? \n0123456789abefx._", max_size=40))
@example("? : ")
@example("{? }")
@example("0x: 0o9")
def test_any_yaml_is_read_or_refused(text: str) -> None:
    assert_read_or_refused("space: {a: [1]}\nmodel:\n  args:\n    x: " + text)


@given(st.sampled_from(paths(FULL)), junk)
def test_any_value_at_any_key_is_read_or_refused(path: tuple[str, ...], value: object) -> None:
    assert_read_or_refused(yaml.dump(put(FULL, path, value)))


@given(st.sampled_from([(), *paths(FULL)]), names, junk)
def test_any_key_in_any_section_is_read_or_refused(path: tuple[str, ...], key: object, value: object) -> None:
    document = copy.deepcopy(FULL)
    section = document
    for name in path:
        section = section[name]
    if isinstance(section, dict):
        section[key] = value
    assert_read_or_refused(yaml.dump(document))


@given(st.text(max_size=20))
def test_any_change_is_applied_or_refused(change: str) -> None:
    with contextlib.suppress(ConfigError):
        read(read_preset("full"), change)


def test_the_dump_is_json() -> None:
    document = read(read_preset("full")).model_dump(mode="json")
    assert json.loads(json.dumps(document)) == document
    assert read(yaml.safe_dump(document, sort_keys=False)) == read(read_preset("full"))


POINT = {"pooling": "max", "pool_size": 2, "learning_rate": 1e-3}


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([{**POINT, "pool_size": 9}], "search.first.0: pool_size: must lie in"),
        ([POINT, {**POINT, "temperature": 1.0}], "search.first.1: temperature: does not apply"),
        ([{"pooling": "max"}], "search.first.0: pool_size: missing"),
        ([POINT] * 61, "search.first: has 61 points for pooling max, which search.trials does not allow, got 60"),
    ],
)
def test_points_to_try_first_must_lie_in_the_space_and_within_the_budget(points: list[Any], message: str) -> None:
    document = {**FULL, "search": {"trials": 60, "first": points}}
    with pytest.raises(ConfigError, match=re.escape(message)):
        SweepConfig.from_mapping(document, source="test")


def test_an_arm_tries_the_points_of_its_own_value_first() -> None:
    capsule = {**POINT, "pooling": "capsule", "routing_steps": 2, "temperature": 1.0}
    config = SweepConfig.from_mapping({**FULL, "search": {"first": [POINT, capsule]}}, source="test")
    assert config.first_points("max") == (POINT,)
    assert config.first_points("capsule") == (capsule,)
    assert config.first_points("average") == ()
