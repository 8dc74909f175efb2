"""What pydantic found wrong, in the words of a sweep file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

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


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("1e-2", "s: sigma: must be a number, got '1e-2' (YAML reads it as text; write 0.01)"),
        ("1e-7", "s: sigma: must be a number, got '1e-7' (YAML reads it as text; write 1.0e-07)"),
        ("wide", "s: sigma: must be a number, got 'wide'"),
        (-1.0, "s: sigma: must be more than 0, got -1.0"),
        ("x" * 500, f"s: sigma: must be a number, got '{'x' * 119}..."),
    ],
)
def test_a_strict_number_says_what_to_write_for_text_that_reads_as_one(value: object, line: str) -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)

        sigma: Annotated[float, Field(gt=0)]

    with pytest.raises(ValidationError) as caught:
        Strict.model_validate({"sigma": value})
    assert explain(caught.value, Strict, source="s") == line


def test_a_kind_of_error_that_has_no_words_yet_is_told_in_pydantics() -> None:
    class Dated(BaseModel):
        day: date

    with pytest.raises(ValidationError) as caught:
        Dated.model_validate({"day": "tomorrow"})
    assert explain(caught.value, Dated, source="s").startswith("s: day: Input should be a valid date")


def test_a_key_known_at_the_top_alone_is_offered_there_alone() -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate({"needed": 1, "extend": "x", "part": {"extend": "y"}})
    part, top = explain(caught.value, Whole, source="s", also=("extends",)).splitlines()
    assert top.startswith("s: extend: unknown key; did you mean extends? ")
    assert part == "s: part.extend: unknown key; known keys of part are count, names"


def test_a_model_without_keys_knows_none() -> None:
    class Empty(BaseModel):
        model_config = ConfigDict(extra="forbid")

    with pytest.raises(ValidationError) as caught:
        Empty.model_validate({"a": 1})
    assert explain(caught.value, Empty, source="s") == "s: a: unknown key; known keys are none"
