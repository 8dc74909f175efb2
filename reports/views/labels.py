"""Strings of a run in headings and sentences, where markup is text anyway but length is not harmless."""

from __future__ import annotations

_LONGEST = 80


def brief(text: object) -> str:
    """The beginning of a string, as `theme.plain` has it for figures."""
    return str(text) if len(str(text)) <= _LONGEST else f"{str(text)[: _LONGEST - 1]}…"
