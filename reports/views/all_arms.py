"""Every arm against every other, and their mean ranks over the pairs: where there are more than two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import friedman_nemenyi, holm, match_pairs, paired_comparison
from reports.theme import layout, plain
from reports.verdict import measure_of
from reports.verdict.sentences import evidence_margin
from reports.view import View
from reports.words import listed, minus

KEY = "all-arms"
_SEED = 20_260_103


@dataclass(frozen=True)
class Cell:
    """One arm minus another over their pairs."""

    arm: str
    other: str
    n: int
    difference: float | None
    low: float | None
    high: float | None
    adjusted_p: float


@dataclass(frozen=True)
class AllArms:
    """Every pair of arms, exploratory; mean ranks over the seeds that all arms have, 1 the best."""

    cells: tuple[Cell, ...]
    arms: tuple[str, ...]
    ranks: tuple[float, ...]
    blocks: int
    p: float | None


def analyse(evidence: Evidence) -> AllArms:
    """Compare every arm with every other."""
    confirm = evidence.confirmed()
    mine = confirm[confirm["state"] == "complete"]
    arms = tuple(arm for arm in evidence.arms.values() if (mine["arm"] == arm).any())
    if len(arms) < 3:
        return AllArms((), arms, (), 0, None)
    table = mine.pivot(index="pair_id", columns="arm", values="test").reindex(columns=list(arms)).sort_index()
    cells = [_compare(table, arm, other, evidence) for arm, other in combinations(arms, 2)]
    adjusted = holm([p for _, p in cells]).tolist()
    judged = tuple(Cell(**{**vars(cell), "adjusted_p": p}) for (cell, _), p in zip(cells, adjusted, strict=True))
    whole = table.dropna()
    if len(whole) < 2:
        return AllArms(judged, arms, (), len(whole), None)
    ranked = friedman_nemenyi(whole.to_numpy(), direction=evidence.look.direction)
    return AllArms(judged, arms, tuple(map(float, ranked.mean_ranks)), len(whole), ranked.p)


def draw(result: AllArms, evidence: Evidence) -> Iterator[View]:
    """The matrix of differences; nothing where two arms say it all."""
    if not result.cells:
        return
    measure = measure_of(evidence.config.objective.metric, "test")
    unit = measure.difference_unit.strip() or measure.name
    rows = [
        {
            "arm": cell.arm,
            "against": cell.other,
            "n": cell.n,
            f"mean difference ({unit})": None if cell.difference is None else measure.difference(cell.difference),
            f"adjusted p ({len(result.cells)} comparisons)": cell.adjusted_p,
        }
        for cell in result.cells
    ]
    yield View(
        KEY,
        "All arms against each other",
        _caption(result),
        _matrix(result, evidence),
        pd.DataFrame(rows),
        question="How do all of them rank?",
    )


def _compare(table: pd.DataFrame, arm: str, other: str, evidence: Evidence) -> tuple[Cell, float]:
    pairs = match_pairs(*([*zip(table.index, table[name], strict=True)] for name in (arm, other)))
    found = paired_comparison(
        pairs.a,
        pairs.b,
        margin=evidence_margin(evidence),
        alpha=evidence.config.confirm.alpha,
        direction=evidence.look.direction,
        rng=np.random.default_rng(_SEED),
    )
    return Cell(arm, other, found.n, found.mean, found.low, found.high, 1.0), found.p


def _caption(result: AllArms) -> str:
    shown = [f"{cell.arm} and {cell.other}" for cell in result.cells if cell.adjusted_p <= 0.05]
    told = (
        f"Told apart after correction for {len(result.cells)} comparisons: {listed(shown)}."
        if shown
        else (
            f"No two arms are told apart after correction for {len(result.cells)} comparisons, which makes none alike."
        )
    )
    if not result.ranks:
        return f"Exploratory. {told}"
    order = sorted(zip(result.ranks, result.arms, strict=True))
    ranks = listed([f"{arm} {rank:.2f}" for rank, arm in order])
    return (
        f"Exploratory: chosen by nobody beforehand. {told} Mean ranks over {result.blocks} seeds: {ranks}. "
        "Ranks over seeds of one data set say nothing of other data."
    )


def _matrix(result: AllArms, evidence: Evidence) -> go.Figure:
    measure = measure_of(evidence.config.objective.metric, "test")
    places = {arm: place for place, arm in enumerate(result.arms)}
    size = len(result.arms)
    values, texts = np.full((size, size), np.nan), np.full((size, size), "", dtype=object)
    for cell in result.cells:
        if cell.difference is None:
            continue
        for row, column, side in ((cell.arm, cell.other, 1.0), (cell.other, cell.arm, -1.0)):
            shown = measure.difference(side * cell.difference)
            values[places[row], places[column]] = shown
            text = minus(f"{shown:+.3g}")
            texts[places[row], places[column]] = f"{text}<br>p {cell.adjusted_p:.2g}"
    names = [plain(arm) for arm in result.arms]
    unit = measure.difference_unit.strip()
    limit = float(np.nanmax(np.abs(values))) or 1.0
    figure = go.Figure(layout=layout(x="minus this arm", y="this arm", height=140 + 70 * size))
    figure.add_trace(
        go.Heatmap(
            z=values,
            x=names,
            y=names,
            zmin=-limit,
            zmax=limit,
            colorscale=[[0, "rgba(0,114,178,0.6)"], [0.5, "rgba(128,128,128,0.1)"], [1, "rgba(213,94,0,0.6)"]],
            colorbar={"title": {"text": f"{plain(measure.name)}<br>{unit}"}},
            text=texts,
            texttemplate="%{text}",
            hoverinfo="skip",
        )
    )
    return figure.update_yaxes(autorange="reversed")
