"""The JSON schema of a sweep file, against the code that reads one: neither may know better than the other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from search_spaces import preset_names, read_preset
from sweeps.config import DatasetConfig, SweepConfig
from sweeps.config.schema import PRUNERS, SAMPLERS, sweep_schema
from sweeps.errors import ConfigError
from sweeps.search import Search
from sweeps.search.pruners import PRUNERS as KNOWN_PRUNERS
from sweeps.search.samplers import SAMPLERS as KNOWN_SAMPLERS

ROOT = Path(__file__).parents[2]
SCHEMA = sweep_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SPACE = "space: {pooling: [capsule, max], width: {int: [1, 4]}}\n"

VALID = {
    **{f"preset {name}": read_preset(name) for name in preset_names()},
    "a space alone": SPACE,
    "every kind of param": """
space:
  a: [2, x, true, 0.5]
  b: {int: [1, 8], log: true}
  c: {float: [1e-4, 1], log: false, when: {a: [2, x]}}
  d: {choice: [p, q], when: {a: true, b: 3}}
  größe: {float: [1, 1]}
  _x1: [0]
""",
    "extends a preset": "extends: quickstart",
    "extends a file": "extends: base.yaml\nsearch: {sampler: {startup_trials: 3}}\nspace: {width: null}",
    "extends several": "extends: [quickstart, ./base.yaml]\ntraining: {optimizer: {name: sgd}}",
    "extends in a name": "extends: base.yaml\nname: x\nseed: 2147483647",
    "bare names": SPACE + "search: {sampler: random, pruner: none}\ntraining: {optimizer: sgd, schedule: cosine}",
    "names with settings": SPACE
    + "search: {sampler: {name: tpe, startup_trials: 3}, pruner: {name: hyperband}}\n"
    + "training: {optimizer: {name: adamw, weight_decay: 1e-4}, schedule: {name: steps, factors: [1, 1e-1], at: [3]}}",
    "imported": SPACE
    + "search: {sampler: 'optuna.samplers:RandomSampler', pruner: {name: 'optuna.pruners:NopPruner'}}",
    "a budget in seconds": SPACE + "search: {budget: seconds, seconds: 1e3, trials: null}",
    "a budget in trials": SPACE + "search: {trials: 3, seconds: null, cohort: 2, repeats: skip}",
    "points to try first": SPACE + "search: {first: [{pooling: max, width: 2}], warm_start: []}",
    "objectives": SPACE + "objective: {also: [macs, {metric: f1, direction: maximize}, {metric: parameters}]}",
    "a cost to minimize": SPACE + "objective: {also: [{metric: macs, direction: minimize}]}",
    "constraints": SPACE + "objective: {constraints: {macs: {at_most: 1e6}, f1: {at_least: 0.5, at_most: null}}}",
    "a file of data": SPACE + "dataset: {name: mnist, file: mnist.npz, split_seed: 0}",
    "no later phase": SPACE + "confirm: {seeds: 0}\nswap: {settings: 0}\ncontrols: {pairs: 0, same: []}\ncost_probe: 0",
    "every later phase": SPACE
    + "compare: pooling\nconfirm: {seeds: 6, champions: 2, rule: best_mean, baseline: max, margin: 1e-3, alpha: 0.05"
    + ", runs: 6, shifts: {translate: [1, 2], rotate: [10, 1e-1]}}\n"
    + "swap: {settings: 6, seeds: 2}\ncost_probe: 1\n"
    + "controls: {pairs: 4, same: [[{pooling: max, width: 1}, {pooling: capsule, width: 1}]]}",
    "workers": SPACE + "workers: {count: 3, cpus: 0.5, gpus: 2.5e-1, recycle_trials: 0, recycle_gib: 0}",
    "workers by themselves": SPACE + "workers: {count: auto, gpus: auto, autoscale_to: 5}",
    "faults": SPACE + "faults: {trial_timeout: null, no_progress: 1e3, retries: 2, losses: 1}",
    "a function of another alphabet": SPACE + "model: {build: 'größe._a1:бумага'}",
    "compare": SPACE + "compare: pooling",
    "compare nothing": SPACE + "compare: null",
}

INVALID = {
    "nothing": "{}",
    "no space": "name: x",
    "an empty space": "space: {}",
    "a space of null": "space: null",
    "a list for a space": "space: [1]",
    "null without a parent": "space: {a: null, b: [1]}",
    "a name with a space": "space: {two words: [1]}",
    "a name that begins with a digit": "space: {1a: [1]}",
    "a name with a sign": "space: {a-b: [1]}",
    "an empty name": "space: {'': [1]}",
    "an empty list": "space: {a: []}",
    "a value twice": "space: {a: [1, 1]}",
    "null in a list": "space: {a: [null]}",
    "a list in a list": "space: {a: [[1]]}",
    "a scalar for a param": "space: {a: 3}",
    "one bound": "space: {a: {int: [1]}}",
    "three bounds": "space: {a: {int: [1, 2, 3]}}",
    "a real bound of whole numbers": "space: {a: {int: [1, 2.5]}}",
    "words for a bound": "space: {a: {float: [low, high]}}",
    "two kinds": "space: {a: {int: [1, 2], float: [1, 2]}}",
    "no kind": "space: {a: {log: true}}",
    "log of words": "space: {a: {int: [1, 2], log: 'yes'}}",
    "log of choices": "space: {a: {choice: [1], log: true}}",
    "an unknown key of a param": "space: {a: {int: [1, 2], step: 1}}",
    "a condition that is a word": "space: {a: [1], b: {int: [1, 2], when: a}}",
    "a condition without values": "space: {a: [1], b: {int: [1, 2], when: {a: []}}}",
    "a condition of null": "space: {a: [1], b: {int: [1, 2], when: {a: null}}}",
    "extends a number": "extends: 3",
    "extends nothing": "extends: []",
    "extends null": "extends: null\n" + SPACE,
    "extends an empty name": "extends: ''",
    **{
        f"not so: {text}": SPACE + text
        for text in (
            "sed: 1",
            "name: 3",
            "name: ''",
            f"name: {'x' * 121}",
            "seed: -1",
            "seed: 1.5",
            "seed: '1'",
            "seed: true",
            "seed: 2147483648",
            "compare: 3",
            "compare: [pooling]",
            "model: 3",
            "model: {build: nowhere}",
            "model: {build: 'a b:c'}",
            "model: {build: 'a..b:c'}",
            "model: {build: '1a:b'}",
            "model: {build: null}",
            "model: {args: [1]}",
            "model: {arg: {}}",
            "dataset: {load: nowhere}",
            "dataset: {train: 0}",
            "dataset: {train: many}",
            "dataset: {split_seed: -1}",
            "dataset: {file: 3}",
            "dataset: {file: ''}",
            "dataset: {size: 3}",
            "objective: {metric: 3}",
            "objective: {at: end}",
            "objective: {direction: up}",
            "objective: {also: macs}",
            "objective: {also: [f1]}",
            "objective: {also: [{metric: f1}]}",
            "objective: {also: [{metric: macs, direction: maximize}]}",
            "objective: {also: [{direction: maximize}]}",
            "objective: {constraints: {macs: 3}}",
            "objective: {constraints: {macs: {}}}",
            "objective: {constraints: {macs: {at_most: much}}}",
            "objective: {constraints: {macs: {most: 3}}}",
            "search: {trials: 0}",
            "search: {trials: 2.5}",
            "search: {seconds: 0}",
            "search: {seconds: -3}",
            "search: {seconds: long}",
            "search: {trials: 3, seconds: 3}",
            "search: {budget: hours}",
            "search: {cohort: -1}",
            "search: {repeats: again}",
            "search: {epochs: 0}",
            "search: {epochs: null}",
            "search: {sampler: 3}",
            "search: {sampler: tep}",
            "search: {sampler: {name: tep}}",
            "search: {sampler: {startup_trials: 3}}",
            "search: {sampler: 'nowhere.'}",
            "search: {pruner: mean}",
            "search: {pruner: {warmup_steps: 3}}",
            "search: {pruner: null}",
            "search: {first: {pooling: max}}",
            "search: {first: [max]}",
            "search: {warm_start: runs/a}",
            "search: {warm_start: [3]}",
            "search: {warm_start: ['']}",
            "search: {trails: 3}",
            "confirm: {seeds: -1}",
            "confirm: {seeds: true}",
            "confirm: {runs: many}",
            "confirm: {champions: 0}",
            "confirm: {rule: worst}",
            "confirm: {baseline: [max]}",
            "confirm: {margin: 0}",
            "confirm: {alpha: 0.5}",
            "confirm: {shifts: [1]}",
            "confirm: {shifts: {turn: [1]}}",
            "confirm: {shifts: {translate: 1}}",
            "confirm: {shifts: {translate: [0]}}",
            "confirm: {shifts: {translate: [1.5]}}",
            "confirm: {shifts: {translate: [1, 2, 3, 4, 5]}}",
            "confirm: {shifts: {rotate: [0]}}",
            "confirm: {shifts: {rotate: [181]}}",
            "confirm: {shifts: {rotate: [far]}}",
            "swap: {settings: -1}",
            "swap: {seeds: 0}",
            "controls: 1",
            "controls: {pairs: -1}",
            "controls: {pairs: 1, same: [[{}]]}",
            "controls: {pairs: 1, same: [[{}, {}, {}]]}",
            "controls: {pairs: 1, same: [[{}, {width: null}]]}",
            "cost_probe: -1",
            "training: {batch_size: 0}",
            "training: {learning_rate: 0}",
            "training: {learning_rate: fast}",
            "training: {learning_rate: true}",
            "training: {optimizer: adm}",
            "training: {optimizer: {name: adm}}",
            "training: {optimizer: {momentum: 0.9}}",
            "training: {schedule: stairs}",
            "training: {schedule: {name: steps, step: 3}}",
            "training: {schedule: {name: steps, factors: []}}",
            "training: {schedule: {name: steps, factors: [1, 0]}}",
            "training: {schedule: {name: steps, factors: 3}}",
            "training: {schedule: {name: steps, at: [0, 1]}}",
            "training: {schedule: {name: steps, fresh_optimizer: 1}}",
            "training: {early_stopping: -1}",
            "training: {dtype_policy: float8}",
            "workers: {count: 0}",
            "workers: {count: many}",
            "workers: {count: true}",
            "workers: {cpus: 0}",
            "workers: {gpus: -1}",
            "workers: {gpus: some}",
            "workers: {autoscale_to: -1}",
            "faults: {trial_timeout: 0}",
            "faults: {no_progress: never}",
            "faults: {losses: 0}",
            "faults: {retry: 1}",
            "faults: 3",
        )
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "base.yaml").write_text(SPACE + "search: {sampler: {name: tpe, candidates: 5}}")
    monkeypatch.chdir(tmp_path)


def problems(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("kind", VALID)
def test_what_is_read_is_valid(kind: str) -> None:
    assert problems(VALID[kind]) == []
    Search(SweepConfig.from_text(VALID[kind], source="s"))


@pytest.mark.parametrize("kind", INVALID)
def test_what_is_invalid_is_refused(kind: str) -> None:
    assert problems(INVALID[kind])
    with pytest.raises(ConfigError):
        Search(SweepConfig.from_text(INVALID[kind], source="s"))


def test_data_of_ones_own_is_valid() -> None:
    dataset = {"load": "mine.data:load", "args": {"x": [1, {"y": None}]}, "train": 5, "validation": None}
    assert problems(SPACE + f"dataset: {json.dumps(dataset)}") == []
    assert DatasetConfig.model_validate(dataset).load == "mine.data:load"


def test_the_examples_of_the_readme_are_valid_and_read() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert examples
    for text in examples:
        assert problems(text) == []
        Search(SweepConfig.from_text(text, source="README.md"))


def test_what_is_recorded_is_valid() -> None:
    for name in preset_names():
        assert problems(json.dumps(SweepConfig.load(name).model_dump(mode="json"))) == []


def test_the_names_are_those_of_the_search() -> None:
    assert set(SAMPLERS) == set(KNOWN_SAMPLERS)
    assert set(PRUNERS) == set(KNOWN_PRUNERS)


def nodes(value: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, each in value.items():
            yield from nodes(each, f"{path}/{key}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from nodes(each, f"{path}/{place}")


def test_every_section_and_every_key_is_described() -> None:
    for path, node in nodes(SCHEMA):
        # Neither what a schema says once more under a condition nor the name beside settings is a key of its own.
        conditional = re.search(r"/(anyOf|then|not)\b", path)
        for name, shape in node.get("properties", {}).items() if not conditional else ():
            assert shape["description"], f"{path}/{name}"
            assert not re.search(r"Attributes|Raises|\n", shape["description"]), f"{path}/{name}"
    assert set(SCHEMA["properties"]) == {"extends", *SweepConfig.model_fields}
    for name, part in SCHEMA["$defs"].items():
        assert part["description"], name


def test_limits_are_in_the_words_of_json_schema() -> None:
    words = {word for _, node in nodes(SCHEMA) for word in node}
    assert not words & {"gt", "ge", "lt", "le", "title"} - {"title"}
    known = set(Draft202012Validator.META_SCHEMA["allOf"][0]) | words
    assert {"exclusiveMinimum", "minimum", "exclusiveMaximum", "maxItems", "minProperties"} <= known & words
    faults = SCHEMA["$defs"]["FaultsConfig"]["properties"]
    assert faults["trial_timeout"]["anyOf"][0]["exclusiveMinimum"] == 0
    assert SCHEMA["$defs"]["ConfirmConfig"]["properties"]["alpha"]["exclusiveMaximum"] == 0.5


def test_patterns_mean_the_same_to_an_editor() -> None:
    for path, node in nodes(SCHEMA):
        if isinstance(node.get("pattern"), str):
            # What JavaScript reads otherwise than Python.
            assert not re.search(r"\\[wWAZz]|\(\?", node["pattern"]), path


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["tpe", "auto", "max", "a:b", "1e-4", "pooling", "float32", "cosine", "seconds", "macs", "x.yaml"]),
)
keys = st.sampled_from(
    [
        "name",
        "int",
        "float",
        "choice",
        "log",
        "when",
        "at_most",
        "metric",
        "direction",
        "factors",
        "pooling",
        "a",
        "x y",
    ]
)
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


def places(value: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = (
        [found for key, each in value.items() for found in places(each, (*path, key))] if type(value) is dict else []
    )
    return ([path] if path else []) + below


PLACES = places(SweepConfig.load("full").model_dump(mode="json"))


@given(st.sampled_from(PLACES), junk)
def test_the_schema_refuses_nothing_that_is_read(path: tuple[str, ...], value: object) -> None:
    document = yaml.safe_load(read_preset("full"))
    section = document
    for key in path[:-1]:
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            return
    section[path[-1]] = value
    try:
        Search(SweepConfig.from_mapping(document, source="s"))
    except ConfigError:
        return
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


def test_the_command_prints_it() -> None:
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", "schema"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert json.loads(done.stdout) == SCHEMA
