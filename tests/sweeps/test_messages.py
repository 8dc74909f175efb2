"""What pydantic found wrong, in the words of a sweep file."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from sweeps.messages import explain


def odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"must be odd, got {value}")
    return value


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, AfterValidator(odd)] = 1
    names: list[str] = []


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    part: Part = Part()
    other: Part | None = None
    needed: float

    @model_validator(mode="after")
    def small(self) -> Whole:
        if self.needed > 9:
            raise ValueError("needed: must be small")
        return self


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ({}, ["needed: is needed and not given"]),
        ({"needed": 10}, ["needed: must be small"]),
        ({"needed": "x"}, ["needed: must be a number, got 'x'"]),
        ({"needed": 1, "part": {"count": 2}}, ["part.count: must be odd, got 2"]),
        ({"needed": 1, "part": {"names": ["a", 3]}}, ["part.names.1: must be text, got 3"]),
        ({"needed": 1, "part": {"int": 2}}, ["part.int: unknown key; known keys of part are count, names"]),
        ({"needed": 1, "part": {"nams": 2}}, ["part.nams: unknown key; did you mean names? known keys of part are"]),
        ({"needed": 1, "other": {"x": 2}}, ["other.x: unknown key; known keys of other are count, names"]),
        (
            {"need": 1, "a": 2},
            ["needed: is needed", "need: unknown key; did you mean needed? known", "a: unknown key;"],
        ),
    ],
)
def test_each_broken_rule_is_a_line_with_its_key(document: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(document)
    found = explain(caught.value, Whole, source="s.yaml").splitlines()
    assert len(found) == len(lines)
    for line, start in zip(found, lines, strict=True):
        assert line.startswith(f"s.yaml: {start}")


def test_a_model_without_keys_knows_none() -> None:
    class Empty(BaseModel):
        model_config = ConfigDict(extra="forbid")

    with pytest.raises(ValidationError) as caught:
        Empty.model_validate({"a": 1})
    assert explain(caught.value, Empty, source="s") == "s: a: unknown key; known keys are none"
