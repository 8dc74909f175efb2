"""Every arm against every other, and their mean ranks over the pairs: where there are more than two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import friedman_nemenyi, holm, match_pairs, paired_comparison
from reports.theme import layout, plain
from reports.verdict import RunVerdict, measure_of
from reports.verdict.measure import evidence_margin
from reports.view import View
from reports.views import many_to_one
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.views.many_to_one import AgainstAll, against_all
from reports.views.marks import ends, lower_is_better, signed, tint
from reports.words import count, listed

KEY = "all-arms"
_SEED = 20_260_103


@dataclass(frozen=True)
class Cell:
    """One arm minus another over their pairs; n is 0 and the p 1 where they have none."""

    arm: str
    other: str
    n: int
    difference: float | None
    low: float | None
    high: float | None
    adjusted_p: float


@dataclass(frozen=True)
class AllArms:
    """Every pair of arms, exploratory.

    Attributes:
        cells: One for each two arms of the sweep; empty where fewer than three make two arms say it all.
        arms: Of the sweep.
        absent: Those without a complete replicate; their comparisons count in the family, for nobody left them out
            beforehand.
        ranked: The others, as far as there are ranks.
        ranks: Their mean ranks over the seeds that all of them have, 1 the best.
        blocks: Those seeds.
        p: Of equal ranks, by Iman and Davenport.
        alpha: Of the family.
        claim: What the cells may be used for.
        against: All against the baseline at once; None with fewer than two others, or two whole seeds.
    """

    cells: tuple[Cell, ...]
    arms: tuple[str, ...]
    absent: tuple[str, ...]
    ranked: tuple[str, ...]
    ranks: tuple[float, ...]
    blocks: int
    p: float | None
    alpha: float
    claim: Claim
    against: AgainstAll | None


def analyse(evidence: Evidence, verdict: RunVerdict) -> AllArms:
    """Compare every arm with every other."""
    confirm, arms, alpha = evidence.confirmed(), tuple(evidence.arms.values()), alpha_of(evidence)
    mine = confirm[(confirm["state"] == "complete") & np.isfinite(confirm["test"])]
    there = tuple(arm for arm in arms if (mine["arm"] == arm).any())
    absent = tuple(arm for arm in arms if arm not in there)
    may = claim(*estimates_of(verdict, "E1"))
    if len(arms) < 3 or len(there) < 2:
        return AllArms((), arms, absent, (), (), 0, None, alpha, may, None)
    table = mine.pivot(index="pair_id", columns="arm", values="test").reindex(columns=list(arms)).sort_index()
    cells = [_compare(table, arm, other, evidence) for arm, other in combinations(arms, 2)]
    adjusted = holm([p for _, p in cells]).tolist()
    judged = tuple(replace(cell, adjusted_p=p) for (cell, _), p in zip(cells, adjusted, strict=True))
    against = against_all(table, evidence.baseline, begun=confirm["pair_id"].nunique(), alpha=alpha)
    whole = table[list(there)].dropna()
    if len(whole) < 2:
        return AllArms(judged, arms, absent, (), (), len(whole), None, alpha, may, against)
    found = friedman_nemenyi(whole.to_numpy(), direction=evidence.look.direction, alpha=alpha)
    return AllArms(judged, arms, absent, there, found.mean_ranks, len(whole), found.p, alpha, may, against)


def draw(result: AllArms, evidence: Evidence) -> Iterator[View]:
    """The matrix of differences, and all against the baseline; nothing where two arms say it all."""
    if not result.cells:
        return
    measure = measure_of(evidence.config.objective.metric, "test")
    unit = measure.difference_unit.strip() or measure.name
    level = f"{100 * (1 - result.alpha):g} %"
    rows = [
        {
            "arm": cell.arm,
            "against": cell.other,
            "n": cell.n,
            f"mean difference ({unit})": None if cell.difference is None else measure.difference(cell.difference),
            **dict(zip((f"{level} from", f"{level} to"), ends(measure, cell.low, cell.high), strict=True)),
            f"adjusted p ({len(result.cells)} comparisons)": result.claim.of(cell.adjusted_p),
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
    if result.against:
        yield many_to_one.view(result.against, evidence, result.claim)


def _compare(table: pd.DataFrame, arm: str, other: str, evidence: Evidence) -> tuple[Cell, float]:
    pairs = match_pairs(*([*zip(table.index, table[name], strict=True)] for name in (arm, other)))
    found = paired_comparison(
        pairs.a,
        pairs.b,
        margin=evidence_margin(evidence),
        alpha=alpha_of(evidence),
        direction=evidence.look.direction,
        rng=np.random.default_rng(_SEED),
    )
    return Cell(arm, other, found.n, found.mean, found.low, found.high, 1.0), found.p


def _caption(result: AllArms) -> str:
    ranks = listed([f"{arm} {rank:.2f}" for rank, arm in sorted(zip(result.ranks, result.ranked, strict=True))])
    ranked = (
        f" Mean ranks over {result.blocks} seeds: {ranks}. Ranks over seeds of one data set say nothing of other data."
        if result.ranks
        else ""
    )
    are = "has" if len(result.absent) == 1 else "have"
    absent = f" {listed(list(result.absent))} {are} no complete replicate; such comparisons count as well."
    return f"{(result.claim.clause or _told(result)).strip()}{absent if result.absent else ''}{ranked}"


def _told(result: AllArms) -> str:
    family = count(len(result.cells), "comparison")
    shown = [f"{cell.arm} and {cell.other}" for cell in result.cells if _is_told(cell, result.alpha)]
    if not shown:
        return f"Exploratory: no two arms are told apart after correction for {family}, which makes none alike."
    return f"Exploratory: chosen by nobody beforehand. Told apart after correction for {family}: {listed(shown)}."


def _is_told(cell: Cell, alpha: float) -> bool:
    """By the interval and by the exact test, as the verdict."""
    clear = cell.low is not None and cell.high is not None and cell.low * cell.high > 0
    return clear and cell.adjusted_p <= alpha


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
            p = "" if result.claim.withheld else f"<br>p {cell.adjusted_p:.2g}"
            texts[places[row], places[column]] = f"{signed(shown)}{p}"
    names = [plain(arm) for arm in result.arms]
    unit = measure.difference_unit.strip()
    limit = max((abs(measure.difference(cell.difference)) for cell in result.cells if cell.difference), default=1.0)
    figure = go.Figure(layout=layout(x="minus this arm", y="this arm", height=140 + 70 * size))
    figure.add_trace(
        go.Heatmap(
            z=values,
            x=names,
            y=names,
            zmin=-limit,
            zmax=limit,
            colorscale=tint(lower_is_better(measure, evidence.look.direction)),
            colorbar={"title": {"text": f"{plain(measure.name)}<br>{unit}"}},
            text=texts,
            texttemplate="%{text}",
            hoverinfo="skip",
        )
    )
    return figure.update_yaxes(autorange="reversed")
