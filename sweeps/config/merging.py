"""What one sweep file takes from another: sections are joined key by key, everything else is replaced.

What belongs together goes together: with another sampler, the settings of the one before it are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.errors import ConfigError

Keys = tuple[str, ...]
Document = dict[str, Any]

NAMED: tuple[Keys, ...] = (
    ("search", "sampler"),
    ("search", "pruner"),
    ("training", "optimizer"),
    ("training", "schedule"),
)
"""What is chosen by name, with its settings beside it."""

_AMOUNTS = ("trials", "seconds")


def merge(inherited: Mapping[str, Any], given: Mapping[str, Any], *, source: str) -> Document:
    """A document on top of the one that it extends; neither is changed.

    Args:
        inherited: Of the file that is extended.
        given: Of the file that extends it.
        source: How messages name the latter.

    Raises:
        ConfigError: If a param is to be removed that there is not.
    """
    document: Document = _joined(forget(inherited, given), given, ())
    if isinstance(inherited.get("space"), Mapping) and isinstance(given.get("space"), Mapping):
        document["space"] = _space(inherited["space"], given["space"], source=source)
    return document


def forget(inherited: Mapping[str, Any], given: Mapping[str, Any]) -> Document:
    """What is inherited, without what no longer means anything under what is given.

    That is the other amount of a budget, the settings of another sampler (pruner, optimizer, schedule), and the name
    of the data that another function loads. An argument is never dropped: a function that does not know it says so.
    """
    document = dict(inherited)
    for section, gone in (("search", _amounts_gone(inherited, given)), ("dataset", _name_gone(inherited, given))):
        if gone and section in document:
            document[section] = {key: value for key, value in _section(document, section).items() if key not in gone}
    for section, key in NAMED:
        old, new = _section(document, section), _name(_section(given, section).get(key))
        if key in old and new is not None and new != _name(old[key]):
            document[section] = {name: value for name, value in old.items() if name != key}
    return document


def _amounts_gone(inherited: Mapping[str, Any], given: Mapping[str, Any]) -> set[str]:
    search = _section(given, "search")
    asked = {key for key in _AMOUNTS if search.get(key) is not None or search.get("budget") == key}
    return {*_AMOUNTS, "budget"} - asked if asked and _section(inherited, "search") else set()


def _name_gone(inherited: Mapping[str, Any], given: Mapping[str, Any]) -> set[str]:
    old, new = _section(inherited, "dataset"), _section(given, "dataset")
    return {"name"} if old and new.get("load") not in (None, old.get("load")) else set()


def in_order(document: Document) -> Document:
    """The params of a space in the order they stand in, each after those that its condition names."""
    space = document.get("space")
    if not isinstance(space, Mapping):
        return document
    left, ordered = dict(space), {}
    while left:
        # Conditions that go in a circle keep their order: the space refuses them, and says why.
        free = next((name for name in left if not _conditions(left[name]) & (left.keys() - {name})), next(iter(left)))
        ordered[free] = left.pop(free)
    return {**document, "space": ordered}


def _joined(inherited: Any, given: Any, path: Keys) -> Any:
    if path in NAMED and isinstance(inherited, str):
        inherited = {"name": inherited}
    if path in NAMED and isinstance(given, Mapping) and isinstance(inherited, Mapping):
        return {**inherited, **given}
    if path in NAMED or not (isinstance(inherited, Mapping) and isinstance(given, Mapping)):
        return given
    below = {key: _joined(inherited[key], value, (*path, key)) for key, value in given.items() if key in inherited}
    return {**inherited, **given, **below}


def _space(inherited: Mapping[str, Any], given: Mapping[str, Any], *, source: str) -> Document:
    """Params replace params whole: the bounds of one and the kind of another would make a third that nobody wrote."""
    for name, entry in given.items():
        if entry is None and name not in inherited:
            raise ConfigError(
                f"{source}: space.{name}: is null, which removes a param, and there is none of that name; there are "
                f"{', '.join(map(str, inherited))}"
            )
    return {name: entry for name, entry in {**inherited, **given}.items() if entry is not None}


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    return section if isinstance(section, Mapping) else {}


def _name(value: object) -> object:
    return value.get("name") if isinstance(value, Mapping) else value


def _conditions(entry: object) -> set[object]:
    when = entry.get("when") if isinstance(entry, Mapping) else None
    return set(when) if isinstance(when, Mapping) else set()
