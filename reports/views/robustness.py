"""Would another reasonable analyst conclude the same? The verdict again, over a fixed grid of choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy import stats

from reports.evidence import Evidence
from reports.statistics import (
    Direction,
    bootstrap,
    detectable_difference,
    median_interval,
    paired_t,
    sign_flip_p,
    verdict,
)
from reports.statistics.checks import FloatArray
from reports.theme import broken, layout, plain
from reports.verdict import Estimate, RunVerdict, measure_of
from reports.view import View
from reports.words import listed

KEY = "robustness"
_SEED = 20_260_104
_MARGINS = (0.5, 1.0, 2.0)
_PLANNED = ("mean, t", 1.0)
_SIDES = ("worse", "not told", "equivalent", "better")


@dataclass(frozen=True)
class Choice:
    """One way to look at one comparison: how the centre and its interval are had, and how wide the margin is."""

    arm: str
    how: str
    margin: float
    low: float
    high: float
    verdict: str
    planned: bool


@dataclass(frozen=True)
class Robustness:
    """See the module; `agreeing` is the share of choices that say the same as the planned one, by arm.

    `detectable` is the smallest true difference that the pairs find with 80 % power, `worst_case` the verdicts with
    any one pair left out.
    """

    choices: tuple[Choice, ...]
    agreeing: dict[str, float]
    detectable: dict[str, float | None]
    without_one: dict[str, dict[str, int]]


def analyse(found: RunVerdict, evidence: Evidence) -> Robustness:
    """Repeat every comparison of champions."""
    champions = [each for each in found.estimates if each.estimand == "E1" and each.n >= 3]
    margin = found.margin or 0.0
    direction = evidence.look.direction
    choices = [choice for each in champions for choice in _choices(each, margin, each.alpha, direction)]
    agreeing, detectable, without_one = {}, {}, {}
    for each in champions:
        mine = [choice for choice in choices if choice.arm == each.arm]
        planned = next(side_of(choice.verdict) for choice in mine if choice.planned)
        agreeing[each.arm] = sum(side_of(choice.verdict) == planned for choice in mine) / len(mine)
        detectable[each.arm] = (
            detectable_difference(each.deviation, each.n, alpha=each.alpha) if each.deviation else None
        )
        without_one[each.arm] = _without_one(each, margin, each.alpha, direction)
    return Robustness(tuple(choices), agreeing, detectable, without_one)


def draw(result: Robustness, evidence: Evidence) -> Iterator[View]:
    """The grid of choices, with the planned one outlined."""
    if not result.choices:
        return
    measure = measure_of(evidence.config.objective.metric, "test")
    unit = measure.difference_unit.strip() or measure.name
    rows = []
    for choice in result.choices:
        low, high = sorted((measure.difference(choice.low), measure.difference(choice.high)))
        rows.append(
            {
                "arm": choice.arm,
                "how": choice.how,
                "margin": f"× {choice.margin:g}",
                f"from ({unit})": low,
                f"to ({unit})": high,
                "says": choice.verdict,
                "planned": "yes" if choice.planned else "",
            }
        )
    yield View(
        KEY,
        "Other ways to look at it",
        _caption(result, evidence),
        _grid(result, evidence),
        pd.DataFrame(rows),
        question="Would another reasonable analyst conclude the same?",
    )


def side_of(said: str) -> str:
    """A verdict without its size."""
    return next((side for side in ("better", "worse", "equivalent") if said.startswith(side)), "not told")


def _choices(each: Estimate, margin: float, alpha: float, direction: Direction) -> Iterator[Choice]:
    a, b = np.array(each.scores_arm), np.array(each.scores_baseline)
    differences = np.sort(a - b)
    rng = np.random.default_rng(_SEED)
    t = paired_t(a, b, alpha=alpha)
    centre = bootstrap(_mean, differences, rng=rng, alpha=alpha)
    middle = bootstrap(_middle_mean, differences, rng=rng, alpha=alpha)
    median = median_interval(differences, alpha=alpha)
    p = sign_flip_p(differences, rng=rng)
    ways = {
        "mean, t": (t.low, t.high),
        "mean, t and sign flips": (t.low, t.high) if p <= alpha else (min(t.low, 0.0), max(t.high, 0.0)),
        "mean, bootstrap": (centre.low, centre.high),
        "mean of the middle half, bootstrap": (middle.low, middle.high),
        "median, exact": (median.low, median.high),
    }
    for how, (low, high) in ways.items():
        if low is None or high is None:
            continue
        for factor in _MARGINS:
            said = verdict(float(low), float(high), margin * factor, direction=direction)
            yield Choice(each.arm, how, factor, float(low), float(high), str(said), (how, factor) == _PLANNED)


def _mean(values: FloatArray, axis: int = -1) -> FloatArray:
    return np.asarray(np.mean(values, axis=axis))


def _middle_mean(values: FloatArray, axis: int = -1) -> FloatArray:
    """The mean of the middle half, along an axis; see `statistics.iqm`."""
    return np.asarray(stats.trim_mean(values, 0.25, axis=axis))


def _without_one(each: Estimate, margin: float, alpha: float, direction: Direction) -> dict[str, int]:
    a, b = np.array(each.scores_arm), np.array(each.scores_baseline)
    said: Counter[str] = Counter()
    for place in range(each.n):
        kept = np.arange(each.n) != place
        t = paired_t(a[kept], b[kept], alpha=alpha)
        said[side_of(str(verdict(t.low, t.high, margin, direction=direction)))] += 1
    return dict(sorted(said.items()))


def _caption(result: Robustness, evidence: Evidence) -> str:
    measure = measure_of(evidence.config.objective.metric, "test")
    words = []
    for arm, share in result.agreeing.items():
        one = listed([f"{side} {count}" for side, count in result.without_one[arm].items()])
        words.append(f"{arm}: {share:.0%} of the choices agree with the planned one; with one pair left out: {one}")
        if (least := result.detectable[arm]) is not None:
            smallest = measure.difference_text(abs(least)).replace("−", "")
            words.append(f"These pairs find a true difference of {smallest} four times in five")
    return (
        f"{'. '.join(words)}. Small, middle and large marks: half the margin, the margin, twice it. The planned choice "
        "is ringed; the others are here to doubt it, not to choose from."
    )


def _grid(result: Robustness, evidence: Evidence) -> go.Figure:
    ways = list(dict.fromkeys(choice.how for choice in result.choices))
    look, figure = evidence.look, go.Figure(layout=layout(x="what it says", y="", height=160 + 44 * len(ways)))
    for number, arm in enumerate(result.agreeing):
        style, mine = look.styles[arm], [choice for choice in result.choices if choice.arm == arm]
        offset = (number - (len(result.agreeing) - 1) / 2) * 0.24
        figure.add_trace(
            go.Scatter(
                x=[_SIDES.index(side_of(c.verdict)) + 0.22 * (_MARGINS.index(c.margin) - 1) for c in mine],
                y=[ways.index(c.how) + offset for c in mine],
                name=plain(arm),
                mode="markers",
                marker={
                    "color": style.colour,
                    "symbol": style.symbol,
                    "size": [7 + 3 * _MARGINS.index(c.margin) for c in mine],
                    "line": {"width": [3 if c.planned else 0 for c in mine], "color": "#888888"},
                },
                hovertext=[f"{c.how}, margin × {c.margin:g}: {c.verdict}" for c in mine],
                hoverinfo="text",
            )
        )
    figure.update_xaxes(tickvals=list(range(len(_SIDES))), ticktext=list(_SIDES), range=[-0.6, len(_SIDES) - 0.4])
    labels = [broken(way, 18) for way in ways]
    figure.update_yaxes(tickvals=list(range(len(ways))), ticktext=labels, range=[len(ways) - 0.5, -0.5])
    return figure
