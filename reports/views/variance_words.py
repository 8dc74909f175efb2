"""What the variances say in sentences and in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.views.marks import between, short, signed
from reports.words import count, listed

if TYPE_CHECKING:
    from reports.views.components import Component, Crossed
    from reports.views.variance import Result


def why(trials: pd.DataFrame) -> str:
    """Why there is no component."""
    complete = int((trials["state"] == "complete").sum())
    return f"No config was trained twice to its end: {count(complete, 'complete trial')}, each of another config."


def components(result: Result) -> str:
    """Both deviations of every part, and the differences beside them."""
    parts = [_component(each) for each in result.components]
    beside = [f"{short(each.arm)} {signed(each.mean)} (n = {each.pairs})" for each in result.differences]
    differences = f" The arms' mean differences to {short(result.baseline)}: {listed(beside)}." if beside else ""
    shared = any(each.intraclass is not None for each in result.components)
    icc = " ICC is the share of the variance that lies between configs." if shared else ""
    truncated = any(each.truncated for each in result.components)
    negative = " *: the estimate was negative and is set to 0." if truncated else ""
    left = sum(each.left_out for each in result.components)
    uneven = f" {count(left, 'value')} of configs with more replicates than others left out." if left else ""
    return (
        f"Standard deviations of {result.metric} between configs and between seeds: {'; '.join(parts)}.{differences} "
        f"The grey band reaches to {result.margin:g}, too small to matter; all seeds but the split's change together."
        f"{icc}{negative}{uneven}"
    )


def crossed(result: Result) -> str:
    """Which of the two limits the difference."""
    parts = [_crossed(each, 1 - result.alpha) for each in result.crossed]
    odd = f" {count(result.mismatched, 'pair')} left out: not of the same examples." if result.mismatched else ""
    return (
        f"{result.claim.clause}Accuracy on the test set, each arm minus {short(result.baseline)}: {'; '.join(parts)}. "
        "The cautious error is over both at once; the bootstrap is a cross-check, too narrow with few seeds."
        f"{odd}"
    )


def components_table(result: Result) -> pd.DataFrame:
    """One row a part."""
    return pd.DataFrame(
        [
            {
                "phase": each.phase,
                "arm": each.arm or "all",
                "configs": each.configs,
                "replicates of each": each.replicates,
                "SD of configs": each.config_deviation,
                "SD of seeds": each.seed_deviation,
                "share of configs in the variance": each.intraclass,
                "p of no difference between configs": each.p,
                "negative estimate set to 0": each.truncated,
                "values left out": each.left_out,
            }
            for each in result.components
        ]
    )


def crossed_table(result: Result) -> pd.DataFrame:
    """One row an arm."""
    return pd.DataFrame(
        [
            {
                "arm": each.arm,
                "difference in accuracy": each.mean,
                "seeds": each.seeds,
                "examples": each.examples,
                "SE over seeds": each.seed_error,
                "SE over examples": each.example_error,
                "cautious SE": each.error,
                "bootstrap low": each.low,
                "bootstrap high": each.high,
            }
            for each in result.crossed
        ]
    )


def _component(each: Component) -> str:
    whose = f"{each.phase}, {'all champions' if each.arm is None else short(each.arm)}"
    if each.config_deviation is None:
        return f"{whose} – and {each.seed_deviation:.2g} (one config, n = {each.replicates})"
    share = "" if each.intraclass is None else f", ICC {each.intraclass:.2f}"
    return (
        f"{whose} {each.config_deviation:.2g}{'*' if each.truncated else ''} and {each.seed_deviation:.2g} "
        f"({each.configs} configs × {each.replicates} seeds{share})"
    )


def _crossed(each: Crossed, level: float) -> str:
    limit = "seeds" if each.seed_error >= each.example_error else "examples"
    return (
        f"{short(each.arm)} {signed(each.mean)} with a standard error of {each.seed_error:.2g} over {each.seeds} "
        f"seeds, {each.example_error:.2g} over {each.examples:,} examples and {each.error:.2g} over both: more {limit} "
        f"would help most ({100 * level:g} % by crossed bootstrap: {between(each.low, each.high).strip('[]')})"
    )
