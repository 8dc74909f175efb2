"""The figures of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.theme import Look, broken, layout, plain
from reports.views.errors_words import DRAWN
from reports.views.marks import EDGE, Mark, between, in_rows, landmarks, signed

if TYPE_CHECKING:
    from reports.views.errors import Result
    from reports.views.mistakes import ClassError, Score

_POINTS = 2_000


def discordant(result: Result, look: Look) -> go.Figure:
    """One point a pair: examples that only the baseline gets right against those that only the arm does."""
    base = plain(result.baseline)
    figure = go.Figure(
        layout=layout(x=f"examples that only {base} gets right", y="examples that only the arm gets right")
    )
    known = [(each.arm, each.discordance) for each in result.arms if each.discordance]
    largest = max((max(pair.only_arm, pair.only_baseline) for _, found in known for pair in found.pairs), default=0)
    end = 1.08 * largest or 1.0
    figure.add_shape(type="line", x0=0, y0=0, x1=end, y1=end, line={"width": 1.2, "color": EDGE}, layer="below")
    for arm, found in known:
        style, shown = look.styles[arm], found.pairs[: _POINTS // len(known)]
        figure.add_trace(
            go.Scatter(
                x=[pair.only_baseline for pair in shown],
                y=[pair.only_arm for pair in shown],
                mode="markers",
                name=plain(arm),
                marker={"color": style.colour, "symbol": style.symbol, "size": 9},
                opacity=0.9,
                hovertext=[
                    f"{plain(arm)}, seed {pair.seed}: {pair.only_arm} against {pair.only_baseline}"
                    + ("" if result.claim.withheld else f", McNemar's p {pair.p:.2g}")
                    for pair in shown
                ],
                hoverinfo="text",
                cliponaxis=False,
            )
        )
    figure.update_xaxes(range=[0, end])
    return figure.update_yaxes(range=[0, end]).update_layout(showlegend=True)


def classes(result: Result, look: Look) -> go.Figure:
    """One row a class, the arms above one another in it."""
    reach: dict[int, float] = {}
    for arm in result.arms:
        for each in arm.classes:
            reach[each.label] = max(reach.get(each.label, 0.0), abs(each.difference))
    labels = sorted(sorted(reach, key=lambda label: (-reach[label], label))[:DRAWN])
    base = layout(
        x=f"error of the arm − error of {plain(result.baseline)}", y="true class", height=130 + 34 * len(labels)
    )
    figure = go.Figure(layout=base)
    landmarks(figure, None, along="x")
    marks = {
        arm.arm: [
            _mark(f"{plain(arm.arm)}, class {each.label}", str(each.label), each)
            for each in arm.classes
            if each.label in labels
        ]
        for arm in result.arms
    }
    in_rows(figure, [str(label) for label in labels], marks, look, size=9)
    return figure.update_layout(showlegend=True)


def scores(result: Result, look: Look) -> go.Figure:
    """One row a score, the arms above one another in it."""
    names = list(dict.fromkeys(each.name for arm in result.arms for each in arm.scores if each.n))
    height = 130 + 30 * len(names) * max(1, len(result.arms))
    figure = go.Figure(layout=layout(x=f"arm − {plain(result.baseline)}", y="", height=height))
    landmarks(figure, None, along="x")
    marks = {
        arm.arm: [_mark(plain(arm.arm), broken(each.name, 18), each) for each in arm.scores if each.n]
        for arm in result.arms
    }
    in_rows(figure, [broken(name, 18) for name in names], marks, look)
    return figure.update_layout(showlegend=True)


def _mark(whose: str, row: str, each: ClassError | Score) -> Mark:
    hover = f"{whose}: {signed(each.difference)} {between(each.low, each.high)}"
    return Mark(row, each.difference, each.low, each.high, hover)


def reliability(result: Result, look: Look) -> go.Figure:
    """Accuracy against confidence, bin by bin."""
    figure = go.Figure(layout=layout(x="mean confidence of the bin", y="share that is right"))
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"width": 1.2, "color": EDGE}, layer="below")
    for each in result.calibrations:
        style = look.styles[each.arm]
        rows = zip(each.confidence, each.accuracy, each.counts, strict=True)
        known = [(x, y, many) for x, y, many in rows if x is not None and y is not None]
        figure.add_trace(
            go.Scatter(
                x=[x for x, _, _ in known],
                y=[y for _, y, _ in known],
                mode="lines+markers",
                name=plain(each.arm),
                line={"color": style.colour, "dash": style.dash, "width": 1.5},
                marker={"color": style.colour, "symbol": style.symbol, "size": 9},
                hovertext=[
                    f"{plain(each.arm)}: {y:.3f} right at {x:.3f}, {many:,} predictions" for x, y, many in known
                ],
                hoverinfo="text",
                cliponaxis=False,
            )
        )
    figure.update_xaxes(range=[0, 1.02])
    return figure.update_yaxes(range=[0, 1.02])
