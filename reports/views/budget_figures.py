"""The figures of `budget_curves`, with their sentences and their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import ArmStyle, Look, layout, plain
from reports.view import View, missing
from reports.views import budget_tables
from reports.views.against_words import chance_words, crossing_words, mark
from reports.views.cohort import LIMIT
from reports.views.colours import band
from reports.views.commands import more_search
from reports.views.spaces import space_words
from reports.words import brief, count, duration, listed, number, time_unit

if TYPE_CHECKING:
    from reports.views.against import Crossover
    from reports.views.budget_curves import DrawCurve, Result
    from reports.views.spending import SpendCurve

GROUP = "What tuning is worth at a budget"
_LINE = {"dash": "dot", "width": 1, "color": "rgba(128,128,128,0.9)"}
_COHORT = 20


def by_draws(result: Result, evidence: Evidence) -> View:
    """The best of n random draws."""
    key, title = "budget-draws", "The best of so many random draws"
    question = "How much tuning does each arm need, and which is ahead at the tuning that I can afford?"
    if result.why:
        return missing(key, title, question, why=result.why, command=_command(evidence))
    look = evidence.look
    figure = go.Figure(layout=layout(x="random draws of an arm", y=f"best {plain(look.metric)} of so many"))
    ends = _ends(result.curves)
    for curve in result.curves:
        style = look.styles[curve.arm]
        figure.add_trace(_band(curve, style, ends))
        figure.add_trace(_line(curve.draws, curve.median, style, name=f"{plain(curve.arm)}, median"))
        figure.add_trace(_line(curve.draws, curve.expected, style, name=f"{plain(curve.arm)}, mean", thin=True))
    for each in result.crossings:
        if each.at is not None:
            figure.add_trace(mark(each, look.styles[each.arm], "draws"))
    if len(result.curves) > 1 and result.stop:
        _stop(figure, result.stop, f"shortest: {count(result.stop, 'draw')}", look)
    figure.update_yaxes(range=list(ends))
    return View(key, title, _draws_caption(result, look), figure, budget_tables.by_draws(result), GROUP, question)


def by_spend(result: Result, evidence: Evidence) -> Iterator[View]:
    """The search and its random draws, by trials and by worker seconds."""
    for by, curves, stop in (
        ("trials", result.trials, result.trials_stop),
        ("seconds", result.seconds, result.seconds_stop),
    ):
        key = f"budget-{by}"
        title = f"The search against chance, by {'trials' if by == 'trials' else 'worker time'}"
        question = "What did each arm's search come to at the same spend, and did it do better than random draws?"
        if stop is None or not any(best is not None for curve in curves for best in curve.best):
            why = "No trial of the search has come to a value that could be chosen yet."
            yield missing(key, title, question, why=why, command=more_search(evidence))
            continue
        crossings = result.crossings_seconds if by == "seconds" else []
        figure = _spend_figure(curves, crossings, stop, by, evidence.look)
        caption = _spend_caption(curves, stop, by, result, evidence.look)
        yield View(key, title, caption, figure, budget_tables.by_spend(curves, crossings, by), GROUP, question)


def _command(evidence: Evidence) -> str:
    if not len(evidence.frames.progress):
        return "capsweep resume RUN"
    trials = evidence.config.search.trials
    return f"capsweep launch SWEEP --set search.cohort={_COHORT if trials is None else min(_COHORT, trials)}"


def _spend_figure(curves: list[SpendCurve], crossings: list[Crossover], stop: float, by: str, look: Look) -> go.Figure:
    size, unit = (1.0, "") if by == "trials" else time_unit(stop)
    name = "ended trials of the arm" if by == "trials" else f"worker time of the arm ({unit})"
    figure = go.Figure(layout=layout(x=name, y=f"best {plain(look.metric)} so far"))
    for curve in curves:
        style = look.styles[curve.arm]
        spent, chanced = ([value / size for value in values] for values in (curve.spent, curve.by_chance))
        figure.add_trace(_line(spent, curve.best, style, name=f"{plain(curve.arm)}, search", steps=True))
        if chanced:
            figure.add_trace(_line(chanced, curve.median, style, name=f"{plain(curve.arm)}, random draws", thin=True))
    for each in crossings:
        if each.at is not None:
            figure.add_trace(mark(each, look.styles[each.arm], by, size=size))
    if len(curves) > 1:
        amount = count(int(stop), "trial") if by == "trials" else f"{stop / size:.3g} {unit}"
        _stop(figure, stop / size, f"smallest spend: {amount}", look)
    return figure.update_xaxes(rangemode="tozero")


def _line(
    x: list[float] | list[int],
    y: list[float | None],
    style: ArmStyle,
    *,
    name: str,
    thin: bool = False,
    steps: bool = False,
) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines" if thin else "lines+markers",
        line={
            "color": style.colour,
            "dash": "dot" if thin else style.dash,
            "width": 1.2 if thin else 2,
            "shape": "hv" if steps else "linear",
        },
        marker={"color": style.colour, "symbol": style.symbol, "size": 7, "maxdisplayed": 12},
        hovertemplate="%{x:.4g}: %{y:.4f}<extra></extra>",
    )


def _band(curve: DrawCurve, style: ArmStyle, ends: tuple[float, float]) -> go.Scatter:
    """The band where it says anything, up to the edge of the figure where it has one end only."""
    known = [
        (draws, low, high)
        for draws, low, high in zip(curve.draws, curve.low, curve.high, strict=True)
        if low is not None or high is not None
    ]
    draws = [draws for draws, _, _ in known]
    low = [ends[0] if value is None else min(max(value, ends[0]), ends[1]) for _, value, _ in known]
    high = [ends[1] if value is None else min(max(value, ends[0]), ends[1]) for _, _, value in known]
    return band(draws, low, high, style)


def _ends(curves: list[DrawCurve]) -> tuple[float, float]:
    """The part of the axis where the curves lie, with room for the band beside them."""
    values = [value for curve in curves for value in (*curve.median, *curve.expected) if value is not None]
    span = (max(values) - min(values)) or abs(values[0]) * 0.01 or 1.0
    return min(values) - 0.4 * span, max(values) + 0.4 * span


def _stop(figure: go.Figure, x: float, text: str, look: Look) -> None:
    bottom = look.direction == "maximize"  # the corner that no curve ends in
    figure.add_vline(x=x, line=_LINE)
    figure.add_annotation(
        x=x,
        y=0 if bottom else 1,
        yref="paper",
        text=text,
        showarrow=False,
        xanchor="right",
        yanchor="bottom" if bottom else "top",
        xshift=-4,
    )


def _draws_caption(result: Result, look: Look) -> str:
    last = [f"{brief(curve.arm)} {number(curve.median[-1])} ({_between(curve)})" for curve in result.curves]
    parts = [f"{draws.n:,} of {brief(draws.arm)} ({draws.unusable} unusable)" for draws in result.draws]
    kinds = " and ".join(sorted({phase for draws in result.draws for phase in draws.phases}))
    running = sum(draws.left for draws in result.draws)
    left = f", {running} still running left out" if running else ""
    capped = f", the first {LIMIT} of an arm drawn" if any(draws.n > LIMIT for draws in result.draws) else ""
    crossed = crossing_words(result.crossings, "draws")
    return (
        f"Half of all searches of {count(result.stop or 0, 'random draw')} would come to this {look.metric} or better: "
        f"{listed(last)}{chance_words(result.chances)}.{crossed} Ended {kinds} draws: {listed(parts)}{left}{capped}; "
        f"what was pruned or failed, or broke a bound, counts as the worst. {space_words(result.spaces)}; validation "
        f"values of a search say what tuning is worth, not which arm is better."
    )


def _between(curve: DrawCurve) -> str:
    low, high = curve.low[-1], curve.high[-1]
    if low is None and high is None:
        return "too few draws for a band"
    if high is None:
        return f"95 % band from {number(low)} up"
    return f"95 % band up to {number(high)}" if low is None else f"95 % band {number(low)} to {number(high)}"


def _spend_caption(curves: list[SpendCurve], stop: float, by: str, result: Result, look: Look) -> str:
    amount = count(int(stop), "ended trial") if by == "trials" else f"{duration(stop)} of worker time"
    drawn = {draws.arm: count(min(draws.n, LIMIT), "random draw") for draws in result.draws}
    parts = [
        f"{brief(curve.arm)} {number(curve.best[-1]) if curve.best else 'none'}"
        + (f" ({drawn[curve.arm]} alone {number(curve.median[-1])}{_as_of(curve, stop, by)})" if curve.median else "")
        for curve in curves
    ]
    crossed = crossing_words(result.crossings_seconds, by) if by == "seconds" else ""
    spaces = f"{space_words(result.spaces)}. " if result.why else ""
    several = ", what the arm that spent least has spent," if len(curves) > 1 else ""
    return (
        f"After {amount}{several} the best {look.metric} was: {listed(parts)}. Thin lines are the median best of an "
        f"arm's random draws over all orders; what was pruned or failed counts as spent.{crossed} {spaces}Each search "
        f"was run once here, which does not say how far another would come."
    )


def _as_of(curve: SpendCurve, stop: float, by: str) -> str:
    end = curve.by_chance[-1]
    if end >= stop * (1 - 1e-9):
        return ""
    return f" after {count(int(end), 'trial')}" if by == "trials" else f" after {duration(end)}"
