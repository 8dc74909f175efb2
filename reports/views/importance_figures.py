"""The figures of `importance`, with their sentences and their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.factorial import Shares
from reports.importance import LIMIT, Importance
from reports.theme import ArmStyle, Look, layout, plain
from reports.view import View, missing
from reports.views import ablation_figures
from reports.views.commands import more_search
from reports.words import brief, count, listed

if TYPE_CHECKING:
    from reports.views.importance import Facet, Result

GROUP = "What matters"
_QUESTION = "Which parameters decide whether a trial is among the best tenth of its arm?"
_AXIS = "share explained alone"
_UNSTABLE = 50
_SETS = 12
_GREY = ArmStyle("", "#7A7A7A", "diamond", "solid")


def views(result: Result, evidence: Evidence) -> Iterator[View]:
    """All figures, or what is missing for them."""
    look, title = evidence.look, "Parameters that all arms have" if evidence.look.compare else "Every parameter"
    if result.why:
        yield missing("importance", title, _QUESTION, why=result.why, command=more_search(evidence))
        return
    if any(facet.shared for facet in result.arms):
        rows = [(facet, facet.shared) for facet in result.arms]
        yield _view("importance", title, _QUESTION, rows, look, "")
    own = [facet for facet in result.arms if facet.own]
    for place, facet in enumerate(own):
        question = f"Of the parameters that not every arm has, which decide over the best trials of {brief(facet.arm)}?"
        heading = f"Parameters that not every arm has: {brief(facet.arm)}"
        yield _view(f"importance-own-{place}", heading, question, [(facet, facet.own)], look, "")
    if result.joint:
        question = f"Does {look.compare} matter beside the parameters that all arms have?"
        yield _view(
            "importance-compared",
            f"{look.compare} beside the shared parameters",
            question,
            [(result.joint, result.joint.shared)],
            look,
            f" How much {look.compare} explains here depends on the ranges searched and on where each sampler went, "
            f"which was not the same for all arms: it is no comparison of them.",
        )
    for place, (arm, shares) in enumerate(result.factorials):
        yield _exact(f"importance-exact-{place}", arm, shares)
    if result.ablations:
        yield from ablation_figures.views(result.ablations, evidence)


def _view(
    key: str, title: str, question: str, rows: Sequence[tuple[Facet, list[Importance]]], look: Look, caveat: str
) -> View:
    names = list(dict.fromkeys(each.name for _, found in rows for each in found))
    figure = go.Figure(layout=layout(x=_AXIS, y="", height=150 + 30 * len(names) * max(1, min(3, len(rows)))))
    for place, (facet, found) in enumerate(rows):
        style = _GREY if facet.arm is None else look.styles[facet.arm]
        offset = 0.0 if len(rows) < 2 else 0.5 * (place / (len(rows) - 1) - 0.5)
        figure.add_trace(_points(found, names, style, offset, "all arms" if facet.arm is None else plain(facet.arm)))
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[plain(name) for name in names], range=[len(names) - 0.5, -0.5]
    )
    ends = [min(1.0, each.share) + (each.error or 0.0) for _, found in rows for each in found]
    figure.update_xaxes(range=[0, 1.05 * max(ends, default=0.0) or 1.0], tickformat=".3~p")
    figure.update_layout(showlegend=len(rows) > 1)
    return View(key, title, _caption(rows) + caveat, figure, _data(rows), GROUP, question)


def _points(found: list[Importance], names: list[str], style: ArmStyle, offset: float, name: str) -> go.Scatter:
    return go.Scatter(
        x=[min(1.0, each.share) for each in found],
        y=[names.index(each.name) + offset for each in found],
        error_x={"type": "data", "array": [each.error for each in found], "thickness": 1.4, "width": 3},
        name=name,
        mode="markers",
        marker={"color": style.colour, "symbol": style.symbol, "size": 9},
        hovertext=[f"{name}, {plain(each.name)}: {_share(each)}, in {count(each.n, 'trial')}" for each in found],
        hoverinfo="text",
        cliponaxis=False,
    )


def _exact(key: str, arm: str | None, shares: Shares) -> View:
    top = shares.shares[:_SETS]
    labels = [" × ".join(map(plain, names)) for names, _ in top]
    of = "all arms" if arm is None else brief(arm)
    figure = go.Figure(layout=layout(x="share of the variance of the cells", y="", height=140 + 26 * len(top)))
    figure.add_trace(
        go.Bar(
            x=[share for _, share in top],
            y=list(range(len(top))),
            orientation="h",
            marker={"color": _GREY.colour},
            hovertext=[f"{label}: {100 * share:.1f} %" for label, (_, share) in zip(labels, top, strict=True)],
            hoverinfo="text",
        )
    )
    figure.update_yaxes(tickvals=list(range(len(top))), ticktext=labels, range=[len(top) - 0.5, -0.5])
    figure.update_xaxes(rangemode="tozero", tickformat=".0%")
    first = [f"{' × '.join(names)} {100 * share:.0f} %" for names, share in shares.shares[:3]]
    noise = " A cell is one trial, so its seed is in the highest interaction." if shares.cells == shares.trials else ""
    caption = (
        f"Every combination of {listed(shares.factors)} was run for {of}, so that the shares are exact and add up to "
        f"100 %: {listed(first)} come first. {count(shares.cells, 'cell')} of {count(shares.trials, 'trial')}.{noise}"
    )
    data = pd.DataFrame(
        [(of, " × ".join(names), share) for names, share in shares.shares],
        columns=["arm", "parameters", "share of the variance"],
    )
    question = (
        f"How much of the differences between configs of {of} comes from which parameter, and from which together?"
    )
    return View(key, f"Exact shares: {of}", caption, figure, data, GROUP, question)


def _caption(rows: Sequence[tuple[Facet, list[Importance]]]) -> str:
    leading = [f"{_of(facet)}{_leading(found)}" for facet, found in rows if found]
    trials = [f"{count(facet.trials, 'trial')}{_of(facet, before=' of ')}" for facet, _ in rows]
    thinned = f", {LIMIT:,} of them evenly chosen" if any(facet.trials > facet.used for facet, _ in rows) else ""
    over = any(each.share > 1 for _, found in rows for each in found)
    more = " An estimate above 100 % comes of few trials smoothed, and is drawn there." if over else ""
    few = " Under 50 trials such numbers are unsteady." if any(f.trials < _UNSTABLE for f, _ in rows) else ""
    return (
        f"Explains most of being among the best tenth by itself: {listed(leading)}. From {listed(trials)} that are "
        f"complete{thinned}; bars are one standard error, from random halves.{few}{more} Importance depends on the "
        f"ranges searched and on where the sampler went, and has no direction."
    )


def _leading(found: list[Importance]) -> str:
    first = max(found, key=lambda each: each.share)
    if first.error is not None and first.share < 2 * first.error:
        return f"none clearly, {first.name} most ({_share(first)})"
    return f"{first.name} ({_share(first)})"


def _of(facet: Facet, before: str = "") -> str:
    if facet.arm is None:
        return ""
    return f"{before}{brief(facet.arm)}" if before else f"for {brief(facet.arm)} "


def _share(each: Importance) -> str:
    spread = "" if each.error is None else f" ± {100 * each.error:.0f}"
    text = f"{100 * each.share:.0f}{spread} %"
    return text if each.share <= 1 else f"all of it, estimated at {text}"


def _data(rows: Sequence[tuple[Facet, list[Importance]]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (brief(facet.arm or "all arms"), each.name, each.n, each.share, each.error, each.value)
            for facet, found in rows
            for each in found
        ],
        columns=["arm", "parameter", "trials where it applies", "share", "standard error", "PED-ANOVA, not normalised"],
    ).astype({"standard error": "float64"})
