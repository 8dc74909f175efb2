"""What may differ between a sweep's launch and its resume, and what would make it another question."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

from search_spaces import is_same
from sweeps.config import ConfirmConfig, ControlsConfig, FaultsConfig, SwapConfig, SweepConfig, WorkersConfig
from sweeps.errors import ConfigError

_BUDGETS = ("search.trials", "search.seconds")
_LATER = ("confirm.seeds", "swap.settings", "controls.pairs", "controls.sources", "cost_probe")
_AMOUNTS = (*_BUDGETS, *_LATER)
_RULES = tuple(
    key
    for section, model in (("confirm", ConfirmConfig), ("swap", SwapConfig), ("controls", ControlsConfig))
    for name in model.model_fields
    if (key := f"{section}.{name}") not in _LATER
)
CHANGEABLE = (
    *_AMOUNTS,
    *_RULES,
    "dataset.file",
    *(f"workers.{key}" for key in WorkersConfig.model_fields),
    *(f"faults.{key}" for key in FaultsConfig.model_fields),
)
_SHOWN = 60

Changes = Mapping[str, object]


def changes_between(before: SweepConfig, after: SweepConfig) -> dict[str, object]:
    """Every `section.key` whose value differs, with its new value."""
    old = dict(_leaves(before))
    return {key: value for key, value in _leaves(after) if not _same(old[key], value, in_order=key == "space")}


def check_changes(
    before: SweepConfig, after: SweepConfig, *, allowed: Collection[str], source: str, frozen: bool = False
) -> None:
    """Refuse a change that was not asked for by name, and one that nobody can have: it would be another sweep.

    Args:
        before: The sweep as it ran so far.
        after: As it would go on.
        allowed: Keys that may change.
        source: Where `after` comes from, for messages.
        frozen: Whether the analysis plan is: from there on its rules stand, and the search is over.

    Raises:
        ConfigError: With every refused change on a line of its own.
    """
    old = dict(_leaves(before))
    changes = changes_between(before, after)
    refusals = [line for key, value in changes.items() for line in _refusals(key, old[key], value, allowed, frozen)]
    if refusals:
        raise ConfigError("\n".join(f"{source}: {line}" for line in refusals))


def sized_like(asked: SweepConfig, recorded: SweepConfig) -> SweepConfig:
    """The sweep of a file with the sizes of its data that a run has written out, where the file leaves them open."""
    sizes = {
        key: getattr(recorded.dataset, key) for key in ("train", "validation") if getattr(asked.dataset, key) is None
    }
    return asked.model_copy(update={"dataset": asked.dataset.model_copy(update=sizes)})


def apply_changes(config: SweepConfig, changes: Changes) -> SweepConfig:
    """The sweep with recorded changes in place."""
    document = config.model_dump(mode="json")
    for path, value in changes.items():
        section, _, key = path.partition(".")
        if key:
            document[section][key] = value
        else:
            document[section] = value
    return SweepConfig.from_mapping(document, source="changes")


def _refusals(key: str, old: object, new: object, allowed: Collection[str], frozen: bool) -> Iterator[str]:
    if key not in CHANGEABLE:
        for path, then, now in _differences(key, old, new):
            yield f"{path}: is {now}, was {then}; that is another sweep: launch it, or leave the key as it was"
        return
    differs = f"{key}: is {_short(new)}, was {_short(old)}"
    if frozen and key in (*_BUDGETS, *_RULES):
        yield f"{differs}; the champions were chosen and the plan was frozen by the old one: launch another sweep"
    elif key in _AMOUNTS and None in (old, new):
        yield f"{differs}; that is another sweep: a budget keeps its unit"
    elif key in _AMOUNTS and float(str(new)) < float(str(old)):
        yield f"{differs}; {'a budget' if key in _BUDGETS else 'it'} may grow but not shrink"
    elif key not in allowed:
        yield f"{differs}; --allow {key} takes the change"


def _differences(path: str, old: object, new: object) -> Iterator[tuple[str, str, str]]:
    """The single keys that differ within a value, with what they were and are."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        yield path, _short(old), _short(new)
    elif path == "space" and old.keys() == new.keys() and list(old) != list(new):
        yield path, f"in the order {', '.join(old)}", f"in the order {', '.join(new)}"
    else:
        for key in dict.fromkeys([*old, *new]):
            if key not in old:
                yield f"{path}.{key}", "not there", _short(new[key])
            elif key not in new:
                yield f"{path}.{key}", _short(old[key]), "not there"
            elif not _same(old[key], new[key]):
                yield from _differences(f"{path}.{key}", old[key], new[key])


def _same(old: object, new: object, *, in_order: bool = False) -> bool:
    """Whether two values mean the same: 1 and 1.0 do, 1 and true do not."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        same_keys = list(old) == list(new) if in_order else old.keys() == new.keys()
        return same_keys and all(_same(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return is_same(old, new)


def _leaves(config: SweepConfig) -> Iterator[tuple[str, object]]:
    # Points to try first as they will be tried, however their numbers were written.
    first = [dict(config.space.coerce(point)) for point in config.search.first]
    for name, value in config.model_dump(mode="json").items():
        if isinstance(value, dict) and name != "space":
            yield from (
                (f"{name}.{key}", first if (name, key) == ("search", "first") else each) for key, each in value.items()
            )
        else:
            yield name, value


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
