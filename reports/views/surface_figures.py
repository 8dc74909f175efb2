"""The figures of `surface`, with their sentences and their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import ArmStyle, Look, layout, log_scale, plain, tick
from reports.view import View, missing
from reports.views.bins import Bins
from reports.views.colours import faint
from reports.views.commands import more_search
from reports.words import brief, count, listed, minus, number

if TYPE_CHECKING:
    from reports.views.surface import Left, Line, Result, Surface

GROUP = "Parameters that not every arm has"
_TEXTS = 60
_CAUTION = (
    "The sampler chose where to look, and other parameters with it, so these means describe the trials and are no "
    "effect of the parameter alone."
)


def views(result: Result, evidence: Evidence) -> Iterator[View]:
    """A view a surface, then a view a line."""
    if not result.applies:
        return
    if result.why:
        question = "Which values of the parameters that only some arms have go with good scores?"
        yield missing("surface", GROUP, question, why=result.why, command=more_search(evidence))
        return
    left = {each.arm: each for each in result.left}
    for place, surface in enumerate(result.surfaces):
        yield _surface(f"surface-{place}", surface, left[surface.arm], evidence.look)
    for place, line in enumerate(result.lines):
        yield _line(f"surface-line-{place}", line, left[line.arm], evidence.look)


def _surface(key: str, surface: Surface, left: Left, look: Look) -> View:
    style = look.styles[surface.arm]
    x, y, cells = surface.x, surface.y, surface.cells
    figure = go.Figure(layout=layout(x=_axis(x), y=_axis(y), height=120 + 62 * len(y.labels)))
    figure.add_trace(_heatmap(surface, style, look))
    figure.update_xaxes(**_cell_ticks(x), showgrid=False)
    figure.update_yaxes(**_cell_ticks(y), showgrid=False)
    figure.update_layout(margin_t=36)  # where the buttons are
    means, total = [cell.mean for cell in cells], len(x.labels) * len(y.labels)
    low, high = min(cells, key=lambda cell: cell.mean).n, max(cells, key=lambda cell: cell.mean).n
    caption = (
        f"{count(surface.n, 'complete trial')} of {brief(surface.arm)} in {len(cells)} of {count(total, 'cell')}, the "
        f"others are left empty: means go from {number(min(means))} (n = {low}) to {number(max(means))} (n = {high}), "
        f"and the extreme cells are those with luck on their side. A cell has its mean, the standard error and the "
        f"count. {_leaves_out(left)}"
        f"{_CAUTION}"
    )
    data = pd.DataFrame(
        [(x.labels[cell.x], y.labels[cell.y], cell.n, cell.mean, cell.error) for cell in cells],
        columns=[x.param, y.param, "trials", f"mean {look.metric}", "standard error"],
    ).astype({"standard error": "float64"})
    title = f"{brief(surface.arm)}: {y.param} and {x.param} together"
    question = f"Which {y.param} goes with which {x.param} in {brief(surface.arm)}?"
    return View(key, title, caption, figure, data, GROUP, question)


def _heatmap(surface: Surface, style: ArmStyle, look: Look) -> go.Heatmap:
    """Means as shades of the arm's colour, seen through, so that their text is read on any page."""
    x, y = surface.x, surface.y
    z: list[list[float | None]] = [[None] * len(x.labels) for _ in y.labels]
    texts = [[""] * len(x.labels) for _ in y.labels]
    for cell in surface.cells:
        z[cell.y][cell.x] = cell.mean
        error = "" if cell.error is None else f"<br>±{cell.error:.2g}"
        texts[cell.y][cell.x] = f"{number(cell.mean)}{error}<br>n = {cell.n}"
    shades = [[0, faint(style.colour, 0.06)], [1, faint(style.colour, 0.5)]]
    return go.Heatmap(
        x=list(range(len(x.labels))),
        y=list(range(len(y.labels))),
        z=z,
        colorscale=shades,
        reversescale=look.direction == "minimize",
        showscale=False,
        xgap=2,
        ygap=2,
        text=texts,
        texttemplate="%{text}" if len(x.labels) * len(y.labels) <= _TEXTS else None,
        textfont={"size": 10},
        hoverinfo="text",
        hoverongaps=False,
    )


def _line(key: str, line: Line, left: Left, look: Look) -> View:
    style, bins = look.styles[line.arm], line.bins
    figure = go.Figure(layout=layout(x=_axis(bins), y=f"mean {plain(look.metric)}"))
    figure.add_trace(_means(line, style))
    at, texts = (bins.edges, _ends(bins)) if bins.edges else (bins.centres, _ticks(bins))
    figure.update_xaxes(type="log" if bins.log and bins.edges else "linear", tickvals=at, ticktext=texts)
    title = f"{brief(line.arm)}: {bins.param}"
    question = f"Do scores of {brief(line.arm)} go up or down with {bins.param}?"
    caption = (
        f"{_trend(line, look)} {_limits(line)}{_leaves_out(left)}Bars are 95 % t-intervals of a bin's mean. {_CAUTION}"
    )
    return View(key, title, caption, figure, _table(line, look), GROUP, question)


def _table(line: Line, look: Look) -> pd.DataFrame:
    beside = {each.bin: (each.difference, each.low, each.high) for each in line.limits}
    rows = [
        (line.bins.labels[each.bin], each.n, each.mean, each.low, each.high, *beside.get(each.bin, (None,) * 3))
        for each in line.points
    ]
    numbers = ["low", "high", "all others beside it", "from", "to"]
    columns = [line.bins.param, "trials", f"mean {look.metric}", *numbers]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(numbers, "float64"))


def _means(line: Line, style: ArmStyle) -> go.Scatter:
    points, bins = line.points, line.bins
    return go.Scatter(
        x=[bins.centres[each.bin] for each in points],
        y=[each.mean for each in points],
        error_y={
            "type": "data",
            "array": [None if each.high is None else each.high - each.mean for each in points],
            "thickness": 1.4,
            "width": 4,
        },
        mode="lines+markers" if bins.ordered else "markers",
        line={"color": style.colour, "width": 1.5, "dash": style.dash},
        marker={"color": style.colour, "symbol": style.symbol, "size": 9},
        hovertext=[f"{plain(bins.labels[each.bin])}: {number(each.mean)}, n = {each.n}" for each in points],
        hoverinfo="text",
        showlegend=False,
    )


def _trend(line: Line, look: Look) -> str:
    of = f"{count(line.n, 'complete trial')} of {brief(line.arm)}"
    name, metric = line.bins.param, look.metric
    if line.trend is None:
        return f"Means of {metric} over {of}, from {_range(line)}."
    rho, low, high = line.trend.rho, line.trend.low, line.trend.high
    way = f"{metric} {'rises' if rho > 0 else 'falls'} with {name}" if low * high > 0 else "no trend is clear"
    at, least, most = (minus(f"{value:.2f}") for value in (rho, low, high))
    return f"Over {of}, {way} (Spearman's ρ = {at}, about {least} to {most}), means from {_range(line)}."


def _limits(line: Line) -> str:
    """How far what lies between differs from either end; a score that differs from neither owes it little."""
    if not line.limits:
        return ""
    parts = [
        f"from {line.bins.labels[each.bin]} (n = {each.n}) by {_signed(each.difference)} "
        f"[{_signed(each.low)} to {_signed(each.high)}]"
        for each in line.limits
    ]
    return f"The mean of all others differs {listed(parts)}, by Welch's intervals at 95 %. "


def _signed(value: float) -> str:
    return minus(f"{value:+.3g}")


def _range(line: Line) -> str:
    means = [each.mean for each in line.points]
    return f"{number(min(means))} to {number(max(means))}"


def _leaves_out(left: Left) -> str:
    parts = [f"{many:,} {what}" for many, what in ((left.pruned, "pruned"), (left.failed, "failed")) if many]
    parts += [f"{left.other:,} without a value"] if left.other else []
    return f"Not in any mean: {', '.join(parts)}. " if parts else ""


def _axis(bins: Bins) -> str:
    return log_scale(plain(bins.param)) if bins.log and bins.edges else plain(bins.param)


def _cell_ticks(bins: Bins) -> dict[str, object]:
    """A value in the middle of its cells, or the bounds between them."""
    if bins.edges:
        return {"tickvals": [place - 0.5 for place in range(len(bins.edges))], "ticktext": _ends(bins)}
    return {"tickvals": list(range(len(bins.labels))), "ticktext": _ticks(bins)}


def _ends(bins: Bins) -> list[str]:
    return [f"{edge:.2g}" if bins.log else f"{edge:.3g}" for edge in bins.edges]


def _ticks(bins: Bins) -> list[str]:
    return [tick(label) for label in bins.labels]
