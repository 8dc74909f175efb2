"""How large each difference is, and how sure: points with their intervals, the margin and zero behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import layout, plain
from reports.verdict import Estimate, RunVerdict, measured
from reports.view import View

BAND = "rgba(128,128,128,0.18)"
_ROW = 56
_TITLES = {
    "E1": ("Champion against champion", "Is the best config of one arm better than the best of another?"),
    "E2": ("Tuned against tuned", "If each arm is tuned anew with this budget, which one comes out better?"),
    "E3": ("Nothing else replaced", "Is one arm better where everything else stays the same?"),
}


def draw(verdict: RunVerdict, evidence: Evidence) -> Iterator[View]:
    """One forest for each estimand that was asked."""
    for estimand, (title, question) in _TITLES.items():
        rows = [each for each in verdict.estimates if each.estimand == estimand]
        if rows:
            said = [s for each, s in zip(verdict.estimates, verdict.sentences, strict=True) if each in rows]
            yield View(
                f"forest-{estimand.lower()}",
                title,
                " ".join(said),
                forest(rows, evidence, margin=verdict.margin or 0.0),
                table(rows, evidence),
                question=question,
            )


def forest(rows: Sequence[Estimate], evidence: Evidence, *, margin: float) -> go.Figure:
    """Every comparison a row: the mean difference with its interval, in the measure's unit."""
    measure, look = measured(rows[0], evidence), evidence.look
    better = "lower" if (measure.factor < 0) == (look.direction == "maximize") else "higher"
    unit = f" ({measure.difference_unit.strip()})" if measure.difference_unit else ""
    figure = go.Figure(
        layout=layout(
            x=f"difference in {plain(measure.name)}{unit}, {better} is better",
            y="",
            height=120 + _ROW * len(rows),
        )
    )
    band = sorted((measure.difference(-margin), measure.difference(margin)))
    figure.add_vrect(x0=band[0], x1=band[1], fillcolor=BAND, line_width=0, layer="below")
    figure.add_vline(x=0, line={"width": 1, "color": "rgba(128,128,128,0.9)"})
    for place, each in enumerate(rows):
        if each.difference is None:
            continue
        style = look.styles[each.arm]
        middle = measure.difference(each.difference)
        ends = [] if each.low is None or each.high is None else sorted(map(measure.difference, (each.low, each.high)))
        figure.add_trace(
            go.Scatter(
                x=[middle],
                y=[place],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [ends[1] - middle] if ends else [],
                    "arrayminus": [middle - ends[0]] if ends else [],
                    "thickness": 2,
                    "width": 6,
                },
                mode="markers",
                marker={"color": style.colour, "symbol": style.symbol, "size": 11},
                hovertemplate="%{x:.4g}<extra></extra>",
                showlegend=False,
            )
        )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{plain(each.arm)}<br>against {plain(each.baseline)}" for each in rows],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
    )
    return figure


def table(rows: Sequence[Estimate], evidence: Evidence) -> pd.DataFrame:
    """The numbers of a forest, one comparison a row."""
    measure = measured(rows[0], evidence)
    unit = measure.difference_unit.strip() or measure.name

    def shown(value: float | None) -> float | None:
        return None if value is None else measure.difference(value)

    level = f"{100 * (1 - evidence.config.confirm.alpha):g} %"
    found = []
    for each in rows:
        ends = [shown(each.low), shown(each.high)]
        is_over = each.n + each.lost >= each.planned
        low, high = sorted(ends) if None not in ends else ends  # type: ignore[type-var]
        found.append(
            {
                "arm": each.arm,
                "baseline": each.baseline,
                "n": each.n,
                "planned": each.planned,
                f"mean difference ({unit})": shown(each.difference),
                f"{level} from": low,
                f"{level} to": high,
                "exact p": each.p if is_over else None,
                f"adjusted p ({each.comparisons} comparisons)": each.adjusted_p if is_over else None,
                "Hedges' g of pairs": each.effect_size,
                "pairs won": each.won,
                "left out": each.unpaired + each.failed_arm + each.failed_baseline,
                "verdict": each.verdict,
            }
        )
    return pd.DataFrame(found)
