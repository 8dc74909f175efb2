"""What shifted pictures show, in sentences and in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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

_NAMED = 2
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
    kind, _, far = shift.partition(" ")
    return f"{kind} {far}{_UNITS.get(kind, '')}".strip()


def amount(shift: str) -> str:
    """How far a copy is shifted; the unit says in which way."""
    return label(shift).partition(" ")[2] or label(shift)


def interval(mean: Mean, convert: Callable[[float], float]) -> tuple[float | None, float | None]:
    """Both ends as they are reported: where less is reported for more, they change places."""
    if mean.low is None or mean.high is None:
        return None, None
    first, second = convert(mean.low), convert(mean.high)
    return min(first, second), max(first, second)


def caption(result: Result, evidence: Evidence) -> str:
    """Where a difference changes, what the figure shows, and what the worst copy costs each arm."""
    measure = measure_of(evidence.config.objective.metric, "test")
    band = f"; the grey band is ±{measure.margin_text(result.margin)}, too small to matter" if result.margin else ""
    return (
        f"{result.claim.clause}{_answer(result, measure)} Points are differences in {short(measure.name)}, arm minus "
        f"{short(result.baseline)}, with {100 * (1 - result.alpha):g} % intervals over {_pairs(result)}, each by "
        f"itself{band}.{_costs(result, measure)} Every replicate saw the same copies: each picture moved up, down, "
        "left or right, or turned to either side, as drawn once for all; what comes in repeats the border."
        f"{left_out(result.failed, result.open)}"
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
        **_cells(
            f"change of arm minus baseline{of_differences}", contrast.change if contrast else None, measure.difference
        ),
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


def _text(mean: Mean | None, measure: Measure) -> str:
    if mean is None or mean.value is None:
        return "no pair"
    low, high = interval(mean, lambda end: end)
    ends = "no interval"
    if low is not None and high is not None:
        first, second = sorted((low, high), key=measure.difference)
        ends = f"{measure.bare(first, signed=True)} to {measure.bare(second, signed=True)}"
    return f"{measure.difference_text(mean.value, signed=True)} [{ends}]"


def _answer(result: Result, measure: Measure) -> str:
    if not result.claim.withheld:
        return _told(result, measure)
    shifted = [each for each in result.contrasts if each.shift != NONE]
    return f"The largest change of a difference from the pictures as they are to a copy: {_largest(shifted, measure)}."


def _told(result: Result, measure: Measure) -> str:
    """The changes that are told from none; that one is not told is no sign that the difference holds."""
    family = [each for each in result.contrasts if each.shift != NONE]
    told = _by_size(each for each in family if each.is_told(result.alpha))
    corrected = f"after Holm's correction for {count(len(family), 'comparison')} of arms and copies"
    secondary = "Changes are from the pictures as they are, which the verdict is on; this is secondary."
    if not told:
        said = f"On no copy is a change shown {corrected}, which does not show that the difference holds."
        return f"{said} {secondary}"
    if len(told) <= _NAMED:
        said = f"{_named(told, measure)}, told apart from no change {corrected}."
    else:
        said = f"{len(told):,} of {len(family):,} changes of a difference are told apart from none {corrected}; "
        said += f"the largest: {_largest(told, measure)}."
    rest = " No other change is shown, which does not show that a difference holds." if len(told) < len(family) else ""
    return f"{said}{rest} {secondary}"


def _named(told: Sequence[Contrast], measure: Measure) -> str:
    links = [("On", "difference changes by"), *[("on", "by")] * (len(told) - 1)]
    return listed(
        [
            f"{on} {label(each.shift)} {short(each.arm)}'s {by} {_text(each.change, measure)}"
            for each, (on, by) in zip(told, links, strict=True)
        ]
    )


def _largest(contrasts: Sequence[Contrast], measure: Measure) -> str:
    largest = _by_size(contrasts)[0]
    return f"{short(largest.arm)}'s on {label(largest.shift)}, {_text(largest.change, measure)}"


def _by_size(contrasts: Iterable[Contrast]) -> list[Contrast]:
    return sorted(contrasts, key=lambda each: -abs((each.change.value if each.change else None) or 0.0))


def _costs(result: Result, measure: Measure) -> str:
    """The copy on which each arm is furthest from its own score."""
    parts = []
    for arm in dict.fromkeys(each.arm for each in result.levels):
        known = [each for each in result.levels if each.arm == arm and each.shift != NONE and each.change.n]
        if known:
            worst = max(known, key=lambda each: abs(each.change.value or 0.0))
            parts.append(f"{short(arm)} {_text(worst.change, measure)} at {label(worst.shift)}")
    return f" The largest change from its own {short(measure.name)} on the pictures as they are: {listed(parts)}."
