"""What may differ between a sweep's launch and its resume, and what would make it another question."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

from sweeps.config import FaultsConfig, SweepConfig, WorkersConfig
from sweeps.errors import ConfigError

CHANGEABLE = (
    "search.trials",
    "search.seconds",
    "dataset.file",
    *(f"workers.{key}" for key in WorkersConfig.model_fields),
    *(f"faults.{key}" for key in FaultsConfig.model_fields),
)
_SHOWN = 60

Changes = Mapping[str, object]


def changes_between(before: SweepConfig, after: SweepConfig) -> dict[str, object]:
    """Every `section.key` whose value differs, with its new value."""
    old = dict(_leaves(before))
    return {key: value for key, value in _leaves(after) if value != old[key]}


def check_changes(before: SweepConfig, after: SweepConfig, *, allowed: Collection[str], source: str) -> None:
    """Refuse a change that was not asked for by name, and one that nobody can have: it would be another sweep.

    Args:
        before: The sweep as it ran so far.
        after: As it would go on.
        allowed: Keys that may change.
        source: Where `after` comes from, for messages.

    Raises:
        ConfigError: With every refused change on a line of its own.
    """
    old = dict(_leaves(before))
    changes = changes_between(before, after)
    refusals = [_refusal(key, old[key], value, allowed) for key, value in changes.items()]
    lines = [f"{source}: {line}" for line in refusals if line]
    if lines:
        raise ConfigError("\n".join(lines))


def apply_changes(config: SweepConfig, changes: Changes) -> SweepConfig:
    """The sweep with recorded changes in place."""
    document = config.model_dump(mode="json")
    for path, value in changes.items():
        section, _, key = path.partition(".")
        document[section][key] = value
    return SweepConfig.from_mapping(document, source="changes")


def _refusal(key: str, old: object, new: object, allowed: Collection[str]) -> str | None:
    differs = f"{key}: is {_short(new)}, was {_short(old)}"
    if key not in CHANGEABLE:
        return f"{differs}; that is another sweep: launch it, or leave the key as it was"
    if key in ("search.trials", "search.seconds") and new is not None and float(str(new)) < float(str(old)):
        return f"{differs}; a budget may grow but not shrink"
    return None if key in allowed else f"{differs}; --allow {key} takes the change"


def _leaves(config: SweepConfig) -> Iterator[tuple[str, object]]:
    for name, value in config.model_dump(mode="json").items():
        if isinstance(value, dict) and name != "space":
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        else:
            yield name, value


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
