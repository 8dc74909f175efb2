"""Which corners of a space are built: all of them where they are few, and where not a choice that misses no extreme."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from search_spaces import Params, ParamValue, SearchSpace, is_same

COUNTED = 100_000
"""So many corners are counted; more are "more than" that."""

_DRAWS = 20
"""Corners drawn at random for each network still wanted, before nothing new is expected."""


@dataclass(frozen=True)
class Corners:
    """A choice of corners.

    Attributes:
        chosen: One for each different network, the extremes of every parameter among them where there is room.
        networks: How many different networks the corners have; None where there are more corners than are counted.
    """

    chosen: tuple[Params, ...]
    networks: int | None


def choose_corners(
    space: SearchSpace, *, network_of: Callable[[Params], str], light: frozenset[str], limit: int
) -> Corners:
    """Choose at most `limit` corners of different networks; the same arguments choose the same.

    Args:
        space: The space.
        network_of: Equal for corners of one network.
        light: Names of parameters that make no other network.
        limit: Networks at most.
    """
    generator = random.Random(0)
    networks = _count(_without(space, light), network_of)
    chosen: dict[str, Params] = {}
    if networks is not None and len(networks) <= limit:
        chosen = {network: _draw(space, part, generator) for network, part in networks.items()}
    _reach_every_extreme(space, chosen, network_of, limit, generator)
    wanted = limit if networks is None else min(limit, len(networks))
    for _ in range(_DRAWS * limit):
        if len(chosen) >= wanted:
            break
        corner = _draw(space, {}, generator)
        chosen.setdefault(network_of(corner), corner)
    return Corners(tuple(chosen.values()), None if networks is None else max(len(networks), len(chosen)))


def _count(heavy: SearchSpace | None, network_of: Callable[[Params], str]) -> dict[str, Params] | None:
    """One corner of each network, or None where there are too many corners to look at all."""
    if heavy is None:
        return {network_of({}): {}}
    some = list(itertools.islice(heavy.corners(), COUNTED + 1))
    if len(some) > COUNTED:
        return None
    networks: dict[str, Params] = {}
    for corner in some:
        networks.setdefault(network_of(corner), corner)
    return networks


def _reach_every_extreme(
    space: SearchSpace,
    chosen: dict[str, Params],
    network_of: Callable[[Params], str],
    limit: int,
    generator: random.Random,
) -> None:
    for name, value in _extremes(space):
        if len(chosen) >= limit:
            return
        conditions = _conditions(space, name)
        if conditions is None or any(name in params and is_same(params[name], value) for params in chosen.values()):
            continue
        forced = {other: generator.choice(values) for other, values in conditions.items()} | {name: value}
        corner = _draw(space, forced, generator)
        chosen.setdefault(network_of(corner), corner)


def _extremes(space: SearchSpace) -> Iterator[tuple[str, ParamValue]]:
    """The first extreme of every parameter, then the second of every one, and so on."""
    by_name = [[(name, value) for value in each.domain.corners()] for name, each in space.parameters.items()]
    yield from (pair for row in itertools.zip_longest(*by_name) for pair in row if pair is not None)


def _conditions(space: SearchSpace, name: str) -> dict[str, tuple[ParamValue, ...]] | None:
    """What earlier parameters may be where a parameter applies, extremes if possible; None if it never applies."""
    found: dict[str, tuple[ParamValue, ...]] = {}
    open_names = [name]
    while open_names:
        for other, values in space.parameters[open_names.pop()].when.items():
            both = tuple(value for value in values if other not in found or _among(value, found[other]))
            if not both:
                return None
            found[other] = both
            open_names.append(other)
    for other, values in found.items():
        extremes = tuple(value for value in values if _among(value, space.parameters[other].domain.corners()))
        found[other] = extremes or values
    return found


def _without(space: SearchSpace, light: frozenset[str]) -> SearchSpace | None:
    """The space of the parameters that make another network, and of those that decide whether they apply."""
    kept: set[str] = set()
    for name, parameter in reversed(list(space.parameters.items())):
        if name not in light or name in kept:
            kept |= {name, *parameter.when}
    parameters = {name: each for name, each in space.parameters.items() if name in kept}
    return SearchSpace(parameters) if parameters else None


def _draw(space: SearchSpace, forced: Params, generator: random.Random) -> dict[str, ParamValue]:
    """A corner with the forced values, and extremes at random elsewhere."""
    return space.suggest(_Extremes(space, forced, generator))


@dataclass(frozen=True)
class _Extremes:
    """Stands in for a trial of Optuna's: suggests extremes."""

    space: SearchSpace
    forced: Mapping[str, ParamValue]
    generator: random.Random

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return self._pick(name)  # type: ignore[return-value]

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return self._pick(name)  # type: ignore[return-value]

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue | None]) -> ParamValue | None:
        return self._pick(name)

    def _pick(self, name: str) -> ParamValue:
        if name in self.forced:
            return self.forced[name]
        return self.generator.choice(self.space.parameters[name].domain.corners())


def _among(value: ParamValue, values: Sequence[ParamValue]) -> bool:
    return any(is_same(value, each) for each in values)
