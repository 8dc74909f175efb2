"""Text that was meant as a number: what is read as one, and what to write instead."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from search_spaces import Choice, Float, Int, Parameter, SearchSpace, SpaceError, exponent_hint, read_number
from search_spaces.numbers import as_yaml

NUMBERS = ["1e-4", "1e5", "1E-3", "1.5e4", "-2e-7", "+3", "3", "0.5", ".5", "5.", "1e+2", "007"]
OTHERS = ["", "e5", "1e", "nan", "inf", "-inf", "1_000", "0x10", " 1", "1 ", "1e5\n", "1,5", "--1", "١", "1e1.5", "max"]


@pytest.mark.parametrize("text", NUMBERS)
def test_text_that_reads_as_a_number_is_one_where_a_real_number_is_due(text: str) -> None:
    assert read_number(text) == float(text)
    assert Float(text, 1e9).low == float(text)  # type: ignore[arg-type]
    assert type(Float(-1e9, text).high) is float  # type: ignore[arg-type]


@pytest.mark.parametrize("text", OTHERS)
def test_other_text_stays_text(text: str) -> None:
    assert read_number(text) == text
    assert exponent_hint(text) == ""
    with pytest.raises(SpaceError, match="low must be a finite number, got "):
        Float(text, 1e9)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, True, 3, 1.5, [1], {}])
def test_what_is_no_text_is_left_alone(value: object) -> None:
    assert read_number(value) is value
    assert exponent_hint(value) == ""


def test_text_too_large_for_a_number_is_no_finite_one() -> None:
    with pytest.raises(SpaceError, match="high must be a finite number, got '1e999'"):
        Float(0, "1e999")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_whole_number_is_no_text(text: str) -> None:
    with pytest.raises(SpaceError, match="low must be a whole number, got "):
        Int(text, 10**6)  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_to_write_is_read_as_that_number(number: float) -> None:
    found = yaml.safe_load(as_yaml(number))
    assert isinstance(found, float)
    assert found == number
    assert math.copysign(1, found) == math.copysign(1, number)
    assert exponent_hint(repr(number)) == f" (YAML reads it as text; write {as_yaml(number)})"


def test_a_point_is_read_by_its_domains() -> None:
    space = SearchSpace({"rate": _always(Float(0.0, 1.0)), "word": _always(Choice(("1e-3", "x")))})
    assert space.coerce({"rate": "1e-3", "word": "1e-3"}) == {"rate": 1e-3, "word": "1e-3"}
    with pytest.raises(SpaceError, match=r"rate: must lie in .*, got 'x'"):
        space.coerce({"rate": "x", "word": "x"})
    with pytest.raises(SpaceError, match=r"rate: must lie in .*, got 2.0"):
        space.coerce({"rate": "2e0", "word": "x"})


def _always(domain: Float | Choice) -> Parameter:
    return Parameter(domain, {})
