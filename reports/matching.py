"""Trials of a phase that belong together, an arm beside the baseline, and the account of what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import match_pairs


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
    marked = trials[trials["pair_id"].notna()]
    sides = [marked[marked["arm"] == name] for name in (arm, baseline)]
    ended = [side[side["state"] != "running"] for side in sides]
    # What is matched are the places of the rows, where the verdict matches scores: by the same rules.
    found = match_pairs(*(_places(side, columns) for side in ended))
    left, right = (side.iloc[list(map(int, at))] for side, at in zip(ended, (found.a, found.b), strict=True))
    pairs = pd.concat(
        [left.add_suffix("_a").reset_index(drop=True), right.add_suffix("_b").reset_index(drop=True)], axis=1
    )
    numbers = pd.Series(found.ids, dtype="str").str.extract(r":(\d+):(\d+)$|:(\d+)$").astype("Int64")
    pairs["place"] = numbers[0].fillna(0).astype("int64")
    pairs["seed"] = numbers[1].fillna(numbers[2]).fillna(0).astype("int64")
    pairs = pairs.sort_values(["place", "seed"], kind="stable").reset_index(drop=True)
    names = [set(side["pair_id"]) for side in sides]
    # An arm without a champion has no trial at all, and misses no pair.
    begun = len(names[0] | names[1]) if all(names) else 0
    return Matched(pairs, failed=len(found.failed), open=begun - len(pairs) - len(found.failed))


def _places(side: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, int | None]]:
    finite = [np.isfinite(side[name].to_numpy(dtype=float, na_value=np.nan)) for name in columns]
    scored = np.all([side["state"] == "complete", *finite], axis=0)
    places = np.where(scored, np.arange(len(side)), -1).tolist()
    return [(pair, None if at < 0 else at) for pair, at in zip(side["pair_id"], places, strict=True)]
