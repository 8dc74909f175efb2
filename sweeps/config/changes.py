"""Single keys of a sweep file, replaced from outside: `--set search.trials=10`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from sweeps.config.document import read_yaml
from sweeps.config.merging import Document, Keys, forget, in_order, merge
from sweeps.errors import ConfigError


class Change(NamedTuple):
    """A key, and the value that it is to have."""

    keys: Keys
    value: Any

    @property
    def path(self) -> str:
        """As it was written."""
        return ".".join(self.keys)

    def as_document(self) -> Document:
        """A document with nothing but this key."""
        nested: Any = self.value
        for key in reversed(self.keys):
            nested = {key: nested}
        return dict(nested)


def with_changes(document: Mapping[str, Any], changes: Iterable[str]) -> Document:
    """Apply one `key.key=value` after the other, their values read as YAML, making the sections on the way.

    A key is replaced whole; what it inherits is treated as a file that extends another treats it. Paths are relative
    to the current directory.

    Raises:
        ConfigError: If a change does not read so, or reaches into a list.
    """
    read = [_read(change) for change in changes]
    changed = reduce(forget, (change.as_document() for change in read), dict(document))
    changed = reduce(_applied, read, changed)
    return in_order(changed) if any(change.keys[0] == "space" for change in read) else changed


def absolute(document: Mapping[str, Any], folder: Path) -> Document:
    """The document with the paths of files and runs in it made absolute, which are relative to a folder."""
    result = dict(document)
    dataset, search = result.get("dataset"), result.get("search")
    if isinstance(dataset, Mapping) and "file" in dataset:
        result["dataset"] = {**dataset, "file": _from(folder, dataset["file"])}
    if isinstance(search, Mapping) and isinstance(search.get("warm_start"), list):
        result["search"] = {**search, "warm_start": [_from(folder, path) for path in search["warm_start"]]}
    return result


def _from(folder: Path, path: object) -> object:
    # Two spellings of one path must be one, so `..` goes; the folder's links are followed first, as the system would.
    return os.path.normpath(folder.resolve() / path) if isinstance(path, str) and path else path


def _read(change: str) -> Change:
    path, equals, text = change.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys):
        raise ConfigError(f"--set: must read key.key=value, got {change!r}")
    if keys[0] == "extends":
        raise ConfigError(f"--set {path}: stands in a sweep file only; write a file that extends the other")
    asked = Change(keys, read_yaml(text, source=f"--set {path}"))
    value: Any = absolute(asked.as_document(), Path())
    for key in keys:
        value = value[key]
    return asked._replace(value=value)


def _applied(document: Document, change: Change) -> Document:
    if change.keys[0] == "space" and len(change.keys) == 2 and change.value is None:
        return merge(document, change.as_document(), source="--set")
    return _replaced(document, change, 0)


def _replaced(section: object, change: Change, depth: int) -> Document:
    """A section of a document, so many keys down, with the change in place."""
    keys = change.keys
    if isinstance(section, list) or (keys[depth].isdigit() and not isinstance(section, Mapping)):
        whole = ".".join(keys[:depth])
        raise ConfigError(
            f"--set {change.path}: {whole} is a list, whose items have no keys; give it whole: {whole}=[...]"
        )
    if isinstance(section, str):  # a bare name is short for {name: ...}
        section = {"name": section}
    opened = dict(section) if isinstance(section, Mapping) else {}
    is_last = depth == len(keys) - 1
    opened[keys[depth]] = change.value if is_last else _replaced(opened.get(keys[depth]), change, depth + 1)
    return opened
