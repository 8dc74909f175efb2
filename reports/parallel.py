"""Parallel coordinates: one line a complete trial, through every parameter to the metric.

Drawn as ordinary lines: Plotly's own trace for it needs WebGL and a page that may evaluate strings, and has no place
for a parameter that does not apply. Here such a line passes below the axis, at "absent".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.placing import positions, thinned
from reports.rollup import ranked
from reports.theme import GRID, ArmStyle, Look, layout, plain
from search_spaces import Choice, Domain

BOLD = 5
"""How many of each arm's best trials are drawn bold."""

_ABSENT = -0.15


@dataclass(frozen=True)
class Axis:
    """One upright axis: heights of all trials on it (1 is its upper end), and its labels by height."""

    name: str
    heights: np.ndarray
    labels: Mapping[float, str]


def parallel_coordinates(trials: pd.DataFrame, domains: Mapping[str, Domain], look: Look) -> go.Figure:
    """Complete trials as lines through the parameters; the best of each arm are bold."""
    scored = thinned(ranked(trials, direction=look.direction), look.direction)
    axes = [*(_parameter_axis(scored, name, domain) for name, domain in domains.items()), _metric_axis(scored, look)]
    figure = go.Figure(layout=layout(x="", y="", height=440))
    order = scored.groupby("arm").cumcount().to_numpy()
    for bold in (False, True):
        for style in look.styles.values():
            rows = (scored["arm"] == style.arm).to_numpy() & ((order < BOLD) == bold)
            figure.add_trace(_lines(axes, scored["number"].to_numpy()[rows], rows, style, bold=bold))
    figure.add_trace(_labels(axes))
    for place in range(len(axes)):
        figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, line={"color": GRID, "width": 2}, layer="below")
    figure.update_xaxes(
        tickvals=list(range(len(axes))),
        ticktext=[plain(axis.name) for axis in axes],
        range=[-0.35, len(axes) - 0.55],
        ticklabeloverflow="allow",
        showgrid=False,
        ticks="",
    )
    return figure.update_yaxes(visible=False, range=[-0.26, 1.08])


def _parameter_axis(trials: pd.DataFrame, name: str, domain: Domain) -> Axis:
    places = positions(trials[f"param.{name}"], domain)
    if isinstance(domain, Choice):
        ticks, texts = np.arange(len(domain.values), dtype=float), [str(value) for value in domain.values]
    else:
        ticks, texts = (
            np.array([domain.low, domain.high], dtype=float),
            [f"{end:g}" for end in (domain.low, domain.high)],
        )
        ticks, places = (np.log10(ticks), np.log10(places)) if domain.log else (ticks, places)
    axis = _axis(name, places, ticks, texts)
    if not np.isnan(places).any():
        return axis
    return Axis(name, np.nan_to_num(axis.heights, nan=_ABSENT), {**axis.labels, _ABSENT: "absent"})


def _metric_axis(trials: pd.DataFrame, look: Look) -> Axis:
    values = trials["value"].to_numpy()
    ends = np.array([values.min(), values.max()]) if len(values) else np.array([])
    return _axis(look.metric, values, ends, [f"{end:.4g}" for end in ends])


def _axis(name: str, places: np.ndarray, ticks: np.ndarray, texts: list[str]) -> Axis:
    """Heights from 0 at the first tick to 1 at the last; the middle where they are equal."""
    low, span = (ticks[0], np.ptp(ticks)) if len(ticks) else (0.0, 0.0)
    heights, at = ((values - low) / span if span else values * 0 + 0.5 for values in (places, ticks))
    return Axis(name, heights, dict(zip(at.tolist(), texts, strict=True)))


def _lines(axes: list[Axis], numbers: np.ndarray, rows: np.ndarray, style: ArmStyle, *, bold: bool) -> go.Scatter:
    gap = np.full((int(rows.sum()), 1), np.nan)
    places = np.tile(np.append(np.arange(len(axes), dtype=float), np.nan), len(gap))
    heights = np.hstack([*(axis.heights[rows][:, None] for axis in axes), gap]).ravel()
    return go.Scatter(
        x=places,
        y=heights,
        customdata=np.repeat(numbers, len(axes) + 1),
        name=plain(style.arm),
        mode="lines+markers" if bold else "lines",
        legendgroup=style.symbol + style.colour,
        showlegend=bold,
        line={"color": style.colour, "dash": style.dash if bold else "solid", "width": 2.4 if bold else 1},
        marker={"symbol": style.symbol, "size": 7},
        opacity=0.95 if bold else 0.25,
        hovertemplate="trial %{customdata}<extra></extra>",
    )


def _labels(axes: list[Axis]) -> go.Scatter:
    entries = list(_label_places(axes))
    return go.Scatter(
        x=[place for place, _, _ in entries],
        y=[height for _, height, _ in entries],
        text=[text for _, _, text in entries],
        mode="text",
        textposition=["bottom right" if height == _ABSENT else "middle right" for _, height, _ in entries],
        textfont={"size": 11},
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
    )


def _label_places(axes: list[Axis]) -> Iterator[tuple[float, float, str]]:
    for place, axis in enumerate(axes):
        for height, text in axis.labels.items():
            yield place + 0.05, height, plain(text)
