"""What shifted pictures show, in sentences and in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from reports.evidence import Evidence
from reports.verdict import Measure, measure_of
from reports.views.marks import short
from reports.views.matched import how_to_get, left_out
from reports.words import count, listed

if TYPE_CHECKING:
    from reports.views.shifts import Contrast, Level, Mean, Result

NONE = "none"
"""The name of the pictures as they are."""

_UNITS = {"translate": " px", "rotate": "°"}
_ASK = "--set 'confirm.shifts={translate: [1, 2], rotate: [10, 20]}'"


def why(evidence: Evidence, *, asked: bool, compared: bool) -> str:
    """Why there is nothing to compare."""
    if not compared:
        return "No arm is compared with a baseline in this run, so there is no difference to hold."
    if not asked:
        late = "; the plan is frozen without them, so that another sweep alone can have them" if evidence.plan else ""
        return f"The sweep file has no `confirm.shifts`, which asks for moved and turned copies of test pictures{late}."
    if evidence.confirmed().empty:
        return "This run has no confirm phase, which alone is shown the moved and turned copies of the test pictures."
    return "No pair of the confirm phase has come to a result on the moved and turned copies yet."


def command(evidence: Evidence, *, asked: bool) -> str:
    """What gets the copies; where a plan was frozen without them, that is another sweep."""
    if asked:
        return how_to_get(evidence, "confirm.seeds", 10)
    if evidence.plan is None:
        go_on = how_to_get(evidence, "confirm.seeds", 10)
        return f"{go_on} {_ASK}"
    seeds = "" if evidence.config.confirm.seeds else " --set confirm.seeds=10"
    return f"capsweep launch SWEEP{seeds} {_ASK}"


def label(shift: str) -> str:
    """A copy with the unit of its shift."""
    kind, _, amount = shift.partition(" ")
    return f"{kind} {amount}{_UNITS.get(kind, '')}".strip()


def interval(mean: Mean, convert: Callable[[float], float]) -> tuple[float | None, float | None]:
    """Both ends as they are reported: where less is reported for more, they change places."""
    if mean.low is None or mean.high is None:
        return None, None
    first, second = convert(mean.low), convert(mean.high)
    return min(first, second), max(first, second)


def caption(result: Result, evidence: Evidence) -> str:
    """The difference on every copy, which are told from 0, and what the worst copy costs each arm."""
    measure = measure_of(evidence.config.objective.metric, "test")
    arms = list(dict.fromkeys(each.arm for each in result.contrasts))
    parts = "; ".join(f"{short(arm)} {_differences(arm, result, measure)}" for arm in arms)
    return (
        f"{result.claim.clause}Differences in {short(measure.name)} on shifted copies of the test pictures, arm minus "
        f"{short(result.baseline)} with {100 * (1 - result.alpha):g} % intervals over {_pairs(result)}: {parts}."
        f"{'' if result.claim.withheld else _told(result)}{_costs(result, measure)} Every replicate saw the same "
        "copies: each picture moved up, down, left or right, or turned to either side, as drawn once for all; what "
        f"comes in repeats the border.{left_out(result.failed, result.open)}"
    )


def table(result: Result, evidence: Evidence) -> pd.DataFrame:
    """One row an arm and copy."""
    measure = measure_of(evidence.config.objective.metric, "test")
    contrasts = {(each.arm, each.shift): each for each in result.contrasts}
    return pd.DataFrame([_row(each, contrasts.get((each.arm, each.shift)), result, measure) for each in result.levels])


def _row(level: Level, contrast: Contrast | None, result: Result, measure: Measure) -> dict[str, object]:
    unit, of_differences = (f" ({each.strip()})" if each else "" for each in (measure.unit, measure.difference_unit))
    is_shifted, difference = level.shift != NONE, contrast.difference if contrast else None
    return {
        "arm": level.arm,
        "shift": label(level.shift),
        "replicates": level.score.n,
        **_cells(f"{measure.name}{unit}", level.score, measure.value),
        **_cells(f"change from no shift{of_differences}", level.change if is_shifted else None, measure.difference),
        "pairs": difference.n if difference else None,
        **_cells(f"arm minus baseline{of_differences}", difference, measure.difference),
        "exact p": result.claim.of(contrast.p) if contrast else None,
        "p by Holm": result.claim.of(contrast.adjusted_p) if contrast else None,
    }


def _cells(name: str, mean: Mean | None, convert: Callable[[float], float]) -> dict[str, float | None]:
    low, high = interval(mean, convert) if mean else (None, None)
    value = None if mean is None or mean.value is None else convert(mean.value)
    return {name: value, f"{name}, from": low, f"{name}, to": high}


def _pairs(result: Result) -> str:
    found = sorted({each.difference.n for each in result.contrasts})
    return count(found[0], "pair") if len(found) == 1 else f"{found[0]:,} to {count(found[-1], 'pair')}"


def _differences(arm: str, result: Result, measure: Measure) -> str:
    mine = [each for each in result.contrasts if each.arm == arm]
    return listed([f"{_text(each.difference, measure)} ({label(each.shift)})" for each in mine])


def _text(mean: Mean, measure: Measure) -> str:
    if mean.value is None:
        return "no pair"
    low, high = interval(mean, lambda end: end)
    ends = "no interval"
    if low is not None and high is not None:
        first, second = sorted((low, high), key=measure.difference)
        ends = f"{measure.bare(first, signed=True)} to {measure.bare(second, signed=True)}"
    return f"{measure.difference_text(mean.value, signed=True)} [{ends}]"


def _told(result: Result) -> str:
    family = [each for each in result.contrasts if each.shift != NONE]
    told = [f"{short(each.arm)} at {label(each.shift)}" for each in family if each.is_told(result.alpha)]
    return (
        f" Told apart after Holm's correction for {count(len(family), 'comparison')} of arms and shifts: "
        f"{listed(told)}. This is secondary: the verdict is on the pictures as they are."
    )


def _costs(result: Result, measure: Measure) -> str:
    """The copy on which each arm is furthest from its own score."""
    parts = []
    for arm in dict.fromkeys(each.arm for each in result.levels):
        known = [each for each in result.levels if each.arm == arm and each.shift != NONE and each.change.n]
        if known:
            worst = max(known, key=lambda each: abs(each.change.value or 0.0))
            parts.append(f"{short(arm)} {_text(worst.change, measure)} at {label(worst.shift)}")
    return f" The largest change from its own {short(measure.name)} on the pictures as they are: {listed(parts)}."
