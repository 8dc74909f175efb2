"""The figures of `ablation`, with their sentences and their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go

from reports.ablation import REFITS, Change, Step
from reports.evidence import Evidence
from reports.theme import Look, broken, layout, plain
from reports.verdict import Measure, measure_of
from reports.view import View, missing
from reports.views.ablation import Ablations, ArmPath
from reports.views.commands import more_search
from reports.views.marks import lower_is_better, whiskers
from reports.words import brief, count, listed, percent

GROUP = "What matters"
_QUESTION = "From the baseline's champion to another's: which change is predicted to bring how much?"


def views(result: Ablations, evidence: Evidence) -> Iterator[View]:
    """A way an arm, or why there is none."""
    if result.why:
        yield missing(
            "importance-path", "From one champion to the next", _QUESTION, why=result.why, command=more_search(evidence)
        )
        return
    measure = measure_of(evidence.config.objective.metric, "validation")
    for place, each in enumerate(result.arms):
        yield View(
            f"importance-path-{place}",
            f"From the champion of {brief(each.baseline)} to that of {brief(each.arm)}",
            _caption(each, result, measure, evidence.look),
            _figure(each, measure, evidence),
            _data(each, measure),
            GROUP,
            f"Which of the changes between the two is predicted to bring how much of {brief(each.arm)}?",
        )


def _caption(each: ArmPath, result: Ablations, measure: Measure, look: Look) -> str:
    better = "lower" if lower_is_better(measure, look.direction) else "higher"
    path, end = each.path, each.path.steps[-1].predicted
    of = f"{result.used:,} of {result.trials:,}" if result.used < result.trials else f"{result.trials:,}"
    explained = percent(result.explained or 0.0)
    return (
        f"Exploratory, predicted from {of} complete trials, not trained: from {measure.text(path.start)} to "
        f"{measure.text(end)} in {count(len(path.steps), 'step')}, at each the best that is left ({better} is better); "
        f"{_leading(path.steps, measure)}. The step that comes first here does so in {percent(path.agreed)} of "
        f"{REFITS} refits. The random forest explains {explained} of the variance of trials that it was not fitted "
        f"on; bars are one standard error, from refits on resampled trials. In the search the two came to "
        f"{measure.text(each.baseline_reached)} (trial {each.baseline_trial}) and {measure.text(each.reached)} "
        f"(trial {each.trial}), for which they were chosen. It says nothing of which arm is better."
    )


def _leading(steps: Sequence[Step], measure: Measure) -> str:
    most = max(steps, key=lambda step: abs(step.gain))
    names = listed([brief(change.name) for change in most.changes])
    moves = f"{measure.difference_text(most.gain, signed=True)} ± {_size(most.gain_error, measure)}"
    if abs(most.gain) < 2 * most.gain_error:
        return f"no step stands out from its error, {names} most ({moves})"
    return f"{names} {'is' if len(most.changes) == 1 else 'are'} predicted to change most ({moves})"


def _size(error: float, measure: Measure) -> str:
    return measure.bare(abs(error)).replace("−", "")


def _figure(each: ArmPath, measure: Measure, evidence: Evidence) -> go.Figure:
    steps, look = each.path.steps, evidence.look
    labels = [f"champion of {plain(each.baseline)}", *(_label(step) for step in steps)]
    values = [each.path.start, *(step.predicted for step in steps)]
    errors = [each.path.start_error, *(step.error for step in steps)]
    unit = f" ({measure.unit.strip()})" if measure.unit else ""
    figure = go.Figure(layout=layout(x="", y="", height=130 + 52 * len(labels)))
    shown, places = [measure.value(value) for value in values], list(range(len(labels)))
    bars = [abs(measure.difference(error)) for error in errors]
    ends = [(value - bar, value + bar) for value, bar in zip(shown, bars, strict=True)]
    hover = [f"{label}: {measure.text(value)}" for label, value in zip(labels, values, strict=True)]
    style = look.styles[each.arm]
    points = whiskers(shown, places, ends, style, hover=hover, along="x", size=9, showlegend=False)
    figure.add_trace(points.update(mode="lines+markers", line={"color": style.colour, "width": 1.2, "dash": "dot"}))
    # Labels of steps are long, and leave an axis on a narrow screen less room than others have.
    figure.update_xaxes(title_text=broken(f"predicted {plain(measure.name)}{unit}", 20))
    return figure.update_yaxes(
        tickvals=places, ticktext=[broken(label, 20) for label in labels], range=[len(labels) - 0.5, -0.5]
    )


def _label(step: Step) -> str:
    return ", ".join(f"{plain(change.name)} {_told(change)}" for change in step.changes)


def _told(change: Change) -> str:
    if change.after is None:
        return "goes"
    after = plain(_value(change.after))
    return after if change.before is None else f"{plain(_value(change.before))} → {after}"


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else brief(value)


def _data(each: ArmPath, measure: Measure) -> pd.DataFrame:
    unit, of = measure.difference_unit.strip() or measure.name, f"predicted {measure.name}{measure.unit}"
    rows: list[dict[str, object]] = [
        {"step": 0, "changes": f"champion of {brief(each.baseline)}", of: measure.value(each.path.start)}
        | {"standard error": abs(measure.difference(each.path.start_error)), f"gain ({unit})": None}
        | {"standard error of the gain": None}
    ]
    for place, step in enumerate(each.path.steps, 1):
        rows.append(
            {
                "step": place,
                "changes": ", ".join(f"{brief(change.name)} {_words(change)}" for change in step.changes),
                of: measure.value(step.predicted),
                "standard error": abs(measure.difference(step.error)),
                f"gain ({unit})": measure.difference(step.gain),
                "standard error of the gain": abs(measure.difference(step.gain_error)),
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(frame.columns[2:], "float64"))


def _words(change: Change) -> str:
    ends = ("absent" if value is None else _value(value) for value in (change.before, change.after))
    return " to ".join(ends)
