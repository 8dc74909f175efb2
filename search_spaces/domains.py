"""What one parameter may be: a whole number, a real number, or one of a list.

A domain asks a trial for a value (`suggest`; any object with Optuna's `suggest_*` methods will do), says whether a
value lies inside it (`contains`), names its extremes (`corners`) and writes itself as it stands in a sweep file.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from search_spaces.errors import SpaceError
from search_spaces.numbers import read_number

ParamValue: TypeAlias = str | int | float | bool
Params: TypeAlias = Mapping[str, ParamValue]

_LARGEST_INT = 2**53


class Suggester(Protocol):
    """The part of an Optuna trial that a domain needs."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number of `low..high`."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A real number of `low..high`."""

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue | None]) -> ParamValue | None:
        """One of `choices`."""


@dataclass(frozen=True)
class Int:
    """The whole numbers from `low` to `high`, both included.

    Args:
        low: Smallest value.
        high: Largest value.
        log: Whether to search on a logarithmic scale; needs `low >= 1`.

    Raises:
        SpaceError: If a bound is no whole number or beyond 2**53, if `low > high`, or if `log` and `low < 1`.
    """

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        for end, value in (("low", self.low), ("high", self.high)):
            if not _is_int(value):
                raise SpaceError(f"{end} must be a whole number, got {value!r}")
            if abs(value) > _LARGEST_INT:
                raise SpaceError(f"{end} must lie within 2**53 of 0, where samplers can tell whole numbers apart")
        _check_order(self.low, self.high, self.log)

    def suggest(self, trial: Suggester, name: str) -> ParamValue:
        """Ask `trial` for a value."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)

    def cast(self, value: ParamValue) -> ParamValue:
        """A value that lies inside, as `suggest` would give it."""
        return value

    def count(self) -> int | None:
        """How many values there are."""
        return self.high - self.low + 1

    def grid(self, points: int) -> tuple[ParamValue, ...]:
        """So many values evenly over the scale, the bounds among them; all where there are no more."""
        if self.high - self.low < points:
            return tuple(range(self.low, self.high + 1))
        return tuple(dict.fromkeys(round(value) for value in _spread(self.low, self.high, points, log=self.log)))

    def contains(self, value: object) -> bool:
        """Whether `value` is a whole number within the bounds."""
        return isinstance(value, int) and _is_int(value) and self.low <= value <= self.high

    def corners(self) -> tuple[ParamValue, ...]:
        """The two bounds, once where they are equal."""
        return tuple(dict.fromkeys((self.low, self.high)))

    def to_mapping(self) -> dict[str, object]:
        """The domain as it stands in a sweep file."""
        return {"int": [self.low, self.high]} | ({"log": True} if self.log else {})


@dataclass(frozen=True)
class Float:
    """The real numbers from `low` to `high`, both included.

    Args:
        low: Smallest value; text that reads as a number will do.
        high: Largest value, likewise.
        log: Whether to search on a logarithmic scale; needs `low > 0`.

    Raises:
        SpaceError: If a bound or their difference is not finite, if `low > high`, or if `log` and `low <= 0`.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        for end, given in (("low", self.low), ("high", self.high)):
            value = read_number(given)
            if not isinstance(value, int | float) or not _is_real(value):
                raise SpaceError(f"{end} must be a finite number, got {given!r}")
            object.__setattr__(self, end, float(value))
        _check_order(self.low, self.high, self.log)
        if not math.isfinite(self.high - self.low):
            raise SpaceError(f"high - low must be finite, got [{self.low}, {self.high}]")

    def suggest(self, trial: Suggester, name: str) -> ParamValue:
        """Ask `trial` for a value."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def cast(self, value: ParamValue) -> ParamValue:
        """A value that lies inside, as `suggest` would give it: 0 becomes 0.0."""
        return float(value)

    def count(self) -> int | None:
        """None: there is no end of values, unless the bounds are equal."""
        return 1 if self.low == self.high else None

    def grid(self, points: int) -> tuple[ParamValue, ...]:
        """So many values evenly over the scale, the bounds among them."""
        return tuple(dict.fromkeys(_spread(self.low, self.high, points, log=self.log)))

    def contains(self, value: object) -> bool:
        """Whether `value` is a number within the bounds."""
        return isinstance(value, int | float) and _is_real(value) and self.low <= value <= self.high

    def corners(self) -> tuple[ParamValue, ...]:
        """The two bounds, once where they are equal."""
        return tuple(dict.fromkeys((self.low, self.high)))

    def to_mapping(self) -> dict[str, object]:
        """The domain as it stands in a sweep file."""
        return {"float": [self.low, self.high]} | ({"log": True} if self.log else {})


@dataclass(frozen=True)
class Choice:
    """One of a list of strings, numbers or truth values.

    Args:
        values: The choices, at least one, none twice.

    Raises:
        SpaceError: If the list is empty, repeats a value, or holds anything else.
    """

    values: tuple[ParamValue, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise SpaceError("a choice needs at least one value, got an empty list")
        for value in self.values:
            if not (_is_text(value) or isinstance(value, bool) or _is_real(value)):
                raise SpaceError(f"a choice holds strings, finite numbers or true/false, got {value!r}")
        repeated = [value for position, value in enumerate(self.values) if value in self.values[:position]]
        if repeated:
            raise SpaceError(f"the values of a choice must differ, got {repeated[0]!r} twice")

    def suggest(self, trial: Suggester, name: str) -> ParamValue:
        """Ask `trial` for a value."""
        value = trial.suggest_categorical(name, self.values)
        return self.values[0] if value is None else value

    def cast(self, value: ParamValue) -> ParamValue:
        """The choice that is the same as `value`: 1.0 becomes 1 where 1 is the choice."""
        return next(choice for choice in self.values if is_same(value, choice))

    def count(self) -> int | None:
        """How many choices there are."""
        return len(self.values)

    def grid(self, points: int) -> tuple[ParamValue, ...]:
        """Every choice, however many points are asked for."""
        return self.values

    def contains(self, value: object) -> bool:
        """Whether `value` is one of the choices, of the same type (1 is not True)."""
        return any(is_same(value, choice) for choice in self.values)

    def corners(self) -> tuple[ParamValue, ...]:
        """Every choice: they have no order, so each of them is an extreme."""
        return self.values

    def to_mapping(self) -> list[ParamValue]:
        """The domain as it stands in a sweep file."""
        return list(self.values)


Domain: TypeAlias = Int | Float | Choice


def is_same(value: object, other: object) -> bool:
    """Whether two values are equal and, where one is a truth value, both are (1 is not True)."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _spread(low: float, high: float, points: int, *, log: bool) -> list[float]:
    """Both bounds exactly, and the rest at equal steps between them."""
    begin, end = (math.log(low), math.log(high)) if log else (low, high)
    between = [begin + (end - begin) * place / (points - 1) for place in range(1, points - 1)]
    inner = [math.exp(value) for value in between] if log else between
    return [float(low), *(min(max(value, low), high) for value in inner), float(high)]


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    # A comparison, because a whole number may be too large for `math.isfinite`.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_text(value: object) -> bool:
    # A lone surrogate, which YAML's escapes can write, has no UTF-8 form: the log could not hold it.
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _check_order(low: float, high: float, log: bool) -> None:
    if not isinstance(log, bool):
        raise SpaceError(f"log must be true or false, got {log!r}")
    if low > high:
        raise SpaceError(f"low must not exceed high, got [{low}, {high}]")
    if log and low <= 0:
        raise SpaceError(f"a logarithmic scale needs low > 0, got [{low}, {high}]")
