"""SearchSpace: conditions, validation, corners, the parts of a space, and its form in a sweep file."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from search_spaces import Choice, Float, Int, Parameter, ParamValue, SearchSpace, SpaceError

CAPSULES: dict[str, Any] = {
    "pooling": ["capsule", "max", "average"],
    "pool_size": {"int": [2, 4]},
    "routing_steps": {"int": [2, 5], "when": {"pooling": "capsule"}},
    "temperature": {"float": [0.1, 10.0], "log": True, "when": {"pooling": "capsule", "routing_steps": [3, 4]}},
}


class Scripted:
    """A trial that draws from Hypothesis."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return self._data.draw(st.integers(low, high))

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return self._data.draw(st.floats(low, high))

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self._data.draw(st.sampled_from(choices))


values = st.one_of(
    st.booleans(),
    st.integers(-100, 100),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(st.characters(codec="utf-8"), max_size=5),
)
choices = st.lists(values, min_size=1, max_size=4, unique_by=lambda value: value).map(lambda v: Choice(tuple(v)))
positive = st.integers(1, 20)


@st.composite
def numbers(draw: st.DrawFn) -> Int | Float:
    low, high = sorted((draw(positive), draw(positive)))
    kind: type[Int | Float] = draw(st.sampled_from([Int, Float]))
    return kind(low, high, log=draw(st.booleans()))


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    parameters: dict[str, Parameter] = {}
    for name in draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True)):
        when: dict[str, tuple[ParamValue, ...]] = {}
        if parameters and draw(st.booleans()):
            condition = draw(st.sampled_from(sorted(parameters)))
            corners = parameters[condition].domain.corners()
            when[condition] = tuple(draw(st.lists(st.sampled_from(corners), min_size=1, max_size=2)))
        parameters[name] = Parameter(draw(st.one_of(choices, numbers())), when)
    return SearchSpace(parameters)


@given(spaces())
def test_a_space_survives_its_sweep_file_and_a_pickle(space: SearchSpace) -> None:
    text = yaml.safe_dump(space.to_mapping(), sort_keys=False)
    for other in (SearchSpace.from_mapping(yaml.safe_load(text)), pickle.loads(pickle.dumps(space)), copy.copy(space)):
        assert other == space
        assert repr(other) == repr(space)  # equal, and of equal types


@given(spaces(), st.data())
def test_what_a_space_suggests_is_valid_in_it(space: SearchSpace, data: st.DataObject) -> None:
    params = space.suggest(Scripted(data))
    space.validate(params)
    absent = [name for name in space.parameters if name not in params]
    assert all(space.parameters[name].when for name in absent)
    for name in params:
        with pytest.raises(SpaceError):
            space.validate({other: value for other, value in params.items() if other != name})
    for name in absent:
        with pytest.raises(SpaceError, match=f"{name}: does not apply in "):
            space.validate({**params, name: space.parameters[name].domain.corners()[0]})


@given(spaces())
def test_corners_are_valid_distinct_and_reach_every_extreme_that_can_apply(space: SearchSpace) -> None:
    corners = list(space.corners())
    reached: dict[str, set[str]] = {name: set() for name in space.parameters}
    for corner in corners:
        space.validate(corner)
        for name, value in corner.items():
            reached[name].add(repr(value))
    assert len({repr(corner) for corner in corners}) == len(corners)
    for name, parameter in space.parameters.items():
        if not parameter.when:
            assert reached[name] == set(map(repr, parameter.domain.corners()))


@given(spaces(), st.data())
def test_the_parts_of_a_space_hold_exactly_what_applies_there(space: SearchSpace, data: st.DataObject) -> None:
    compared = next(iter(space.parameters))
    for value in space.parameters[compared].domain.corners():
        part = space.fix(compared, value)
        params = part.suggest(Scripted(data))
        space.validate(params)
        assert params[compared] == value
        whole = [corner for corner in space.corners() if corner[compared] == value]
        assert sorted(map(repr, part.corners())) == sorted(map(repr, whole))


def test_a_part_drops_what_cannot_apply_and_what_hangs_on_it() -> None:
    space = SearchSpace.from_mapping(CAPSULES)
    assert list(space.fix("pooling", "max").parameters) == ["pooling", "pool_size"]
    assert list(space.fix("pooling", "capsule").parameters) == list(CAPSULES)
    assert list(space.fix("routing_steps", 2).parameters) == ["pooling", "pool_size", "routing_steps"]
    assert space.fix("pool_size", 3).parameters["pool_size"].domain == Choice((3,))


def test_a_condition_on_several_values_survives_in_the_part_of_each() -> None:
    space = SearchSpace.from_mapping({"a": ["x", "y", "z"], "b": {"int": [1, 2], "when": {"a": ["x", "y"]}}})
    assert space.fix("a", "y").to_mapping() == {"a": ["y"], "b": {"int": [1, 2], "when": {"a": "y"}}}
    assert space.fix("a", "z").to_mapping() == {"a": ["z"]}


@pytest.mark.parametrize(("name", "value"), [("pooling", "min"), ("nothing", 1), ("pool_size", 9), ("pool_size", True)])
def test_a_space_cannot_be_fixed_outside_itself(name: str, value: ParamValue) -> None:
    with pytest.raises(SpaceError, match=f"{name}: cannot be fixed at {value!r}"):
        SearchSpace.from_mapping(CAPSULES).fix(name, value)


def test_corners_are_all_combinations_of_extremes_with_the_inapplicable_absent() -> None:
    small: dict[str, Any] = {
        "pooling": ["capsule", "max"],
        "pool_size": {"int": [2, 4]},
        "routing_steps": {"int": [2, 3], "when": {"pooling": "capsule"}},
    }
    assert list(SearchSpace.from_mapping(small).corners()) == [
        {"pooling": "capsule", "pool_size": 2, "routing_steps": 2},
        {"pooling": "capsule", "pool_size": 2, "routing_steps": 3},
        {"pooling": "capsule", "pool_size": 4, "routing_steps": 2},
        {"pooling": "capsule", "pool_size": 4, "routing_steps": 3},
        {"pooling": "max", "pool_size": 2},
        {"pooling": "max", "pool_size": 4},
    ]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"pooling": "max"}, "pool_size: missing in {'pooling': 'max'}"),
        ({"pooling": "max", "pool_size": 2, "routing_steps": 2}, "routing_steps: does not apply in"),
        ({"pooling": "max", "pool_size": 2, "size": 1}, "size: no parameter of this space; it has pooling, pool_size"),
        ({"pooling": "capsule", "pool_size": 2}, "routing_steps: missing"),
        ({"pooling": "capsule", "pool_size": 2, "routing_steps": 3}, "temperature: missing"),
        ({"pooling": "capsule", "pool_size": 2, "routing_steps": 2, "temperature": 1.0}, "temperature: does not apply"),
        ({"pooling": "max", "pool_size": 5}, r"pool_size: must lie in {'int': \[2, 4\]}, got 5"),
        ({"pooling": "max", "pool_size": 2.0}, "pool_size: must lie in .*, got 2.0"),
        ({"pooling": "min", "pool_size": 2}, r"pooling: must lie in \['capsule', 'max', 'average'\], got 'min'"),
        ({"pooling": None, "pool_size": 2}, "pooling: must lie in .*, got None"),
        (
            {"pooling": "capsule", "pool_size": 2, "routing_steps": 3, "temperature": math.nan},
            "temperature: must lie in .*, got nan",
        ),
        ({}, "pooling: missing in {}"),
    ],
)
def test_validate_names_parameter_rule_and_value(params: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=f"^{message}"):
        SearchSpace.from_mapping(CAPSULES).validate(params)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ([], r"a space maps names to domains, got \[\]"),
        ("a", "a space maps names to domains, got 'a'"),
        (None, "a space maps names to domains, got None"),
        ({}, "a space needs at least one parameter, got none"),
        ({"two words": [1]}, "'two words': a parameter's name must be a Python identifier"),
        ({"": [1]}, "'': a parameter's name must be"),
        ({1: [1]}, "1: a parameter's name must be"),
        ({True: [1]}, "True: a parameter's name must be"),
        ({"a": 3}, r"a: a parameter is a list of values or {int\|float: \[low, high\]}, got 3"),
        ({"a": "capsule"}, "a: a parameter is a list of values or"),
        ({"a": None}, "a: a parameter is a list of values or"),
        ({"a": []}, "a: a choice needs at least one value"),
        ({"a": {}}, "a: needs exactly one of int, float, choice, got none"),
        (
            {"a": {"int": [1, 2], "float": [1, 2]}},
            r"a: needs exactly one of int, float, choice, got \['int', 'float'\]",
        ),
        ({"a": {"int": [1, 2], "lgo": True}}, "a: unknown key 'lgo'; known are int, float, choice, log, when"),
        ({"a": {"int": [1, 2], 3: 4}}, "a: unknown key 3; known are"),
        ({"a": {"int": [1]}}, r"a: int takes \[low, high\], got \[1\]"),
        ({"a": {"int": 5}}, r"a: int takes \[low, high\], got 5"),
        ({"a": {"float": "12"}}, r"a: float takes \[low, high\], got '12'"),
        ({"a": {"float": ["1e-4x", 1]}}, "a: low must be a finite number, got '1e-4x'"),
        ({"a": {"int": ["1e2", 500]}}, "a: low must be a whole number, got '1e2'"),
        ({"a": {"choice": [1], "log": True}}, "a: choice takes a list of values and no log"),
        ({"a": {"choice": "xy"}}, "a: choice takes a list of values and no log"),
        ({"a": {"int": [1, 2], "log": 1}}, "a: log must be true or false, got 1"),
        ({"a": [1], "b": {"int": [1, 2], "when": "a"}}, "b: when maps a parameter to its value or values, got 'a'"),
        ({"a": [1], "b": {"int": [1, 2], "when": None}}, "b: when maps a parameter"),
        ({"a": [1], "b": {"int": [1, 2], "when": {"a": []}}}, "b: its condition on a lists no value"),
        ({"a": [1], "b": {"int": [1, 2], "when": {"a": 2}}}, r"b: its condition a = 2 never holds; a is one of \[1\]"),
        ({"a": [1], "b": {"int": [1, 2], "when": {"a": True}}}, "b: its condition a = True never holds"),
        ({"a": [1], "b": {"int": [1, 2], "when": {"a": [[1]]}}}, r"b: its condition a = \[1\] never holds"),
        ({"a": {"int": [1, 2]}, "b": {"int": [1, 2], "when": {"a": 1.5}}}, "b: its condition a = 1.5 never holds"),
        ({"b": {"int": [1, 2], "when": {"a": 1}}, "a": [1]}, r"b: its condition names 'a', .* \(there is none\)"),
        ({"a": {"int": [1, 2], "when": {"a": 1}}}, "a: its condition names 'a', which is not a parameter before it"),
        ({"c": [1], "b": {"int": [1, 2], "when": {1: 1}}}, r"b: its condition names 1, .* \(c\)"),
    ],
)
def test_a_mapping_that_breaks_a_rule_is_refused_with_the_parameter_named(mapping: object, message: str) -> None:
    with pytest.raises(SpaceError, match=f"^{message}"):
        SearchSpace.from_mapping(mapping)


@pytest.mark.parametrize(
    "entries",
    [
        {"b": {"choice": [1, 2], "when": {"a": "x"}}, "c": {"int": [1, 2], "when": {"b": 1, "a": "y"}}},
        {"b": {"choice": [1, 2], "when": {"a": "x"}}, "c": {"int": [1, 2], "when": {"a": ["y", "z"], "b": 1}}},
        {
            "b": {"choice": [1, 2], "when": {"a": ["x", "z"]}},
            "c": {"choice": [1, 2], "when": {"b": 1}},
            "d": {"int": [1, 2], "when": {"a": "y", "c": 2}},
        },
    ],
)
def test_conditions_that_never_hold_together_are_refused(entries: dict[str, Any]) -> None:
    last = list(entries)[-1]
    with pytest.raises(SpaceError, match=f"^{last}: its conditions never hold together: .* leaves no value of a, "):
        SearchSpace.from_mapping({"a": ["x", "y", "z"], **entries})
    entries[last]["when"] = {
        "a": ["z", "x"],
        **{key: value for key, value in entries[last]["when"].items() if key != "a"},
    }
    space = SearchSpace.from_mapping({"a": ["x", "y", "z"], **entries})
    assert any(last in corner for corner in space.corners())


def test_a_condition_may_repeat_a_value() -> None:
    space = SearchSpace.from_mapping({"a": [1, 2], "b": {"int": [3, 3], "when": {"a": [1, 1]}}})
    assert list(space.corners()) == [{"a": 1, "b": 3}, {"a": 2}]


def test_a_condition_tells_one_from_true() -> None:
    space = SearchSpace.from_mapping({"a": [1, False], "b": {"int": [3, 3], "when": {"a": 1}}})
    space.validate({"a": 1, "b": 3})
    assert not space.parameters["b"].applies({"a": True})


def test_choices_may_be_written_with_conditions() -> None:
    mapping: Mapping[str, object] = {"a": [1, 2], "b": {"choice": ["x", "y"], "when": {"a": 2}}}
    space = SearchSpace.from_mapping(mapping)
    assert space.to_mapping() == mapping
    assert space.parameters["b"].domain == Choice(("x", "y"))


def test_spaces_are_equal_in_the_same_order_only() -> None:
    space = SearchSpace.from_mapping({"a": [1], "b": [2]})
    assert space != SearchSpace.from_mapping({"b": [2], "a": [1]})
    assert space != {"a": [1], "b": [2]}
    with pytest.raises(TypeError):
        hash(space)


def test_a_space_is_read_only() -> None:
    space = SearchSpace.from_mapping({"a": [1]})
    with pytest.raises(TypeError):
        space.parameters["b"] = space.parameters["a"]  # type: ignore[index]


@st.composite
def small(draw: st.DrawFn) -> dict[str, Parameter]:
    """Parameters whose points can all be listed, with conditions on any value, several names, and one another's."""
    parameters: dict[str, Parameter] = {}
    for name in draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=5, unique=True)):
        when: dict[str, tuple[ParamValue, ...]] = {}
        for condition in (
            draw(st.lists(st.sampled_from(sorted(parameters)), max_size=2, unique=True)) if parameters else ()
        ):
            possible = parameters[condition].domain.grid(10)
            when[condition] = tuple(draw(st.lists(st.sampled_from(possible), min_size=1, max_size=3)))
        low = draw(st.integers(-3, 3))
        whole = st.integers(0, 3).map(lambda width, low=low: Int(low, low + width))
        single = st.just(Float(low, low))
        parameters[name] = Parameter(draw(st.one_of(choices, whole, single)), when)
    return parameters


def enumerated(parameters: Mapping[str, Parameter]) -> list[dict[str, ParamValue]]:
    """Every point, by trying every value, and absence, of every parameter: nothing of the space's own is used."""
    possible = [[(name, value) for value in values_of(parameter.domain)] for name, parameter in parameters.items()]
    points = []
    for chosen in itertools.product(*([None, *pairs] for pairs in possible)):
        point = dict(pair for pair in chosen if pair is not None)
        if all((name in point) == holds(parameter.when, point) for name, parameter in parameters.items()):
            points.append(point)
    return points


def apply_somewhere(parameters: Mapping[str, Parameter]) -> bool:
    return {name for point in enumerated(parameters) for name in point} == set(parameters)


small_spaces = small().filter(apply_somewhere).map(SearchSpace)


@given(small())
def test_a_space_is_refused_if_one_of_its_params_can_never_apply_and_only_then(
    parameters: dict[str, Parameter],
) -> None:
    if apply_somewhere(parameters):
        SearchSpace(parameters)
    else:
        with pytest.raises(SpaceError, match="its conditions never hold together"):
            SearchSpace(parameters)


def values_of(domain: Choice | Int | Float) -> list[ParamValue]:
    if isinstance(domain, Choice):
        return list(domain.values)
    return list(range(domain.low, domain.high + 1)) if isinstance(domain, Int) else [domain.low]


def holds(when: Mapping[str, tuple[ParamValue, ...]], point: Mapping[str, ParamValue]) -> bool:
    return all(
        any(name in point and point[name] == v and isinstance(point[name], bool) == isinstance(v, bool) for v in values)
        for name, values in when.items()
    )


def in_order(points: Iterable[Mapping[str, ParamValue]]) -> list[str]:
    return sorted(repr(list(point.items())) for point in points)


@given(small_spaces)
def test_the_size_of_a_space_is_the_number_of_its_points(space: SearchSpace) -> None:
    points = enumerated(space.parameters)
    assert space.size() == len(points)
    assert in_order(space.grid(10)) == in_order(points)


@given(small_spaces)
def test_the_points_of_a_space_are_coerced_to_themselves_and_no_other_is(space: SearchSpace) -> None:
    for point in enumerated(space.parameters):
        assert repr(space.coerce(dict(reversed(point.items())))) == repr(point)
        for name in point:
            with pytest.raises(SpaceError, match=f"{name}: "):
                space.coerce({**point, name: "no such value"})


def test_a_space_with_a_real_number_has_no_end() -> None:
    space = SearchSpace.from_mapping(CAPSULES)
    assert space.size() is None
    assert space.fix("pooling", "max").size() == 3
    # A real number that applies only under a condition counts as well.
    assert SearchSpace.from_mapping({"a": [1, 2], "b": {"float": [0, 1], "when": {"a": 2}}}).size() is None


def test_a_large_space_is_counted_without_listing_it() -> None:
    wide = {name: {"int": [1, 10**6]} for name in "abcdef"}
    assert SearchSpace.from_mapping(wide).size() == 10**36
    assert SearchSpace.from_mapping({**wide, "g": {"int": [1, 5], "when": {"a": [1, 2]}}}).size() == 10**30 * (
        10**6 + 8
    )


def test_a_grid_has_so_many_values_of_each_number() -> None:
    space = SearchSpace.from_mapping(
        {"a": ["x", "y"], "b": {"float": [0, 1], "when": {"a": "x"}}, "c": {"int": [1, 9]}}
    )
    grid = list(space.grid(3))
    assert grid[0] == {"a": "x", "b": 0.0, "c": 1}
    assert len(grid) == 3 * 3 + 3
    for point in grid:
        space.validate(point)


def test_coerce_gives_a_point_as_suggest_would() -> None:
    space = SearchSpace.from_mapping(CAPSULES)
    given_by_hand = {"temperature": 1, "routing_steps": 3, "pool_size": 2, "pooling": "capsule"}
    point = space.coerce(given_by_hand)
    assert repr(point) == "{'pooling': 'capsule', 'pool_size': 2, 'routing_steps': 3, 'temperature': 1.0}"
    with pytest.raises(SpaceError, match="no parameter of this space"):
        space.coerce({**given_by_hand, "size": 3})


def test_a_space_of_many_switches_is_counted_at_once() -> None:
    mapping: dict[str, object] = {f"switch_{place}": [True, False] for place in range(60)}
    mapping |= {f"param_{place}": {"int": [1, 3], "when": {f"switch_{place}": True}} for place in range(60)}
    assert SearchSpace.from_mapping(mapping).size() == 4**60


def test_a_space_whose_families_meet_is_counted_right() -> None:
    space = SearchSpace.from_mapping(
        {
            "a": [1, 2],
            "b": [1, 2],
            "c": {"int": [1, 5], "when": {"a": 1, "b": 1}},
            "d": {"int": [1, 7], "when": {"c": [2, 3]}},
            "e": [1, 2, 3],
        }
    )
    assert space.size() == len(list(space.grid(100))) == 3 * (3 + 3 + 2 * 7)
