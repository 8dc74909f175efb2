"""What `equal_seconds` found, in a figure, in sentences and in a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import Estimate
from reports.theme import broken, layout, plain
from reports.verdict import Measure, measure_of
from reports.views.marks import Mark, between, ends, in_rows, landmarks, lower_is_better, short, signed
from reports.views.matched import how_to_get, left_out
from reports.words import count, duration

if TYPE_CHECKING:
    from reports.views.equal_seconds import Equal, Result

_ROWS = {"equal": "at the seconds of the faster", "own": "at the end of both"}
_LINE = 12


def figure(result: Result, evidence: Evidence) -> go.Figure:
    """Both differences of each arm, a row each."""
    measure, look = measure_of(evidence.config.objective.metric, "validation"), evidence.look
    better = "lower" if lower_is_better(measure, look.direction) else "higher"
    unit = f" ({measure.difference_unit.strip()})" if measure.difference_unit else ""
    axis = f"difference in {plain(measure.name)}{unit}, {better} is better"
    drawn = go.Figure(layout=layout(x=axis, y="", height=190 + 34 * len(_ROWS) * len(result.arms)))
    landmarks(drawn, abs(measure.difference(result.margin)), along="x")
    marks = {each.arm: list(_marks(each, measure)) for each in result.arms}
    in_rows(drawn, [broken(row, _LINE) for row in _ROWS.values()], marks, look)
    return drawn


def caption(result: Result, evidence: Evidence) -> str:
    """Every arm in two sentences, then what its numbers rest on."""
    level = f"{100 * (1 - result.alpha):.3g} %"
    measure = measure_of(evidence.config.objective.metric, "validation")
    said = " ".join(_said(each, result, evidence, measure) for each in result.arms)
    failed, unfinished = (sum(getattr(each, name) for each in result.arms) for name in ("failed", "open"))
    optimistic = " A price is shown only of an arm that came out better, and is optimistic for that."
    priced = optimistic if any(each.price for each in result.arms) else ""
    return (
        f"{result.claim.clause}{said}{priced} Estimates are at {level} each, over pairs of one seed, and lines between "
        f"epochs straight. {_clock(result, evidence)} A schedule that was made for all epochs is cut off."
        f"{left_out(failed, unfinished)}"
    )


def table(result: Result, evidence: Evidence) -> pd.DataFrame:
    """Four rows an arm."""
    measure = measure_of(evidence.config.objective.metric, "validation")
    margin = measure.margin_text(result.margin)
    unit = measure.difference_unit.strip() or measure.name
    rows = [
        {"arm": each.arm, "what": what, **_cells(found, measure if is_metric else None), "pairs": each.pairs}
        for each in result.arms
        for what, found, is_metric in (
            (f"{_ROWS['equal']} ({unit})", each.equal, True),
            (f"{_ROWS['own']} ({unit})", each.own, True),
            ("extra training (s)", each.extra, False),
            (f"extra training for each {margin} gained (s)", each.price, False),
        )
    ]
    return pd.DataFrame(rows).astype({"mean": "float64", "low": "float64", "high": "float64"})


def _cells(found: Estimate | None, measure: Measure | None) -> dict[str, float | None]:
    if found is None or measure is None:
        low, high = (None, None) if found is None else (found.low, found.high)
        return {"mean": None if found is None else found.value, "low": low, "high": high}
    low, high = ends(measure, found.low, found.high)
    return {"mean": measure.difference(found.value), "low": low, "high": high}


def _marks(each: Equal, measure: Measure) -> Iterator[Mark]:
    for row, found in ((_ROWS["equal"], each.equal), (_ROWS["own"], each.own)):
        if found is not None:
            hover = f"{plain(each.arm)}: {_apart(found, measure)}"
            value = measure.difference(found.value)
            yield Mark(broken(row, _LINE), value, *ends(measure, found.low, found.high), hover)


def _clock(result: Result, evidence: Evidence) -> str:
    """Whose seconds they are."""
    if all(each.alone for each in result.arms):
        return (
            "Seconds are epochs at the speed of the cost probe, which trained alone; its own spread is in no interval."
        )
    many = "" if result.at_once is None else f", with up to {count(result.at_once, 'trial')} at once"
    command = how_to_get(evidence, "cost_probe", 3)
    return f"Seconds are epochs at the median of each training, the first aside{many} (`{command}` gets honest times)."


def _said(each: Equal, result: Result, evidence: Evidence, measure: Measure) -> str:
    beside = f"{measure.name.capitalize()} of {short(each.arm)} beside {short(evidence.baseline)}"
    own = f"{_apart(each.own, measure)} at the end of both"
    if each.equal is None:
        cut = f"in {each.without} of {count(each.pairs, 'pair')} one had no epoch behind it when the other was over"
        return f"{beside}: {own}; {cut}. {_price(each, result, evidence)}"
    at = f"{_apart(each.equal, measure)} where the faster one ends (median {duration(each.seconds)})"
    return f"{beside}: {at}, {own}, n = {each.pairs}. {_price(each, result, evidence)}"


def _price(each: Equal, result: Result, evidence: Evidence) -> str:
    margin = measure_of(evidence.config.objective.metric, "test").margin_text(result.margin)
    extra = f"Its training time differs by {_seconds(each.extra)}"
    if each.price is not None:
        return f"{extra}, which is {_seconds(each.price)} for each {margin} that it gains on the test set."
    if result.claim.withheld:
        return f"{extra}."
    if each.arm in result.better:
        return f"{extra}; its gain may be too small to have a price."
    return f"{extra}; it is not shown to be better, so no gain has a price."


def _seconds(found: Estimate) -> str:
    interval = "" if found.low is None else f" {between(found.low, found.high)}"
    return f"{signed(found.value)} s{interval}"


def _apart(found: Estimate, measure: Measure) -> str:
    return f"{measure.difference_text(found.value, signed=True)} {between(*ends(measure, found.low, found.high))}"
