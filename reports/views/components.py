"""Variances of replicated configs, and errors of a difference over seeds and examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.statistics import crossed_bootstrap, crossed_standard_error, paired_comparison, variance_components

_DRAWS = 1_999


@dataclass(frozen=True)
class Component:
    """One-way random effects: configs, and seeds within them.

    Attributes:
        phase: Where the replicates are from.
        arm: Whose they are; None for all arms together.
        configs: Configs with as many replicates as `replicates` at least.
        replicates: How many of each are counted.
        left_out: Finite values of replicated configs beyond that, which a balanced table has no place for.
        config_deviation: Standard deviation between configs, 0 where its estimate was negative; None for one config.
        seed_deviation: Standard deviation of a seed within a config.
        intraclass: Share of configs in the variance of one value; None where nothing varies or there is one config.
        p: Of no difference between configs; None for one config.
        truncated: Whether the estimate between configs was negative.
    """

    phase: str
    arm: str | None
    configs: int
    replicates: int
    left_out: int
    config_deviation: float | None
    seed_deviation: float
    intraclass: float | None
    p: float | None
    truncated: bool


@dataclass(frozen=True)
class Difference:
    """Mean paired difference of an arm to the baseline, and the standard deviation of one pair."""

    arm: str
    pairs: int
    mean: float
    deviation: float | None


@dataclass(frozen=True)
class Crossed:
    """Difference in accuracy over seeds and examples.

    Attributes:
        arm: The arm.
        seeds: Pairs with predictions.
        examples: Of the test set.
        mean: Accuracy of the arm minus the baseline's.
        seed_error: Standard error over seeds.
        example_error: Standard error over examples.
        error: Over both, cautiously.
        low: Lower end of the crossed bootstrap.
        high: Upper end.
    """

    arm: str
    seeds: int
    examples: int
    mean: float
    seed_error: float
    example_error: float
    error: float
    low: float | None
    high: float | None


def component(trials: pd.DataFrame, phase: str, arm: str | None, column: str) -> Component | None:
    """Components of the largest balanced table of complete trials; None where nothing was trained twice."""
    values = trials[column].to_numpy(dtype=float, na_value=np.nan)
    whole = trials[(trials["state"] == "complete").to_numpy() & np.isfinite(values)]
    counts = whole["config_hash"].value_counts()
    counts = counts[counts > 1]
    if counts.empty:
        return None
    replicates = _balanced(counts)
    chosen = counts.index[counts >= replicates]
    mine = whole[whole["config_hash"].isin(chosen)].sort_values(["config_hash", "replicate", "number"])
    table = mine.groupby("config_hash").head(replicates)[column].to_numpy(dtype=float).reshape(len(chosen), replicates)
    left_out = int(counts.sum()) - table.size
    if len(chosen) < 2:
        deviation = float(np.std(np.sort(table[0]), ddof=1))
        return Component(phase, arm, 1, replicates, left_out, None, deviation, None, None, False)
    found = variance_components(table)
    return Component(
        phase=phase,
        arm=arm,
        configs=len(chosen),
        replicates=replicates,
        left_out=left_out,
        config_deviation=found.rows**0.5,
        seed_deviation=found.within**0.5,
        intraclass=found.intraclass,
        p=found.p,
        truncated=found.truncated,
    )


def difference(pairs: pd.DataFrame, arm: str, column: str) -> Difference:
    """The mean over pairs, for scale."""
    found = paired_comparison(
        pairs[f"{column}_a"].to_numpy(dtype=float),
        pairs[f"{column}_b"].to_numpy(dtype=float),
        margin=0.0,
        rng=np.random.default_rng(len(pairs)),
    )
    return Difference(arm, found.n, float(found.mean or 0.0), found.deviation)


def crossed(differences: npt.NDArray[np.float64], arm: str, *, alpha: float) -> Crossed | None:
    """Errors of the mean of a table of seeds by examples; None with fewer than two of either."""
    if min(differences.shape) < 2:
        return None
    found = crossed_standard_error(differences)
    interval = crossed_bootstrap(differences, rng=np.random.default_rng(len(differences)), draws=_DRAWS, alpha=alpha)
    return Crossed(
        arm=arm,
        seeds=differences.shape[0],
        examples=differences.shape[1],
        mean=found.mean,
        seed_error=found.rows,
        example_error=found.columns,
        error=found.conservative,
        low=interval.low,
        high=interval.high,
    )


def _balanced(counts: pd.Series[int]) -> int:
    """How many replicates of each config keep the most values; with two configs at least where that can be."""
    sizes = sorted(set(counts.tolist()))
    kept = {size: int((counts >= size).sum()) for size in sizes}
    several = [size for size in sizes if kept[size] > 1] or sizes
    return int(max(several, key=lambda size: (kept[size] * size, size)))
