"""What `sources` found, in a figure, in sentences and in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import broken, layout, plain
from reports.views.marks import Mark, in_rows, landmarks, short
from reports.views.matched import how_to_get
from reports.words import count, listed

if TYPE_CHECKING:
    from reports.views.sources import Result, Source

NAMES = {"init": "initial weights", "order": "order of examples", "dropout": "dropout", "device": "the device"}
_ROWS = {**NAMES, "device": "the device, all seeds the same", "all": "all but the split"}
_LINE = 18
_MORE = 10


def figure(result: Result, evidence: Evidence) -> go.Figure:
    """Standard deviations with their intervals, and the margin beside them."""
    rows = [(broken(_ROWS[each.name], _LINE), each) for each in _shown(result)]
    title = f"SD of {plain(evidence.config.objective.metric)}"
    drawn = go.Figure(layout=layout(x=title, y="", height=150 + 44 * len(rows)))
    landmarks(drawn, None, along="x")
    marks = [
        Mark(row, found.value, found.low, found.high, f"{row}: {_said(each)}")
        for row, each in rows
        if (found := each.deviation)
    ]
    in_rows(drawn, [row for row, _ in rows], {str(result.baseline): marks}, evidence.look)
    if result.margin:
        drawn.add_vline(x=result.margin, line={"width": 1, "dash": "dot", "color": "rgba(128,128,128,0.9)"})
    return drawn.update_xaxes(rangemode="tozero").update_layout(showlegend=False)


def caption(result: Result, evidence: Evidence) -> str:
    """Every deviation, which is the largest, and what the numbers do not cover."""
    parts = [f"{NAMES[each.name]} {_said(each)}" for each in result.sources]
    failed = sum(each.failed for each in (*result.sources, result.together))
    left = f" {count(failed, 'replicate')} without a value left out." if failed else ""
    fewest = min(each.n for each in result.sources)
    due = any(each.n + each.failed < result.planned for each in result.sources)
    early = f"Interim: of some only {fewest} of {result.planned} replicates are there. " if due else ""
    return (
        f"{early}Standard deviation of {evidence.config.objective.metric} "
        f"over trainings of {short(result.baseline)}'s champion in which one thing alone was new each time: "
        f"{listed(parts)}.{_together(result, evidence)}{_largest(result)} The other seeds are one draw, beyond which "
        f"the intervals (95 %, each by itself, exact for normal values) say nothing; the dotted line is the margin, "
        f"{result.margin:g}.{left}"
    )


def table(result: Result) -> pd.DataFrame:
    """One row a source."""
    rows = [(each, each.deviation) for each in _shown(result)]
    return pd.DataFrame(
        [
            {
                "new each time": _ROWS[each.name],
                "replicates": each.n,
                "SD": found.value if found else np.nan,
                "low": found.low if found else np.nan,
                "high": found.high if found else np.nan,
                "without a value": each.failed,
            }
            for each, found in rows
        ]
    ).astype({"SD": "float64", "low": "float64", "high": "float64"})


def why(result: Result) -> str:
    """Why there is nothing to show."""
    if not result.sources:
        return "All seeds but the split's change together in what this run has trained, so that no source stands alone."
    failed = sum(each.failed for each in result.sources)
    lost = f"; {count(failed, 'replicate')} ended without a value" if failed else ""
    return f"No source of chance has two complete replicates{lost}."


def command(result: Result, evidence: Evidence) -> str:
    """What gets replicates: those that are promised, or more where all of them have ended."""
    ended = result.sources and all(each.n + each.failed >= result.planned for each in result.sources)
    if ended:
        return f"capsweep resume RUN --set controls.sources={result.planned + _MORE}"
    return how_to_get(evidence, "controls.sources", _MORE)


def _shown(result: Result) -> list[Source]:
    return [*result.sources, *[result.together] * (result.together.deviation is not None)]


def _together(result: Result, evidence: Evidence) -> str:
    if result.together.deviation is None:
        return f" `{how_to_get(evidence, 'confirm.seeds', _MORE)}` shows what they come to together."
    return f" In its confirmed replicates, where all but the split was new: {_said(result.together)}."


def _largest(result: Result) -> str:
    """Which source moves a training most, and which are not told apart from it."""
    seeds = [(each, each.deviation) for each in result.sources if each.name != "device" and each.deviation]
    first, most = max(seeds, key=lambda pair: pair[1].value, default=(None, None))
    if first is None or most is None or most.low is None:
        return ""
    near = [NAMES[each.name] for each, found in seeds if each is not first and (found.high or 0.0) >= most.low]
    apart = f", which is not told apart from {listed(near)}" if near else ", and no other's interval reaches its own"
    return f" Largest is {NAMES[first.name]}{apart if len(seeds) > 1 else ''}."


def _said(each: Source) -> str:
    found = each.deviation
    if found is None:
        return f"– (n = {each.n})"
    if found.low is None:
        return f"0, the same value in all {each.n}"
    return f"{found.value:.2g} [{found.low:.2g} to {found.high:.2g}] (n = {each.n})"
