"""Colours of the theme with something seen through them."""

from __future__ import annotations


def faint(colour: str, opacity: float = 0.13) -> str:
    """A colour as the theme has it, `#rrggbb`, at an opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
