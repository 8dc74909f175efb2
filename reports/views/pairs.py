"""Every pair by itself: whether a difference is one lucky seed's."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import layout, plain, tick
from reports.verdict import Estimate, RunVerdict, measured
from reports.view import View
from reports.views.claims import claim, estimates_of
from reports.words import minus, percent

_TITLE = "Every pair of replicates"


def draw(verdict: RunVerdict, evidence: Evidence) -> Iterator[View]:
    """One slope graph for each comparison of champions."""
    champions = [each for each in estimates_of(verdict, "E1") if each.n]
    for place, each in enumerate(champions):
        yield View(
            f"pairs-{place}",
            f"{each.arm} against {each.baseline}, pair by pair",
            caption(each, evidence),
            slopes(each, evidence),
            table(each, evidence),
            group=_TITLE,
            question="Is it one lucky seed?",
        )


def slopes(estimate: Estimate, evidence: Evidence) -> go.Figure:
    """One line a pair, from the baseline to the arm."""
    measure, styles = measured(estimate, evidence), evidence.look.styles
    unit = f" ({measure.unit.strip()})" if measure.unit else ""
    figure = go.Figure(layout=layout(x=plain(evidence.config.compare or ""), y=f"{plain(measure.name)}{unit}"))
    ends = [(0, estimate.baseline, estimate.scores_baseline), (1, estimate.arm, estimate.scores_arm)]
    values = [[measure.value(score) for score in scores] for _, _, scores in ends]
    lines_x, lines_y = [], []
    for before, after in zip(*values, strict=True):
        lines_x += [0, 1, None]
        lines_y += [before, after, None]
    line = {"width": 1, "color": "rgba(128,128,128,0.6)"}
    figure.add_trace(go.Scatter(x=lines_x, y=lines_y, mode="lines", line=line, hoverinfo="skip"))
    for (place, name, _), shown in zip(ends, values, strict=True):
        style = styles[name]
        figure.add_trace(
            go.Scatter(
                x=[place] * len(shown),
                y=shown,
                mode="markers",
                marker={"color": style.colour, "symbol": style.symbol, "size": 9},
                customdata=[[identity] for identity in estimate.ids],
                hovertemplate="%{customdata[0]}<br>%{y:.4g}<extra></extra>",
            )
        )
        mean = sum(shown) / len(shown)
        side = -0.14 if place == 0 else 0.14
        bar = {"width": 4, "color": style.colour}
        figure.add_trace(
            go.Scatter(x=[place + side - 0.05, place + side + 0.05], y=[mean, mean], mode="lines", line=bar)
        )
    ticks = [f"{tick(name)}<br>n = {estimate.n}" for _, name, _ in ends]
    figure.update_xaxes(tickvals=[0, 1], ticktext=ticks, range=[-0.5, 1.5], showgrid=False)
    return figure.update_layout(showlegend=False)


def caption(estimate: Estimate, evidence: Evidence) -> str:
    """How many pairs were won, and what pairing was worth."""
    level = 100 * (1 - estimate.alpha)
    share = f"{estimate.arm} is better in {estimate.won} of {estimate.n} pairs"
    if estimate.won_low is not None and estimate.won_high is not None:
        share += f" ({level:g} % of the share: {percent(estimate.won_low)} to {percent(estimate.won_high)})"
    ties = f", {estimate.ties} are ties" if estimate.ties else ""
    left = estimate.unpaired + estimate.failed_arm + estimate.failed_baseline
    out = f" {left} replicates without a partner or a result are left out." if left else ""
    return f"{claim(estimate).clause}{share}{ties}.{_gain(estimate)}{out} Thick bars are means."


def _gain(estimate: Estimate) -> str:
    if estimate.correlation is None or estimate.gain is None:
        return ""
    apart = minus(f"{estimate.correlation:.2f}")
    if estimate.correlation <= 0:
        return f" Pairing by seed did nothing here: the arms' scores correlate by {apart}."
    return (
        f" Pairing by seed was worth {estimate.gain:.2f} times the replicates: the arms' scores correlate by {apart}."
    )


def table(estimate: Estimate, evidence: Evidence) -> pd.DataFrame:
    """One pair a row."""
    measure = measured(estimate, evidence)
    unit = f" ({measure.unit.strip()})" if measure.unit else ""
    arm, baseline = ([measure.value(x) for x in y] for y in (estimate.scores_arm, estimate.scores_baseline))
    return pd.DataFrame(
        {
            "pair": list(estimate.ids),
            f"{estimate.arm}: {measure.name}{unit}": arm,
            f"{estimate.baseline}: {measure.name}{unit}": baseline,
            "difference": [x - y for x, y in zip(arm, baseline, strict=True)],
        }
    )
