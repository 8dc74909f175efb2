"""The space of a sweep: named domains in order, and the conditions under which some of them apply."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self, cast

from search_spaces.conditions import Conditions, among, plainly
from search_spaces.domains import Choice, Domain, Float, Int, Params, ParamValue, Suggester
from search_spaces.errors import SpaceError
from search_spaces.numbers import read_number

_OTHER: Any = object()  # stands for all values that no condition names
_KINDS: dict[str, type[Int] | type[Float]] = {"int": Int, "float": Float}


@dataclass(frozen=True)
class Parameter:
    """One parameter: its domain, and the values that earlier parameters must have for it to apply.

    Args:
        domain: What it may be.
        when: Earlier parameter -> the values of it under which this one applies; empty means always.
    """

    domain: Domain
    when: Mapping[str, tuple[ParamValue, ...]]

    def applies(self, params: Params) -> bool:
        """Whether the parameter belongs to `params`, given the values chosen before it."""
        return all(name in params and among(params[name], values) for name, values in self.when.items())

    def to_mapping(self) -> object:
        """The parameter as it stands in a sweep file."""
        domain = self.domain.to_mapping()
        if not self.when:
            return domain
        return (domain if isinstance(domain, dict) else {"choice": domain}) | {"when": plainly(self.when)}


class SearchSpace:
    """An ordered set of parameters, some of which apply only under conditions.

    A parameter that does not apply is absent from the params, which is not the same as null.

    Args:
        parameters: Name -> parameter, in the order in which values are chosen.

    Raises:
        SpaceError: If a name is no identifier, if a condition names a parameter that is unknown or comes later, or can
            never hold.

    Example:
        >>> space = SearchSpace.from_mapping({
        ...     "pooling": ["capsule", "max"],
        ...     "routing_steps": {"int": [2, 5], "when": {"pooling": "capsule"}},
        ... })
        >>> [dict(corner) for corner in space.corners()][-1]
        {'pooling': 'max'}
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        if not parameters:
            raise SpaceError("a space needs at least one parameter, got none")
        known: dict[str, Parameter] = {}
        conditions = Conditions()
        for name, parameter in parameters.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise SpaceError(f"{name!r}: a parameter's name must be a Python identifier")
            conditions.add(name, parameter.domain, parameter.when)
            known[name] = parameter
        self.parameters: Mapping[str, Parameter] = MappingProxyType(known)

    @classmethod
    def from_mapping(cls, mapping: object) -> Self:
        """Read a space as it stands in a sweep file.

        Args:
            mapping: Name -> `[a, b, ...]`, or `{int|float: [low, high], log: bool, when: {...}}`, or
                `{choice: [...], when: {...}}`.

        Raises:
            SpaceError: If it breaks a rule; the message starts with the parameter's name.
        """
        if not isinstance(mapping, Mapping):
            raise SpaceError(f"a space maps names to domains, got {mapping!r}")
        return cls({name: _read_parameter(name, entry) for name, entry in mapping.items()})

    def suggest(self, trial: Suggester) -> dict[str, ParamValue]:
        """Ask `trial` for a value of every parameter that applies, in order."""
        params: dict[str, ParamValue] = {}
        for name, parameter in self.parameters.items():
            if parameter.applies(params):
                params[name] = parameter.domain.suggest(trial, name)
        return params

    def validate(self, params: Params) -> None:
        """Check that `params` is a point of the space: every parameter that applies, and no other.

        Raises:
            SpaceError: Naming the parameter, the rule and the value.
        """
        unknown = [name for name in params if name not in self.parameters]
        if unknown:
            raise SpaceError(f"{unknown[0]}: no parameter of this space; it has {', '.join(self.parameters)}")
        for name, parameter in self.parameters.items():
            applies = parameter.applies(params)
            if applies != (name in params):
                raise SpaceError(f"{name}: {'missing' if applies else 'does not apply'} in {dict(params)}")
            if applies and not parameter.domain.contains(params[name]):
                raise SpaceError(f"{name}: must lie in {parameter.domain.to_mapping()}, got {params[name]!r}")

    def coerce(self, params: Params) -> dict[str, ParamValue]:
        """A point of the space as `suggest` would give it, in the space's order.

        0 and text that reads as a number ("1e-4") become real numbers where the space has real ones.

        Raises:
            SpaceError: If it is no point of the space.
        """
        read = {name: self._read_value(name, value) for name, value in params.items()}
        self.validate(read)
        return {name: p.domain.cast(read[name]) for name, p in self.parameters.items() if name in read}

    def _read_value(self, name: str, value: ParamValue) -> ParamValue:
        parameter = self.parameters.get(name)
        is_real = parameter is not None and isinstance(parameter.domain, Float)
        return cast(ParamValue, read_number(value)) if is_real else value

    def size(self) -> int | None:
        """How many points the space has; None where a real number makes them endless."""
        if any(parameter.domain.count() is None for parameter in self.parameters.values()):
            return None
        return math.prod(self._count(tuple(names), {}, {}) for names in self._families())

    def grid(self, points: int) -> Iterator[dict[str, ParamValue]]:
        """Every point of a grid: every choice, and `points` values (at least 2) of each number, all where it has fewer.

        In a space without an end of points, a grid leaves most of them out; in one with few values each, none.
        """
        return self._combine(tuple(self.parameters), {}, lambda domain: domain.grid(points))

    def corners(self) -> Iterator[dict[str, ParamValue]]:
        """Every combination of the extremes of all domains: the params most likely to break a model."""
        return self._combine(tuple(self.parameters), {}, lambda domain: domain.corners())

    def _combine(
        self, names: Sequence[str], params: dict[str, ParamValue], values_of: Callable[[Domain], Sequence[ParamValue]]
    ) -> Iterator[dict[str, ParamValue]]:
        if not names:
            yield dict(params)
            return
        parameter = self.parameters[names[0]]
        if not parameter.applies(params):
            yield from self._combine(names[1:], params, values_of)
            return
        for value in values_of(parameter.domain):
            yield from self._combine(names[1:], {**params, names[0]: value}, values_of)

    def _families(self) -> Iterable[list[str]]:
        """Parameters that hang together by their conditions, each family in order: the others change nothing for it."""
        family_of: dict[str, list[str]] = {}
        for name, parameter in self.parameters.items():
            joined = [name]
            for family in {id(family_of[other]): family_of[other] for other in parameter.when}.values():
                joined = family + joined
            joined.sort(key=list(self.parameters).index)
            family_of |= dict.fromkeys(joined, joined)
        return {id(family): family for family in family_of.values()}.values()

    def _count(self, names: Sequence[str], params: dict[str, ParamValue], known: dict[tuple[object, ...], int]) -> int:
        """Points below a partial one; values that no condition names are counted together, and nothing twice."""
        if not names:
            return 1
        name, rest = names[0], names[1:]
        later = {other for each in names for other in self.parameters[each].when}
        key = (name, *((other, type(value), value) for other, value in params.items() if other in later))
        if key not in known:
            known[key] = self._count_anew(name, rest, params, known)
        return known[key]

    def _count_anew(
        self, name: str, rest: Sequence[str], params: dict[str, ParamValue], known: dict[tuple[object, ...], int]
    ) -> int:
        parameter = self.parameters[name]
        if not parameter.applies(params):
            return self._count(rest, params, known)
        named: list[ParamValue] = []
        for other in rest:
            for value in self.parameters[other].when.get(name, ()):
                if not among(value, named):
                    named.append(value)
        others = (parameter.domain.count() or 0) - len(named)
        below = sum(self._count(rest, {**params, name: value}, known) for value in named)
        return below + (others * self._count(rest, {**params, name: _OTHER}, known) if others else 0)

    def fix(self, name: str, value: ParamValue) -> SearchSpace:
        """The part of the space where parameter `name` has `value`, without what cannot apply there.

        Raises:
            SpaceError: If the space has no such parameter, or it cannot have that value.
        """
        if name not in self.parameters or not self.parameters[name].domain.contains(value):
            raise SpaceError(f"{name}: cannot be fixed at {value!r} in {self.to_mapping()}")
        kept: dict[str, Parameter] = {}
        for other, parameter in self.parameters.items():
            if other == name:
                kept[other] = Parameter(Choice((value,)), parameter.when)
            elif all(c in kept and (c != name or among(value, values)) for c, values in parameter.when.items()):
                when = {c: (value,) if c == name else values for c, values in parameter.when.items()}
                kept[other] = Parameter(parameter.domain, when)
        return SearchSpace(kept)

    def to_mapping(self) -> dict[str, object]:
        """The space as it stands in a sweep file; `from_mapping` reads it back."""
        return {name: parameter.to_mapping() for name, parameter in self.parameters.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and list(self.parameters.items()) == list(other.parameters.items())

    def __reduce__(self) -> tuple[Callable[[object], SearchSpace], tuple[dict[str, object]]]:
        # Read-only mappings do not pickle; the sweep file's form does, and travels to workers.
        return SearchSpace.from_mapping, (self.to_mapping(),)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"SearchSpace.from_mapping({self.to_mapping()!r})"


def _read_parameter(name: object, entry: object) -> Parameter:
    try:
        if isinstance(entry, list | tuple):
            return Parameter(Choice(tuple(entry)), {})
        if isinstance(entry, Mapping):
            return Parameter(_read_domain(entry), _read_condition(entry.get("when", {})))
        raise SpaceError(f"a parameter is a list of values or {{int|float: [low, high]}}, got {entry!r}")
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}") from None


def _read_domain(entry: Mapping[str, object]) -> Domain:
    unknown = [key for key in entry if key not in (*_KINDS, "choice", "log", "when")]
    if unknown:
        raise SpaceError(f"unknown key {unknown[0]!r}; known are int, float, choice, log, when")
    kinds = [key for key in entry if key in (*_KINDS, "choice")]
    if len(kinds) != 1:
        raise SpaceError(f"needs exactly one of int, float, choice, got {kinds or 'none'}")
    bounds = entry[kinds[0]]
    if kinds[0] == "choice":
        if not isinstance(bounds, list | tuple) or "log" in entry:
            raise SpaceError(f"choice takes a list of values and no log, got {dict(entry)!r}")
        return Choice(tuple(bounds))
    if not isinstance(bounds, list | tuple) or len(bounds) != 2:
        raise SpaceError(f"{kinds[0]} takes [low, high], got {bounds!r}")
    return _KINDS[kinds[0]](bounds[0], bounds[1], log=entry.get("log", False))  # type: ignore[arg-type]


def _read_condition(entry: object) -> dict[str, tuple[ParamValue, ...]]:
    if not isinstance(entry, Mapping):
        raise SpaceError(f"when maps a parameter to its value or values, got {entry!r}")
    return {name: tuple(value) if isinstance(value, list | tuple) else (value,) for name, value in entry.items()}
