"""How many times the baseline's costs an arm has, over pairs of trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.matching import matched
from reports.statistics import geometric_ratio

MEASURES = {
    "epoch_seconds": "seconds per epoch",
    "inference_seconds": "inference seconds per example",
    "memory_bytes": "peak memory",
    "parameters": "parameters",
    "macs": "multiply-accumulates",
}


@dataclass(frozen=True)
class Ratio:
    """How many times the baseline's cost an arm has, over pairs; None where it was not measured."""

    measure: str
    ratio: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class ArmCost:
    """One arm's costs.

    Attributes:
        arm: The arm.
        ratios: One for each of `MEASURES`.
        pairs: Pairs of which both trials are complete.
        failed: Pairs left out for a failure.
        open: Pairs not yet whole.
    """

    arm: str
    ratios: list[Ratio]
    pairs: int
    failed: int
    open: int


def arm_cost(trials: pd.DataFrame, arm: str, baseline: str, alpha: float) -> ArmCost:
    """The costs of an arm by the trials of one phase; intervals cover 1 - `alpha`."""
    whole = matched(trials, arm, baseline, ())
    ratios = [_ratio(whole.pairs, column, name, alpha) for column, name in MEASURES.items()]
    return ArmCost(arm, ratios, len(whole.pairs), whole.failed, whole.open)


def _ratio(pairs: pd.DataFrame, column: str, name: str, alpha: float) -> Ratio:
    a, b = (pairs[f"{column}_{side}"].to_numpy(dtype=float, na_value=np.nan) for side in "ab")
    known = np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)
    if not known.any():
        return Ratio(name, None, None, None, 0)
    found = geometric_ratio(a[known], b[known], alpha=alpha)
    return Ratio(name, found.value, found.low, found.high, found.n)
