"""How every figure looks: one colour, symbol and dash per arm everywhere, and axes that the page's style colours.

Figures carry no background and no text colour of their own: the style sheet colours them, so that one figure serves
light mode, dark mode and paper. Strings from a run become figure text only through `plain`.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from reports.words import brief
from sweeps.records import Direction

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
GRID = "rgba(128,128,128,0.25)"
CONFIG = {
    "showSendToCloud": False,
    "displaylogo": False,
    "responsive": True,
    "typesetMath": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}

# Okabe and Ito's colours with a contrast of at least 3:1 on white and on the dark page; their orange, sky blue and
# yellow fall short of it on white. The grey is ours.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7A7A7A")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True)
class ArmStyle:
    """What an arm looks like in every figure; told apart without its colour by symbol and dash."""

    arm: str
    colour: str
    symbol: str
    dash: str


@dataclass(frozen=True)
class Look:
    """What all figures of a run have in common.

    Attributes:
        metric: The objective's metric.
        direction: Its better direction.
        compare: What the arms are values of; None without arms.
        styles: Arm -> style, in the order of the sweep file.
    """

    metric: str
    direction: Direction
    compare: str | None
    styles: dict[str, ArmStyle]


def styles(arms: Sequence[str]) -> dict[str, ArmStyle]:
    """The style of each arm, by its place among all arms of the sweep."""
    return {arm: ArmStyle(arm, _at(_COLOURS, i), _at(_SYMBOLS, i), _at(_DASHES, i)) for i, arm in enumerate(arms)}


def plain(text: object) -> str:
    """A string from a run as literal figure text: Plotly reads markup in titles, labels and hover text."""
    return html.escape(brief(text), quote=False)


def broken(text: str, most: int = 31) -> str:
    """Figure text in lines of about `most` characters, which a narrow screen has room for."""
    return "<br>".join(textwrap.wrap(text, most, break_long_words=False, break_on_hyphens=False)) if text else text


def tick(text: object, most: int = 12) -> str:
    """A string from a run as the label of a tick below a figure, in short lines.

    Plotly hides a label that reaches past the figure, and an axis whose labels are all hidden has no place for its
    title; a word that is too long is therefore broken as well.
    """
    return "<br>".join(plain(line) for line in textwrap.wrap(brief(text), most))


def log_scale(name: str) -> str:
    """The name of an axis whose ticks are no even steps."""
    return f"{name} (log scale)"


def layout(*, x: str, y: str, height: int = 380) -> go.Layout:
    """The layout that all figures share; `x` and `y` name the axes with their units, as figure text."""
    axis = {
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": GRID,
        "ticks": "outside",
        "tickcolor": GRID,
        "automargin": True,
        "exponentformat": "none",
    }
    return go.Layout(
        template="none",
        height=height,
        margin={"l": 12, "r": 12, "t": 12, "b": 12},
        font={"family": FONT, "size": 13},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={**axis, "title": {"text": broken(x), "standoff": 10}},
        yaxis={**axis, "title": {"text": y, "standoff": 10}},
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        hovermode="closest",
        hoverlabel={"bgcolor": "#1f2630", "bordercolor": "#1f2630", "font": {"color": "#ffffff", "family": FONT}},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": "#8a8f98", "activecolor": "#4b8bd4"},
        uirevision="kept",
    )


def _at(values: Sequence[str], index: int) -> str:
    return values[index % len(values)]
