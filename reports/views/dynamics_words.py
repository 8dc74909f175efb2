"""What the learning curves say in sentences and in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.views.marks import short, signed
from reports.words import count, listed, number

if TYPE_CHECKING:
    from reports.views.courses import Spread
    from reports.views.dynamics import ArmCourse, Result


def why(trials: pd.DataFrame) -> str:
    """Why there is no curve."""
    if trials.empty:
        return "No trial has started yet."
    failed = int((trials["state"] == "failed").sum())
    lost = f"; {failed} failed" if failed else ""
    return f"None of {count(len(trials), 'trial')} has ended with an epoch report, complete or pruned{lost}."


def curves(result: Result) -> str:
    """The last median of each arm, of how many runs."""
    parts = [
        f"{short(each.arm)} {number(each.curve.median[-1])} after {count(each.curve.epochs[-1], 'epoch')} "
        f"(middle half {number(each.curve.low[-1])} to {number(each.curve.high[-1])}; "
        f"{each.curve.at_risk[-1]} of {count(each.runs, 'run')} left)"
        for each in _shown(result)
    ]
    dotted = " Dotted: the median of all runs, each with its last value." if _pruned(result) else ""
    return (
        f"Median {result.metric} of {_runs(result)}: {listed(parts)}. The band is the middle half of the runs that got "
        f"that far, no interval of the median; how many there are stands below.{dotted}{_caveat(result)}"
    )


def goals(result: Result) -> str:
    """How many runs got there, and in how many epochs."""
    parts = [
        f"{short(each.arm)} {each.goal.reached} of {count(each.goal.runs, 'run')}"
        + (
            ""
            if not each.goal.reached or each.goal.mean is None
            else f", in {each.goal.mean:.3g} epochs (standard error {each.goal.error:.2g})"
        )
        for each in result.arms
        if each.goal is not None
    ]
    of = "all complete runs" if result.goal_of is None else f"{short(result.goal_of)}'s complete runs"
    upto = "" if result.horizon is None else f" Means count no time beyond epoch {result.horizon:g}."
    censored = (
        " Pruned runs count as long as they ran, as if they were as fast as the others, which they hardly are."
        if _pruned(result)
        else ""
    )
    return (
        f"Epochs until {result.metric} is {'at least' if result.direction == 'maximize' else 'at most'} "
        f"{number(result.threshold)}, the median final value of {of} (n = {result.goal_runs}): {'; '.join(parts)}."
        f"{upto}{censored}{_caveat(result)}"
    )


def gaps(result: Result) -> str:
    """The last median gap of each arm."""
    seen, unseen = result.gap_metrics
    parts = [
        f"{short(each.arm)} {signed(each.gap.median[-1])} (middle half {signed(each.gap.low[-1])} to "
        f"{signed(each.gap.high[-1])}; {each.gap.at_risk[-1]} of {count(each.runs, 'run')} left)"
        for each in result.arms
        if each.gap is not None and each.gap.epochs
    ]
    return (
        f"How much better {seen} is than {unseen} at the last epoch, above 0 for better on the data trained on, median "
        f"of {_runs(result)}: {listed(parts)}. While training, {seen} is taken with dropout and over a whole epoch, so "
        f"early gaps may lie below 0.{_caveat(result)}"
    )


def curve_table(result: Result) -> pd.DataFrame:
    """One row an arm and epoch."""
    return pd.DataFrame([row for each in result.arms for row in _rows(each, each.curve, result.metric)])


def gap_table(result: Result) -> pd.DataFrame:
    """One row an arm and epoch."""
    return pd.DataFrame([row for each in result.arms if each.gap for row in _rows(each, each.gap, "gap")])


def goal_table(result: Result) -> pd.DataFrame:
    """One row an arm and epoch at which a run got there or ended."""
    return pd.DataFrame(
        [
            {
                "arm": each.arm,
                "epoch": time,
                "share not there yet": share,
                "low": low,
                "high": high,
                "runs at risk": left,
            }
            for each in result.arms
            if each.goal is not None
            for time, share, low, high, left in zip(
                each.goal.times, each.goal.share, each.goal.low, each.goal.high, each.goal.at_risk, strict=True
            )
        ]
    )


def _rows(each: ArmCourse, curve: Spread, name: str) -> list[dict[str, object]]:
    columns = zip(curve.epochs, curve.at_risk, curve.median, curve.low, curve.high, curve.carried, strict=True)
    return [
        {
            "arm": each.arm,
            "epoch": epoch,
            "runs at risk": left,
            f"median {name}": median,
            "lower quartile": low,
            "upper quartile": high,
            "median of all runs, last value carried": carried,
        }
        for epoch, left, median, low, high, carried in columns
    ]


def _shown(result: Result) -> list[ArmCourse]:
    return [each for each in result.arms if each.curve.epochs]


def _pruned(result: Result) -> int:
    return sum(each.pruned for each in result.arms)


def _runs(result: Result) -> str:
    failed = f", {result.failed} failed and left out" if result.failed else ""
    if result.phase == "confirm":
        return f"the first champions over the confirm seeds{failed}"
    return f"the search's complete and pruned trials{failed}"


def _caveat(result: Result) -> str:
    if result.phase == "confirm":
        return ""
    return " Trials of a search differ in their configs, and pruning takes the worse ones: this compares no arms."
