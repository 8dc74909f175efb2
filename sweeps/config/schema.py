"""The sweep file as a JSON schema (draft 2020-12), from which editors complete and check it.

It is made from the models that read the file. What their validators say in code is said here by hand, as far as a
schema can: it refuses nothing that would be read, and cannot know all that would be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from search_spaces import preset_names
from sweeps.config.inheritance import EXTENDS
from sweeps.config.objective import COSTS
from sweeps.config.shapes import NUMBER, Shape, by_name
from sweeps.config.sweep import SweepConfig
from sweeps.config.training import OptimizerName, Schedule

# Their owners import Optuna, which whoever prints a schema need not have in memory.
SAMPLERS = ("random", "tpe", "grid", "brute_force", "qmc", "cmaes", "gp", "nsgaii")
PRUNERS = ("none", "median", "percentile", "hyperband", "successive_halving", "patient", "wilcoxon")

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
# Pydantic's own words where a limit stands on a value that is read by code first.
_LIMITS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
_NAMES = ("properties", "$defs")
_NAMED: Shape = {"if": {"type": "object"}, "then": {"required": ["name"]}}


def sweep_schema() -> Shape:
    """The schema of a sweep file."""
    schema: Shape = _tidy(SweepConfig.model_json_schema())
    parts = schema["$defs"]
    _put(parts, "SearchConfig", "sampler", by_name(SAMPLERS, imported=True))
    _put(parts, "SearchConfig", "pruner", by_name(PRUNERS, imported=True))
    _put(parts, "TrainingConfig", "optimizer", by_name(get_args(OptimizerName), imported=False))
    schedules = {"enum": [*get_args(Schedule.model_fields["name"].annotation)]}
    _put(parts, "TrainingConfig", "schedule", {"anyOf": [schedules, {"$ref": "#/$defs/Schedule"}]})
    _put(parts, "ObjectiveConfig", "also", {"type": "array", "items": {"anyOf": [{"enum": [*COSTS]}, _ref("Target")]}})
    parts["DatasetConfig"]["properties"]["name"]["examples"] = ["mnist", "digits"]
    parts["Target"] |= _a_metric_needs_a_direction()
    parts["Bound"] |= {"minProperties": 1}
    parts["SearchConfig"] |= {"not": _both_amounts()}
    schema["properties"] = {EXTENDS: _extends(), **schema["properties"]}
    del parts["Named"], parts["Optimizer"], schema["required"]
    return {"$schema": _DRAFT, **schema, "title": "capsweep sweep file", "anyOf": [{"required": [EXTENDS]}, _whole()]}


def _tidy(value: Any, *, names: bool = False) -> Any:
    """Without pydantic's titles and docstrings' details; `names` says that the keys are those of a sweep file."""
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if names:
        return {key: _tidy(each) for key, each in value.items()}
    tidy: Shape = {
        str(_LIMITS.get(key, key)): each if key in ("default", "const", "enum") else _tidy(each, names=key in _NAMES)
        for key, each in value.items()
        if key != "title"
    }
    if tidy.get("type") == "number":
        tidy |= NUMBER
    if "description" in tidy:
        tidy["description"] = " ".join(tidy["description"].partition("\n\n")[0].split())
    return tidy


def _put(parts: Shape, section: str, key: str, shape: Shape) -> None:
    """Replace the shape of a key, whose description and default stay."""
    old = parts[section]["properties"][key]
    parts[section]["properties"][key] = {**shape, **{name: old[name] for name in ("description", "default")}}


def _ref(name: str) -> Shape:
    return {"$ref": f"#/$defs/{name}"}


def _a_metric_needs_a_direction() -> Shape:
    cost = {"properties": {"metric": {"enum": [*COSTS]}, "direction": {"enum": ["minimize", None]}}}
    metric = {
        "properties": {"metric": {"not": {"enum": [*COSTS]}}, "direction": {"enum": ["maximize", "minimize"]}},
        "required": ["direction"],
    }
    return {"anyOf": [cost, metric]}


def _both_amounts() -> Shape:
    amount = {"not": {"type": "null"}}
    return {"properties": {"trials": amount, "seconds": amount}, "required": ["trials", "seconds"]}


def _extends() -> Shape:
    name = {"anyOf": [{"enum": preset_names()}, {"type": "string", "minLength": 1}]}
    return {
        "description": "Sweep files (their paths relative to this one) or presets on which this one builds.",
        "anyOf": [*name["anyOf"], {"type": "array", "items": name, "minItems": 1}],
    }


def _whole() -> Shape:
    """What a file needs that extends no other."""
    space = {"minProperties": 1, "additionalProperties": {"not": {"type": "null"}}}
    search = {"properties": {"sampler": _NAMED, "pruner": _NAMED}}
    training = {"properties": {"optimizer": _NAMED}}
    return {"required": ["space"], "properties": {"space": space, "search": search, "training": training}}
