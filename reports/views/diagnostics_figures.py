"""The figures of `diagnostics`, with their sentences and their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.placing import DRAWN
from reports.theme import Look, layout, plain
from reports.view import View, missing
from reports.words import brief, count, duration, listed, time_unit

if TYPE_CHECKING:
    from reports.views.diagnostics import Result

GROUP = "Debugging the sweep"
_PURPOSE = "For debugging the sweep, not for comparing arms."
_REASONS, _LETTERS, _FEW = 12, 20, 12
_GREY = "#7A7A7A"
_LOOKS = {
    "complete": ("rgba(122,122,122,0.85)", ""),
    "pruned": ("rgba(122,122,122,0.35)", ""),
    "failed": (_GREY, "x"),
    "running": (_GREY, "."),
}


def views(result: Result, evidence: Evidence) -> Iterator[View]:
    """Timeline, states, then repeats and failures where there are any."""
    if result.why:
        question = "What did the workers do, and what went wrong?"
        yield missing("diagnostics", GROUP, question, why=result.why, command="capsweep resume RUN")
        return
    if result.timeline.trials:
        yield _timeline(result)
    yield _states(result)
    if result.repeated:
        yield _repeats(result, evidence.look)
    if result.failures:
        yield _failures(result)


def _timeline(result: Result) -> View:
    line = result.timeline
    begin = min((span.start for span in line.spans), default=0.0)
    size, unit = time_unit(begin + line.seconds)
    height = min(900, 150 + 26 * len(line.workers))
    figure = go.Figure(layout=layout(x=f"time since the start ({unit})", y="", height=height))
    for state, (colour, pattern) in _LOOKS.items():
        spans = [span for span in line.spans if span.state == state]
        if not spans:
            continue
        figure.add_trace(
            go.Bar(
                base=[span.start / size for span in spans],
                x=[(span.end - span.start) / size for span in spans],
                y=[span.worker for span in spans],
                orientation="h",
                name=state,
                width=0.8,
                marker={"color": colour, "pattern": {"shape": pattern, "size": 5}, "line": {"width": 0}},
                hovertext=[f"trial {span.number}, {state}: {duration(span.end - span.start)}" for span in spans],
                hoverinfo="text",
                textposition="none",
            )
        )
    names = [plain(worker) for worker in line.workers]
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False
    )
    shown = f" Showing {DRAWN:,} of {line.trials:,}." if line.trials > DRAWN else ""
    waiting = f" {count(line.waiting, 'trial')} not begun." if line.waiting else ""
    busy = "" if line.busy is None else f", {100 * line.busy:.0f} % of which went into them"
    caption = (
        f"The last attempt of {count(line.trials, 'trial')} on {count(len(line.workers), 'worker')} over "
        f"{duration(line.seconds)}{busy}; attempts that were lost are not drawn.{waiting}{shown} {_PURPOSE}"
    )
    data = pd.DataFrame(
        [(span.number, line.workers[span.worker], span.state, span.start, span.end) for span in line.spans],
        columns=["trial", "worker", "state", "start (s)", "end (s)"],
    )
    question = "When did which worker train what, and where did workers stand idle?"
    return View("diagnostics-timeline", "Timeline by worker", caption, figure, data, GROUP, question)


def _states(result: Result) -> View:
    studies = result.studies
    labels = [f"{plain(study.study)}<br>{plain(study.phase)}" for study in studies]
    figure = go.Figure(layout=layout(x="trials", y="", height=min(900, 150 + 46 * len(studies))))
    for state, (colour, pattern) in _LOOKS.items():
        many = [study.states[state] for study in studies]
        if any(many):
            figure.add_trace(
                go.Bar(
                    x=many,
                    y=list(range(len(studies))),
                    orientation="h",
                    name=state,
                    marker={"color": colour, "pattern": {"shape": pattern, "size": 5}},
                    hovertext=[f"{label}: {each:,} {state}" for label, each in zip(labels, many, strict=True)],
                    hoverinfo="text",
                    textposition="none",
                )
            )
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    _rows(figure, labels)
    totals = {state: sum(study.states[state] for study in studies) for state in _LOOKS}
    parts = [f"{many:,} {state}" for state, many in totals.items() if many]
    samplers = sorted({study.sampler for study in studies if study.sampler})
    pruners = sorted({study.pruner for study in studies if study.pruner})
    settings = f" Chosen by {listed([brief(s) for s in samplers])}." if samplers else ""
    settings += f" Stopped by {listed([brief(p) for p in pruners])}." if pruners else ""
    caption = f"{count(sum(totals.values()), 'trial')}: {listed(parts)}.{settings} {_PURPOSE}"
    columns = [
        "study",
        "phase",
        "arm",
        *_LOOKS,
        "sampler",
        "pruner",
        "startup trials",
        "random cohort",
        "budget of an arm",
    ]
    rows = [
        (
            s.study,
            s.phase,
            s.arm,
            *(s.states[state] for state in _LOOKS),
            s.sampler,
            s.pruner,
            s.startup,
            s.cohort,
            s.budget,
        )
        for s in studies
    ]
    data = pd.DataFrame(rows, columns=columns).astype({"startup trials": "Int64", "random cohort": "Int64"})
    question = "How did the trials of each study end, and by which settings were they chosen and stopped?"
    return View("diagnostics-states", "How trials ended, and the settings", caption, figure, data, GROUP, question)


def _repeats(result: Result, look: Look) -> View:
    figure = go.Figure(layout=layout(x="times that a config was run", y="configs", height=300))
    for repeats in result.repeats:
        style = look.styles.get(repeats.arm)
        figure.add_trace(
            go.Scatter(
                x=repeats.times,
                y=repeats.configs,
                name=plain(repeats.arm),
                mode="markers",
                marker={
                    "color": style.colour if style else _GREY,
                    "symbol": style.symbol if style else "circle",
                    "size": 9,
                },
                hovertemplate="%{y} configs run %{x} times<extra></extra>",
            )
        )
    most = result.repeated[0]
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(dtick=1 if most.trials <= _FEW else None)
    repeated = sum(
        configs for each in result.repeats for times, configs in zip(each.times, each.configs, strict=True) if times > 1
    )
    caption = (
        f"{count(repeated, 'config')} of the search were run more than once, the most repeated {most.trials:,} times "
        f"({brief(most.arm)}, {brief(most.config)}): repeats are other seeds of the same config. {_PURPOSE}"
    )
    data = pd.DataFrame(
        [(each.arm, each.config, each.trials, each.scored, each.mean, each.sd) for each in result.repeated],
        columns=["arm", "config", "trials", "complete", f"mean {look.metric}", "SD"],
    ).astype({f"mean {look.metric}": "float64", "SD": "float64"})
    question = "Did the search spend its budget on configs that it had run already?"
    return View("diagnostics-repeats", "Configs run more than once", caption, figure, data, GROUP, question)


def _failures(result: Result) -> View:
    top = result.failures[:_REASONS]
    labels = [plain(each.reason if len(each.reason) <= _LETTERS else f"{each.reason[:_LETTERS]}…") for each in top]
    figure = go.Figure(layout=layout(x="failed trials", y="", height=120 + 32 * len(top)))
    figure.add_trace(
        go.Bar(
            x=[each.count for each in top],
            y=list(range(len(top))),
            orientation="h",
            marker={"color": _GREY},
            hovertext=[f"{plain(each.reason)}: {count(each.count, 'trial')}" for each in top],
            hoverinfo="text",
            textposition="none",
        )
    )
    _rows(figure, labels)
    figure.update_layout(margin_t=36)
    figure.update_xaxes(rangemode="tozero", dtick=1 if top[0].count <= _FEW else None)
    total, first = sum(each.count for each in result.failures), top[0]
    rest = f" The {_REASONS} commonest are drawn." if len(result.failures) > _REASONS else ""
    caption = (
        f"{count(total, 'failed trial')} for {count(len(result.failures), 'reason')}; the commonest, "
        f"{brief(first.reason)}, {first.count:,} times (of {brief(first.arms)}).{rest} {_PURPOSE}"
    )
    data = pd.DataFrame(
        [(each.reason, each.count, each.arms, each.numbers) for each in result.failures],
        columns=["reason", "trials", "arms", "numbers"],
    )
    question = "Why did trials fail?"
    return View("diagnostics-failures", "Reasons of failures", caption, figure, data, GROUP, question)


def _rows(figure: go.Figure, labels: list[str]) -> None:
    """One row a label, the first on top."""
    figure.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=labels, range=[len(labels) - 0.5, -0.5], showgrid=False
    )
