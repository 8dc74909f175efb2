"""Options of the command line, turned into the sweep that they ask for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from sweeps.config import SweepConfig
from sweeps.config.changes import with_changes
from sweeps.drift import CHANGEABLE, apply_changes, changes_between, check_changes, sized_like
from sweeps.errors import ConfigError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def configure(
    sweep: str, *, workers: str | None, gpus: str | None, dataset: str | None, changes: list[str] | None
) -> SweepConfig:
    """The sweep file with the options in place; options win over `--set`, which wins over the file."""
    config = SweepConfig.load(sweep, changes=tuple(changes or ()) + _worker_changes(workers, gpus))
    return config if dataset is None else _on_dataset(config, dataset)


def relocated(
    config: SweepConfig, *, workers: str | None = None, gpus: str | None = None, dataset: str | None = None
) -> SweepConfig:
    """The same sweep on other workers, or with its data in another place.

    Raises:
        ConfigError: If an option breaks a rule.
    """
    document = config.model_dump(mode="json")
    for key, value in (("count", workers), ("gpus", gpus)):
        if value is not None:
            document["workers"][key] = _number(value)
    moved = SweepConfig.from_mapping(document, source="options")
    return moved if dataset is None else _on_dataset(moved, dataset)


def changed(
    config: SweepConfig,
    *,
    sweep: str | None,
    changes: list[str] | None,
    allowed: list[str] | None,
    workers: str | None,
    gpus: str | None,
    dataset: str | None,
) -> SweepConfig:
    """The sweep of a run as a resume asks for it.

    A sweep file may differ from the run in keys that are allowed by name; an option, and `--set`, allows its own key.

    Raises:
        ConfigError: If anything else differs, or an option breaks a rule.
    """
    for key in allowed or ():
        if key not in CHANGEABLE:
            raise ConfigError(f"--allow: must be one of {', '.join(CHANGEABLE)}, got {key!r}")
    source = sweep or "--set"
    asked = config if sweep is None else sized_like(SweepConfig.load(sweep), config)
    document = with_changes(asked.model_dump(mode="json"), changes or ())
    other = SweepConfig.from_mapping(document, source=source)
    by_name = {_key_of(change) for change in changes or ()}
    check_changes(config, other, allowed=by_name | set(allowed or ()), source=source)
    # What a file says in other words is no change: the run goes on with its own.
    changed = apply_changes(config, changes_between(config, other))
    return relocated(changed, workers=workers, gpus=gpus, dataset=dataset)


def free_directory(name: str) -> Path:
    """`runs/NAME`, or the first of `runs/NAME-2`, `-3`, ... that is not there yet."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).strip(".") or "sweep"
    base, number = Path("runs") / safe, 2
    path = base
    while path.exists():
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path


def read_seconds(time: str | None) -> float | None:
    """`90`, `90s`, `45m` or `8h` as seconds.

    Raises:
        ConfigError: If it is no such time, or not positive.
    """
    if time is None:
        return None
    number, unit = (time[:-1], time[-1]) if time[-1:] in _UNITS else (time, "s")
    seconds = _number(number)
    if isinstance(seconds, str) or not 0 < seconds < math.inf:
        raise ConfigError(f"--time-limit: must be seconds, or a number with s, m or h (45m), got {time!r}")
    return float(seconds * _UNITS[unit])


def _key_of(change: str) -> str:
    """What `--set` allows: the key of a section that it names, or part of which it names."""
    return ".".join(change.partition("=")[0].strip().split(".")[:2])


def _worker_changes(workers: str | None, gpus: str | None) -> tuple[str, ...]:
    options = {"workers.count": workers, "workers.gpus": gpus}
    return tuple(f"{key}={value}" for key, value in options.items() if value is not None)


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _on_dataset(config: SweepConfig, dataset: str) -> SweepConfig:
    """A name or a file; digits, which are few, give at most what they have."""
    from sweeps import images
    from sweeps.datasets import LOADERS

    own = config.dataset.load
    if own is not None:
        raise ConfigError(
            f"--dataset: the data of this sweep come from {own}, got {dataset!r}; leave the option out (a file "
            "of its own is one of dataset.args)"
        )
    if dataset in LOADERS:
        sizes: dict[str, Any] = {}
        if dataset == images.FALLBACK["name"]:
            asked = {part: getattr(config.dataset, part) for part in ("train", "validation", "test")}
            sizes = {part: min(size, images.FALLBACK[part]) for part, size in asked.items() if size is not None}
        return images.replace_dataset(config, {"name": dataset, "file": None, **sizes})
    if not Path(dataset).exists():
        raise ConfigError(f"--dataset: must be {' or '.join(LOADERS)}, or a file that exists, got {dataset!r}")
    return images.replace_dataset(config, {"name": "mnist", "file": str(Path(dataset).absolute())})
