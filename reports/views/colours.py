"""Colours of the theme with something seen through them, and the bands that are drawn in them."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from reports.theme import ArmStyle


def faint(colour: str, opacity: float = 0.13) -> str:
    """A colour as the theme has it, `#rrggbb`, at an opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def band(
    x: Sequence[float], low: Sequence[float], high: Sequence[float], style: ArmStyle, *, steps: bool = False
) -> go.Scatter:
    """An arm's band from `low` to `high`, with an edge that can be told apart without its colour.

    Args:
        x: Where its ends are known, from left to right.
        low: Its lower end there.
        high: Its upper end there.
        style: Of the arm.
        steps: Whether both ends stay as they are up to the next place, as a line of the shape `hv` does.
    """
    if steps:  # the way back along the lower end is another shape than the way there
        x, low, high = [*x[:1], *_twice(x[1:])], _twice(low)[:-1], _twice(high)[:-1]
    return go.Scatter(
        x=[*x, *reversed(x)],
        y=[*high, *reversed(low)],
        fill="toself",
        fillcolor=faint(style.colour),
        mode="lines",
        line={"width": 0.7, "color": faint(style.colour, 0.6), "dash": style.dash},
        hoverinfo="skip",
        showlegend=False,
    )


def _twice(values: Sequence[float]) -> list[float]:
    return [value for value in values for _ in range(2)]
