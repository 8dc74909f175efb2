"""Whether the conditions of a space can hold: each alone, and all that a parameter hangs on together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from search_spaces.domains import Domain, ParamValue, is_same
from search_spaces.errors import SpaceError

Condition: TypeAlias = Mapping[str, tuple[ParamValue, ...]]


class Conditions:
    """What every parameter so far needs of those before it, directly and through its conditions' own conditions."""

    def __init__(self) -> None:
        self._domains: dict[str, Domain] = {}
        self._needs: dict[str, dict[str, tuple[ParamValue, ...]]] = {}

    def add(self, name: str, domain: Domain, when: Condition) -> None:
        """Take the next parameter in.

        Raises:
            SpaceError: If its condition names a parameter that is not before it, or can never hold.
        """
        needs: dict[str, tuple[ParamValue, ...]] = {}
        for condition, values in when.items():
            self._check(name, condition, values)
            for other, allowed in ((condition, values), *self._needs[condition].items()):
                needs[other] = tuple(value for value in needs.get(other, allowed) if among(value, allowed))
                if not needs[other]:
                    raise SpaceError(
                        f"{name}: its conditions never hold together: {plainly(when)} leaves no value of {other}, "
                        "with what these params need themselves"
                    )
        self._domains[name], self._needs[name] = domain, needs

    def _check(self, name: str, condition: str, values: Sequence[ParamValue]) -> None:
        if condition not in self._domains:
            raise SpaceError(
                f"{name}: its condition names {condition!r}, which is not a parameter before it "
                f"({', '.join(self._domains) or 'there is none'})"
            )
        if not values:
            raise SpaceError(f"{name}: its condition on {condition} lists no value")
        domain = self._domains[condition]
        for value in values:
            if not domain.contains(value):
                raise SpaceError(
                    f"{name}: its condition {condition} = {value!r} never holds; {condition} is one of "
                    f"{domain.to_mapping()}"
                )


def among(value: ParamValue, values: Sequence[ParamValue]) -> bool:
    """Whether a value is one of several, 1 and true being two."""
    return any(is_same(value, each) for each in values)


def plainly(when: Condition) -> dict[str, object]:
    """A condition as it stands in a sweep file."""
    return {name: values[0] if len(values) == 1 else list(values) for name, values in when.items()}
