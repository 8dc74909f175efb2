"""What pydantic found wrong with a sweep file, in words: key, rule, value, and the keys that would have been right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from search_spaces import exponent_hint

_SHOWN = 120
_TEXT, _WHOLE, _NUMBER, _TRUTH = "text", "a whole number", "a number", "true or false"
_LIST, _MAPPING = "a list", "a mapping of names to values"
_BY_NAME = "a name, or a mapping with name and settings"

# What a value must be, by pydantic's name of the error; what stands in braces is of the error's context.
_RULES = {
    **dict.fromkeys(("string_type", "string_sub_type", "string_unicode"), _TEXT),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _TRUTH),
    **dict.fromkeys(("list_type", "tuple_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type"), _MAPPING),
    "finite_number": "a finite number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length} letters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}


def explain(error: ValidationError, model: type[BaseModel], *, source: str, also: Sequence[str] = ()) -> str:
    """One line per broken rule: `source: key.key: rule, got value`.

    Args:
        error: What pydantic found.
        model: What it checked the document against.
        source: How messages name the document.
        also: Keys that are known at its top without being the model's.
    """
    lines = [_line(detail, model, also) for detail in error.errors() if not _follows(detail)]
    return "\n".join(f"{source}: {line}" for line in dict.fromkeys(lines))


def _follows(detail: Any) -> bool:
    """Whether a list is called too short only because what it holds is wrong, which has its own line."""
    return bool(detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"])


def _line(detail: Any, model: type[BaseModel], also: Sequence[str]) -> str:
    kind, path = detail["type"], [str(part) for part in detail["loc"] if part != "[key]"]
    where, value = ".".join(path), detail["input"]
    if kind == "extra_forbidden":
        return _unknown(where, [*_fields(model, path[:-1]), *(also if len(path) == 1 else ())])
    if kind == "missing":
        return f"{where}: is needed and not given"
    if kind == "invalid_key" or "[key]" in detail["loc"]:
        return f"{where}: keys must be text, got {shown(value)}"
    if kind == "value_error":
        return _own_rule(where, str(detail["msg"]).removeprefix("Value error, "), _fields(model, path))
    return f"{where}: {_rule(detail, model, path)}, got {shown(value)}{_hint(kind, value)}"


def shown(value: object) -> str:
    """A value as a message shows it: not the whole of a long one."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _own_rule(where: str, message: str, known: Sequence[str]) -> str:
    """A rule of a section, whose message may begin with the key in the section that breaks it."""
    if not where:
        return message
    key = message.partition(":")[0].partition(".")[0]
    return f"{where}.{message}" if key in known else f"{where}: {message}"


def _rule(detail: Any, model: type[BaseModel], path: Sequence[str]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        return "must be one of " + ", ".join(re.findall("'([^']*)'", context["expected"]))
    if kind in ("model_type", "model_attributes_type"):
        keys = ", ".join(_fields(model, path))
        return f"must be a mapping with keys {keys}" if keys != "name" else f"must be {_BY_NAME}"
    # A kind that none of our models has yet is told in pydantic's words.
    return f"must be {_RULES[kind].format_map(_Plainly(context))}" if kind in _RULES else str(detail["msg"])


def _hint(kind: str, value: object) -> str:
    return exponent_hint(value) if _RULES.get(kind) == _NUMBER else ""


class _Plainly(dict[str, Any]):
    """0.0 as 0."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return f"{value:g}" if isinstance(value, float) else value


def _unknown(where: str, known: Sequence[str]) -> str:
    section, _, key = where.rpartition(".")
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    names = ", ".join(known) or "none"
    return f"{where}: unknown key; {hint}known keys{f' of {section}' if section else ''} are {names}"


def _fields(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """The keys known at a path; none where it leads to anything but a section."""
    found: Any = model
    for part in path:
        if isinstance(found, type) and issubclass(found, BaseModel):
            if part not in found.model_fields:
                return []
            found = _section(found.model_fields[part].annotation)
        elif get_origin(found) is not None:  # the place in a list, or the name in a mapping
            found = _section(get_args(found)[-1 if get_origin(found) is dict else 0])
        else:
            return []
    return list(found.model_fields) if isinstance(found, type) and issubclass(found, BaseModel) else []


def _section(annotation: Any) -> Any:
    """What may hold keys in an annotation: a model, or a list or mapping of them; null may stand beside it."""
    if isinstance(annotation, type) or get_origin(annotation) in (tuple, list, dict, Mapping):
        return annotation
    return next((found for each in get_args(annotation) if (found := _section(each)) is not None), None)
