"""Trials of a phase that belong together, an arm beside the baseline, and the account of what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence


@dataclass(frozen=True, eq=False)
class Matched:
    """Pairs of one arm with the baseline.

    Attributes:
        pairs: One row a complete pair, in the order of `place` and `seed`, the two numbers in its id; every column of
            the trials stands there twice, as `NAME_a` of the arm and `NAME_b` of the baseline.
        failed: Pairs left out because a trial of theirs failed or has no finite score.
        open: Pairs of which a trial still runs or is not there.
    """

    pairs: pd.DataFrame
    failed: int
    open: int


def opponents(evidence: Evidence) -> list[str]:
    """The arms that are compared with the baseline, in the order of the sweep file."""
    return [] if evidence.baseline is None else [arm for arm in evidence.arms.values() if arm != evidence.baseline]


def matched(trials: pd.DataFrame, arm: str, baseline: str, columns: Sequence[str] = ("value",)) -> Matched:
    """Match the trials of a phase by `pair_id`; a pair is complete if all `columns` are finite on both sides.

    Raises:
        ValueError: If an arm has one `pair_id` twice.
    """
    marked = trials[trials["pair_id"].notna()].assign(scored=_scored(trials, columns))
    sides = [marked[marked["arm"] == name] for name in (arm, baseline)]
    # A merge of frames would look at every column; only the rows have to be found.
    first, second = (pd.Series(np.arange(len(side)), index=pd.Index(side["pair_id"])) for side in sides)
    for name, side in ((arm, first), (baseline, second)):
        if side.index.has_duplicates:
            raise ValueError(f"{name}: every pair id must occur once, got {side.index[side.index.duplicated()][0]!r}")
    both = first.index.intersection(second.index)
    left, right = sides[0].iloc[first[both].to_numpy()], sides[1].iloc[second[both].to_numpy()]
    pairs = pd.concat(
        [left.add_suffix("_a").reset_index(drop=True), right.add_suffix("_b").reset_index(drop=True)], axis=1
    )
    numbers = pd.Series(both, dtype="str").str.extract(r":(\d+):(\d+)$|:(\d+)$").astype("Int64")
    pairs["place"] = numbers[0].fillna(0).astype("int64")
    pairs["seed"] = numbers[1].fillna(numbers[2]).fillna(0).astype("int64")
    pairs = pairs.sort_values(["place", "seed"], kind="stable")
    running = (pairs["state_a"] == "running") | (pairs["state_b"] == "running")
    whole = pairs["scored_a"].astype(bool) & pairs["scored_b"].astype(bool)
    # An arm without a champion has no trial at all, and misses no pair.
    apart = len(first.index.symmetric_difference(second.index)) if len(first) and len(second) else 0
    return Matched(
        pairs=pairs[whole].reset_index(drop=True),
        failed=int((~whole & ~running).sum()),
        open=int((~whole & running).sum()) + apart,
    )


def _scored(trials: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    finite = [np.isfinite(trials[name].to_numpy(dtype=float, na_value=np.nan)) for name in columns]
    return pd.Series(np.all([trials["state"] == "complete", *finite], axis=0), index=trials.index)
