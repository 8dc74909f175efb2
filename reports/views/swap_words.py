"""What the swap map says in sentences and in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.placing import DRAWN
from reports.views.marks import better_side, between, p_value, short, signed
from reports.views.matched import left_out
from reports.words import count

if TYPE_CHECKING:
    from reports.views.swap_map import ArmMap, Result


def why(trials: pd.DataFrame, arms: list[str], found: bool) -> str:
    """Why there is no map; empty where there is one."""
    if found:
        return ""
    if not arms:
        return "No arm is compared with a baseline in this run, so nothing can be swapped."
    if trials.empty:
        return "This run has no swap phase: no setting was trained with only the compared param replaced."
    ended = int((trials["state"] != "running").sum())
    return f"No setting has a complete pair yet: {ended} of {count(len(trials), 'trial')} of the swap phase ended."


def overall(result: Result) -> str:
    """Every arm's mean difference over settings, and in how many it won."""
    level = f"{100 * (1 - result.alpha):g} %"
    parts = [_arm(each, result, level) for each in result.arms]
    failed, unfinished = (sum(getattr(each, name) for each in result.arms) for name in ("failed", "open"))
    holm = f" Holm's p counts {count(result.comparisons, 'comparison')}." if result.comparisons > 1 else ""
    return (
        f"E3, drop-in swap, each arm minus {short(result.baseline)} in {result.metric} ({better_side_of(result)}; "
        f"validation data): {'; '.join(parts)}.{holm} Intervals and p are over settings, not over seeds; the grey "
        f"band is ±{result.margin:g}, too small to matter.{left_out(failed, unfinished)}{_thinned(result)}"
    )


def better_side_of(result: Result) -> str:
    """Which side of 0 is the better one."""
    return better_side("minimize" if result.direction == "minimize" else "maximize")


def param(result: Result, name: str) -> str:
    """Whether the difference depends on a parameter, and where it changes sides."""
    parts = [part for each in result.arms for part in _strata(each, name)]
    said = f"{'; '.join(parts)}." if parts else "Too few settings or values to ask."
    tested = sum(each.p is not None for arm in result.arms for each in arm.contrasts)
    lines = any(each.param == name for arm in result.arms for each in arm.trends)
    line = " The line is a straight fit, which a trend that bends is not." if lines else ""
    return f"{said} Holm's p counts all {count(tested, 'contrast')} of this phase.{line}{_thinned(result)}"


def cells(result: Result) -> str:
    """Which cells are clear of 0."""
    parts = []
    for arm in result.arms:
        clear = sum(each.low is not None and each.high is not None and each.low * each.high > 0 for each in arm.cells)
        parts.append(f"{short(arm.arm)}: {clear} of {count(len(arm.cells), 'cell')} clear of 0")
    return (
        f"Mean difference to {short(result.baseline)} in {result.metric} with the number of settings in each cell: "
        f"{'; '.join(parts)}. A tilde marks an interval that holds 0 or cannot be had from one setting; an empty cell "
        "was not tried, and nothing is filled in. The cells are not corrected for how many they are: they explore."
    )


def table(result: Result) -> pd.DataFrame:
    """One row a setting and arm."""
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "setting": each.setting,
                f"difference in {result.metric}": each.difference,
                "pairs": each.pairs,
                **{name: each.params.get(name) for name in result.params},
            }
            for arm in result.arms
            for each in arm.settings
        ]
    )


def params_table(result: Result, name: str) -> pd.DataFrame:
    """One row a contrast of the parameter."""
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "settings with": f"{name} {each.where}",
                "n": each.n,
                "n elsewhere": each.others,
                f"difference of differences in {result.metric}": each.difference,
                "low": each.low,
                "high": each.high,
                "p": each.p,
                "p by Holm": each.adjusted_p,
            }
            for arm in result.arms
            for each in arm.contrasts
            if each.param == name
        ]
    )


def cells_table(result: Result) -> pd.DataFrame:
    """One row a cell."""
    first, second = result.crossed
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                first: each.values[0],
                second: each.values[1],
                "settings": each.n,
                f"difference in {result.metric}": each.mean,
                "low": each.low,
                "high": each.high,
            }
            for arm in result.arms
            for each in arm.cells
        ]
    )


def _arm(each: ArmMap, result: Result, level: str) -> str:
    if not each.settings:
        return f"{short(each.arm)} has no complete pair"
    holm = f", by Holm {each.adjusted_p:.2g}" if result.comparisons > 1 else ""
    share = (
        f"better in {each.won} of {count(len(each.settings), 'setting')} "
        f"[{100 * (each.share_low or 0):.0f} % to {100 * (each.share_high or 0):.0f} %]"
    )
    return (
        f"{short(each.arm)} {signed(each.mean)} [{level}: {between(each.low, each.high).strip('[]')}], "
        f"exact {p_value(each.p)}{holm}: {each.verdict}; {share}, {count(each.pairs, 'pair')}"
        + (f", {each.tied} tied" if each.tied else "")
    )


def _strata(arm: ArmMap, name: str) -> list[str]:
    parts = [
        f"{short(arm.arm)}'s difference changes by {signed(each.difference)} {between(each.low, each.high)} with "
        f"{name} {short(each.where)} ({each.n} against {each.others} settings; {p_value(each.p)}, by Holm "
        f"{each.adjusted_p:.2g})"
        for each in arm.contrasts
        if each.param == name and each.adjusted_p is not None
    ]
    for each in arm.trends:
        if each.param == name and each.at is not None:
            ends = [f"{end:.3g}" if end is not None else "too far off to say" for end in (each.low, each.high)]
            where = "" if each.inside else ", outside of what was tried: a guess"
            parts.append(f"{short(arm.arm)} changes sides at {name} {each.at:.3g} [{' to '.join(ends)}{where}]")
    return parts


def _thinned(result: Result) -> str:
    settings = max(len(each.settings) for each in result.arms)
    most = DRAWN // len(result.arms)
    return f" Showing {most:,} of {settings:,} settings of an arm." if settings > most else ""
