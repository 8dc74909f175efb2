"""What a search comes to when it is done again: best so far of each arm, the median over several runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.finite import finites
from reports.statistics import Direction, fewest_pairs, median_over_studies
from reports.theme import ArmStyle, Look, layout, plain
from reports.verdict import RunVerdict
from reports.view import View, missing
from reports.views.budget_curves import Result, grid_of
from reports.views.colours import band
from reports.views.commands import more_search
from reports.views.matched import how_to_get
from reports.views.spending import POINTS, SpendCurve
from reports.words import brief, count, duration, listed, number, time_unit

Run = tuple[Evidence, Result]

_SEEDS = 10
_QUESTION = "How much tuning does each arm need, and how far does that depend on the luck of a search?"


@dataclass(frozen=True)
class AgainCurve:
    """The best of an arm's search at each budget, over runs; None where there is nothing, or no interval.

    Attributes:
        arm: Its name.
        spent: Ended trials or worker seconds.
        median: Half of the runs came to this or better.
        low: Of the 95 % interval of that median, at each budget by itself.
        high: Of the same.
        runs: How many had found anything by then.
    """

    arm: str
    spent: list[float]
    median: list[float | None]
    low: list[float | None]
    high: list[float | None]
    runs: list[int]


def analyse(runs: Sequence[Run], by: str) -> list[AgainCurve]:
    """One curve an arm, up to what the arm and run that spent least has spent; none where one has ended nothing."""
    stops = [result.trials_stop if by == "trials" else result.seconds_stop for _, result in runs]
    if any(not stop for stop in stops):
        return []
    stop, look = min(stop for stop in stops if stop), runs[0][0].look
    grid = np.array(grid_of(int(stop), len(look.styles))) if by == "trials" else np.linspace(0, stop, POINTS + 1)[1:]
    return [_curve(arm, [_of(arm, result, by) for _, result in runs], grid, look.direction) for arm in look.styles]


def draw(runs: Sequence[Run]) -> Iterator[View]:
    """By trials, then by worker seconds; what gets a search to be drawn where there is none."""
    for by in ("trials", "seconds"):
        curves = analyse(runs, by)
        title = f"The search done again, by {'trials' if by == 'trials' else 'worker time'}"
        if any(best is not None for curve in curves for best in curve.median):
            look = runs[0][0].look
            caption = _caption(curves, by, len(runs), look)
            yield View(f"again-{by}", title, caption, _figure(curves, by, look), _data(curves, by), "", _QUESTION)
        else:
            why, command = _nothing(runs, by)
            yield missing(f"again-{by}", title, _QUESTION, why=why, command=command)


def absent(runs: Sequence[tuple[Evidence, RunVerdict]]) -> View:
    """In the place of the searches of runs that are not put together: what gets them to be."""
    ordered = sorted(runs, key=lambda run: run[0].config.seed)
    short = [evidence for evidence, verdict in ordered if not _confirmed(verdict)]
    rule = (
        "Searches are drawn together of runs of one sweep file, each with its own seed and with a confirm phase that "
        "is over."
    )
    if short:
        seeds = listed(list(dict.fromkeys(str(evidence.config.seed) for evidence in short)))
        one = len(short) == 1
        why = f"The {'run' if one else 'runs'} of seed {seeds} {'has' if one else 'have'} none yet."
        command = how_to_get(short[0], "confirm.seeds", _SEEDS)
    else:
        seed = ordered[-1][0].config.seed + 1
        why, command = "These are no two such runs.", f"capsweep launch SWEEP --set seed={seed} --run-dir RUN-{seed}"
    return missing("again-trials", "The search done again", _QUESTION, why=f"{rule} {why}", command=command)


def _confirmed(verdict: RunVerdict) -> bool:
    champions = [each for each in verdict.estimates if each.estimand == "E1"]
    return bool(champions) and all(each.is_over for each in champions)


def _nothing(runs: Sequence[Run], by: str) -> tuple[str, str]:
    """Why there is no curve, and what gets one."""
    for evidence, result in sorted(runs, key=lambda run: run[0].config.seed):
        if not (result.trials_stop if by == "trials" else result.seconds_stop):
            spent = "ended no trial" if by == "trials" else "taken no worker time"
            return f"An arm of the run of seed {evidence.config.seed} has {spent}.", more_search(evidence)
    return "Half of the runs or more have come to no value that could be chosen.", more_search(runs[0][0])


def _of(arm: str, result: Result, by: str) -> SpendCurve:
    curves = result.trials if by == "trials" else result.seconds
    return next(curve for curve in curves if curve.arm == arm)


def _curve(arm: str, curves: Sequence[SpendCurve], grid: np.ndarray, direction: Direction) -> AgainCurve:
    found = median_over_studies([_best_at(curve, grid, direction) for curve in curves])
    return AgainCurve(
        arm, grid.tolist(), finites(found.median), finites(found.low), finites(found.high), found.studies.tolist()
    )


def _best_at(curve: SpendCurve, grid: np.ndarray, direction: Direction) -> np.ndarray:
    """The step of the curve at each budget: the infinity that is worst before the first."""
    worst = -np.inf if direction == "maximize" else np.inf
    best = [worst, *(worst if value is None else value for value in curve.best)]
    return np.array(best)[np.searchsorted(curve.spent, grid, side="right")]


def _figure(curves: Sequence[AgainCurve], by: str, look: Look) -> go.Figure:
    size, unit = (1.0, "") if by == "trials" else time_unit(curves[0].spent[-1])
    name = "ended trials of the arm" if by == "trials" else f"worker time of the arm ({unit})"
    figure = go.Figure(layout=layout(x=name, y=f"best {plain(look.metric)} so far"))
    for curve in curves:
        style, spent = look.styles[curve.arm], [value / size for value in curve.spent]
        figure.add_trace(_band(spent, curve, style))
        figure.add_trace(_line(spent, curve, style))
    return figure.update_xaxes(rangemode="tozero")


def _line(spent: list[float], curve: AgainCurve, style: ArmStyle) -> go.Scatter:
    return go.Scatter(
        x=spent,
        y=curve.median,
        name=plain(curve.arm),
        mode="lines+markers",
        line={"color": style.colour, "dash": style.dash, "width": 2, "shape": "hv"},
        marker={"color": style.colour, "symbol": style.symbol, "size": 7, "maxdisplayed": 12},
        hovertemplate="%{x:.4g}: %{y:.4f}<extra></extra>",
    )


def _band(spent: list[float], curve: AgainCurve, style: ArmStyle) -> go.Scatter:
    points = zip(spent, curve.low, curve.high, strict=True)
    known = [(x, low, high) for x, low, high in points if low is not None and high is not None]
    x, low, high = ([point[place] for point in known] for place in range(3))
    return band(x, low, high, style, steps=True)


def _caption(curves: Sequence[AgainCurve], by: str, runs: int, look: Look) -> str:
    end = curves[0].spent[-1]
    amount = count(int(end), "ended trial") if by == "trials" else f"{duration(end)} of worker time"
    parts = [f"{brief(curve.arm)} {number(curve.median[-1])}{_between(curve)}" for curve in curves]
    return (
        f"After {amount}, as far as every run and arm came, half of the {count(runs, 'run')} had found this "
        f"{look.metric} or better: {listed(parts)}. {_interval_words(runs)} Validation values of a search say what "
        f"tuning is worth, not which arm is better."
    )


def _between(curve: AgainCurve) -> str:
    low, high = curve.low[-1], curve.high[-1]
    return "" if low is None or high is None else f" (95 % {number(low)} to {number(high)})"


def _interval_words(runs: int) -> str:
    fewest = fewest_pairs()  # the interval of a median and the exact test come from the same binomial
    if runs < fewest:
        return f"A median over runs has an interval from {count(fewest, 'run')} on."
    return "Bands are 95 % intervals of the median, at each budget by itself."


def _data(curves: Sequence[AgainCurve], by: str) -> pd.DataFrame:
    unit = "ended trials" if by == "trials" else "worker seconds"
    columns = ["arm", unit, "median best", "low", "high", "runs"]
    rows = [
        row
        for c in curves
        for row in zip([c.arm] * len(c.spent), c.spent, c.median, c.low, c.high, c.runs, strict=True)
    ]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:5], "float64"))
