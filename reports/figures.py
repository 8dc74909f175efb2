"""One function per table: a frame of `reports.tables` in, a Plotly figure out, nothing else touched.

Everything is drawn as SVG. WebGL traces need a page that may evaluate strings as code, leave printing and machines
without WebGL an empty frame, and drew eight figures of 2,000 points three times slower without a GPU. Beyond
`DRAWN` points the best and an even choice of the rest are drawn, and the caption says how many.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.placing import positions, room, spread, thinned
from reports.rollup import ranked
from reports.theme import Look, layout, log_scale, plain, tick
from reports.ticks import log_ticks
from reports.traces import curves, points_of, ring, staircase, stops
from reports.words import count, time_unit
from search_spaces import Choice, Domain, Int


def best_per_arm(trials: pd.DataFrame, look: Look) -> go.Figure:
    """Every complete trial's value, by arm, with the best of each arm ringed."""
    scored = ranked(trials, direction=look.direction)
    shown = thinned(scored, look.direction)
    figure = go.Figure(layout=layout(x=plain(look.compare or ""), y=plain(look.metric)))
    ticks = []
    for place, style in enumerate(look.styles.values()):
        mine, points = scored[scored["arm"] == style.arm], shown[shown["arm"] == style.arm]
        figure.add_trace(points_of(place + spread(points["number"], 0.5), points, style, look, opacity=0.8))
        figure.add_trace(ring(place, mine.head(1), style, look))
        ticks.append(f"{tick(style.arm)}<br>n = {len(mine)}")
    figure.update_xaxes(tickvals=list(range(len(ticks))), ticktext=ticks, range=[-0.6, len(ticks) - 0.4])
    return figure.update_layout(showlegend=False)


def progress(frame: pd.DataFrame, look: Look, *, by: Literal["trials", "seconds"]) -> go.Figure:
    """Best so far of each arm against the trials or the worker time it has spent, with the smallest spend marked."""
    size, unit = (1.0, "") if by == "trials" else time_unit(float(frame["seconds"].max()) if len(frame) else 0.0)
    name = "ended trials of the arm" if by == "trials" else f"worker time of the arm ({unit})"
    figure = go.Figure(layout=layout(x=name, y=f"best {plain(look.metric)} so far"))
    for style in look.styles.values():
        steps = improvements(frame[frame["arm"] == style.arm])
        figure.add_trace(staircase(steps, style, x=steps[by] / size))
    spent = smallest_spend(frame, look, by=by)
    if spent is not None:
        bottom = look.direction == "maximize"  # the corner that no curve ends in
        amount = count(int(spent), "trial") if by == "trials" else f"{spent / size:.3g} {unit}"
        figure.add_vline(x=spent / size, line={"dash": "dot", "width": 1, "color": "rgba(128,128,128,0.9)"})
        figure.add_annotation(
            x=spent / size,
            y=0 if bottom else 1,
            yref="paper",
            text=f"smallest spend: {amount}",
            showarrow=False,
            xanchor="right",
            yanchor="bottom" if bottom else "top",
            xshift=-4,
        )
    few = by == "trials" and frame["trials"].max() <= 12
    return figure.update_xaxes(rangemode="tozero", dtick=1 if few else None)


def learning_curves(epochs: pd.DataFrame, trials: pd.DataFrame, look: Look) -> go.Figure:
    """The metric after each epoch, one trace a group: an arm's best trial bold, a mark where others stopped."""
    shown = epochs[epochs["number"].isin(thinned(trials, look.direction)["number"])]
    best = ranked(trials, direction=look.direction).groupby("arm").head(1)["number"]
    figure = go.Figure(layout=layout(x="epoch, counted from 1", y=plain(look.metric)))
    for style in look.styles.values():
        mine = shown[shown["arm"] == style.arm]
        is_best, is_complete = mine["number"].isin(best), mine["state"] == "complete"
        figure.add_trace(curves(mine[~is_complete], style, look, kind="not complete"))
        figure.add_trace(curves(mine[is_complete & ~is_best], style, look, kind="complete"))
        figure.add_trace(curves(mine[is_best], style, look, kind="best"))
    for state, symbol, label in (("pruned", "x", "pruned here"), ("failed", "triangle-down", "failed after this")):
        if (shown["state"] == state).any():
            figure.add_trace(stops(shown[shown["state"] == state], look, symbol, label))
    return figure.update_xaxes(dtick=1 if epochs["epoch"].max() < 20 else None)


def parameter(trials: pd.DataFrame, look: Look, name: str, domain: Domain) -> go.Figure:
    """A parameter against the metric: complete trials filled, pruned ones hollow at the value they had come to."""
    column = f"param.{name}"
    drawn = trials[trials["state"].isin(["complete", "pruned"]) & np.isfinite(trials["value"]) & trials[column].notna()]
    shown = thinned(drawn, look.direction)
    figure = go.Figure(layout=layout(x=axis_name(name, domain), y=plain(look.metric)))
    for style in look.styles.values():
        for state in ("complete", "pruned"):
            points = shown[(shown["arm"] == style.arm) & (shown["state"] == state)]
            if state == "complete" or len(points):
                x = positions(points[column], domain) + spread(points["number"], room(domain))
                figure.add_trace(points_of(x, points, style, look, opacity=0.9, hollow=state == "pruned"))
    return figure.update_xaxes(axis_of(domain))


def improvements(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of one arm's progress where the best changed, and the last one, up to which it held."""
    steps = frame[frame["best"].notna()]
    changed = steps["best_number"].ne(steps["best_number"].shift(fill_value=-1))
    last = pd.Series(np.arange(len(steps)) == len(steps) - 1, index=steps.index)
    return steps[changed | last]


def smallest_spend(frame: pd.DataFrame, look: Look, *, by: str) -> float | None:
    """What the arm that spent least has spent; None with fewer than two arms, or if one has not ended a trial."""
    spent = [float(frame.loc[frame["arm"] == arm, by].max()) for arm in look.styles]
    return min(spent) if len(spent) > 1 and not any(np.isnan(spent)) else None


def axis_name(name: str, domain: Domain) -> str:
    """What the axis of a parameter is called."""
    return plain(name) if isinstance(domain, Choice) or not domain.log else log_scale(plain(name))


def axis_of(domain: Domain) -> dict[str, Any]:
    """An axis that shows the whole domain, the part that no trial went to included."""
    if isinstance(domain, Choice):
        texts = [tick(value) for value in domain.values]
        return {"tickvals": list(range(len(texts))), "ticktext": texts, "range": [-0.6, len(texts) - 0.4]}
    low, high = (math.log10(end) if domain.log else float(end) for end in (domain.low, domain.high))
    pad = 0.6 if room(domain) else 0.04 * (high - low) or 0.5
    kind = (
        log_ticks(float(domain.low), float(domain.high), whole=isinstance(domain, Int))
        if domain.log
        else {"type": "linear"}
    )
    return {**kind, **({"dtick": 1} if room(domain) else {}), "range": [low - pad, high + pad]}
