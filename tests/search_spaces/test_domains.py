"""Int, Float and Choice: what they refuse, what they contain, and how they read in a sweep file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces import CapsweepError, Choice, Float, Int, SpaceError

HUGE = 10**400
real = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)
whole = st.integers(-(2**53), 2**53)


class Recorder:
    """Answers like an Optuna trial, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        self.asked.append(("int", name, low, high, step, log))
        return high

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        self.asked.append(("float", name, low, high, log))
        return high

    def suggest_categorical(self, name: str, choices: Sequence[object]) -> object:
        self.asked.append(("choice", name, tuple(choices)))
        return choices[-1]


@pytest.mark.parametrize("bound", [1.0, True, "2", None, math.nan, math.inf, [1]])
def test_an_int_takes_whole_bounds_only(bound: object) -> None:
    for low, high, end in ((bound, 9, "low"), (0, bound, "high")):
        with pytest.raises(SpaceError, match=f"^{end} must be a whole number, got "):
            Int(low, high)  # type: ignore[arg-type]


@pytest.mark.parametrize("bound", [True, None, math.nan, math.inf, -math.inf, HUGE, -HUGE, "x", "nan", "inf", (1,)])
def test_a_float_takes_finite_bounds_only(bound: object) -> None:
    for low, high, end in ((bound, 9, "low"), (0, bound, "high")):
        with pytest.raises(SpaceError, match=f"^{end} must be a finite number, got [^(]*$|got \\(1,\\)$"):
            Float(low, high)  # type: ignore[arg-type]


@pytest.mark.parametrize("domain", [Int, Float])
def test_bounds_must_be_in_order(domain: type[Int | Float]) -> None:
    with pytest.raises(SpaceError, match=r"low must not exceed high, got \["):
        domain(3, 2)
    assert domain(2, 2).corners() == (2,)


@pytest.mark.parametrize("domain", [Int, Float])
@pytest.mark.parametrize("low", [0, -1])
def test_a_logarithmic_scale_starts_above_zero(domain: type[Int | Float], low: int) -> None:
    with pytest.raises(SpaceError, match="a logarithmic scale needs low > 0"):
        domain(low, 2, log=True)
    assert domain(low, 2).contains(low)
    assert domain(1, 2, log=True).log is True


@pytest.mark.parametrize("log", [1, 0, "yes", None])
def test_log_is_a_truth_value(log: object) -> None:
    for domain in (Int, Float):
        with pytest.raises(SpaceError, match="log must be true or false, got"):
            domain(1, 2, log=log)  # type: ignore[arg-type]


def test_bounds_that_no_sampler_can_handle_are_refused() -> None:
    with pytest.raises(SpaceError, match=r"low must lie within 2\*\*53"):
        Int(-(2**53) - 1, 2)
    with pytest.raises(SpaceError, match=r"high must lie within 2\*\*53"):
        Int(1, 2**53 + 1)
    Int(-(2**53), 2**53)
    with pytest.raises(SpaceError, match="high - low must be finite"):
        Float(-1.7e308, 1.7e308)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ((), "at least one value, got an empty list"),
        ((1, 2, 1), "must differ, got 1 twice"),
        (("a", "a"), "must differ, got 'a' twice"),
        ((1, 1.0), "must differ, got 1.0 twice"),
        ((1, True), "must differ, got True twice"),
        ((None,), "strings, finite numbers or true/false, got None"),
        ((math.nan,), "got nan"),
        ((math.inf,), "got inf"),
        ((HUGE,), "got 1000"),
        (("a", [1]), r"got \[1\]"),
        (({},), "got {}"),
        (("\ud800",), r"got '\\ud800'"),
        (("x\udfff",), "true/false"),
    ],
)
def test_a_choice_refuses(values: tuple[object, ...], rule: str) -> None:
    with pytest.raises(SpaceError, match=rule):
        Choice(values)  # type: ignore[arg-type]


def test_every_error_is_a_value_error_of_the_family() -> None:
    with pytest.raises(CapsweepError):
        Choice(())
    with pytest.raises(ValueError, match="empty"):
        Choice(())


@given(whole, whole, whole)
def test_an_int_contains_its_bounds_and_what_lies_between(a: int, b: int, c: int) -> None:
    low, middle, high = sorted((a, b, c))
    domain = Int(low, high)
    assert all(map(domain.contains, (low, middle, high)))
    assert not domain.contains(low - 1)
    assert not domain.contains(high + 1)
    assert set(domain.corners()) == {low, high}
    assert not domain.contains(float(middle))


@given(real, real, real)
def test_a_float_contains_its_bounds_and_what_lies_between(a: float, b: float, c: float) -> None:
    low, middle, high = sorted((a, b, c))
    domain = Float(low, high)
    assert all(map(domain.contains, (low, middle, high)))
    assert not domain.contains(math.nextafter(low, -math.inf))
    assert not domain.contains(math.nextafter(high, math.inf))
    assert set(domain.corners()) == {low, high}


@pytest.mark.parametrize("value", [True, False, None, "1", math.nan, math.inf, -math.inf, HUGE, [1], (1,), {}])
def test_numbers_do_not_contain(value: object) -> None:
    assert not Int(-5, 5).contains(value)
    assert not Float(-5, 5).contains(value)


def test_a_float_keeps_whole_bounds_as_floats_and_contains_whole_numbers() -> None:
    domain = Float(1, 2)
    assert [type(bound) for bound in (domain.low, domain.high)] == [float, float]
    assert domain.contains(1)
    assert repr(domain.to_mapping()) == "{'float': [1.0, 2.0]}"


@pytest.mark.parametrize(
    ("values", "inside", "outside"),
    [
        ((1, 2), (1, 2, 1.0), (True, 3, "1", None, [1])),
        ((True, False), (True, False), (1, 0, "True", 1.0)),
        (("a", "1"), ("a", "1"), (1, "A", "", b"a")),
        ((0.5, "x", True), (0.5, "x", True), (1, 0.25, math.nan)),
    ],
)
def test_a_choice_tells_numbers_from_truth_values(
    values: tuple[str | int, ...], inside: tuple[object, ...], outside: tuple[object, ...]
) -> None:
    domain = Choice(values)
    assert [domain.contains(value) for value in inside] == [True] * len(inside)
    assert [domain.contains(value) for value in outside] == [False] * len(outside)


def test_each_domain_asks_a_trial_in_its_own_way() -> None:
    trial = Recorder()
    assert Int(2, 8, log=True).suggest(trial, "a") == 8
    assert Int(2, 8).suggest(trial, "a") == 8
    assert Float(0.5, 4, log=True).suggest(trial, "b") == 4.0
    assert Float(0.5, 4).suggest(trial, "b") == 4.0
    assert Choice(("x", "y")).suggest(trial, "c") == "y"
    assert trial.asked == [
        ("int", "a", 2, 8, 1, True),
        ("int", "a", 2, 8, 1, False),
        ("float", "b", 0.5, 4.0, True),
        ("float", "b", 0.5, 4.0, False),
        ("choice", "c", ("x", "y")),
    ]


def test_each_domain_reads_as_it_stands_in_a_sweep_file() -> None:
    assert Int(1, 4).to_mapping() == {"int": [1, 4]}
    assert Int(1, 4, log=True).to_mapping() == {"int": [1, 4], "log": True}
    assert Float(1, 4, log=True).to_mapping() == {"float": [1.0, 4.0], "log": True}
    assert Choice(("x", 2)).to_mapping() == ["x", 2]
    assert Choice(("x", 2, False)).corners() == ("x", 2, False)


@given(whole, st.integers(0, 40), st.integers(2, 12), st.booleans())
def test_a_grid_of_whole_numbers_has_the_bounds_and_no_value_twice(
    low: int, width: int, points: int, log: bool
) -> None:
    low = abs(low) % 1000 + 1
    domain = Int(low, low + width, log=log)
    grid = domain.grid(points)
    assert domain.count() == width + 1
    assert (grid[0], grid[-1]) == (low, low + width)
    assert list(grid) == sorted(set(grid))
    assert all(map(domain.contains, grid))
    if width < points:
        assert len(grid) == domain.count()
    else:
        assert len(grid) <= points
        assert log or len(grid) == points


@given(real, real, st.integers(2, 12))
def test_a_grid_of_real_numbers_lies_evenly_between_the_bounds(a: float, b: float, points: int) -> None:
    low, high = sorted((a, b))
    domain = Float(low, high)
    grid = domain.grid(points)
    assert (grid[0], grid[-1]) == (low, high)
    assert all(map(domain.contains, grid))
    assert domain.count() == (1 if low == high else None)
    if math.isfinite(high - low) and high - low > 1e-3 * max(abs(low), abs(high)):
        assert len(grid) == points
        steps = [float(y) - float(x) for x, y in itertools.pairwise(grid)]
        assert max(steps) - min(steps) <= 1e-6 * (high - low)


def test_a_logarithmic_grid_has_equal_ratios() -> None:
    assert Float(1e-4, 1e-2, log=True).grid(3) == pytest.approx((1e-4, 1e-3, 1e-2))
    assert Int(1, 10_000, log=True).grid(5) == (1, 10, 100, 1000, 10_000)
    assert Int(1, 10_000).grid(5) == (1, 2501, 5000, 7500, 10_000)
    assert Float(2.0, 2.0).grid(5) == (2.0,)
    assert Choice(("x", 2, False)).grid(2) == ("x", 2, False)
    assert Choice(("x", 2, False)).count() == 3


def test_a_value_is_cast_to_what_a_trial_would_have_been_given() -> None:
    assert repr(Float(0, 2).cast(1)) == "1.0"
    assert repr(Int(0, 2).cast(1)) == "1"
    assert repr(Choice((1, "x")).cast(1.0)) == "1"
    assert repr(Choice((1.0, "x")).cast(1)) == "1.0"
    assert Choice((True, "x")).cast(True) is True
