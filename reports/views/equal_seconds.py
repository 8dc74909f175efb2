"""What the champions come to in the same training time, and what a better score costs in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.matching import Matched, matched, opponents
from reports.statistics import Estimate, mean_interval, price
from reports.statistics.checks import sign
from reports.theme import broken, layout, plain
from reports.verdict import Measure, RunVerdict, measure_of
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views.claims import alpha_of, claim, estimates_of
from reports.views.marks import Mark, between, ends, in_rows, landmarks, lower_is_better, short, signed
from reports.views.matched import how_to_get, left_out
from reports.words import count, duration

KEY = "equal-seconds"
TITLE = "At equal seconds"
QUESTION = "Is the arm still ahead where both train for the same time, and what does its lead cost?"
_ROWS = {"equal": "at the seconds of the faster", "own": "at the end of both"}
_LINE = 12


@dataclass(frozen=True)
class Interval:
    """A mean with its t-interval over pairs; no ends below two, or for a price without any."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Equal:
    """One arm against the baseline, over the pairs of the confirm phase.

    Attributes:
        arm: The arm.
        pairs: Complete pairs with epochs in the log.
        without: Those of which one had no epoch behind it when the other was over; they leave no difference.
        seconds: Median training time of the faster of each pair.
        equal: Arm - baseline on validation data, both at the last epoch within the faster one's time; None with a pair
            in `without`.
        own: The same at the end of both.
        extra: Arm - baseline in training seconds.
        price: Extra seconds for each margin that the arm gains on the test set; None unless it is better.
        failed: Pairs left out for a failure.
        open: Pairs not yet whole.
    """

    arm: str
    pairs: int
    without: int
    seconds: float
    equal: Interval | None
    own: Interval
    extra: Interval
    price: Interval | None
    failed: int
    open: int


@dataclass(frozen=True)
class Result:
    """See the module; `why` says what is missing.

    Attributes:
        why: Empty where there is something.
        alpha: One minus the coverage of each interval: the plan's, by the number of arms that are compared.
        at_once: The most trials that trained at once.
        margin: Of the plan.
        arms: One each.
    """

    why: str
    alpha: float
    at_once: int | None
    margin: float
    arms: list[Equal]


def analyse(evidence: Evidence, verdict: RunVerdict) -> Result:
    """Cut the longer training of each pair where the shorter one ends."""
    first, arms = evidence.confirmed(), opponents(evidence)
    alpha = alpha_of(evidence) / max(1, len(arms))
    found = [_equal(evidence, first, arm, alpha, _is_better(verdict, arm)) for arm in arms]
    known = [each for each in found if each is not None]
    used = first["concurrency"]
    return Result(
        why="" if known else "No pair of champions has been trained with fresh seeds and its epochs logged.",
        alpha=alpha,
        at_once=int(used.max()) if used.notna().any() else None,
        margin=evidence_margin(evidence),
        arms=known,
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Both differences of each arm, and the price in words."""
    if result.why:
        command = how_to_get(evidence, "confirm.seeds", 10)
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=command)
        return
    figure, table = _figure(result, evidence), _table(result, evidence)
    yield View(KEY, TITLE, _caption(result, evidence), figure, table, question=QUESTION)


def _is_better(verdict: RunVerdict, arm: str) -> bool:
    mine = [each for each in estimates_of(verdict, "E1") if each.arm == arm]
    return bool(mine) and not claim(*mine).withheld and mine[0].verdict.startswith("better")


def _equal(evidence: Evidence, first: pd.DataFrame, arm: str, alpha: float, is_better: bool) -> Equal | None:
    whole = matched(first, arm, str(evidence.baseline), ("value", "test"))
    curves = _curves(evidence, whole)
    pairs = whole.pairs[[a in curves and b in curves for a, b in _numbers(whole.pairs)]]
    if pairs.empty:
        return None
    limits = [min(curves[a].index[-1], curves[b].index[-1]) for a, b in _numbers(pairs)]
    cut = [_at(curves[a], end) - _at(curves[b], end) for (a, b), end in zip(_numbers(pairs), limits, strict=True)]
    extra = np.array([curves[a].index[-1] - curves[b].index[-1] for a, b in _numbers(pairs)])
    gain = sign(evidence.look.direction) * (pairs["test_a"] - pairs["test_b"]).to_numpy(dtype=np.float64)
    without = int(np.isnan(cut).sum())
    return Equal(
        arm=arm,
        pairs=len(pairs),
        without=without,
        seconds=float(np.median(limits)),
        equal=None if without else _of(mean_interval(cut, alpha=alpha)),
        own=_of(mean_interval((pairs["value_a"] - pairs["value_b"]).to_numpy(dtype=np.float64), alpha=alpha)),
        extra=_of(mean_interval(extra, alpha=alpha)),
        price=_of(price(extra, gain / evidence_margin(evidence), alpha=alpha)) if is_better else None,
        failed=whole.failed,
        open=whole.open,
    )


def _of(found: Estimate) -> Interval:
    return Interval(found.value, found.low, found.high)


def _numbers(pairs: pd.DataFrame) -> list[tuple[int, int]]:
    return list(zip(pairs["number_a"].tolist(), pairs["number_b"].tolist(), strict=True))


def _curves(evidence: Evidence, whole: Matched) -> dict[int, pd.Series]:
    """What the objective has come to by the seconds of training, of every trial of the pairs that logged it."""
    objective, epochs = evidence.config.objective, evidence.frames.epochs
    metric = f"metric.{objective.metric}"
    if metric not in epochs:
        return {}
    mine = epochs[epochs["number"].isin({each for pair in _numbers(whole.pairs) for each in pair})]
    sound = mine[np.isfinite(mine[metric])].sort_values(["number", "epoch"])
    found = {}
    for trial, rows in sound.groupby("number"):
        curve = pd.Series(rows[metric].to_numpy(), index=rows["cumulative_seconds"].to_numpy())
        best = curve.cummax() if objective.direction == "maximize" else curve.cummin()
        found[int(str(trial))] = best if objective.at == "best" else curve
    return found


def _at(curve: pd.Series, seconds: float) -> float:
    """The value of the last epoch that had ended by then; NaN before the first."""
    place = int(np.searchsorted(curve.index.to_numpy(), seconds, side="right")) - 1
    return float(curve.iloc[place]) if place >= 0 else float("nan")


def _caption(result: Result, evidence: Evidence) -> str:
    level = f"{100 * (1 - result.alpha):.3g} %"
    measure = measure_of(evidence.config.objective.metric, "validation")
    words = " ".join(_said(each, result, evidence, measure) for each in result.arms)
    many = "" if result.at_once is None else f", up to {count(result.at_once, 'trial')} at once"
    failed, unfinished = (sum(getattr(each, name) for each in result.arms) for name in ("failed", "open"))
    return (
        f"{words} Intervals are at {level} each, over pairs of one seed; seconds are those of the confirm phase{many}, "
        f"the first epoch in them. A schedule that was made for all epochs is cut off.{left_out(failed, unfinished)}"
    )


def _said(each: Equal, result: Result, evidence: Evidence, measure: Measure) -> str:
    beside = f"{measure.name.capitalize()} of {short(each.arm)} beside {short(evidence.baseline)}"
    own = f"{_apart(each.own, measure)} at the end of both"
    if each.equal is None:
        cut = f"in {each.without} of {count(each.pairs, 'pair')} one had no epoch behind it when the other was over"
        return f"{beside}: {own}; {cut}. {_price(each, result, evidence)}"
    at = f"{_apart(each.equal, measure)} where the faster one ends (median {duration(each.seconds)})"
    return f"{beside}: {at}, {own}, n = {each.pairs}. {_price(each, result, evidence)}"


def _apart(found: Interval, measure: Measure) -> str:
    return f"{measure.difference_text(found.value, signed=True)} {between(*ends(measure, found.low, found.high))}"


def _price(each: Equal, result: Result, evidence: Evidence) -> str:
    margin = measure_of(evidence.config.objective.metric, "test").margin_text(result.margin)
    extra = f"Its training takes {_seconds(each.extra)}"
    if each.price is None:
        return f"{extra}; it is not shown to be better, so no gain has a price."
    return f"{extra}, which is {_seconds(each.price)} for each {margin} that it gains on the test set."


def _seconds(found: Interval) -> str:
    return f"{signed(found.value)} s {between(found.low, found.high)}"


def _figure(result: Result, evidence: Evidence) -> go.Figure:
    measure, look = measure_of(evidence.config.objective.metric, "validation"), evidence.look
    better = "lower" if lower_is_better(measure, look.direction) else "higher"
    unit = f" ({measure.difference_unit.strip()})" if measure.difference_unit else ""
    height = 190 + 34 * len(_ROWS) * len(result.arms)
    axis = f"difference in {plain(measure.name)}{unit}, {better} is better"
    figure = go.Figure(layout=layout(x=axis, y="", height=height))
    landmarks(figure, abs(measure.difference(result.margin)), along="x")
    marks = {each.arm: list(_marks(each, measure)) for each in result.arms}
    in_rows(figure, [broken(row, _LINE) for row in _ROWS.values()], marks, look)
    return figure


def _marks(each: Equal, measure: Measure) -> Iterator[Mark]:
    for row, found in ((_ROWS["equal"], each.equal), (_ROWS["own"], each.own)):
        if found is not None:
            hover = f"{plain(each.arm)}: {_apart(found, measure)}"
            yield Mark(
                broken(row, _LINE), measure.difference(found.value), *ends(measure, found.low, found.high), hover
            )


def _table(result: Result, evidence: Evidence) -> pd.DataFrame:
    measure = measure_of(evidence.config.objective.metric, "validation")
    margin = measure.margin_text(result.margin)
    unit = measure.difference_unit.strip() or measure.name
    rows: list[dict[str, object]] = []
    for each in result.arms:
        of: Sequence[tuple[str, Interval | None, bool]] = (
            (f"{_ROWS['equal']} ({unit})", each.equal, True),
            (f"{_ROWS['own']} ({unit})", each.own, True),
            ("extra training (s)", each.extra, False),
            (f"extra training for each {margin} gained (s)", each.price, False),
        )
        for what, found, is_metric in of:
            low, high = (None, None) if found is None else (found.low, found.high)
            low, high = ends(measure, low, high) if is_metric else (low, high)
            value = None if found is None else measure.difference(found.value) if is_metric else found.value
            rows.append({"arm": each.arm, "what": what, "mean": value, "low": low, "high": high, "pairs": each.pairs})
    return pd.DataFrame(rows).astype({"mean": "float64", "low": "float64", "high": "float64"})
