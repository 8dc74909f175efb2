"""What the trials of a search come to: by arm, by the trials and seconds spent, and by what went wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from sweeps.records import Direction
from sweeps.selection import better

_ARM = {
    "arm": "str",
    "budget": "float64",
    "started": "int64",
    "complete": "int64",
    "pruned": "int64",
    "failed": "int64",
    "running": "int64",
    "best_number": "Int64",
    "best": "float64",
    "n": "int64",
    "mean": "float64",
    "median": "float64",
    "sd": "float64",
    "seconds": "float64",
}
_PROGRESS = {
    "arm": "str",
    "trials": "int64",
    "seconds": "float64",
    "number": "int64",
    "state": "str",
    "value": "float64",
    "best": "float64",
    "best_number": "Int64",
}
_FAILURE = {"reason": "str", "count": "int64", "arms": "str", "numbers": "str"}


def arms_table(trials: pd.DataFrame, *, arms: Sequence[str], direction: Direction, budget: float) -> pd.DataFrame:
    """One row an arm, in the order of `arms`, those without a trial included.

    `started` counts all trials and is the sum of the four states; `n` counts the complete trials with a finite value,
    which `best`, `mean`, `median` and `sd` (n - 1 in the denominator) are taken over; `seconds` is the workers' time
    on trials of any state.
    """
    rows = [_arm_row(trials[trials["arm"] == arm], arm, direction, budget) for arm in arms]
    return pd.DataFrame(rows, columns=list(_ARM)).astype(_ARM)


def progress_table(trials: pd.DataFrame, *, direction: Direction) -> pd.DataFrame:
    """Best so far: one row an ended trial, in the order of ending.

    `trials` and `seconds` are what the arm has spent by then, pruned and failed trials included; `best` can only come
    from a complete one, as in `sweeps.selection`, and is missing until there is one.
    """
    ended = trials[trials["ended"].notna()].sort_values(["ended", "number"])
    frame = pd.DataFrame(list(_steps(ended, direction)), columns=list(_PROGRESS))
    return frame.astype(_PROGRESS)


def failures_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Failed trials grouped by their reason: how many, of which arms, which numbers (the first ten of them)."""
    failed = trials[trials["state"] == "failed"]
    rows = [
        {
            "reason": reason,
            "count": len(group),
            "arms": ", ".join(dict.fromkeys(group["arm"])),
            "numbers": _first(group["number"].tolist()),
        }
        for reason, group in failed.groupby("reason", sort=False)
    ]
    frame = pd.DataFrame(rows, columns=list(_FAILURE)).astype(_FAILURE)
    return frame.sort_values("count", ascending=False, kind="stable", ignore_index=True)


def ranked(trials: pd.DataFrame, *, direction: Direction) -> pd.DataFrame:
    """Complete trials with a finite value and no broken bound, best first, as `sweeps.selection.rank` has it."""
    counts = (trials["state"] == "complete") & np.isfinite(trials["value"]) & trials["feasible"].fillna(False)
    scored: pd.DataFrame = trials[counts.astype(bool)]
    return scored.sort_values(["value", "number"], ascending=[direction == "minimize", True])


def _arm_row(trials: pd.DataFrame, arm: str, direction: Direction, budget: float) -> dict[str, object]:
    scored = ranked(trials, direction=direction)
    states = trials["state"].value_counts()
    return {
        "arm": arm,
        "budget": budget,
        "started": len(trials),
        **{state: int(states.get(state, 0)) for state in ("complete", "pruned", "failed", "running")},
        "best_number": scored["number"].iloc[0] if len(scored) else None,
        "best": scored["value"].iloc[0] if len(scored) else None,
        "n": len(scored),
        "mean": scored["value"].mean(),
        "median": scored["value"].median(),
        "sd": scored["value"].std(),
        "seconds": trials["spent"].sum(),
    }


def _steps(ended: pd.DataFrame, direction: Direction) -> Iterator[tuple[object, ...]]:
    count: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    best: dict[str, tuple[float, int]] = {}
    columns = (ended[name].tolist() for name in ("arm", "number", "state", "value", "spent", "feasible"))
    for arm, number, state, value, seconds, feasible in zip(*columns, strict=True):
        count[arm] += 1
        spent[arm] += seconds
        if state == "complete" and math.isfinite(value) and feasible:
            best[arm] = _best_of(best.get(arm), (value, number), direction)
        yield arm, count[arm], spent[arm], number, state, value, *(best.get(arm) or (None, None))


def _best_of(top: tuple[float, int] | None, other: tuple[float, int], direction: Direction) -> tuple[float, int]:
    """The better of two (value, number); trials end in any order, so a tie is settled by the number."""
    if top is None or better(other[0], top[0], direction=direction):
        return other
    return other if other[0] == top[0] and other[1] < top[1] else top


def _first(numbers: Sequence[int], *, most: int = 10) -> str:
    left = len(numbers) - most
    return ", ".join(map(str, numbers[:most])) + (f" and {left} more" if left > 0 else "")
