"""Corners: all where they are few; where not, a choice that misses no extreme, and an honest count."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import Params, SearchSpace, is_same
from sweeps.training import corners
from sweeps.training.corners import Corners, choose_corners


def choose(mapping: dict[str, Any], *, limit: int, light: frozenset[str] = frozenset()) -> Corners:
    def network_of(params: Params) -> str:
        return repr(sorted((name, value) for name, value in params.items() if name not in light))

    return choose_corners(SearchSpace.from_mapping(mapping), network_of=network_of, light=light, limit=limit)


def missed(mapping: dict[str, Any], found: Corners) -> list[tuple[str, object]]:
    """Every extreme of every parameter that no chosen corner has."""
    space = SearchSpace.from_mapping(mapping)
    return [
        (name, value)
        for name, parameter in space.parameters.items()
        for value in parameter.domain.corners()
        if not any(name in params and is_same(params[name], value) for params in found.chosen)
    ]


LARGE = {f"p{place}": {"int": [0, 9]} for place in range(20)}
CONDITIONAL = {
    "kind": ["a", "b", "c"],
    "depth": {"int": [1, 5], "when": {"kind": ["b", "c"]}},
    "width": {"int": [1, 8], "when": {"depth": 3, "kind": "c"}},
    **LARGE,
}


def test_few_corners_are_all_built_and_counted() -> None:
    found = choose({"a": {"int": [1, 5]}, "b": ["x", "y", "z"]}, limit=64)
    assert (len(found.chosen), found.networks) == (6, 6)


def test_what_makes_no_other_network_is_counted_once_but_has_a_value() -> None:
    mapping = {"a": {"int": [1, 5]}, **{f"r{place}": {"float": [0.0, 1.0]} for place in range(40)}}
    found = choose(mapping, limit=64, light=frozenset(name for name in mapping if name != "a"))
    assert (len(found.chosen), found.networks) == (2, 2)
    assert all(set(params) == set(mapping) for params in found.chosen)
    only = choose({"r": {"float": [0.0, 1.0]}}, limit=64, light=frozenset({"r"}))
    assert (len(only.chosen), only.networks) == (1, 1)


def test_what_decides_whether_another_applies_is_looked_at_though_it_makes_no_network_itself() -> None:
    mapping = {"mode": ["x", "y"], "a": {"int": [1, 5], "when": {"mode": "y"}}}
    found = choose(mapping, limit=64, light=frozenset({"mode"}))
    assert (len(found.chosen), found.networks) == (3, 3)


@pytest.mark.parametrize("mapping", [LARGE, CONDITIONAL], ids=["large", "conditional"])
@pytest.mark.parametrize("limit", [64, 1000])
def test_of_more_corners_than_are_counted_each_extreme_of_each_parameter_occurs(
    mapping: dict[str, Any], limit: int
) -> None:
    found = choose(mapping, limit=limit)
    assert found.networks is None
    assert len(found.chosen) == limit
    assert missed(mapping, found) == []
    space = SearchSpace.from_mapping(mapping)
    for params in found.chosen:
        space.validate(params)


def test_a_parameter_that_applies_between_extremes_only_is_built_in_a_small_space_too() -> None:
    mapping = {"depth": {"int": [1, 5]}, "width": {"int": [1, 8], "when": {"depth": 3}}}
    found = choose(mapping, limit=64)
    assert missed(mapping, found) == []
    assert (len(found.chosen), found.networks) == (4, 4)


def test_counted_corners_over_the_limit_are_counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    ten = dict(list(LARGE.items())[:10])
    found = choose(ten, limit=64)
    assert (len(found.chosen), found.networks) == (64, 1024)
    assert missed(ten, found) == []
    monkeypatch.setattr(corners, "COUNTED", 1000)
    assert choose(ten, limit=64).networks is None


def test_the_same_space_has_the_same_choice_and_no_corner_twice() -> None:
    one, other = choose(LARGE, limit=64), choose(LARGE, limit=64)
    assert one == other
    assert len({repr(params) for params in one.chosen}) == 64


def test_more_choices_than_may_be_built_leave_the_other_extremes_in() -> None:
    mapping = {"word": [f"w{place}" for place in range(200)], **dict(list(LARGE.items())[:5])}
    found = choose(mapping, limit=64)
    assert len(found.chosen) == 64
    assert {name for name, _ in missed(mapping, found)} == {"word"}


@given(st.integers(0, 6), st.integers(8, 80))
@settings(max_examples=30)
def test_any_number_of_parameters_is_covered(count: int, limit: int) -> None:
    mapping = {"kind": ["a", "b"], **{f"p{place}": {"int": [0, 3]} for place in range(count)}}
    found = choose(mapping, limit=limit)
    assert len(found.chosen) == min(limit, 2 ** (count + 1))
    assert missed(mapping, found) == []
