"""If each arm is trained once: how often the arm wins, how its scores are spread, and how often it fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import (
    Direction,
    clopper_pearson,
    fewest_pairs,
    improvement_interval,
    improvement_zone,
    iqm,
    match_pairs,
    performance_profile,
    probability_of_improvement,
    wilson,
)
from reports.verdict import Estimate, RunVerdict
from reports.view import View
from reports.views import chance_figures
from reports.views.claims import Claim, alpha_of, claim, estimates_of

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
        unpaired: The same share over all n² combinations of those replicates, of one seed or not.
        alpha: One minus the coverage of both intervals: the level of the plan over all arms that are compared.
        low: Lower end of Clopper and Pearson's exact interval of the share won, with ties as losses.
        high: Upper end of the exact interval of the share won, with ties as wins.
        unpaired_low: Lower end of the interval of `unpaired`, which counts pairs; None where there is but one.
        unpaired_high: Upper end.
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
    unpaired_low: float | None
    unpaired_high: float | None
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
class Curve:
    """Which share of an arm's replicates is at least as good as each score, with a band that holds at all of them.

    Attributes:
        arm: The arm.
        n: Replicates that have ended; those that failed reach no score.
        scores: Every score of any arm, the worst first, and once more the best for what lies beyond it.
        share: Of the replicates, at each score; 0 beyond the best.
        low: Lower end of the simultaneous band.
        high: Upper end.
    """

    arm: str
    n: int
    scores: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Chances:
    """See the module.

    Attributes:
        chances: One an arm that is compared.
        spreads: One an arm that has replicates.
        curves: Of the same arms; empty where no replicate has a score.
        alpha: One minus the coverage of each curve's band by itself: the level of the plan.
    """

    chances: tuple[Chance, ...]
    spreads: tuple[Spread, ...]
    curves: tuple[Curve, ...]
    alpha: float


def analyse(evidence: Evidence, verdict: RunVerdict) -> Chances:
    """Count wins over the pairs of the confirm phase, and describe every arm's replicates."""
    confirm = evidence.confirmed()
    ended = confirm[confirm["state"] != "running"]
    replicates = {arm: _replicates(ended[ended["arm"] == arm]) for arm in evidence.arms.values()}
    chances = [_chance(each, replicates, evidence) for each in estimates_of(verdict, "E1")]
    alpha, direction = alpha_of(evidence), evidence.look.direction
    spreads = [_spread(arm, list(scores.values()), alpha) for arm, scores in replicates.items() if scores]
    return Chances(
        tuple(each for each in chances if each is not None), tuple(spreads), _curves(spreads, direction, alpha), alpha
    )


def draw(result: Chances, evidence: Evidence) -> Iterator[View]:
    """How often each arm wins, then how the scores of all are spread; nothing where there is no pair."""
    if result.chances:
        yield from chance_figures.views(result, evidence)


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
    won = sum(x > y if direction == "maximize" else x < y for x, y in zip(a, b, strict=True))
    ties = sum(x == y for x, y in zip(a, b, strict=True))
    low = float(clopper_pearson(won, len(ids), alpha=alpha).low or 0.0)
    high = float(clopper_pearson(won + ties, len(ids), alpha=alpha).high or 0.0)
    unpaired = improvement_interval(a, b, direction=direction, alpha=alpha)
    may = claim(estimate)
    enough = len(ids) >= fewest_pairs(alpha=alpha)
    return Chance(
        arm=estimate.arm,
        baseline=estimate.baseline,
        n=len(ids),
        won=won,
        ties=ties,
        paired=probability_of_improvement(a, b, paired=True, direction=direction),
        unpaired=unpaired.value,
        alpha=alpha,
        low=low,
        high=high,
        unpaired_low=unpaired.low,
        unpaired_high=unpaired.high,
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


def _curves(spreads: Sequence[Spread], direction: Direction, alpha: float) -> tuple[Curve, ...]:
    every = np.unique([score for each in spreads for score in each.scores])
    if not len(every):
        return ()
    beyond = math.inf if direction == "maximize" else -math.inf
    towards_best = every if direction == "maximize" else every[::-1]
    # A threshold just beside each score, so that the curve steps exactly where the scores are; none lies beyond the
    # best score itself, which is the last.
    thresholds = np.append(np.nextafter(towards_best, -beyond), towards_best[-1])
    scores = tuple(float(score) for score in (*towards_best, towards_best[-1]))
    curves = []
    for each in spreads:
        found = performance_profile(
            [*each.scores, *[-beyond] * each.failed], thresholds, direction=direction, alpha=alpha
        )
        ends = (tuple(numbers.tolist()) for numbers in (found.share, found.low, found.high))
        curves.append(Curve(each.arm, each.n, scores, *ends))
    return tuple(curves)
