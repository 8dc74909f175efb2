"""What pydantic found wrong with a sweep file, in words: key, rule, value, and the keys that would have been right."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def explain(error: ValidationError, model: type[BaseModel], *, source: str) -> str:
    """One line per broken rule: `source: key.key: rule (got value)`."""
    lines = [_line(detail, model) for detail in error.errors()]
    return "\n".join(f"{source}: {line}" for line in dict.fromkeys(lines))


def _line(detail: Any, model: type[BaseModel]) -> str:
    path = [str(part) for part in detail["loc"]]
    where = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return _unknown(where, _fields(model, path[:-1]))
    if detail["type"] == "missing":
        return f"{where}: is needed and not given"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return message if not where else f"{where}: {message}"
    return f"{where}: {message[0].lower()}{message[1:]} (got {detail['input']!r})"


def _unknown(where: str, known: Sequence[str]) -> str:
    section, _, key = where.rpartition(".")
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    names = ", ".join(known) or "none"
    return f"{where}: unknown key; {hint}known keys{f' of {section}' if section else ''} are {names}"


def _fields(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    for part in path:
        annotation = model.model_fields[part].annotation
        candidates = [annotation, *get_args(annotation)]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return list(model.model_fields)
