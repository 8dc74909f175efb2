"""Which replicates are compared with which, from the frame of trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from reports.evidence import Evidence
from reports.statistics import Pairs, match_pairs
from reports.verdict.estimate import Estimand
from reports.verdict.worst import WorstCase, worst_case
from sweeps.records import Phase


@dataclass(frozen=True)
class Outcome:
    """The pairs of an arm with the baseline in one phase.

    Attributes:
        arm: The arm's name.
        baseline: The baseline's.
        pairs: What is compared, and what was left out.
        pairs_worst: The same with every failure as `worst.worst_case` says; None where nothing failed.
        unfinished: Replicates of either that have not ended.
        failed: Replicates of the arm and of the baseline that failed, where they are not those of `pairs`.
    """

    arm: str
    baseline: str
    pairs: Pairs
    pairs_worst: Pairs | None
    unfinished: int
    failed: tuple[int, int] | None = None


def confirm_outcomes(evidence: Evidence, *, place: int = 0) -> list[Outcome]:
    """Every arm against the baseline over the confirm phase's pairs, by the metric on the test set."""
    return _outcomes(evidence, evidence.confirmed(place), "test")


def outcomes(evidence: Evidence, phase: Phase, column: str) -> list[Outcome]:
    """Every arm against the baseline over a phase's pairs."""
    return _outcomes(evidence, evidence.trials(phase), column)


@dataclass(frozen=True)
class Broken:
    """Replicates that no comparison counts, each once however many comparisons it is of: those that have no partner,
    and those that failed.
    """

    unpaired: int
    failed: int


def broken(evidence: Evidence, estimand: Estimand) -> Broken:
    """What the comparisons of an estimand have left out; an arm without a champion has no replicate to miss."""
    trials = evidence.trials("swap") if estimand == "E3" else evidence.confirmed()
    column = "value" if estimand == "E3" else "test"
    ended = trials[trials["state"] != "running"]
    scores = {arm: dict(_scores(ended, arm, column)) for arm in evidence.arms.values()}
    base = str(evidence.baseline)
    unpaired: set[tuple[str, str]] = set()
    for arm in scores.keys() - {base}:
        if scores[arm]:
            unpaired |= {(arm, pair) for pair in scores[arm].keys() - scores[base].keys()}
            unpaired |= {(base, pair) for pair in scores[base].keys() - scores[arm].keys()}
    return Broken(len(unpaired), sum(_is_failed(score) for each in scores.values() for score in each.values()))


def _is_failed(score: float | None) -> bool:
    return score is None or not math.isfinite(score)


def _outcomes(evidence: Evidence, trials: pd.DataFrame, column: str) -> list[Outcome]:
    baseline = evidence.baseline
    if baseline is None:
        return []
    others = [name for name in evidence.arms.values() if name != baseline]
    worst = worst_case(evidence)
    return [_outcome(trials, arm, baseline, column, worst) for arm in others]


def _outcome(trials: pd.DataFrame, arm: str, baseline: str, column: str, worst: WorstCase | None) -> Outcome:
    ended = trials[trials["state"] != "running"]
    a, b = (_scores(ended, name, column) for name in (arm, baseline))
    pairs, at_worst = match_pairs(a, b), None
    if pairs.failed and worst is not None:
        at_worst = match_pairs(a, b, failures="worst", worst=worst.score)
    unfinished = int(((trials["state"] == "running") & trials["arm"].isin([arm, baseline])).sum())
    return Outcome(arm, baseline, pairs, at_worst, unfinished)


def _scores(trials: pd.DataFrame, arm: str, column: str) -> list[tuple[str, float | None]]:
    mine = trials[trials["arm"] == arm]
    complete = mine["state"] == "complete"
    values = mine[column].where(complete)
    return [
        (pair, None if pd.isna(value) else float(value)) for pair, value in zip(mine["pair_id"], values, strict=True)
    ]
