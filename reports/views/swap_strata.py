"""Under which settings a swap pays: contrasts between halves of the settings, and cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.statistics import holm, interaction_contrast, mean_interval
from search_spaces import Choice, Domain, Int, ParamValue

FEW = 6
"""The most values that a side of a heatmap has."""


@dataclass(frozen=True)
class Setting:
    """One draw of the shared params, with the difference of its means over seeds."""

    setting: int
    difference: float
    params: dict[str, ParamValue]


@dataclass(frozen=True)
class Contrast:
    """How much larger the difference is where a parameter is as `where` says, than in all other settings.

    Attributes:
        param: The parameter.
        where: Which settings.
        n: How many there are.
        others: How many there are elsewhere.
        difference: Difference in differences; None with fewer than two settings on a side.
        low: Lower end of its interval.
        high: Upper end.
        p: Two-sided.
        adjusted_p: Holm's, among all contrasts of all arms.
    """

    param: str
    where: str
    n: int
    others: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    adjusted_p: float | None = None


@dataclass(frozen=True)
class Cell:
    """Settings that share the values of two parameters."""

    values: tuple[ParamValue, ParamValue]
    n: int
    mean: float
    low: float | None
    high: float | None


def numeric(domain: Domain) -> bool:
    """Whether the values lie on a scale."""
    return not isinstance(domain, Choice) or all(type(value) in (int, float) for value in domain.values)


def contrasts(settings: Sequence[Setting], domains: dict[str, Domain], *, alpha: float) -> list[Contrast]:
    """Every parameter that takes two values at least: above its median against the rest, or each choice against it."""
    return [
        _contrast(settings, name, where, inside, alpha)
        for name, domain in domains.items()
        for where, inside in _splits(settings, name, domain)
    ]


def corrected(families: Sequence[Sequence[Contrast]]) -> list[list[Contrast]]:
    """The contrasts of all arms with Holm's p over all of them."""
    tested = [each.p for family in families for each in family if each.p is not None]
    adjusted = iter(holm(tested).tolist())
    return [
        [each if each.p is None else replace(each, adjusted_p=next(adjusted)) for each in family] for family in families
    ]


def few(domains: dict[str, Domain]) -> list[str]:
    """The first two params that have few values, or none."""
    names = [name for name, domain in domains.items() if 1 < (domain.count() or FEW + 1) <= FEW]
    return names[:2] if len(names) > 1 else []


def choices(domain: Domain) -> list[ParamValue]:
    """The values of a param that has few, in order."""
    return list(range(domain.low, domain.high + 1)) if isinstance(domain, Int) else list(domain.corners())


def cells(settings: Sequence[Setting], names: Sequence[str], *, alpha: float) -> list[Cell]:
    """The mean difference wherever two parameters meet that have few values."""
    groups: dict[tuple[ParamValue, ParamValue], list[float]] = {}
    for each in settings:
        if all(name in each.params for name in names):
            groups.setdefault((each.params[names[0]], each.params[names[1]]), []).append(each.difference)
    found = ((values, mean_interval(differences, alpha=alpha)) for values, differences in groups.items())
    ordered = sorted(found, key=lambda each: str(each[0]))
    return [Cell(values, each.n, each.value, each.low, each.high) for values, each in ordered]


def _contrast(settings: Sequence[Setting], name: str, where: str, inside: Sequence[bool], alpha: float) -> Contrast:
    known = [each.difference for each in settings if name in each.params]
    first = [d for d, is_inside in zip(known, inside, strict=True) if is_inside]
    second = [d for d, is_inside in zip(known, inside, strict=True) if not is_inside]
    if min(len(first), len(second)) < 2:
        return Contrast(name, where, len(first), len(second))
    found = interaction_contrast(first, second, alpha=alpha)
    return Contrast(name, where, len(first), len(second), found.difference, found.low, found.high, found.p)


def _splits(settings: Sequence[Setting], name: str, domain: Domain) -> Iterator[tuple[str, list[bool]]]:
    column = [each.params[name] for each in settings if name in each.params]
    values = _values(settings, name)
    if len(values) < 2:
        return
    if numeric(domain):
        numbers = np.array(column, dtype=float)
        middle = float(np.median(numbers))
        # The largest value may be the median itself.
        strictly = bool((numbers > middle).any())
        inside = numbers > middle if strictly else numbers >= middle
        yield f"{'above' if strictly else 'at'} {middle:.3g}", inside.tolist()
        return
    for value in values if len(values) > 2 else values[:1]:
        yield f"= {value}", [each == value for each in column]


def _values(settings: Sequence[Setting], name: str) -> list[ParamValue]:
    found = {each.params[name] for each in settings if name in each.params}
    return sorted(found, key=lambda value: (str(type(value)), value))
