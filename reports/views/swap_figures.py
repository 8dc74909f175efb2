"""The figures of the swap map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from reports.figures import axis_name, axis_of
from reports.placing import DRAWN, positions, room, spread
from reports.theme import ArmStyle, Look, layout, plain, tick
from reports.verdict import Measure
from reports.views.colours import band
from reports.views.marks import EDGE, between, ends, landmarks, signed, tint, whiskers
from reports.views.swap_strata import Cell, Setting, choices
from reports.views.swap_trends import Trend
from search_spaces import Choice, Domain

if TYPE_CHECKING:
    from reports.views.swap_map import Result


def strip(result: Result, look: Look) -> go.Figure:
    """All settings of each arm, with the mean over them and its interval."""
    figure = go.Figure(layout=layout(x=plain(look.compare or ""), y=_difference(result)))
    landmarks(figure, result.margin)
    ticks = []
    for place, arm in enumerate(result.arms):
        style = look.styles[arm.arm]
        figure.add_trace(_points(_drawn(arm.settings, result), style, place, 0.45))
        found, measure = arm.overall, result.measure
        mean = None if found.difference is None else measure.difference(found.difference)
        interval = ends(measure, found.low, found.high)
        hover = f"{plain(arm.arm)}: mean {signed(mean)} {between(*interval)}"
        figure.add_trace(whiskers([place + 0.34], [mean], [interval], style, hover=[hover], size=13))
        ticks.append(f"{tick(arm.arm)}<br>n = {len(arm.settings)}")
    figure.update_xaxes(tickvals=list(range(len(ticks))), ticktext=ticks, range=[-0.6, len(ticks) - 0.4])
    return figure.update_layout(showlegend=False)


def param(result: Result, look: Look, name: str, domain: Domain) -> go.Figure:
    """Every setting's difference over a shared parameter, with a straight line where it has a scale."""
    figure = go.Figure(layout=layout(x=axis_name(name, domain), y=_difference(result)))
    landmarks(figure, result.margin)
    for arm in result.arms:
        style = look.styles[arm.arm]
        known = _drawn([each for each in arm.settings if name in each.params], result)
        places = positions(pd.Series([each.params[name] for each in known], dtype=object), domain)
        figure.add_trace(_points(known, style, places, room(domain), legend=True))
        for each in arm.trends:
            if each.param == name and not isinstance(domain, Choice):
                if each.band_low:
                    edges = band(each.places, each.band_low, each.band_high, style)
                    figure.add_trace(edges.update(legendgroup=style.symbol + style.colour))
                figure.add_trace(_line(each, style))
                if not arm.claim.withheld:
                    _crossed(figure, each, style)
    return figure.update_xaxes(axis_of(domain))


def heatmap(result: Result, domains: dict[str, Domain]) -> go.Figure:
    """One panel an arm: the mean of each cell, its n, and a tilde where its interval holds 0."""
    arms, (first, second) = [arm for arm in result.arms if arm.cells], result.crossed
    base = layout(x="", y="", height=120 + 230 * len(arms))
    figure = make_subplots(
        rows=max(1, len(arms)), vertical_spacing=0.28 / max(1, len(arms)), figure=go.Figure(layout=base)
    )
    reach = max((abs(cell.mean) for arm in arms for cell in arm.cells), default=1.0) or 1.0
    columns, rows = choices(domains[first]), choices(domains[second])
    for place, arm in enumerate(arms, start=1):
        found = {cell.values: cell for cell in arm.cells}
        grid = [[found.get((x, y)) for x in columns] for y in rows]
        figure.add_trace(_tiles(grid, columns, rows, reach, result), row=place, col=1)
        style = {"row": place, "col": 1, "automargin": True, "showgrid": False, "zeroline": False}
        figure.update_xaxes(title={"text": f"{plain(first)} ({plain(arm.arm)})", "standoff": 6}, **style)
        figure.update_yaxes(title={"text": plain(second), "standoff": 6}, **style)
        figure.update_xaxes(tickvals=list(range(len(columns))), ticktext=[tick(x) for x in columns], row=place, col=1)
        figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=[plain(y) for y in rows], row=place, col=1)
    return figure


def _tiles(
    grid: list[list[Cell | None]], columns: Sequence[object], rows: Sequence[object], reach: float, result: Result
) -> go.Heatmap:
    return go.Heatmap(
        x=list(range(len(columns))),
        y=list(range(len(rows))),
        z=[[None if cell is None else cell.mean for cell in row] for row in grid],
        text=[[_tile(cell) for cell in row] for row in grid],
        texttemplate="%{text}",
        zmin=-reach,
        zmax=reach,
        colorscale=tint(result.lower),
        showscale=False,
        xgap=3,
        ygap=3,
        hovertext=[[_hover(cell, result.measure) for cell in row] for row in grid],
        hoverinfo="text",
    )


def _tile(cell: Cell | None) -> str:
    if cell is None:
        return ""
    clear = cell.low is not None and cell.high is not None and cell.low * cell.high > 0
    return f"{'' if clear else '~ '}{signed(cell.mean)}<br>n = {cell.n}"


def _hover(cell: Cell | None, measure: Measure) -> str:
    return (
        "not tried"
        if cell is None
        else f"{plain(measure.name)} {signed(cell.mean)} {between(cell.low, cell.high)}, n = {cell.n}"
    )


def _points(
    settings: Sequence[Setting], style: ArmStyle, at: float | np.ndarray, width: float, *, legend: bool = False
) -> go.Scatter:
    numbers = pd.Series([each.setting for each in settings], dtype="float64")
    return go.Scatter(
        x=at + spread(numbers, width) - (0 if legend else 0.06),
        y=[each.difference for each in settings],
        mode="markers",
        name=plain(style.arm),
        legendgroup=style.symbol + style.colour,
        showlegend=legend,
        marker={"color": style.colour, "symbol": style.symbol, "size": 8},
        opacity=0.85,
        hovertext=[f"{plain(style.arm)}, setting {each.setting}: {signed(each.difference)}" for each in settings],
        hoverinfo="text",
    )


def _line(trend: Trend, style: ArmStyle) -> go.Scatter:
    return go.Scatter(
        x=trend.places,
        y=trend.line,
        mode="lines",
        name=f"straight fit, {plain(style.arm)}",
        legendgroup=style.symbol + style.colour,
        showlegend=False,
        line={"color": style.colour, "dash": style.dash, "width": 2},
        hoverinfo="skip",
    )


def _crossed(figure: go.Figure, trend: Trend, style: ArmStyle) -> None:
    """A mark where the line passes 0, with its interval, if that lies among the settings."""
    if trend.at is None or not trend.inside:
        return
    ends = {"array": [_reach(trend.high, trend.at)], "arrayminus": [_reach(trend.low, trend.at)]}
    bars = {"type": "data", **ends, "thickness": 2, "width": 6, "color": style.colour}
    figure.add_trace(
        go.Scatter(
            x=[trend.at],
            y=[0.0],
            error_x=bars,
            mode="markers",
            showlegend=False,
            marker={"symbol": "x", "size": 10, "color": style.colour, "line": {"width": 1, "color": EDGE}},
            hovertext=[f"{plain(style.arm)} changes sides at {trend.at:.3g}"],
            hoverinfo="text",
        )
    )


def _reach(end: float | None, at: float) -> float:
    return 0.0 if end is None else abs(end - at)


def _difference(result: Result) -> str:
    unit = f" ({result.measure.difference_unit.strip()})" if result.measure.difference_unit else ""
    return f"{plain(result.measure.name)}{unit}: arm − {plain(result.baseline)}"


def _drawn(settings: list[Setting], result: Result) -> list[Setting]:
    """An even choice from worst to best where there are too many to draw."""
    most = DRAWN // len(result.arms)
    if len(settings) <= most:
        return settings
    order = sorted(settings, key=lambda each: (each.difference, each.setting))
    return [order[place] for place in np.linspace(0, len(order) - 1, most).round().astype(int)]
