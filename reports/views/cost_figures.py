"""The figures of costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from reports.placing import thinned
from reports.theme import Look, broken, layout, plain
from reports.ticks import apart, axis, log_ticks
from reports.traces import hover
from reports.views.cost_fronts import Fronts
from reports.views.marks import Mark, in_rows, landmarks
from reports.words import duration

if TYPE_CHECKING:
    from reports.views.cost import Result

_FAR = (0.001, 0.01, 0.1, 0.25, 0.5, 1, 2, 4, 10, 100, 1000)
_NEAR = (0.5, 0.67, 0.8, 0.9, 0.95, 0.98, 0.99, 1, 1.01, 1.02, 1.05, 1.1, 1.25, 1.5, 2)


def forest(result: Result, look: Look) -> go.Figure:
    """One row a measure, the arms above one another in it, on a scale where twice and half are equally far from 1."""
    measures = [
        name
        for name in dict.fromkeys(ratio.measure for arm in result.arms for ratio in arm.ratios)
        if any(ratio.measure == name and ratio.n for arm in result.arms for ratio in arm.ratios)
    ]
    height = 140 + 26 * len(measures) * len(result.arms)
    base = layout(x=f"times the cost of {plain(result.baseline)}", y="", height=height)
    figure = go.Figure(layout=base)
    landmarks(figure, None, along="x", at=1.0)
    names = [plain(arm.arm) for arm in result.arms]
    marks = {
        arm.arm: [
            Mark(
                broken(each.measure, 18),
                each.ratio,
                each.low,
                each.high,
                f"{plain(arm.arm)}: {each.ratio:.3g} times, n = {each.n}",
            )
            for each in arm.ratios
            if each.ratio is not None
        ]
        for arm, whose in zip(result.arms, names, strict=True)
    }
    in_rows(figure, [broken(measure, 18) for measure in measures], marks, look)
    ends = [end for arm in result.arms for ratio in arm.ratios for end in (ratio.ratio, ratio.low, ratio.high) if end]
    ticks = _NEAR if max(ends) < 2 * _NEAR[-1] and min(ends) > _NEAR[0] / 2 else _FAR
    return figure.update_xaxes(axis(apart(ticks, min(*ends, 1.0), max(*ends, 1.0)), "×"))


def front(found: Fronts, points: pd.DataFrame, look: Look) -> go.Figure:
    """Every complete trial of the search, faint, and each arm's front as a bold staircase."""
    figure = go.Figure(layout=layout(x="worker seconds of the trial", y=plain(found.name)))
    shown = thinned(points, look.direction)
    for each in found.arms:
        style, mine = look.styles[each.arm], shown[shown["arm"] == each.arm]
        alike = {"name": plain(each.arm), "legendgroup": style.symbol + style.colour}
        figure.add_trace(
            go.Scatter(
                x=mine["seconds"].to_numpy(),
                y=mine["score"].to_numpy(),
                mode="markers",
                marker={"color": style.colour, "symbol": f"{style.symbol}-open", "size": 6},
                opacity=0.85,
                showlegend=False,
                hovertext=hover(mine, look),
                hoverinfo="text",
                **alike,
            )
        )
        figure.add_trace(
            go.Scatter(
                x=[point.seconds for point in each.front],
                y=[point.score for point in each.front],
                mode="lines+markers",
                line={"color": style.colour, "dash": style.dash, "shape": "hv", "width": 2},
                marker={"color": style.colour, "symbol": style.symbol, "size": 9},
                hovertext=[
                    f"trial {point.number}: {plain(each.arm)}, {point.score:.4g} in {duration(point.seconds)}"
                    for point in each.front
                ],
                hoverinfo="text",
                **alike,
            )
        )
    shortest = float(points["seconds"].min())
    return figure.update_xaxes(log_ticks(shortest, found.longest)) if found.longest > 3 * shortest else figure
