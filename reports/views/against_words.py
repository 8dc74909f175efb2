"""What `against` found, in sentences, in the table of the curves, and as a mark where an arm passes the baseline."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from reports.theme import ArmStyle, plain
from reports.views.against import Chance, Crossover
from reports.words import brief, count, duration, listed, percent

CHANCE_COLUMNS = ("chance to beat the baseline", "chance low", "chance high", "at draws of each")
CROSSING_COLUMNS = ("no worse than the baseline from", "crossing at the earliest", "crossing at the latest")
SHOWN_COLUMN = "shown against the baseline"


def chance_words(found: Sequence[Chance]) -> str:
    """Each with its interval, as parts of a sentence."""
    return "".join(
        f"; at {count(each.draws, 'draw')} each, the best of {brief(each.arm)} beats that of {brief(each.other)} in "
        f"{percent(each.chance)} of all ways to draw them from {each.n:,} and {each.others:,}{_span(each)}"
        for each in found
    )


def crossing_words(found: Sequence[Crossover], by: str) -> str:
    """Where each arm passes the baseline for good, how sure that is, and beyond which budget nothing is known."""
    lead = "" if by == "draws" else "Random draws alone: "
    return "".join(
        f" {_capital(lead + _crossing(each, by))} [95 %: {_interval(each, by)}]{_shown(each, by)}." for each in found
    )


def mark(each: Crossover, style: ArmStyle, by: str, *, size: float = 1.0) -> go.Scatter:
    """Where the curve passes the baseline's, with its interval, which an arrow ends where it is open."""
    at, stop = (each.at or 0.0) / size, each.stop / size
    low, high = (end if value is None else value / size for value, end in ((each.low, at), (each.high, stop)))
    ends = ["line-ns", "x-thin", "triangle-right" if each.high is None else "line-ns"]
    said = f"{plain(each.arm)} is no worse than {plain(each.other)} from {_amount(each.at or 0.0, by)} on"
    return go.Scatter(
        x=[low, at, high],
        y=[each.best] * 3,
        mode="lines+markers",
        name=said,
        showlegend=False,
        line={"color": style.colour, "width": 1, "dash": "dot"},
        marker={"color": style.colour, "symbol": ends, "size": 9, "line": {"color": style.colour, "width": 2}},
        hovertext=[f"{said} [95 %: {_interval(each, by)}]"] * 3,
        hoverinfo="text",
        cliponaxis=False,
    )


def crossing_cells(found: Sequence[Crossover], arm: str) -> tuple[float | None, ...]:
    """Of an arm, in the order of the columns."""
    return next(((each.at, each.low, each.high) for each in found if each.arm == arm), (None,) * 3)


def chance_cells(found: Sequence[Chance], arm: str) -> tuple[float | None, ...]:
    """Of an arm, in the order of the columns."""
    return next(((e.chance, e.low, e.high, float(e.draws)) for e in found if e.arm == arm), (None,) * 4)


def shown_at(found: Sequence[Crossover], arm: str, budget: float) -> str:
    """What is shown of an arm at a budget: `better`, `worse`, or nothing."""
    for each in found:
        for word, runs in (("better", each.better), ("worse", each.worse)):
            if each.arm == arm and any(first <= budget <= last for first, last in runs):
                return word
    return ""


def _span(each: Chance) -> str:
    if each.low is None or each.high is None:
        return ""
    return f" [95 % for the arms themselves: {percent(each.low)} to {percent(each.high)}]"


def _crossing(each: Crossover, by: str) -> str:
    arm, other = brief(each.arm), brief(each.other)
    if each.at is None:
        return f"no crossing within {_amount(each.stop, by)}, where the median of {arm} is worse than that of {other}"
    return f"from {_amount(each.at, by)} on the median of {arm} is no worse than that of {other}"


def _interval(each: Crossover, by: str) -> str:
    if each.low is None:
        return f"beyond {_amount(each.stop, by)}"
    if each.high is not None:
        return _range(each.low, each.high, by)
    if each.reach is None:
        return f"anywhere, {_draws(each)} are too few to say"
    return f"from {_range(each.low, each.stop, by, to='to beyond')}" if each.worse or each.better else "anywhere"


def _shown(each: Crossover, by: str) -> str:
    if each.reach is None:
        return ""
    parts = [
        f"{word} at {listed([_range(first, last, by) for first, last in runs])}"
        for word, runs in (("better", each.better), ("worse", each.worse))
        if runs
    ]
    found = f"{listed(parts)}, each budget by itself" if parts else "neither better nor worse"
    found = f"{brief(each.arm)} {found}"
    end = f", and can show nothing beyond {_amount(each.reach, by)}"
    return f"; {_draws(each)} show {found}{end if each.reach < each.stop else ''}"


def _draws(each: Crossover) -> str:
    return f"{each.n:,} against {each.others:,} draws"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _range(first: float, last: float, by: str, *, to: str = "to") -> str:
    start = f"{first:,.0f}" if by == "draws" else duration(first)
    return f"{start} {to} {_amount(last, by)}" if first < last else _amount(first, by)


def _amount(budget: float, by: str) -> str:
    return count(int(budget), "draw") if by == "draws" else duration(budget)
