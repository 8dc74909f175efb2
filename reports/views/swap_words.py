"""What the swap map says in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.placing import DRAWN
from reports.views.marks import between, short, signed
from reports.views.swap_trends import BANDED
from reports.words import count, listed, p_value

if TYPE_CHECKING:
    from reports.verdict import Estimate, Measure
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
    return f"No setting is whole yet: {ended} of {count(len(trials), 'trial')} of the swap phase ended."


def overall(result: Result) -> str:
    """Every arm's mean difference over settings, and in how many it won."""
    level = f"{100 * (1 - result.alpha):g} %"
    parts = [_arm(each, result, level) for each in result.arms]
    family = max(each.overall.comparisons for each in result.arms)
    corrected = family > 1 and not all(each.claim.withheld for each in result.arms)
    holm = f" Holm's p counts {count(family, 'comparison')}." if corrected else ""
    return (
        f"{_clause(result)}E3, drop-in swap on validation data, each arm minus {short(result.baseline)} in "
        f"{result.measure.name} ({_side(result)}): {'; '.join(parts)}.{holm} Intervals are over settings, not over "
        f"seeds; the grey band is ±{result.margin:.3g}, too small to matter.{_left_out(result)}{_thinned(result)}"
    )


def param(result: Result, name: str) -> str:
    """Whether the difference depends on a parameter, and where it changes sides."""
    parts = [part for each in result.arms for part in _strata(each, name)]
    said = f"{'; '.join(parts)}." if parts else "Too few settings or values to ask."
    tested = sum(each.p is not None for arm in result.arms for each in arm.contrasts)
    silent = all(each.claim.withheld for each in result.arms)
    holm = "" if silent else f" Holm's p counts all {count(tested, 'contrast')} of this phase."
    lines = any(each.param == name for arm in result.arms for each in arm.trends)
    slopes = sum(len(arm.trends) for arm in result.arms)
    told = f"; where it changes sides is said if Holm's p of its slope, among {count(slopes, 'line')}, allows it"
    line = f" The line is a straight fit, which a trend that bends is not{'' if silent else told}." if lines else ""
    return f"{_clause(result)}{said}{holm}{line}{_banded(result, name)}{_thinned(result)}"


def unit(result: Result) -> str:
    """What differences are in."""
    known = result.measure.difference_unit.strip()
    return f"{result.measure.name} ({known})" if known else result.measure.name


def cells(result: Result) -> str:
    """Which cells are clear of 0."""
    parts = []
    for arm in result.arms:
        clear = sum(each.low is not None and each.high is not None and each.low * each.high > 0 for each in arm.cells)
        told = arm.claim.withheld or f"{clear} of {count(len(arm.cells), 'cell')} clear of 0"
        parts.append(f"{short(arm.arm)}: {told}")
    return (
        f"Mean difference to {short(result.baseline)} in {unit(result)} with the number of settings in each cell: "
        f"{'; '.join(parts)}. A tilde marks an interval that holds 0 or cannot be had from one setting; an empty cell "
        "was not tried, and nothing is filled in. The cells are not corrected for how many they are: they explore."
    )


def _arm(each: ArmMap, result: Result, level: str) -> str:
    found, measure = each.overall, result.measure
    if found.difference is None:
        return f"{short(each.arm)} has no whole setting"
    exact = f", exact {p_value(found.p)}"
    holm = f", by Holm {found.adjusted_p:.2g}" if found.comparisons > 1 else ""
    share = f"[{100 * (found.won_low or 0):.0f} % to {100 * (found.won_high or 0):.0f} %]"
    return (
        f"{short(each.arm)} {measure.bare(found.difference, signed=True)} {_interval(found, measure, level)}"
        f"{'' if each.claim.withheld else exact + holm}: {found.verdict}; better in {found.won} of "
        f"{count(found.n, 'setting')} {share}" + (f", {found.ties} tied" if found.ties else "")
    )


def _interval(found: Estimate, measure: Measure, level: str) -> str:
    if found.low is None or found.high is None:
        return "[no interval]"
    low, high = sorted((found.low, found.high), key=measure.difference)
    return f"[{level}: {measure.bare(low, signed=True)} to {measure.bare(high, signed=True)}]"


def _side(result: Result) -> str:
    better = "below 0 is better" if result.lower else "above 0 is better"
    return ", ".join(filter(None, (result.measure.difference_unit.strip(), better)))


def _clause(result: Result) -> str:
    """Of all arms together; where only some may be spoken of, each says it by itself."""
    if not all(each.claim.withheld for each in result.arms):
        return ""
    return result.arms[0].claim.clause


def _left_out(result: Result) -> str:
    found = [each.overall for each in result.arms]
    failed = sum(each.failed_arm for each in found) + max(each.failed_baseline for each in found)
    parts = [f"{short(each.arm)} {each.overall.lost}" for each in result.arms if each.overall.lost]
    lost = f" Settings lost to failures: {listed(parts)}." if parts else ""
    gone = f" {count(failed, 'failed replicate')} left out." if failed else ""
    return f"{gone}{lost}"


def _strata(arm: ArmMap, name: str) -> list[str]:
    parts = []
    for each in arm.contrasts:
        if each.param != name or each.adjusted_p is None:
            continue
        p = "" if arm.claim.withheld else f"; {p_value(each.p)}, by Holm {each.adjusted_p:.2g}"
        parts.append(
            f"{short(arm.arm)}'s difference changes by {signed(each.difference)} {between(each.low, each.high)} with "
            f"{name} {short(each.where)} ({each.n} against {each.others} settings{p})"
        )
    if arm.claim.withheld:
        return parts
    for line in arm.trends:
        if line.param == name and line.at is not None:
            ends = [f"{end:.3g}" if end is not None else "too far off to say" for end in (line.low, line.high)]
            where = "" if line.inside else ", outside of what was tried: a guess"
            parts.append(f"{short(arm.arm)} changes sides at {name} {line.at:.3g} [{' to '.join(ends)}{where}]")
    return parts


def _banded(result: Result, name: str) -> str:
    """What the bands of the lines are, and which lines have none."""
    lines = [(arm.arm, each) for arm in result.arms for each in arm.trends if each.param == name]
    banded = [f"{short(arm)} {each.n}" for arm, each in lines if each.band_low]
    bare = [f"{short(arm)} {each.n}" for arm, each in lines if not each.band_low]
    said = (
        f" Bands hold the mean difference at each value by itself with {100 * (1 - result.alpha):g} %, as far as it is "
        f"a line, over {listed(banded)} settings."
    )
    none = f" No band below {BANDED} settings: {listed(bare)}."
    return f"{said if banded else ''}{none if bare else ''}"


def _thinned(result: Result) -> str:
    settings = max(len(each.settings) for each in result.arms)
    most = DRAWN // len(result.arms)
    return f" Showing {most:,} of {settings:,} settings of an arm." if settings > most else ""
