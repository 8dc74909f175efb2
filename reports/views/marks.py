"""Marks that views of differences share, and their numbers in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from reports.theme import ArmStyle, Look, plain
from reports.verdict import Measure
from reports.words import brief, minus
from sweeps.records import Direction

SHADE = "rgba(128,128,128,0.18)"
EDGE = "rgba(128,128,128,0.9)"


def signed(value: float | None) -> str:
    """A difference with its sign; a dash for nothing."""
    return "–" if value is None else minus(f"{value:+.3g}") if value else "0"


def between(low: float | None, high: float | None) -> str:
    """An interval of a difference in brackets, or that there is none; the sentence around it has its level."""
    return "[no interval]" if low is None or high is None else f"[{signed(low)} to {signed(high)}]"


def lower_is_better(measure: Measure, direction: Direction) -> bool:
    """Whether less of what is reported is better: of an accuracy that is higher the better, the error is reported."""
    return (measure.factor < 0) == (direction == "maximize")


def ends(measure: Measure, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """An interval of a difference, as it is reported: where less is reported for more, its ends change places."""
    if low is None or high is None:
        return None, None
    first, second = measure.difference(low), measure.difference(high)
    return min(first, second), max(first, second)


def tint(lower: bool) -> list[list[float | str]]:
    """A colour scale of differences around 0, blue on the better side."""
    blue, red = "rgba(0,114,178,0.65)", "rgba(213,94,0,0.65)"
    ends = (blue, red) if lower else (red, blue)
    return [[0.0, ends[0]], [0.5, "rgba(128,128,128,0.06)"], [1.0, ends[1]]]


def short(text: object, most: int = 40) -> str:
    """The beginning of a string of a run, for sentences that name it often."""
    return brief(text, most)


def whiskers(
    x: Sequence[float | None],
    y: Sequence[float | None],
    ends: Sequence[tuple[float | None, float | None]],
    style: ArmStyle,
    *,
    hover: Sequence[str],
    along: str = "y",
    size: int = 11,
    showlegend: bool = True,
) -> go.Scatter:
    """Points of an arm with their intervals; a point without an interval has no bar."""
    centres = np.array([np.nan if value is None else value for value in (y if along == "y" else x)], dtype=float)
    low = np.array([np.nan if end[0] is None else end[0] for end in ends], dtype=float)
    high = np.array([np.nan if end[1] is None else end[1] for end in ends], dtype=float)
    bars = {
        "type": "data",
        "array": np.nan_to_num(high - centres),
        "arrayminus": np.nan_to_num(centres - low),
        "thickness": 2,
        "width": 6,
        "color": style.colour,
    }
    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        name=plain(style.arm),
        legendgroup=style.symbol + style.colour,
        showlegend=showlegend,
        marker={
            "color": style.colour,
            "symbol": style.symbol,
            "size": size,
            "line": {"width": 1.5, "color": "#ffffff"},
        },
        hovertext=list(hover),
        hoverinfo="text",
        cliponaxis=False,
        **{f"error_{along}": bars},
    )


@dataclass(frozen=True)
class Mark:
    """A value of one arm in a figure of named rows, with its interval and what it says when pointed at."""

    row: str
    value: float | None
    low: float | None
    high: float | None
    hover: str


def in_rows(
    figure: go.Figure, names: Sequence[str], arms: Mapping[str, Sequence[Mark]], look: Look, *, size: int = 11
) -> None:
    """One row a name, from top to bottom, and the arms above one another in it."""
    room = 0.5 / max(1, len(arms))
    for place, (arm, marks) in enumerate(arms.items()):
        shift = (place - (len(arms) - 1) / 2) * room
        figure.add_trace(
            whiskers(
                [mark.value for mark in marks],
                [names.index(mark.row) + shift for mark in marks],
                [(mark.low, mark.high) for mark in marks],
                look.styles[arm],
                hover=[mark.hover for mark in marks],
                along="x",
                size=size,
            )
        )
    ticks = list(range(len(names)))
    figure.update_yaxes(tickvals=ticks, ticktext=list(names), range=[len(names) - 0.4, -0.6], showgrid=False)


def landmarks(figure: go.Figure, margin: float | None, *, along: str = "y", at: float = 0.0) -> None:
    """A line where there is no difference, and a band of differences too small to matter."""
    line, band = (figure.add_hline, figure.add_hrect) if along == "y" else (figure.add_vline, figure.add_vrect)
    if margin:
        ends = {f"{along}0": at - margin, f"{along}1": at + margin}
        band(**ends, fillcolor=SHADE, line_width=0, layer="below")
    line(**{along: at}, line={"width": 1.2, "color": EDGE})
