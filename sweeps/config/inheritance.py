"""Sweep files that extend others: `extends: other.yaml`, a preset's name, or a list of them, the last one winning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from search_spaces import SpaceError, preset_names, read_preset
from sweeps.config.changes import absolute
from sweeps.config.document import read_yaml
from sweeps.config.merging import Document, in_order, merge
from sweeps.errors import ConfigError
from sweeps.messages import shown

EXTENDS = "extends"


@dataclass(frozen=True)
class SweepText:
    """The text of a sweep file, and where it was found.

    Attributes:
        text: YAML.
        source: How messages name it.
        folder: What its paths are relative to; None leaves them as they stand.
        file: Where it lies; None for a preset, and for text that is in no file.
    """

    text: str
    source: str
    folder: Path | None = None
    file: Path | None = None

    @property
    def identity(self) -> str:
        """The same for one file by whatever path."""
        return self.source if self.file is None else str(self.file.resolve())


def find(name: str, *, folder: Path | None = None) -> SweepText:
    """A sweep file, or a preset where no file has that name.

    Args:
        name: Of the preset, or the path of the file.
        folder: What the path is relative to, if not to the current directory.

    Raises:
        ConfigError: If the file cannot be read.
        SpaceError: If no preset has that name.
    """
    path = (folder or Path()) / name
    try:
        is_path = Path(name).suffix in {".yaml", ".yml"} or "/" in name
        if is_path or path.is_file() or (path.exists() and name not in preset_names()):
            return SweepText(path.read_text(encoding="utf-8"), str(path) if folder else name, path.parent, path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"{name}: cannot be read as a sweep file: {reason}") from None
    return SweepText(read_preset(name), f"preset {name}")


def resolve(found: SweepText, *, known: Iterable[str]) -> tuple[Document, str]:
    """A sweep file's document with all that it extends below it, and how messages name the whole.

    Args:
        found: The file.
        known: The keys that a sweep file may have, for messages.

    Raises:
        ConfigError: If a file is no mapping, or `extends` breaks a rule.
    """
    if not isinstance(read_yaml(found.text, source=found.source), Mapping):
        raise ConfigError(f"{found.source}: a sweep file maps keys to values; known keys are {', '.join(known)}")
    layers = _layers(found, ())
    (source, document), *others = layers.values()
    try:
        for source, layer in others:
            document = merge(document, layer, source=source)
    except RecursionError:
        raise ConfigError(f"{found.source}: not YAML: nested too deeply") from None
    if not others:
        return document, found.source
    below = ", ".join(source for source, _ in [*layers.values()][:-1])
    return in_order(document), f"{found.source} (extends {below})"


def _layers(found: SweepText, chain: tuple[SweepText, ...]) -> dict[str, tuple[str, Document]]:
    """Every file below this one, and it, each once, after all that it extends: by identity, with its name."""
    if found.identity in (each.identity for each in chain):
        names = " -> ".join(each.source for each in (*chain, found))
        raise ConfigError(f"{chain[-1].source}: {EXTENDS}: goes in a circle: {names}; leave one of them out")
    document = read_yaml(found.text, source=found.source)
    if not isinstance(document, Mapping):
        raise ConfigError(
            f"{chain[-1].source}: {EXTENDS}: {found.source} must map keys to values, got {shown(document)}"
        )
    document = dict(document)
    layers: dict[str, tuple[str, Document]] = {}
    for name in _parents(document.pop(EXTENDS), found.source) if EXTENDS in document else ():
        layers |= _layers(_parent(found, name), (*chain, found))
    document = document if found.folder is None else absolute(document, found.folder)
    return layers | {found.identity: (found.source, document)}


def _parents(value: object, source: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    names = [name for name in values if isinstance(name, str) and name]
    if not values or len(names) < len(values):
        raise ConfigError(
            f"{source}: {EXTENDS}: must be a file, a preset's name, or a list of them, got {shown(value)}"
        )
    return names


def _parent(found: SweepText, name: str) -> SweepText:
    try:
        return find(name, folder=found.folder)
    except (ConfigError, SpaceError) as error:
        raise ConfigError(f"{found.source}: {EXTENDS}: {error}") from None
