"""Every arm against the baseline at once, by Dunnett's intervals: beside the verdict, and never in its place."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import blocked_dunnett
from reports.theme import layout, plain
from reports.verdict import Measure, measure_of
from reports.verdict.measure import evidence_margin
from reports.view import View
from reports.views.claims import Claim
from reports.views.marks import ends, landmarks, lower_is_better, whiskers
from reports.words import brief, count, listed

FEWEST = 2
"""Fewer other arms than this are a pair, of which the paired interval says it all."""


@dataclass(frozen=True)
class Against:
    """An arm minus the baseline, with an interval that holds together with those of the others."""

    arm: str
    difference: float
    low: float
    high: float
    adjusted_p: float


@dataclass(frozen=True)
class AgainstAll:
    """Arms against the baseline over the seeds that all of them have.

    Attributes:
        baseline: What they are compared with.
        arms: Those that have complete replicates.
        blocks: Seeds of which all of them and the baseline have a complete replicate.
        left_out: The other seeds that any arm has begun.
        comparisons: All that the sweep has arms for, those without a replicate among them.
        df: Degrees of freedom of the residual deviation.
        deviation: What is left of the scores without arms and seeds, in the metric's unit.
        critical: Standard errors from a difference to the end of its interval.
        alpha: One minus the coverage of all intervals together.
    """

    baseline: str
    arms: tuple[Against, ...]
    blocks: int
    left_out: int
    comparisons: int
    df: int
    deviation: float
    critical: float
    alpha: float


def against_all(table: pd.DataFrame, baseline: str | None, *, begun: int, alpha: float) -> AgainstAll | None:
    """Compare the arms (columns) over the seeds (rows); None with too few arms, or fewer than two whole seeds."""
    there = [str(arm) for arm in table if arm != baseline and table[arm].notna().any()]
    if baseline is None or baseline not in table or len(there) < FEWEST:
        return None
    whole = table[[*there, baseline]].dropna()
    if len(whole) < 2:
        return None
    family = table.shape[1] - 1
    found = blocked_dunnett(whole[there].to_numpy(), whole[baseline].to_numpy(), comparisons=family, alpha=alpha)
    numbers = zip(there, found.differences, found.low, found.high, found.p, strict=True)
    return AgainstAll(
        baseline=baseline,
        arms=tuple(Against(*each) for each in numbers),
        blocks=len(whole),
        left_out=begun - len(whole),
        comparisons=family,
        df=found.df,
        deviation=found.deviation,
        critical=found.critical,
        alpha=alpha,
    )


def view(result: AgainstAll, evidence: Evidence, may: Claim) -> View:
    """A small forest with its table; p stand in the table alone, and only where the verdict may have some."""
    measure = measure_of(evidence.config.objective.metric, "test")
    return View(
        "all-arms-baseline",
        f"All arms against {brief(result.baseline)} at once",
        _caption(result, measure, may),
        _forest(result, measure, evidence),
        _data(result, measure, may),
        question="How far from the baseline may each of them lie, all taken together?",
    )


def _caption(result: AgainstAll, measure: Measure, may: Claim) -> str:
    said = [f"{brief(each.arm)} {_between(each, measure)}" for each in result.arms]
    out = "none was left out" if not result.left_out else f"{count(result.left_out, 'other seed')} left out"
    scale = measure.difference_text(abs(result.deviation)).replace("−", "")
    return (
        f"{may.clause}Dunnett's {_level(result)} intervals, which hold together for "
        f"{count(result.comparisons, 'comparison')}: {listed(said)}. Over {count(result.blocks, 'seed')} that all "
        f"these arms have ({out}); arms and seeds leave a spread of {scale} on {result.df} degrees of freedom. "
        f"The parametric alternative: it takes normal residuals of one variance in all arms for granted, which the "
        f"exact tests do not. It decides nothing; where the two disagree, the verdict's rule stands."
    )


def _between(each: Against, measure: Measure) -> str:
    low, high = (measure.bare(end, signed=True) for end in sorted((each.low, each.high), key=measure.difference))
    return f"{measure.difference_text(each.difference, signed=True)} [{low} to {high}]"


def _level(result: AgainstAll) -> str:
    return f"{100 * (1 - result.alpha):g} %"


def _forest(result: AgainstAll, measure: Measure, evidence: Evidence) -> go.Figure:
    better = "lower" if lower_is_better(measure, evidence.look.direction) else "higher"
    unit = f" ({measure.difference_unit.strip()})" if measure.difference_unit else ""
    title = f"difference in {plain(measure.name)}{unit}, {better} is better"
    figure = go.Figure(layout=layout(x=title, y="", height=130 + 44 * len(result.arms)))
    landmarks(figure, abs(measure.difference(evidence_margin(evidence))), along="x")
    for place, each in enumerate(result.arms):
        hover = [f"{plain(each.arm)}: {_between(each, measure)}"]
        interval = [ends(measure, each.low, each.high)]
        style, middle = evidence.look.styles[each.arm], measure.difference(each.difference)
        figure.add_trace(whiskers([middle], [place], interval, style, hover=hover, along="x", showlegend=False))
    return figure.update_yaxes(
        tickvals=list(range(len(result.arms))),
        ticktext=[plain(each.arm) for each in result.arms],
        range=[len(result.arms) - 0.5, -0.5],
        showgrid=False,
    )


def _data(result: AgainstAll, measure: Measure, may: Claim) -> pd.DataFrame:
    unit, level = measure.difference_unit.strip() or measure.name, _level(result)
    rows = [
        {
            "arm": each.arm,
            "baseline": result.baseline,
            "seeds": result.blocks,
            f"mean difference ({unit})": measure.difference(each.difference),
            **dict(zip((f"{level} from", f"{level} to"), ends(measure, each.low, each.high), strict=True)),
            f"Dunnett's p ({count(result.comparisons, 'comparison')})": may.of(each.adjusted_p),
            "degrees of freedom": result.df,
        }
        for each in result.arms
    ]
    return pd.DataFrame(rows)
