"""The figure of shifted pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import layout, plain
from reports.verdict import measure_of
from reports.views.marks import whiskers
from reports.views.shifts_words import interval, label

if TYPE_CHECKING:
    from reports.views.shifts import Result


def figure(result: Result, evidence: Evidence) -> go.Figure:
    """The arms side by side on every copy, with their intervals."""
    measure, styles = measure_of(evidence.config.objective.metric, "test"), evidence.look.styles
    unit = f" ({measure.unit.strip()})" if measure.unit else ""
    drawn = go.Figure(
        layout=layout(x="shift of the test pictures (pixels or degrees)", y=f"{plain(measure.name)}{unit}")
    )
    room = 0.5 / len(styles)
    for place, (arm, style) in enumerate(styles.items()):
        aside = (place - (len(styles) - 1) / 2) * room
        x, y, bars, hover = [], [], [], []
        for level in result.levels:
            if level.arm == arm and level.score.value is not None:
                x.append(result.shifts.index(level.shift) + aside)
                y.append(measure.value(level.score.value))
                bars.append(interval(level.score, measure.value))
                value = f"{measure.text(level.score.value)}, n = {level.score.n}"
                hover.append(f"{plain(arm)}, {plain(label(level.shift))}: {value}")
        drawn.add_trace(whiskers(x, y, bars, style, hover=hover))
    ticks = [plain(label(shift)).replace(" ", "<br>", 1) for shift in result.shifts]
    drawn.update_xaxes(tickvals=list(range(len(ticks))), ticktext=ticks, range=[-0.5, len(ticks) - 0.5], showgrid=False)
    return drawn.update_layout(showlegend=True)
