"""If each arm is trained once: how often the arm wins, how its scores are spread, and how often it fails."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import (
    fewest_pairs,
    improvement_zone,
    iqm,
    match_pairs,
    performance_profile,
    probability_of_improvement,
    wilson,
)
from reports.theme import layout, plain
from reports.verdict import Estimate, RunVerdict, measure_of
from reports.view import View
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.words import listed, percent

KEY = "chance"


@dataclass(frozen=True)
class Chance:
    """How often an arm beats the baseline, a tie counting half; a replicate that failed is beaten by any that did not.

    Attributes:
        arm: In question.
        baseline: What it is to beat.
        n: Pairs of one seed of which both replicates have ended.
        won: Those in which the arm is better.
        ties: Those in which neither is, two failures among them.
        paired: (won + ties / 2) / n.
        unpaired: The same share over all combinations of replicates.
        alpha: One minus the coverage of the interval: the level of the plan over all arms that are compared.
        low: Lower end of Wilson's interval of the share won, with ties as losses.
        high: Upper end of Wilson's interval of the share won, with ties as wins.
        zone: What the interval shows against ½ and ¾, or against ½ and ¼; empty where nothing may be claimed, or where
            so few pairs cannot show anything.
        claim: What the chance may be used for.
    """

    arm: str
    baseline: str
    n: int
    won: int
    ties: int
    paired: float
    unpaired: float
    alpha: float
    low: float
    high: float
    zone: str
    claim: Claim


@dataclass(frozen=True)
class Spread:
    """An arm's replicates: their mean beside the mean of the middle half, which hides collapses, and its failures.

    Attributes:
        arm: The arm.
        n: Replicates that have ended, the failed ones among them.
        mean: Of those that have a score; None without one.
        iqm: Of the same.
        failed: Those without a score.
        failed_low: Lower end of Wilson's interval of their share.
        failed_high: Upper end.
        scores: In order.
    """

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


def analyse(evidence: Evidence, verdict: RunVerdict) -> Chances:
    """Count wins over the pairs of the confirm phase, and describe every arm's replicates."""
    confirm = evidence.confirmed()
    ended = confirm[confirm["state"] != "running"]
    replicates = {arm: _replicates(ended[ended["arm"] == arm]) for arm in evidence.arms.values()}
    chances = [_chance(each, replicates, evidence) for each in estimates_of(verdict, "E1")]
    spreads = [_spread(arm, list(scores.values()), alpha_of(evidence)) for arm, scores in replicates.items() if scores]
    return Chances(tuple(each for each in chances if each is not None), tuple(spreads))


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
            "share failed from": each.failed_low,
            "share failed to": each.failed_high,
        }
        for each in result.spreads
    ]
    yield View(
        KEY,
        "If each were trained once",
        _caption(result, evidence),
        _profiles(result, evidence) if any(each.scores for each in result.spreads) else None,
        pd.DataFrame(rows),
        question="How often would the arm win, and does it fail more often?",
    )


def _replicates(trials: pd.DataFrame) -> dict[str, float | None]:
    """The score of each pair's replicate; None where it failed."""
    scores = trials["test"].where((trials["state"] == "complete") & np.isfinite(trials["test"]))
    rows = zip(trials["pair_id"], scores, strict=True)
    return {str(pair): None if pd.isna(score) else float(score) for pair, score in sorted(rows, key=lambda row: row[0])}


def _chance(estimate: Estimate, replicates: dict[str, dict[str, float | None]], evidence: Evidence) -> Chance | None:
    arm, baseline = replicates[estimate.arm], replicates[estimate.baseline]
    pairs = match_pairs(arm.items(), baseline.items())
    ids = (*pairs.ids, *pairs.failed)
    if not ids:
        return None
    alpha, direction = alpha_of(evidence) / estimate.comparisons, evidence.look.direction
    worst = -math.inf if direction == "maximize" else math.inf
    a, b = ([_or(side[name], worst) for name in ids] for side in (arm, baseline))
    every = ([_or(score, worst) for score in side.values()] for side in (arm, baseline))
    won = sum(x > y if direction == "maximize" else x < y for x, y in zip(a, b, strict=True))
    ties = sum(x == y for x, y in zip(a, b, strict=True))
    low = float(wilson(won, len(ids), alpha=alpha).low or 0.0)
    high = float(wilson(won + ties, len(ids), alpha=alpha).high or 0.0)
    may = claim(estimate)
    enough = len(ids) >= fewest_pairs(alpha=alpha)
    return Chance(
        arm=estimate.arm,
        baseline=estimate.baseline,
        n=len(ids),
        won=won,
        ties=ties,
        paired=probability_of_improvement(a, b, paired=True, direction=direction),
        unpaired=probability_of_improvement(*every, paired=False, direction=direction),
        alpha=alpha,
        low=low,
        high=high,
        zone="" if may.withheld or not enough else _zone(low, high),
        claim=may,
    )


def _zone(low: float, high: float) -> str:
    """What the interval shows, for the side that it lies on."""
    if high >= 0.5:
        return improvement_zone(low, high)
    return f"worse, {improvement_zone(1 - high, 1 - low)}"


def _or(score: float | None, worst: float) -> float:
    return worst if score is None else score


def _spread(arm: str, replicates: list[float | None], alpha: float) -> Spread:
    scores = sorted(score for score in replicates if score is not None)
    failed = wilson(len(replicates) - len(scores), len(replicates), alpha=alpha)
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
    level = f"{100 * (1 - alpha_of(evidence)):g} %"
    wins = "; ".join(_wins(each) for each in result.chances)
    ties = any(each.ties for each in result.chances)
    counted = " A tie counts half; the interval has ties as losses at its lower end and as wins at its upper." * ties
    failed = [
        f"{each.arm} {each.failed} of {each.n} [{level}: {percent(each.failed_low)} to {percent(each.failed_high)}]"
        for each in result.spreads
        if each.failed
    ]
    fails = (
        f" Failed: {listed(failed)}; a failure loses against any score and reaches none, so that its arm's curve ends "
        "below 100 %."
        if failed
        else " No replicate failed."
    )
    return f"{wins}.{counted}{fails} Curves show the share of replicates at least that good."


def _wins(each: Chance) -> str:
    level = f"{100 * (1 - each.alpha):.3g} %"
    said = each.claim.withheld or each.zone
    zone = f"; {said}" if said else ""
    return (
        f"{each.arm} beats {each.baseline} in {percent(each.paired)} of {each.n} pairs of one seed "
        f"[{level}, Wilson: {percent(each.low)} to {percent(each.high)}{zone}], and in "
        f"{percent(each.unpaired)} of all combinations"
    )


def _profiles(result: Chances, evidence: Evidence) -> go.Figure:
    measure, look = measure_of(evidence.config.objective.metric, "test"), evidence.look
    unit = f" ({measure.unit.strip()})" if measure.unit else ""
    figure = go.Figure(layout=layout(x=f"{plain(measure.name)}{unit}", y="share of replicates at least as good"))
    every = np.unique([score for each in result.spreads for score in each.scores])
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
