"""Trials by config: one row for all that differ in their seeds alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sweeps.records import Direction

_PHASES = ("confirm", "swap", "controls", "cost_probe", "search")
_ALIKE = ["phase", "arm", "config_hash", "varied"]


def configs_table(trials: pd.DataFrame, *, direction: Direction) -> pd.DataFrame:
    """One row a config and phase: what its trials came to, and which they are.

    Phases do not share a row: the search has chosen some of its trials by their luck, the others train what was chosen.
    `trials` is the sum of `complete`, `pruned`, `failed` and `running`; `n` counts the complete ones with a finite
    value, over which `mean`, `sd` (n - 1 in the denominator), `se` and `best` are taken; `tested`, `test_mean` and
    `test_sd` are the same of the test set. Phases after the search come first, then the best means.
    `varied` says which seeds differ: `all` but the split's, or the one of a control that holds the others still.
    """
    known = trials.assign(
        varied=varied(trials["pair_id"]),
        scored=trials["value"].where((trials["state"] == "complete") & np.isfinite(trials["value"])),
        shown=trials["test"].where((trials["state"] == "complete") & np.isfinite(trials["test"])),
        **{state: trials["state"] == state for state in ("complete", "pruned", "failed", "running")},
    ).sort_values("number")
    groups = known.groupby(_ALIKE, sort=False)
    found = groups.agg(
        trials=("number", "size"),
        complete=("complete", "sum"),
        pruned=("pruned", "sum"),
        failed=("failed", "sum"),
        running=("running", "sum"),
        n=("scored", "count"),
        mean=("scored", "mean"),
        sd=("scored", "std"),
        best=("scored", "max" if direction == "maximize" else "min"),
        tested=("shown", "count"),
        test_mean=("shown", "mean"),
        test_sd=("shown", "std"),
        first=("number", "first"),
    )
    found.insert(8, "se", found["sd"] / np.sqrt(found["n"].where(found["n"] > 0)))
    params = [name for name in trials.columns if name.startswith("param.")]
    found = found.join(groups[params].first()).assign(numbers=_numbers(known))
    order = pd.Series(range(len(_PHASES)), index=list(_PHASES))
    ranked = found.reset_index().assign(order=lambda each: each["phase"].map(order))
    sign = -1.0 if direction == "maximize" else 1.0
    ranked = ranked.assign(rank=sign * ranked["mean"]).sort_values(["order", "rank", "first"], kind="stable")
    return ranked.drop(columns=["order", "rank", "first"]).reset_index(drop=True)


def varied(pairs: pd.Series[str]) -> pd.Series[str]:
    """By the pair that a trial is of: the one seed in which its replicates differ, or `all` but the split's."""
    return pairs.str.extract("^source:([^:]*)", expand=False).fillna("all")


def _numbers(trials: pd.DataFrame) -> list[str]:
    """The trials of each config, in the order in which configs come; by hand, for pandas would take seconds."""
    found: dict[tuple[str, ...], list[int]] = {}
    for *alike, number in zip(*(trials[name].tolist() for name in (*_ALIKE, "number")), strict=True):
        found.setdefault(tuple(alike), []).append(number)
    return [", ".join(map(str, numbers)) for numbers in found.values()]
