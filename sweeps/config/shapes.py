"""JSON schemas of the values that are read by code of ours, which pydantic cannot look into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from search_spaces import NUMBER_PATTERN

Shape: TypeAlias = dict[str, Any]

# Every letter of every language is outside ASCII's other signs; `\w` is ASCII's alone in an editor's JavaScript.
_NAME = r"[^\s\d!-/:-@\[-^`{-~][^\s!-/:-@\[-^`{-~]*"
_FUNCTION = rf"^{_NAME}(\.{_NAME})*:{_NAME}$"


def object_of(properties: Shape, *required: str) -> Shape:
    """A mapping with these keys and no other."""
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def by_name(names: Sequence[str], *, imported: bool) -> Shape:
    """A name, or a mapping with the name and settings that only its owner knows."""
    name: Shape = {"enum": [*names]}
    if imported:
        name = {"anyOf": [name, {**FUNCTION, "description": "package.module:Class, a class of Optuna's kind."}]}
    return {"anyOf": [name, {"type": "object", "properties": {"name": name}}]}


NUMBER: Shape = {"type": ["number", "string"], "pattern": NUMBER_PATTERN}
"""A real number; text as well, since YAML 1.1 reads `1e-4` as text."""

FUNCTION: Shape = {"type": "string", "pattern": _FUNCTION}
COUNT: Shape = {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]}
SHARE: Shape = {"anyOf": [{"const": "auto"}, {**NUMBER, "minimum": 0}]}

_VALUE: Shape = {"type": ["string", "number", "boolean"]}
PARAM_VALUES: Shape = {"type": "object", "additionalProperties": _VALUE}
_CHOICES: Shape = {"type": "array", "items": _VALUE, "minItems": 1, "uniqueItems": True}
_LOG: Shape = {"type": "boolean", "description": "Search on a logarithmic scale; needs low > 0.", "default": False}
_WHEN: Shape = {
    "type": "object",
    "description": "Params before it, each with the value or values under which this one applies.",
    "additionalProperties": {"anyOf": [_VALUE, {"type": "array", "items": _VALUE, "minItems": 1}]},
}


def _bounds(number: Shape, what: str) -> Shape:
    return {
        "type": "array",
        "items": number,
        "minItems": 2,
        "maxItems": 2,
        "description": f"[low, high]: {what} between them, both included.",
    }


SPACE: Shape = {
    "type": "object",
    "propertyNames": {"pattern": f"^{_NAME}$"},
    "additionalProperties": {
        "anyOf": [
            {**_CHOICES, "description": "One of these."},
            object_of({"int": _bounds({"type": "integer"}, "whole numbers"), "log": _LOG, "when": _WHEN}, "int"),
            object_of({"float": _bounds(NUMBER, "real numbers"), "log": _LOG, "when": _WHEN}, "float"),
            object_of({"choice": {**_CHOICES, "description": "One of these."}, "when": _WHEN}, "choice"),
            {"type": "null", "description": "Removes a param of the file that is extended."},
        ]
    },
}
