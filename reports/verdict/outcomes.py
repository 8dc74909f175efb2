"""Which replicates are compared with which, from the frame of trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import Pairs, match_pairs
from sweeps.records import Phase


@dataclass(frozen=True)
class Outcome:
    """The pairs of an arm with the baseline in one phase.

    Attributes:
        arm: The arm's name.
        baseline: The baseline's.
        pairs: What is compared, and what was left out.
        pairs_worst: The same with every failure as the worst score seen; None where nothing failed.
        unfinished: Replicates of either that have not ended.
    """

    arm: str
    baseline: str
    pairs: Pairs
    pairs_worst: Pairs | None
    unfinished: int


def confirm_outcomes(evidence: Evidence, *, place: int = 0) -> list[Outcome]:
    """Every arm against the baseline over the confirm phase's pairs, by the metric on the test set."""
    return _outcomes(evidence, evidence.confirmed(place), "test")


def outcomes(evidence: Evidence, phase: Phase, column: str) -> list[Outcome]:
    """Every arm against the baseline over a phase's pairs."""
    return _outcomes(evidence, evidence.trials(phase), column)


def _outcomes(evidence: Evidence, trials: pd.DataFrame, column: str) -> list[Outcome]:
    baseline = evidence.baseline
    if baseline is None:
        return []
    others = [name for name in evidence.arms.values() if name != baseline]
    return [_outcome(trials, arm, baseline, column, evidence.look.direction) for arm in others]


def _outcome(trials: pd.DataFrame, arm: str, baseline: str, column: str, direction: str) -> Outcome:
    ended = trials[trials["state"] != "running"]
    a, b = (_scores(ended, name, column) for name in (arm, baseline))
    pairs = match_pairs(a, b)
    seen = ended.loc[ended["arm"].isin([arm, baseline]), column]
    finite = seen[np.isfinite(seen)]
    worst = None
    if pairs.failed and len(finite):
        least = float(finite.min() if direction == "maximize" else finite.max())
        worst = match_pairs(a, b, failures="worst", worst=least)
    unfinished = int(((trials["state"] == "running") & trials["arm"].isin([arm, baseline])).sum())
    return Outcome(arm, baseline, pairs, worst, unfinished)


def _scores(trials: pd.DataFrame, arm: str, column: str) -> list[tuple[str, float | None]]:
    mine = trials[trials["arm"] == arm]
    complete = mine["state"] == "complete"
    values = mine[column].where(complete)
    return [
        (pair, None if pd.isna(value) else float(value)) for pair, value in zip(mine["pair_id"], values, strict=True)
    ]
