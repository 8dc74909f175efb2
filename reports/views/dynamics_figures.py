"""Curves over epochs with the number of runs left below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from reports.theme import ArmStyle, Look, broken, layout, plain
from reports.views.marks import EDGE

if TYPE_CHECKING:
    from reports.views.courses import Goal, Spread
    from reports.views.dynamics import Result

_COUNTS = 12
"""The most counts in a row."""


@dataclass(frozen=True)
class _Band:
    """One arm's line with its band, its counts, and a second, fainter line."""

    style: ArmStyle
    x: Sequence[float]
    y: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]
    counts: Mapping[float, int]
    faint: Sequence[float | None] = ()


def curves(result: Result, look: Look) -> go.Figure:
    """The median of the runs that are left, and that of all."""
    pruned = any(each.pruned for each in result.arms)
    bands = [_of(look.styles[each.arm], each.curve, faint=pruned) for each in result.arms if each.curve.epochs]
    return _figure(bands, y=plain(result.metric))


def gaps(result: Result, look: Look) -> go.Figure:
    """The median gap of the runs that are left."""
    bands = [_of(look.styles[each.arm], each.gap) for each in result.arms if each.gap is not None and each.gap.epochs]
    seen, unseen = (plain(name) for name in result.gap_metrics)
    figure = _figure(bands, y=f"{unseen} − {seen}" if seen.endswith("loss") else f"{seen} − {unseen}")
    return figure.add_hline(y=0, line={"width": 1.2, "color": EDGE}, row=1, col=1)


def goals(result: Result, look: Look) -> go.Figure:
    """The share of runs that got there by each epoch."""
    bands = [_reached(look.styles[each.arm], each.goal) for each in result.arms if each.goal is not None]
    figure = _figure(bands, y="share of runs that got there", shape="hv")
    return figure.update_yaxes(range=[-0.03, 1.05], row=1, col=1)


def _of(style: ArmStyle, curve: Spread, *, faint: bool = False) -> _Band:
    epochs = [float(epoch) for epoch in curve.epochs]
    counts = dict(zip(epochs, curve.at_risk, strict=True))
    return _Band(style, epochs, curve.median, curve.low, curve.high, counts, curve.carried if faint else ())


def _reached(style: ArmStyle, goal: Goal) -> _Band:
    share, low, high = ([0.0, *(1 - left for left in part)] for part in (goal.share, goal.high, goal.low))
    times = [*goal.hits, *goal.ends]
    counts = {float(epoch): sum(time >= epoch for time in times) for epoch in range(int(goal.times[-1]) + 1)}
    return _Band(style, [0.0, *goal.times], share, low, high, counts)


def _figure(bands: Sequence[_Band], *, y: str, shape: str = "linear") -> go.Figure:
    below = 30 + 20 * len(bands)
    base = layout(x="", y=y, height=360 + below)
    figure = make_subplots(
        rows=2,
        shared_xaxes=True,
        row_heights=[330, below],
        vertical_spacing=60 / (360 + below),
        figure=go.Figure(layout=base),
    )
    for band in bands:
        figure.add_trace(_area(band, shape), row=1, col=1)
        if band.faint:
            figure.add_trace(_line(band, band.faint, shape, faint=True), row=1, col=1)
        figure.add_trace(_line(band, band.y, shape), row=1, col=1)
    longest = max((band.x[-1] for band in bands), default=1.0)
    for place, band in enumerate(bands):
        figure.add_trace(_counts(band, place, longest), row=2, col=1)
    axis = base.xaxis.to_plotly_json()
    step = 1 if longest <= 20 else None
    figure.update_xaxes(
        {**axis, "title": {"text": "", "standoff": 4}, "showticklabels": True, "dtick": step}, row=1, col=1
    )
    figure.update_xaxes(
        {**axis, "title": {"text": broken("epoch, counted from 1; below the line: runs left")}, "showgrid": False}
        | {"showticklabels": False, "ticks": "", "showline": False},
        row=2,
        col=1,
    )
    figure.update_yaxes(
        tickvals=list(range(len(bands))),
        ticktext=[plain(_brief(band.style.arm)) for band in bands],
        range=[len(bands) - 0.4, -0.6],
        automargin=True,
        showgrid=False,
        zeroline=False,
        ticks="",
        row=2,
        col=1,
    )
    return figure


def _line(band: _Band, y: Sequence[float | None], shape: str, *, faint: bool = False) -> go.Scatter:
    style = band.style
    return go.Scatter(
        x=list(band.x),
        y=list(y),
        name=plain(style.arm),
        legendgroup=style.symbol + style.colour,
        showlegend=not faint,
        mode="lines" if faint or len(band.x) > 60 else "lines+markers",
        line={
            "color": style.colour,
            "dash": "dot" if faint else style.dash,
            "width": 1.2 if faint else 2.4,
            "shape": shape,
        },
        marker={"color": style.colour, "symbol": style.symbol, "size": 8},
        hovertext=[
            f"{plain(style.arm)}, epoch {x:g}: {'–' if value is None else f'{value:.4g}'}, {band.counts[x]} left"
            for x, value in zip(band.x, y, strict=True)
        ],
        hoverinfo="text",
    )


def _area(band: _Band, shape: str) -> go.Scatter:
    known = [
        (x, low, high) for x, low, high in zip(band.x, band.low, band.high, strict=True) if None not in (low, high)
    ]
    steps = _stairs(known) if shape == "hv" else known
    return go.Scatter(
        x=[x for x, _, _ in steps] + [x for x, _, _ in reversed(steps)],
        y=[high for _, _, high in steps] + [low for _, low, _ in reversed(steps)],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=_faint(band.style.colour),
        legendgroup=band.style.symbol + band.style.colour,
        showlegend=False,
        hoverinfo="skip",
    )


def _stairs(
    points: list[tuple[float, float | None, float | None]],
) -> list[tuple[float, float | None, float | None]]:
    """Level until the next point."""
    pairs = pairwise(points)
    return [step for now, later in pairs for step in (now, (later[0], now[1], now[2]))] + points[-1:]


def _counts(band: _Band, place: int, longest: float) -> go.Scatter:
    step = max(1, -(-int(longest) // _COUNTS))
    shown = [x for x in band.counts if (x - band.x[0]) % step == 0]
    return go.Scatter(
        x=shown,
        y=[place] * len(shown),
        mode="text",
        text=[f"{band.counts[x]:,}" for x in shown],
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
    )


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def _brief(arm: str) -> str:
    return arm if len(arm) <= 14 else f"{arm[:13]}…"
