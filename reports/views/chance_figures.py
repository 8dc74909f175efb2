"""The figures of `chance`, with their sentences and their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import ArmStyle, layout, plain
from reports.verdict import Measure, measure_of
from reports.view import View
from reports.views.colours import band
from reports.views.marks import Mark, in_rows, landmarks
from reports.words import brief, count, listed, percent

if TYPE_CHECKING:
    from reports.views.chance import Chance, Chances, Curve

GROUP = "If each were trained once"
_ROWS = ("of one seed", "of any seeds")
_MEANINGFUL = 0.25
"""Bouthillier's 3/4, as its distance from a toss-up."""


def views(result: Chances, evidence: Evidence) -> Iterator[View]:
    """How often each arm wins, then how the scores of all are spread."""
    yield View(
        "chance",
        "How often each arm wins",
        _caption(result),
        _chances(result, evidence),
        _chances_data(result, evidence),
        GROUP,
        "How often would the arm win, and does it fail more often?",
    )
    if result.curves:
        measure = measure_of(evidence.config.objective.metric, "test")
        yield View(
            "chance-scores",
            "How their scores are spread",
            _curves_caption(result),
            _curves(result, measure, evidence),
            _curves_data(result, measure),
            GROUP,
            "Which share of an arm's trainings is how good?",
        )


def _caption(result: Chances) -> str:
    wins = "; ".join(_wins(each) for each in result.chances)
    ties = any(each.ties for each in result.chances)
    counted = (
        " A tie counts half; the exact interval has ties as losses at its lower end and as wins at its upper." * ties
    )
    return (
        f"{wins}.{counted}{_fails(result)} The chance over all combinations is that of two trainings of any seeds; "
        "its interval counts pairs, not combinations. How often says nothing of how much. "
        "Shaded: 25 % to 75 %, Bouthillier's three in four either way."
    )


def _fails(result: Chances) -> str:
    failed = [
        f"{each.arm} {each.failed} of {each.n} [{_level(result.alpha)}: {percent(each.failed_low)} to "
        f"{percent(each.failed_high)}]"
        for each in result.spreads
        if each.failed
    ]
    return f" Failed: {listed(failed)}; a failure loses against any score." if failed else " No replicate failed."


def _wins(each: Chance) -> str:
    level, said = _level(each.alpha), each.claim.withheld or each.zone
    zone = f"; {said}" if said else ""
    between = (
        "no interval from one pair"
        if each.unpaired_low is None or each.unpaired_high is None
        else f"{level}: {percent(each.unpaired_low)} to {percent(each.unpaired_high)}"
    )
    many = f"all {count(each.n**2, 'combination')}" if each.n > 1 else "their one combination"
    return (
        f"{each.arm} beats {each.baseline} in {percent(each.paired)} of {each.n} pairs of one seed "
        f"[{level}, exact: {percent(each.low)} to {percent(each.high)}{zone}], and in "
        f"{percent(each.unpaired)} of {many} [{between}]"
    )


def _level(alpha: float) -> str:
    return f"{100 * (1 - alpha):.3g} %"


def _chances(result: Chances, evidence: Evidence) -> go.Figure:
    baseline = plain(result.chances[0].baseline)
    height = 190 + 60 * len(result.chances)
    figure = go.Figure(layout=layout(x=f"chance to beat {baseline}", y="two trainings", height=height))
    in_rows(figure, _ROWS, {each.arm: list(_marks(each)) for each in result.chances}, evidence.look)
    landmarks(figure, _MEANINGFUL, along="x", at=0.5)
    return figure.update_xaxes(range=[-0.03, 1.03], tickformat=".0%")


def _marks(each: Chance) -> Iterator[Mark]:
    ends = ((each.paired, each.low, each.high), (each.unpaired, each.unpaired_low, each.unpaired_high))
    for row, (value, low, high) in zip(_ROWS, ends, strict=True):
        between = "" if low is None or high is None else f" [{percent(low)} to {percent(high)}]"
        yield Mark(row, value, low, high, f"{plain(each.arm)}, {row}: {percent(value)}{between}")


def _chances_data(result: Chances, evidence: Evidence) -> pd.DataFrame:
    measure, chances = measure_of(evidence.config.objective.metric, "test"), {each.arm: each for each in result.chances}
    rows = []
    for each in result.spreads:
        of = chances.get(each.arm)
        rows.append(
            {
                "arm": each.arm,
                "n": each.n,
                f"mean{measure.unit}": None if each.mean is None else measure.value(each.mean),
                f"mean of the middle half{measure.unit}": None if each.iqm is None else measure.value(each.iqm),
                "failed": each.failed,
                "share failed from": each.failed_low,
                "share failed to": each.failed_high,
                "pairs": of and of.n,
                "wins of one seed": of and of.paired,
                "wins of one seed from": of and of.low,
                "wins of one seed to": of and of.high,
                "wins of any seeds": of and of.unpaired,
                "wins of any seeds from": of and of.unpaired_low,
                "wins of any seeds to": of and of.unpaired_high,
            }
        )
    frame = pd.DataFrame(rows)
    wins = {name: "float64" for name in frame if str(name).startswith("wins")}
    return frame.astype({"pairs": "Int64", **wins})


def _curves_caption(result: Chances) -> str:
    many = [f"{brief(each.arm)} {each.n}" for each in result.curves]
    ends = " An arm that failed has a curve that begins below 100 %." if any(e.failed for e in result.spreads) else ""
    return (
        f"Curves show the share of an arm's replicates at least that good, n: {listed(many)}. Bands are simultaneous: "
        f"with {_level(result.alpha)} the whole curve of all trainings that an arm could have lies in its band, each "
        f"arm by itself; few replicates leave them wide.{ends} Bands that overlap do not show that arms are alike."
    )


def _curves(result: Chances, measure: Measure, evidence: Evidence) -> go.Figure:
    unit = f" ({measure.unit.strip()})" if measure.unit else ""
    figure = go.Figure(layout=layout(x=f"{plain(measure.name)}{unit}", y="share of replicates at least as good"))
    shown = [measure.value(score) for score in result.curves[0].scores]
    room = 0.05 * (shown[-1] - shown[0] or abs(shown[0]) or 1.0)
    edges = [shown[0] - room, *shown[:-1], shown[-1] + room]
    for each in result.curves:
        figure.add_trace(_stepped(each, edges, evidence.look.styles[each.arm]))
    for each in result.curves:
        figure.add_trace(_line(each, shown, evidence.look.styles[each.arm]))
    return figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")


def _stepped(curve: Curve, edges: Sequence[float], style: ArmStyle) -> go.Scatter:
    """The band, with the step of the curve at each score: from one edge to the next it stays where it is."""
    x = [edge for pair in pairwise(edges) for edge in pair]
    low, high = ([end for end in ends for _ in range(2)] for ends in (curve.low, curve.high))
    return band(x, low, high, style)


def _line(curve: Curve, shown: Sequence[float], style: ArmStyle) -> go.Scatter:
    return go.Scatter(
        x=list(shown[:-1]),
        y=list(curve.share[:-1]),
        name=f"{plain(curve.arm)}, n = {curve.n}",
        mode="lines+markers",
        line={"color": style.colour, "dash": style.dash, "shape": "vh", "width": 2},
        marker={"color": style.colour, "symbol": style.symbol, "size": 7},
        hovertemplate="%{x:.4g}: %{y:.0%}<extra></extra>",
    )


def _curves_data(result: Chances, measure: Measure) -> pd.DataFrame:
    level = _level(result.alpha)
    columns = ["arm", "n", f"{measure.name}{measure.unit}", "which are", "share", f"{level} from", f"{level} to"]
    rows = [
        (
            each.arm,
            each.n,
            measure.value(score),
            "as good or better" if place < len(each.scores) - 1 else "better",
            *ends,
        )
        for each in result.curves
        for place, (score, *ends) in enumerate(zip(each.scores, each.share, each.low, each.high, strict=True))
    ]
    return pd.DataFrame(rows, columns=columns)
