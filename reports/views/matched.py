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


def searched(evidence: Evidence, *columns: str) -> pd.DataFrame:
    """Some columns of the search's trials; of many trials, choosing rows of all columns would take seconds."""
    trials = evidence.frames.trials
    return trials[list(columns)][trials["phase"] == "search"]


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


def left_out(failed: int, unfinished: int) -> str:
    """What is said of pairs that are not there; nothing where all are."""
    parts = [f"{failed} left out for a failure"] * (failed > 0) + [f"{unfinished} not yet whole"] * (unfinished > 0)
    return f" Pairs {' and '.join(parts)}." if parts else ""


def how_to_get(evidence: Evidence, key: str, amount: int) -> str:
    """The command that gets a phase: `RUN`, `FILE`, `PARAM` and `ARM` stand for what the reader knows.

    Args:
        evidence: The run.
        key: The amount in the sweep file that asks for the phase, such as `swap.settings`.
        amount: How much of it to ask for.
    """
    config = evidence.config
    if config.compare is None or len(config.arms) < 2:
        return f"capsweep launch FILE --set compare=PARAM --set {key}={amount}"
    if config.later_amounts[key]:
        return "capsweep resume RUN"
    baseline = "" if evidence.baseline is not None else " --set confirm.baseline=ARM"
    return f"capsweep resume RUN --set {key}={amount}{baseline}"
