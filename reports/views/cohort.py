"""The trials of a search that were drawn at random, of which alone distribution-free bands are true."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from reports.statistics import Direction

LIMIT = 500
"""The most draws of an arm that curves are made from: the exact band of more takes longer than it is worth."""

_AT_RANDOM = ("cohort", "random")
_LIKE_RANDOM = (*_AT_RANDOM, "startup")


def draws_of(search: pd.DataFrame) -> pd.DataFrame:
    """Ended random draws in the order in which they were drawn.

    Those of the cohort and of a random sampler; the startup trials of other samplers too where an arm has none of them.
    """
    ended = search[search["state"] != "running"].sort_values(["order", "number"])
    pure = ended[ended["sampler_phase"].isin(_AT_RANDOM)]
    if set(pure["arm"]) == set(ended["arm"]):
        return pure
    return ended[ended["sampler_phase"].isin(_LIKE_RANDOM)]


def scores_of(draws: pd.DataFrame, direction: Direction) -> np.ndarray:
    """The value of each draw; the infinity that is worst where it could not have been chosen.

    That is a draw that was pruned, failed, broke a bound, or came to no finite value.
    """
    worst = -math.inf if direction == "maximize" else math.inf
    values = draws["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    feasible = draws["feasible"].fillna(False).to_numpy(dtype=bool)
    counts = (draws["state"] == "complete").to_numpy() & feasible & np.isfinite(values)
    return np.where(counts, values, worst)
