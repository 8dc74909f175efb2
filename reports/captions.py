"""The sentence under each figure: what it shows of this run, computed from the same frames."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from reports.figures import smallest_spend
from reports.parallel import BOLD
from reports.placing import DRAWN
from reports.rollup import ranked
from reports.theme import Look
from reports.words import count, duration, listed, number

NOTHING = "No trial is complete yet, so there is nothing to show here."


def best_per_arm(arms: pd.DataFrame, look: Look) -> str:
    """The best of each arm with its n, and a warning where the arms had unequal chances."""
    if not arms["n"].sum():
        return NOTHING
    columns = (arms[name] for name in ("arm", "best", "n", "best_number"))
    parts = [
        f"{arm} {number(best)} (trial {trial}, best of {n})" if n else f"{arm} none yet"
        for arm, best, n, trial in zip(*columns, strict=True)
    ]
    highest = "Highest" if look.direction == "maximize" else "Lowest"
    return (
        f"{highest} {look.metric} among complete trials: {listed(parts)}.{_unequal(arms)}{_drawn(int(arms['n'].sum()))}"
    )


def progress(frame: pd.DataFrame, look: Look, *, by: str) -> str:
    """The best of each arm when it had spent what the most frugal arm has spent by now."""
    if not frame["best"].notna().any():
        return NOTHING
    least = smallest_spend(frame, look, by=by)
    spent = float(frame[by].max()) if least is None else least
    when = (
        f"After {_amount(spent, by)}"
        if least is None
        else f"At {_amount(spent, by)} an arm, the smallest spend of them"
    )
    within = frame[frame[by] <= spent]
    best = {arm: within.loc[within["arm"] == arm, "best"].dropna() for arm in look.styles}
    parts = [f"{arm} {number(values.iloc[-1]) if len(values) else 'none'}" for arm, values in best.items()]
    return f"{when}, the best {look.metric} was: {listed(parts)}. Pruned and failed trials count as spent."


def learning_curves(trials: pd.DataFrame) -> str:
    """How many curves of which fate."""
    states = trials["state"].value_counts()
    parts = [f"{states[state]} {state}" for state in ("complete", "pruned", "failed", "running") if state in states]
    if not parts:
        return "No trial has started yet."
    pruned = " A pruned curve ends at its cross; later epochs show only what was left." if "pruned" in states else ""
    best = " The best trial of each arm is bold." if "complete" in states else ""
    return f"{count(len(trials), 'trial')}: {listed(parts)}.{best}{pruned}{_drawn(len(trials))}"


def parameter(trials: pd.DataFrame, look: Look, name: str) -> str:
    """Where the best trial of each arm lies, and how many trials are not in the picture."""
    column = f"param.{name}"
    applies = trials[trials[column].notna()]
    best = ranked(applies, direction=look.direction).groupby("arm", sort=False).head(1)
    if best.empty:
        return NOTHING
    pairs = zip(best["arm"], best[column], best["value"], strict=True)
    parts = [f"{arm} at {_value(value)} ({number(score)})" for arm, value, score in pairs]
    pruned = int((applies["state"] == "pruned").sum())
    absent = len(trials) - len(applies)
    hollow = f" Hollow: {count(pruned, 'pruned trial')}." if pruned else ""
    missing = f" {name} does not apply to {absent} of {count(len(trials), 'trial')}." if absent else ""
    return f"Best: {listed(parts)}.{hollow}{missing}{_drawn(int(applies['value'].notna().sum()))}"


def ranks(trials: pd.DataFrame, look: Look, names: list[str]) -> str:
    """Where the best tenth of all complete trials lies."""
    scored = ranked(trials, direction=look.direction)
    if scored.empty:
        return NOTHING
    best = scored.head(math.ceil(len(scored) / 10))
    parts = [f"{name} {_values(best[f'param.{name}'])}" for name in names]
    return (
        f"The best tenth of {count(len(scored), 'complete trial')} ({len(best)}) lies at {listed(parts)}. Colour is "
        f"the share of all others, of any arm, that a trial beats; how many lie where is the sampler's choice."
        f"{_drawn(len(scored))}"
    )


def parallel(trials: pd.DataFrame, look: Look) -> str:
    """What the best trial is made of."""
    scored = ranked(trials, direction=look.direction)
    if scored.empty:
        return NOTHING
    top = scored.iloc[0]
    params = {key.removeprefix("param."): top[key] for key in scored.columns if key.startswith("param.")}
    parts = [f"{name} {_value(value)}" for name, value in params.items() if pd.notna(value)]
    return (
        f"Best of {count(len(scored), 'complete trial')}: trial {top['number']}, {number(top['value'])}, with "
        f"{listed(parts)}. The best {BOLD} of each arm are bold; a parameter that does not apply is drawn at absent."
        f"{_drawn(len(scored))}"
    )


def _amount(spent: float, by: str) -> str:
    return count(int(spent), "ended trial") if by == "trials" else f"{duration(spent)} of worker time"


def _values(column: pd.Series[Any]) -> str:
    """The range of numbers, or every choice."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return listed([_value(value) for value in dict.fromkeys(column.tolist())])
    low, high = column.min(), column.max()
    return _value(low) if low == high else f"{_value(low)} to {_value(high)}"


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _unequal(arms: pd.DataFrame) -> str:
    spent = (arms["started"] - arms["running"]).tolist()
    if len(set(spent)) < 2:
        return ""
    parts = [f"{arm} {ended}" for arm, ended in zip(arms["arm"], spent, strict=True)]
    return f" The arms have had unequal chances ({listed(parts)} ended trials), which alone favours the larger."


def _drawn(trials: int) -> str:
    return f" Showing {DRAWN:,} of {trials:,}." if trials > DRAWN else ""
