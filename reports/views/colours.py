"""Colours of the theme with something seen through them, and the bands that are drawn in them."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from reports.theme import ArmStyle


def faint(colour: str, opacity: float = 0.13) -> str:
    """A colour as the theme has it, `#rrggbb`, at an opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def band(x: Sequence[float], low: Sequence[float], high: Sequence[float], style: ArmStyle) -> go.Scatter:
    """An arm's band from `low` to `high`, with an edge that can be told apart without its colour."""
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
