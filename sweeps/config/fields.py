"""The values of a sweep file's keys: how each is read, and what it refuses."""

from __future__ import annotations

import json
import math
import sys
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from search_spaces import SearchSpace, read_number
from sweeps.config import shapes


def _read_space(value: object) -> SearchSpace:
    return value if isinstance(value, SearchSpace) else SearchSpace.from_mapping(value)


def _function_path(value: str) -> str:
    module, _, function = value.partition(":")
    if not (all(part.isidentifier() for part in module.split(".")) and function.isidentifier()):
        raise ValueError(f'must read "package.module:function", got {value!r}')
    return value


def _number(value: object) -> object:
    number = read_number(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"must be a number, got {value!r}")
    return number


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what JSON cannot hold exactly: it would come back from the log as something else, at resume."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        same = json.loads(text) == value
    except (TypeError, ValueError, RecursionError):
        same = False
    if not same:
        raise ValueError(f"must be made of text, finite numbers, true/false, null, lists and mappings, got {value!r}")
    return value


def _scalar(value: object) -> object:
    if isinstance(value, str | bool) or (isinstance(value, int | float) and math.isfinite(value)):
        return value
    raise ValueError(f"must be text, a finite number or true/false, got {value!r}")


def _params(value: dict[str, Any]) -> dict[str, Any]:
    for name, each in value.items():
        try:
            _scalar(each)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return value


def _count(value: object) -> object:
    if value == "auto" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise ValueError(f"must be auto or a whole number of at least 1, got {value!r}")


def _gpus(value: object) -> object:
    number = read_number(value)
    if value == "auto" or (
        isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= sys.float_info.max
    ):
        return number
    raise ValueError(f"must be auto or a number of at least 0, got {value!r}")


Text: TypeAlias = Annotated[str, Field(strict=True, min_length=1)]
Whole: TypeAlias = Annotated[int, Field(strict=True)]
Real: TypeAlias = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Plain: TypeAlias = Annotated[dict[str, Any], AfterValidator(plain)]
Scalar: TypeAlias = Annotated[str | int | float | bool, BeforeValidator(_scalar)]
ParamValues: TypeAlias = Annotated[dict[str, Any], AfterValidator(_params), WithJsonSchema(shapes.PARAM_VALUES)]
FunctionPath: TypeAlias = Annotated[
    str, Field(strict=True), AfterValidator(_function_path), WithJsonSchema(shapes.FUNCTION)
]
Space: TypeAlias = Annotated[
    SearchSpace,
    BeforeValidator(_read_space),
    PlainSerializer(SearchSpace.to_mapping),
    WithJsonSchema(shapes.SPACE),
]
Count: TypeAlias = Annotated[Literal["auto"] | int, BeforeValidator(_count), WithJsonSchema(shapes.COUNT)]
Gpus: TypeAlias = Annotated[Literal["auto"] | float, BeforeValidator(_gpus), WithJsonSchema(shapes.SHARE)]
