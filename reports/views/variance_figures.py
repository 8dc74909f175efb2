"""Bars of standard deviations on the axis of the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.theme import Look, layout, plain
from reports.views.marks import SHADE, short

if TYPE_CHECKING:
    from reports.views.variance import Result

_NEUTRAL = "#7A7A7A"
_PATTERNS = ("", "/", "x", ".")
_BAR = 24  # pixels, room for the number beside it
_BESIDE = 1.3

Bars = Sequence[tuple[str, str | None, float | None]]
"""A label, the arm whose colour it has, and the length."""


def components(result: Result, look: Look) -> go.Figure:
    """Two bars a part, and one for each difference."""
    labels = [f"{each.phase}: {short(each.arm or 'all champions', 18)}" for each in result.components]
    parts = list(zip(labels, result.components, strict=True))
    gaps = [(_gap(each.arm, result), each.arm, abs(each.mean)) for each in result.differences]
    kinds: dict[str, Bars] = {
        "between configs": [(label, each.arm, each.config_deviation) for label, each in parts],
        "between seeds": [(label, each.arm, each.seed_deviation) for label, each in parts],
        "difference of the arms, absolute": gaps,
    }
    return _figure(kinds, look, f"standard deviation of {plain(result.metric)}", result.margin)


def crossed(result: Result, look: Look) -> go.Figure:
    """Three errors an arm, and its difference."""
    labels = [(_gap(each.arm, result), each.arm, each) for each in result.crossed]
    kinds: dict[str, Bars] = {
        "over seeds": [(label, arm, each.seed_error) for label, arm, each in labels],
        "over examples": [(label, arm, each.example_error) for label, arm, each in labels],
        "over both, cautiously": [(label, arm, each.error) for label, arm, each in labels],
        "difference of the arms, absolute": [(label, arm, abs(each.mean)) for label, arm, each in labels],
    }
    margin = result.margin if result.metric.endswith("accuracy") else None
    return _figure(kinds, look, "standard error of the difference in test accuracy", margin)


def _gap(arm: str, result: Result) -> str:
    return f"|{short(arm, 12)} − {short(result.baseline, 12)}|"


def _figure(kinds: dict[str, Bars], look: Look, x: str, margin: float | None) -> go.Figure:
    labels = list(dict.fromkeys(label for bars in kinds.values() for label, _, _ in bars))
    every = [(label, kind) for kind, bars in kinds.items() for label, _, length in bars if length is not None]
    most = max(Counter(label for label, _ in every).values(), default=1)
    figure = go.Figure(layout=layout(x=x, y="", height=150 + _BAR * len(labels) * most))
    for (kind, bars), pattern in zip(kinds.items(), _PATTERNS, strict=False):
        known = [bar for bar in bars if bar[2] is not None]
        if known:
            places = [_place(label, kind, labels, every, 0.92 / most) for label, _, _ in known]
            figure.add_trace(_bars(kind, known, pattern, places, look, 0.83 / most))
    if margin:
        figure.add_vrect(x0=0, x1=margin, fillcolor=SHADE, line_width=0, layer="below")
    longest = max((length or 0.0 for bars in kinds.values() for _, _, length in bars), default=0.0)
    # Room for the numbers at the ends of the bars.
    figure.update_xaxes(range=[0, _BESIDE * max(longest, margin or 0.0) or 1.0])
    return figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=[plain(label) for label in labels],
        range=[len(labels) - 0.5, -0.5],
        showgrid=False,
    )


def _place(label: str, kind: str, labels: Sequence[str], every: Sequence[tuple[str, str]], step: float) -> float:
    """Bars of one label lie next to each other around its tick."""
    mine = [other for name, other in every if name == label]
    return labels.index(label) + (mine.index(kind) - (len(mine) - 1) / 2) * step


def _bars(kind: str, bars: Bars, pattern: str, places: Sequence[float], look: Look, width: float) -> go.Bar:
    colours = [_NEUTRAL if arm is None else look.styles[arm].colour for _, arm, _ in bars]
    edge = {"width": 1, "color": colours}
    return go.Bar(
        x=[length for _, _, length in bars],
        y=list(places),
        width=width,
        orientation="h",
        name=kind,
        marker={"color": colours, "pattern": {"shape": pattern, "solidity": 0.35}, "line": edge},
        text=[f"{length:.2g}" for _, _, length in bars],
        textposition="outside",
        constraintext="none",
        cliponaxis=False,
        hovertext=[f"{plain(label)}, {kind}: {length:.3g}" for label, _, length in bars],
        hoverinfo="text",
    )
