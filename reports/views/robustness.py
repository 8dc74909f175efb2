"""Would another reasonable analyst conclude the same? The verdict again, over a fixed grid of choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import detectable_difference, judge
from reports.theme import broken, layout, plain
from reports.verdict import Estimate, Rules, RunVerdict, measure_of, rules_of
from reports.view import View
from reports.views.analysts import MARGINS, SWAPPED, Choice, against_nothing, as_planned, compared, otherwise, swapped
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.views.marks import ends
from reports.words import listed, percent

KEY = "robustness"
_FEWEST = 3
_NOTHING = ("not told", "equivalent")
_SIDES = ("worse", "not told", "equivalent", "better")


@dataclass(frozen=True)
class Robustness:
    """See the module; by arm, but for the choices.

    Attributes:
        choices: Every way to look at every comparison; without a verdict where none may be stated.
        control: The baseline against itself at every margin; none without enough pairs of it, or where nothing is said.
        claims: What the comparison may be used for; the next three hold those arms alone of which something is claimed.
        agreeing: The share of the other choices that say the same as the plan's.
        without_one: How often the plan's rule says what with any one pair left out.
        detectable: The smallest true difference that the pairs find with 80 % power; None without spread.
    """

    choices: tuple[Choice, ...]
    control: tuple[Choice, ...]
    claims: dict[str, Claim]
    agreeing: dict[str, float]
    without_one: dict[str, dict[str, int]]
    detectable: dict[str, float | None]


def analyse(evidence: Evidence, verdict: RunVerdict) -> Robustness:
    """Repeat every comparison of champions."""
    plan = evidence.plan
    champions = [each for each in estimates_of(verdict, "E1") if each.n >= _FEWEST]
    if plan is None or not champions:
        return Robustness((), (), {}, {}, {}, {})
    rules = rules_of(evidence, "E1")
    claims = {each.arm: claim(each) for each in champions}
    found = (
        *as_planned(evidence, champions),
        *(choice for each in champions for choice in otherwise(each, rules)),
        *swapped(evidence, champions),
    )
    choices = [replace(choice, verdict="") if claims[choice.arm].withheld else choice for choice in found]
    agreeing, without_one, detectable = {}, {}, {}
    for each in champions:
        if claims[each.arm].withheld:
            continue
        mine = [side_of(choice.verdict) for choice in choices if choice.arm == each.arm and not choice.planned]
        agreeing[each.arm] = mine.count(side_of(each.verdict)) / len(mine)
        without_one[each.arm] = _without_one(each, champions, rules)
        least = detectable_difference(each.deviation, each.n, alpha=rules.alpha) if each.deviation else None
        detectable[each.arm] = least
    control = tuple(against_nothing(evidence)) if agreeing else ()
    return Robustness(tuple(choices), control, claims, agreeing, without_one, detectable)


def draw(result: Robustness, evidence: Evidence) -> Iterator[View]:
    """The grid of choices with the plan's outlined; the intervals alone where nothing may be said."""
    if not result.choices:
        return
    yield View(
        KEY,
        "Other ways to look at it",
        _caption(result, evidence),
        _grid(result, evidence) if result.agreeing else None,
        _table(result, evidence),
        question="Would another reasonable analyst conclude the same?",
    )


def side_of(said: str) -> str:
    """A verdict without its size."""
    return next((side for side in ("better", "worse", "equivalent") if said.startswith(side)), "not told")


def _without_one(each: Estimate, champions: Sequence[Estimate], rules: Rules) -> dict[str, int]:
    a, b = np.array(each.scores_arm), np.array(each.scores_baseline)
    others = {
        other.arm: compared(other.scores_arm, other.scores_baseline, rules) for other in champions if other is not each
    }
    said: Counter[str] = Counter()
    for place in range(each.n):
        kept = np.arange(each.n) != place
        family = {**others, each.arm: compared(a[kept], b[kept], rules)}
        # The plan's number was met, and is not what is in doubt here.
        found = judge(family, planned=1, alpha=rules.alpha)[each.arm]
        said[side_of(str(found.verdict))] += 1
    return dict(sorted(said.items()))


def _table(result: Robustness, evidence: Evidence) -> pd.DataFrame:
    measure = measure_of(evidence.config.objective.metric, "test")
    unit = measure.difference_unit.strip() or measure.name
    rows = []
    for choice in (*result.choices, *result.control):
        low, high = ends(measure, choice.low, choice.high)
        rows.append(
            {
                "arm": choice.arm,
                "how": choice.how,
                "margin": f"× {choice.margin:g}",
                f"from ({unit})": low,
                f"to ({unit})": high,
                "says": choice.verdict or result.claims[choice.arm].withheld,
                "planned": "yes" if choice.planned else "",
            }
        )
    return pd.DataFrame(rows)


def _caption(result: Robustness, evidence: Evidence) -> str:
    ways = listed(list(dict.fromkeys(choice.how for choice in result.choices)))
    level = _level(result, evidence)
    if not result.agreeing:
        return f"{next(iter(result.claims.values())).clause}{level} intervals, in the table: {ways}."
    words = " ".join(_said(arm, result, evidence) for arm in result.claims)
    return (
        f"{words} {_control(result)} The grid holds {ways}, at {level}; small, middle and large marks: half the "
        "margin, the margin, twice it. The plan's choice is ringed; the others are here to doubt it, not to choose "
        "from."
    )


def _level(result: Robustness, evidence: Evidence) -> str:
    """Of all intervals; of the other question by itself where it is at another look."""
    first, other = (f"{100 * (1 - alpha_of(evidence, estimand)):.4g} %" for estimand in ("E1", "E3"))
    asked = any(choice.how == SWAPPED for choice in result.choices)
    return f"{first} ({other} where only the compared param is replaced)" if asked and first != other else first


def _control(result: Robustness) -> str:
    """What the same rule makes of no difference; the first page's gate says what that means for the rest."""
    if not result.control:
        return "No arm was compared with itself often enough to show what the rule makes of nothing (controls.pairs)."
    said = next(choice.verdict for choice in result.control if choice.margin == 1.0)
    meant = "as it should be" if side_of(said) in _NOTHING else "which is an error, of chance or of the method"
    return f"The baseline against itself is {said}, {meant}."


def _said(arm: str, result: Robustness, evidence: Evidence) -> str:
    if result.claims[arm].withheld:
        return f"{arm}: {result.claims[arm].withheld}, nothing is claimed."
    one = listed([f"{side} {many}" for side, many in result.without_one[arm].items()])
    share = percent(result.agreeing[arm])
    agree = f"{arm}: {share} of the other choices agree with the plan's; with one pair left out: {one}."
    if (least := result.detectable[arm]) is None:
        return agree
    smallest = measure_of(evidence.config.objective.metric, "test").difference_text(abs(least)).replace("−", "")
    return f"{agree} Its pairs find a true difference of {smallest} four times in five."


def _grid(result: Robustness, evidence: Evidence) -> go.Figure:
    shown = (*result.choices, *result.control)
    ways = list(dict.fromkeys(choice.how for choice in shown))
    look, figure = evidence.look, go.Figure(layout=layout(x="what it says", y="", height=160 + 60 * len(ways)))
    arms = [*result.agreeing, *dict.fromkeys(choice.arm for choice in result.control)]
    for number, arm in enumerate(arms):
        style, mine = look.styles[arm], [choice for choice in shown if choice.arm == arm]
        offset = (number - (len(arms) - 1) / 2) * 0.24
        figure.add_trace(
            go.Scatter(
                x=[_SIDES.index(side_of(c.verdict)) + 0.22 * (MARGINS.index(c.margin) - 1) for c in mine],
                y=[ways.index(c.how) + offset for c in mine],
                name=plain(arm),
                mode="markers",
                marker={
                    "color": style.colour,
                    "symbol": style.symbol,
                    "size": [7 + 3 * MARGINS.index(c.margin) for c in mine],
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
