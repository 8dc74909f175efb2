"""The traces that figures are made of: one trace a group of trials, never one a trial."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.placing import spread
from reports.theme import ArmStyle, Look, plain
from reports.words import number


def staircase(steps: pd.DataFrame, style: ArmStyle, *, x: pd.Series) -> go.Scatter:
    """Best so far: level until a better trial ends."""
    pairs = zip(steps["best"], steps["best_number"], strict=True)
    return go.Scatter(
        x=x.to_numpy(),
        y=steps["best"].to_numpy(),
        name=plain(style.arm),
        mode="lines+markers",
        line={"color": style.colour, "dash": style.dash, "shape": "hv", "width": 2},
        marker={"color": style.colour, "symbol": style.symbol, "size": 7},
        hovertext=[f"{plain(style.arm)}: {number(best)} by trial {trial}" for best, trial in pairs],
        hoverinfo="text",
    )


def points_of(
    x: np.ndarray, points: pd.DataFrame, style: ArmStyle, look: Look, *, opacity: float, hollow: bool = False
) -> go.Scatter:
    """One point a trial; hollow where the trial was pruned."""
    return go.Scatter(
        x=x,
        y=points["value"].to_numpy(),
        name=plain(style.arm) + (", pruned" if hollow else ""),
        mode="markers",
        legendgroup=str(hollow) + style.symbol + style.colour,
        marker={"color": style.colour, "symbol": style.symbol + ("-open" if hollow else ""), "size": 8},
        opacity=opacity,
        hovertext=hover(points, look),
        hoverinfo="text",
    )


def hover(points: pd.DataFrame, look: Look) -> list[str]:
    """What a trial says when pointed at; plain text, so that nothing in it is a directive."""
    columns = (points[name] for name in ("number", "arm", "state", "value", "epochs"))
    return [
        f"trial {trial}: {plain(arm)}, {state}<br>{plain(look.metric)} {number(value)} after {epochs} epochs"
        for trial, arm, state, value, epochs in zip(*columns, strict=True)
    ]


def ring(place: int, best: pd.DataFrame, style: ArmStyle, look: Look) -> go.Scatter:
    """A ring around an arm's best trial, with its value beside it."""
    return go.Scatter(
        x=place + spread(best["number"], 0.5),
        y=best["value"].to_numpy(),
        name=f"best of {plain(style.arm)}",
        mode="markers+text",
        marker={"color": style.colour, "symbol": f"{style.symbol}-open", "size": 16, "line": {"width": 2}},
        text=[number(value) for value in best["value"]],
        textposition="top center",
        hovertext=hover(best, look),
        hoverinfo="text",
        cliponaxis=False,
    )


def curves(
    epochs: pd.DataFrame, style: ArmStyle, look: Look, *, kind: Literal["best", "complete", "not complete"]
) -> go.Scatter:
    """The curves of some of an arm's trials; the more there are, the fainter."""
    x, y, numbers = _apart(epochs, f"metric.{look.metric}")
    best = kind == "best"
    return go.Scatter(
        x=x,
        y=y,
        customdata=numbers,
        name=plain(style.arm),
        mode="lines+markers" if best else "lines",
        legendgroup=style.symbol + style.colour,
        showlegend=best,
        line={"color": style.colour, "dash": style.dash if best else "solid", "width": 2.6 if best else 1},
        marker={"symbol": style.symbol, "size": 7},
        opacity=1.0 if best else min(0.6, max(0.15, 6 / max(1, epochs["number"].nunique()))),
        hovertemplate="trial %{customdata}, epoch %{x}: %{y:.4f}<extra></extra>",
    )


def _apart(epochs: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves of several trials in one trace: a row of NaN ends each of them."""
    if column not in epochs:
        epochs = epochs.assign(**{column: np.nan})
    ends = np.flatnonzero(np.diff(epochs["number"].to_numpy())) + 1
    columns = (epochs["epoch"].to_numpy() + 1.0, epochs[column].to_numpy(), epochs["number"].to_numpy().astype(float))
    x, y, numbers = (np.insert(values, ends, np.nan) for values in columns)
    return x, y, numbers


def stops(epochs: pd.DataFrame, look: Look, symbol: str, label: str) -> go.Scatter:
    """A mark at the last epoch of each trial that did not come to its end."""
    last = epochs[epochs["arm"].isin(list(look.styles))].groupby("number").tail(1)
    return go.Scatter(
        x=last["epoch"].to_numpy() + 1.0,
        y=last.get(f"metric.{look.metric}", pd.Series(np.nan, index=last.index)).to_numpy(),
        name=label,
        mode="markers",
        opacity=0.7,
        marker={"symbol": symbol, "size": 7, "color": [look.styles[arm].colour for arm in last["arm"]]},
        hovertext=[
            f"trial {trial}: {plain(arm)}, {label}" for trial, arm in zip(last["number"], last["arm"], strict=True)
        ],
        hoverinfo="text",
    )
