"""How much each source of chance moves one training, the others held still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import Estimate, deviation_interval
from reports.theme import broken, layout, plain
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views.marks import Mark, in_rows, landmarks, short
from reports.views.matched import how_to_get
from reports.words import count, listed

KEY = "sources"
TITLE = "Which chance moves a training"
QUESTION = "How much do initial weights, the order of examples and dropout each move one training?"

_NAMES = {
    "init": "initial weights",
    "order": "order of examples",
    "dropout": "dropout",
    "device": "the device, all seeds the same",
}
_ALL = "all but the split"
_LINE = 18


@dataclass(frozen=True)
class Source:
    """The spread of replicates of one config that differ in one thing.

    Attributes:
        name: What they differ in.
        failed: Replicates without a finite value, left out.
        deviation: Standard deviation of the objective on validation data; None below two replicates.
    """

    name: str
    failed: int
    deviation: Estimate | None


@dataclass(frozen=True)
class Result:
    """Every source, in the order in which they are drawn; the last one all of them together.

    Attributes:
        why: Why there is none; empty where there is.
        baseline: Whose champion was trained.
        margin: Differences up to it are too small to matter.
        sources: Those of `controls.sources`, then the confirmed replicates of the same champion.
    """

    why: str
    baseline: str | None
    margin: float
    sources: list[Source]


def analyse(evidence: Evidence) -> Result:
    """Deviations of the controls of single sources, and of the baseline's confirmed replicates."""
    controls, confirmed = evidence.trials("controls"), evidence.confirmed()
    parts = controls["pair_id"].astype("string").str.split(":", expand=True).reindex(columns=[0, 1])
    mine = parts[0].eq("source").fillna(False).to_numpy(dtype=bool)
    found = [_source(_NAMES[name], controls[mine & parts[1].eq(name).to_numpy(dtype=bool)]) for name in _NAMES]
    base = confirmed[confirmed["arm"] == evidence.baseline]
    known = [*found, _source(_ALL, base)] if any(each.deviation for each in found) else []
    return Result(
        _why(evidence, asked=bool(mine.any()), known=bool(known)), evidence.baseline, evidence_margin(evidence), known
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """One row a source."""
    if result.why:
        command = how_to_get(evidence, "controls.sources", 10)
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=command)
        return
    yield View(KEY, TITLE, caption(result, evidence), figure(result, evidence), table(result), question=QUESTION)


def figure(result: Result, evidence: Evidence) -> go.Figure:
    """Standard deviations with their intervals, and differences that are too small to matter."""
    rows = [(broken(each.name, _LINE), each.deviation) for each in result.sources]
    drawn = go.Figure(
        layout=layout(x=f"standard deviation of {plain(_metric(evidence))}", y="", height=150 + 44 * len(rows))
    )
    landmarks(drawn, None, along="x")
    marks = [Mark(row, each.value, each.low, each.high, f"{row}: {_said(each)}") for row, each in rows if each]
    in_rows(drawn, [row for row, _ in rows], {str(result.baseline): marks}, evidence.look)
    if result.margin:
        drawn.add_vline(x=result.margin, line={"width": 1, "dash": "dot", "color": "rgba(128,128,128,0.9)"})
    return drawn.update_xaxes(rangemode="tozero").update_layout(showlegend=False)


def caption(result: Result, evidence: Evidence) -> str:
    """Every deviation, and what it is of."""
    parts = [f"{each.name} {_said(each.deviation)}" if each.deviation else f"{each.name} –" for each in result.sources]
    failed = sum(each.failed for each in result.sources)
    left = f" {count(failed, 'replicate')} without a value left out." if failed else ""
    return (
        f"Standard deviation of {_metric(evidence)} over trainings of {short(result.baseline)}'s champion that differ "
        f"in one thing: {listed(parts)}. Intervals are at 95 %, each by itself, exact for normal values; the dotted "
        f"line is the margin ({result.margin:g}). Squares add up where sources act apart, deviations do not.{left}"
    )


def table(result: Result) -> pd.DataFrame:
    """One row a source."""
    return pd.DataFrame(
        [
            {
                "differs in": each.name,
                "replicates": each.deviation.n if each.deviation else 0,
                "SD": each.deviation.value if each.deviation else np.nan,
                "low": each.deviation.low if each.deviation else np.nan,
                "high": each.deviation.high if each.deviation else np.nan,
                "without a value": each.failed,
            }
            for each in result.sources
        ]
    )


def _source(name: str, trials: pd.DataFrame) -> Source:
    values = trials["value"].to_numpy(dtype=float, na_value=np.nan)
    whole = np.isfinite(values) & (trials["state"] == "complete").to_numpy()
    ended = trials["state"].isin(["complete", "failed"]).to_numpy()
    return Source(name, int((ended & ~whole).sum()), _deviation(values[whole]))


def _deviation(values: Sequence[float] | np.ndarray) -> Estimate | None:
    return deviation_interval(np.sort(values)) if len(values) > 1 else None


def _said(each: Estimate) -> str:
    if each.value == 0:
        return f"0 (n = {each.n})"
    return f"{each.value:.2g} [{each.low:.2g} to {each.high:.2g}] (n = {each.n})"


def _metric(evidence: Evidence) -> str:
    return evidence.config.objective.metric


def _why(evidence: Evidence, *, asked: bool, known: bool) -> str:
    if known:
        return ""
    if asked:
        return "No source of chance has two complete replicates yet."
    return "All seeds but the split's change together in what this run has trained, so that no source stands alone."
