"""The figures of `selection_honesty`, with their sentences and their numbers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import Look, layout, plain
from reports.view import View, missing
from reports.words import brief, count, minus, number
from search_spaces import Choice as ListOf

if TYPE_CHECKING:
    from reports.views.selection_honesty import Choice, Path, Result

GROUP = "Was the validation data overfitted?"
_QUESTION = "How much better did the chosen configs look than they are?"
_SEEDS = 10
_GREY = "rgba(128,128,128,0.9)"


def views(result: Result, evidence: Evidence) -> Iterator[View]:
    """Champions, then incumbents; the command that has something tested where nothing was."""
    if result.why:
        yield missing("selection", GROUP, _QUESTION, why=result.why, command=_command(evidence))
        return
    if result.choices:
        yield _champions(result, evidence.look)
    if result.paths:
        yield _incumbents(result, evidence.look)


def _command(evidence: Evidence) -> str:
    config = evidence.config
    if config.compare is None:
        lists = [n for n, p in config.space.parameters.items() if isinstance(p.domain, ListOf) and not p.when]
        return f"capsweep launch SWEEP --set compare={lists[0] if lists else 'PARAM'} --set confirm.seeds={_SEEDS}"
    if evidence.plan is not None and config.asks_for("confirm"):
        return "capsweep resume RUN"
    seeds = max(_SEEDS, config.confirm.fewest_seeds(max(1, len(config.arms) - 1)))
    named = "" if config.baseline is not None else f" --set confirm.baseline={shlex.quote(str(config.arms[-1]))}"
    return f"capsweep resume RUN --set confirm.seeds={seeds}{named}"


def _champions(result: Result, look: Look) -> View:
    choices = result.choices
    name = f"{plain(look.metric)} and {plain(result.metric)}"
    figure = go.Figure(layout=layout(x=name, y="", height=130 + 56 * len(choices)))
    for row, choice in enumerate(choices):
        for trace in _dumbbell(row, choice, look):
            figure.add_trace(trace)
    names = [plain(choice.arm) + (f", place {choice.place + 1}" if choice.place else "") for choice in choices]
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5])
    figure.update_layout(showlegend=False, margin_t=36)
    columns = (
        "arm", "place", "chosen by", "candidates", "seeds", "validation, fresh seeds", "test", "test low", "test high",
        "gap", "of it fresh seeds", "of it test data", "luck expected of equal candidates",
    )  # fmt: skip
    rows = [
        (
            c.arm, c.place + 1, c.chosen_by, c.candidates, c.n, c.validation, c.test, c.low, c.high,
            c.gap, c.regression, c.shift, c.curse,
        )
        for c in choices
    ]  # fmt: skip
    data = pd.DataFrame(rows, columns=list(columns)).astype(dict.fromkeys(columns[5:], "float64"))
    sentences = [_sentence(choice) for choice in choices if not choice.place]
    caption = (
        f"{' '.join(sentences)} Hollow: the value of the search that it was chosen by; stroke: mean validation value "
        f"over fresh seeds; filled: mean on the test set with its 95 % t-interval."
    )
    title = "What the chosen promised and what they keep"
    return View("selection-champions", title, caption, figure, data, GROUP, _QUESTION)


def _dumbbell(row: int, choice: Choice, look: Look) -> Iterator[go.Scatter]:
    style = look.styles[choice.arm]
    span = [choice.chosen_by, choice.validation, choice.test]
    yield go.Scatter(
        x=[min(span), max(span)],
        y=[row, row],
        mode="lines",
        line={"color": style.colour, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    marks = (
        (choice.chosen_by, f"{style.symbol}-open", "chosen by"),
        (choice.validation, "line-ns-open", f"validation, mean of {count(choice.n, 'fresh seed')}"),
        (choice.test, style.symbol, f"test, mean of {count(choice.n, 'fresh seed')}"),
    )
    for value, symbol, text in marks:
        is_test = symbol == style.symbol
        spread = [None if choice.high is None else choice.high - choice.test]
        yield go.Scatter(
            x=[value],
            y=[row],
            error_x={"type": "data", "array": spread, "thickness": 1.4, "width": 5} if is_test else None,
            mode="markers",
            marker={"color": style.colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": style.colour}},
            hovertext=[f"{plain(choice.arm)}, {text}: {number(value)}"],
            hoverinfo="text",
        )


def _sentence(choice: Choice) -> str:
    interval = "" if choice.low is None else f", 95 % interval {number(choice.low)} to {number(choice.high)}"
    luck = (
        ""
        if choice.curse is None
        else f"; were its {count(choice.candidates, 'candidate')} equal, luck alone would make {choice.curse:.2g}"
    )
    return (
        f"{brief(choice.arm)} was chosen by {number(choice.chosen_by)} and tests at {number(choice.test)} "
        f"({count(choice.n, 'fresh seed')}{interval}): {_worse(choice.gap)}, of which "
        f"{minus(f'{choice.regression:.2g}')} went with fresh seeds{luck}."
    )


def _worse(gap: float) -> str:
    return f"{abs(gap):.2g} {'worse' if gap >= 0 else 'better'}"


def _incumbents(result: Result, look: Look) -> View:
    paths = result.paths
    names = f"{plain(look.metric)} in the search", f"{plain(result.metric)} on the test set"
    figure = go.Figure(layout=layout(x=names[0], y=names[1]))
    values = [value for path in paths for each in path.incumbents for value in (each.validation, each.test)]
    ends = [min(values), max(values)]
    line = {"color": _GREY, "width": 1, "dash": "dot"}
    figure.add_trace(go.Scatter(x=ends, y=ends, mode="lines", line=line, name="no gap", hoverinfo="skip"))
    for path in paths:
        style = look.styles[path.arm]
        figure.add_trace(
            go.Scatter(
                x=[each.validation for each in path.incumbents],
                y=[each.test for each in path.incumbents],
                name=plain(path.arm),
                mode="lines+markers",
                line={"color": style.colour, "width": 1.2, "dash": style.dash},
                marker={
                    "color": style.colour,
                    "symbol": style.symbol,
                    "opacity": 1,
                    "size": [7] * (len(path.incumbents) - 1) + [13],
                },
                hovertext=[
                    f"trial {each.number}: {number(each.validation)}, test {number(each.test)}"
                    for each in path.incumbents
                ],
                hoverinfo="text",
            )
        )
    data = pd.DataFrame(
        [(path.arm, each.number, each.validation, each.test) for path in paths for each in path.incumbents],
        columns=["arm", "trial", look.metric, f"{result.metric} on test"],
    )
    caption = (
        f"{' '.join(map(_path_sentence, paths))} Lines go in the order in which trials took the lead, to the large "
        f"mark; tested after the plan was frozen, each with the one seed of its search."
    )
    question = "Did choosing on and on by validation data make the choice worse on new data?"
    return View("selection-incumbents", "Every trial that was ever the best", caption, figure, data, GROUP, question)


def _path_sentence(path: Path) -> str:
    tested = f"{brief(path.arm)}: {len(path.incumbents)} tested"
    if path.untested:
        tested += f", {path.untested} not"
    if path.overtuning is None or path.gap is None or path.regret is None:
        return f"{tested}, too few to say more."
    behind = "and is the best of them on test too"
    if path.regret:
        share = path.overtuning.relative
        of_all = "" if share is None else f" ({100 * share:.0f} % of all that was gained)"
        behind = f"and is {path.regret:.2g}{of_all} behind the best of them on test"
    order = ""
    if path.order is not None and path.order.tau is not None:
        p = "" if path.order.p is None else f", p = {path.order.p:.2g}"
        order = f"; the two orders agree by Kendall's τ = {minus(f'{path.order.tau:.2f}')}{p}"
    return f"{tested}; the chosen one tests {_worse(path.gap)} than it validated {behind}{order}."
