"""Two parameters at once: where in the space the good trials of a search lie."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.figures import axis_name, axis_of
from reports.placing import positions, room, spread, thinned
from reports.rollup import ranked
from reports.theme import Look, layout, plain
from reports.traces import hover
from search_spaces import Domain

_SCALE = [[0, "#D55E00"], [0.5, "#8C8C8C"], [1, "#0072B2"]]
_PLAIN = "#8C8C8C"


def rank_plot(trials: pd.DataFrame, look: Look, domains: Mapping[str, Domain]) -> go.Figure:
    """Every complete trial at its two parameters, in the colour of its rank over all arms.

    Args:
        trials: Of the search.
        look: The metric and the arms' symbols.
        domains: The two, the one across first.
    """
    (across, x), (along, y) = domains.items()
    figure = go.Figure(layout=layout(x=axis_name(across, x), y=axis_name(along, y), height=420))
    shown = thinned(standing(trials, look), look.direction)
    for style in look.styles.values():
        points, name = shown[shown["arm"] == style.arm], plain(style.arm)
        legend = {"color": _PLAIN, "symbol": style.symbol, "size": 9}  # of the symbol alone: the colour is the rank
        figure.add_trace(go.Scatter(x=[None], y=[None], name=name, mode="markers", legendgroup=name, marker=legend))
        figure.add_trace(
            go.Scatter(
                x=positions(points[f"param.{across}"], x) + spread(points["number"], room(x)),
                y=positions(points[f"param.{along}"], y) + spread(points["number"], room(y), along=True),
                name=name,
                mode="markers",
                legendgroup=name,
                showlegend=False,
                marker={"color": points["beaten"], "coloraxis": "coloraxis", "symbol": style.symbol, "size": 9},
                hovertext=hover(points, look),
                hoverinfo="text",
            )
        )
    bar = {"title": {"text": "share<br>beaten"}, "tickformat": ".0%"}
    figure.update_layout(
        showlegend=len(look.styles) > 1, coloraxis={"colorscale": _SCALE, "cmin": 0, "cmax": 1, "colorbar": bar}
    )
    return figure.update_xaxes(axis_of(x)).update_yaxes(axis_of(y))


def standing(trials: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Complete trials, with the share of all others that each of them beats; half of those that it ties with."""
    scored = ranked(trials, direction=look.direction)
    if len(scored) < 2:
        return scored.assign(beaten=np.ones(len(scored)))
    places = scored["value"].rank(ascending=look.direction == "maximize")
    return scored.assign(beaten=(places - 1) / (len(scored) - 1))


def in_all(trials: pd.DataFrame, domains: Mapping[str, Domain]) -> dict[str, Domain]:
    """The first two parameters that apply in every trial; fewer where there are not two."""
    apply = [name for name in domains if len(trials) and trials[f"param.{name}"].notna().all()]
    return {name: domains[name] for name in apply[:2]}
