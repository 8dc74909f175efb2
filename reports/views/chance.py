"""If each arm is trained once: how often the arm wins, how its scores are spread, and how often it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import (
    improvement_interval,
    improvement_zone,
    iqm,
    performance_profile,
    probability_of_improvement,
    wilson,
)
from reports.theme import layout, plain
from reports.verdict import Estimate, RunVerdict, measure_of
from reports.view import View
from reports.words import listed

KEY = "chance"
_SEED = 20_260_102


@dataclass(frozen=True)
class Chance:
    """How often an arm beats the baseline; `paired` over pairs of one seed, `unpaired` over all combinations."""

    arm: str
    baseline: str
    n: int
    paired: float
    unpaired: float
    low: float
    high: float
    zone: str


@dataclass(frozen=True)
class Spread:
    """An arm's replicates: their mean beside the mean of the middle half, which hides collapses, and its failures."""

    arm: str
    n: int
    mean: float | None
    iqm: float | None
    failed: int
    failed_low: float
    failed_high: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Chances:
    """See the module."""

    chances: tuple[Chance, ...]
    spreads: tuple[Spread, ...]


def analyse(verdict: RunVerdict, evidence: Evidence) -> Chances:
    """Count wins over the confirmed pairs, and describe every arm's replicates."""
    champions = [each for each in verdict.estimates if each.estimand == "E1" and each.n]
    chances = tuple(_chance(each, evidence) for each in champions)
    confirm = evidence.confirmed()
    ended = confirm[confirm["state"] != "running"]
    spreads = [_spread(arm, ended[ended["arm"] == arm]) for arm in evidence.arms.values()]
    return Chances(chances, tuple(spread for spread in spreads if spread is not None))


def draw(result: Chances, evidence: Evidence) -> Iterator[View]:
    """The distribution of scores, with the chances in words."""
    if not result.chances:
        return
    measure = measure_of(evidence.config.objective.metric, "test")
    rows = [
        {
            "arm": each.arm,
            "n": each.n,
            f"mean{measure.unit}": None if each.mean is None else measure.value(each.mean),
            f"mean of the middle half{measure.unit}": None if each.iqm is None else measure.value(each.iqm),
            "failed": each.failed,
        }
        for each in result.spreads
    ]
    yield View(
        KEY,
        "If each were trained once",
        _caption(result, evidence),
        _profiles(result, evidence),
        pd.DataFrame(rows),
        question="How often would the arm win, and does it fail more often?",
    )


def _chance(estimate: Estimate, evidence: Evidence) -> Chance:
    a, b, direction = estimate.scores_arm, estimate.scores_baseline, evidence.look.direction
    alpha = evidence.config.confirm.alpha
    found = improvement_interval(a, b, rng=np.random.default_rng(_SEED), paired=True, direction=direction, alpha=alpha)
    return Chance(
        arm=estimate.arm,
        baseline=estimate.baseline,
        n=estimate.n,
        paired=probability_of_improvement(a, b, paired=True, direction=direction),
        unpaired=probability_of_improvement(a, b, paired=False, direction=direction),
        low=float(found.low or 0.0),
        high=1.0 if found.high is None else float(found.high),
        zone=improvement_zone(float(found.low or 0.0), 1.0 if found.high is None else float(found.high)),
    )


def _spread(arm: str, replicates: pd.DataFrame) -> Spread | None:
    if replicates.empty:
        return None
    scores = replicates["test"].dropna().sort_values().tolist()
    failed = wilson(len(replicates) - len(scores), len(replicates))
    return Spread(
        arm=arm,
        n=len(replicates),
        mean=float(np.mean(scores)) if scores else None,
        iqm=float(iqm(scores)) if scores else None,
        failed=len(replicates) - len(scores),
        failed_low=float(failed.low or 0.0),
        failed_high=float(failed.high or 0.0),
        scores=tuple(scores),
    )


def _caption(result: Chances, evidence: Evidence) -> str:
    level = 100 * (1 - evidence.config.confirm.alpha)
    wins = [
        f"{each.arm} beats {each.baseline} in {each.paired:.0%} of {each.n} pairs of one seed "
        f"[{level:g} %: {each.low:.0%} to {each.high:.0%}; {each.zone}], and in {each.unpaired:.0%} of all combinations"
        for each in result.chances
    ]
    failed = [f"{each.arm} {each.failed} of {each.n}" for each in result.spreads if each.failed]
    fails = f" Failed: {listed(failed)}." if failed else " No replicate failed."
    return f"{'; '.join(wins)}.{fails} Curves show the share of replicates at least that good."


def _profiles(result: Chances, evidence: Evidence) -> go.Figure:
    measure, look = measure_of(evidence.config.objective.metric, "test"), evidence.look
    unit = f" ({measure.unit.strip()})" if measure.unit else ""
    figure = go.Figure(layout=layout(x=f"{plain(measure.name)}{unit}", y="share of replicates at least as good"))
    every = np.unique([score for each in result.spreads for score in each.scores])
    if not len(every):
        return figure
    # A threshold just beside each score, so that the curve steps exactly where the scores are.
    beside = -np.inf if look.direction == "maximize" else np.inf
    thresholds = np.nextafter(every, beside)
    for each in result.spreads:
        style = look.styles[each.arm]
        worst = float(beside)
        profile = performance_profile(
            [*each.scores, *[worst] * each.failed], np.sort(thresholds), direction=look.direction
        )
        shown = [measure.value(float(value)) for value in np.sort(every)]
        figure.add_trace(
            go.Scatter(
                x=shown,
                y=profile.share.tolist(),
                name=f"{plain(each.arm)}, n = {each.n}",
                mode="lines+markers",
                line={"color": style.colour, "dash": style.dash, "shape": "vh", "width": 2},
                marker={"color": style.colour, "symbol": style.symbol, "size": 7},
                hovertemplate="%{x:.4g}: %{y:.0%}<extra></extra>",
            )
        )
    return figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
