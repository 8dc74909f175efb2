"""Events as lines of JSON, and the digests by which configs and data are told apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from search_spaces import ParamValue
from sweeps.errors import RunError
from sweeps.records import SCHEMA, AnyEvent, SweepStarted

_EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent, config=ConfigDict(ser_json_inf_nan="strings"))


def to_line(event: AnyEvent) -> bytes:
    """One event as one line of JSON, newline included; a number that is not finite is written as text.

    Text that has no UTF-8 form (a file's name, an exception's message) is written with escapes in its place.
    """
    try:
        return _EVENTS.dump_json(event) + b"\n"
    except PydanticSerializationError:
        return to_json(_encodable(asdict(event)), inf_nan_mode="strings") + b"\n"


def from_line(line: bytes) -> AnyEvent:
    """Read one line back.

    Raises:
        RunError: If it is no event of this schema, or the header of a newer one.
    """
    try:
        event = _EVENTS.validate_json(line)
    except ValidationError as error:
        _check_schema(line)
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RunError(f"no event of schema {SCHEMA}: {where}: {first['msg']} in {line[:80]!r}") from None
    if isinstance(event, SweepStarted):
        _check_schema(line)
    return event


def digest(value: object) -> str:
    """The sha256, in hexadecimal, of anything that JSON can hold, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def config_hash(params: Mapping[str, ParamValue]) -> str:
    """A short name for one config, whatever the seed: equal params, equal hash."""
    return digest(dict(params))[:12]


def _check_schema(line: bytes) -> None:
    """A newer schema is recognised even where its header is no longer one of ours."""
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        return
    schema = header.get("schema") if isinstance(header, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        raise RunError(
            f"written by a newer capsweep (schema {schema}, this one reads up to {SCHEMA}): upgrade capsweep to read it"
        )


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list | tuple) else value
