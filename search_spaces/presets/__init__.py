"""Sweep files that come with the package, by name."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from search_spaces.errors import SpaceError

__all__ = ["preset_names", "read_preset"]


def preset_names() -> list[str]:
    """The names of all presets, sorted."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml"))


def read_preset(name: str) -> str:
    """The text of a preset's sweep file.

    Raises:
        SpaceError: If there is no preset of that name; the message lists those there are.
    """
    if name not in preset_names():
        raise SpaceError(f"no preset named {name!r}; there are {', '.join(preset_names())}")
    return (_folder() / f"{name}.yaml").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return files(__name__)
