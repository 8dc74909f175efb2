"""The figure of shifted pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.theme import broken, layout, plain
from reports.verdict import measure_of
from reports.views.marks import landmarks, lower_is_better, whiskers
from reports.views.shifts_words import amount, interval, label
from reports.words import count

if TYPE_CHECKING:
    from reports.views.shifts import Result


def figure(result: Result, evidence: Evidence) -> go.Figure:
    """The arms' differences from the baseline side by side on every copy, with their intervals and the margin."""
    measure, look = measure_of(evidence.config.objective.metric, "test"), evidence.look
    better = "lower" if lower_is_better(measure, look.direction) else "higher"
    unit = f" ({measure.difference_unit.strip()})" if measure.difference_unit else ""
    title = broken(f"difference in {plain(measure.name)}{unit}, {better} is better")
    drawn = go.Figure(layout=layout(x="test pictures, moved (px) or turned (°)", y=title))
    landmarks(drawn, abs(measure.difference(result.margin)))
    arms = list(dict.fromkeys(each.arm for each in result.contrasts))
    room = 0.5 / len(arms)
    for place, arm in enumerate(arms):
        aside = (place - (len(arms) - 1) / 2) * room
        x, y, bars, hover = [], [], [], []
        for each in result.contrasts:
            if each.arm == arm and each.difference.value is not None:
                x.append(result.shifts.index(each.shift) + aside)
                y.append(measure.difference(each.difference.value))
                bars.append(interval(each.difference, measure.difference))
                said = measure.difference_text(each.difference.value, signed=True)
                hover.append(f"{plain(arm)}, {plain(label(each.shift))}: {said}, {count(each.difference.n, 'pair')}")
        drawn.add_trace(whiskers(x, y, bars, look.styles[arm], hover=hover))
    ticks = [plain(amount(shift)) for shift in result.shifts]
    drawn.update_xaxes(tickvals=list(range(len(ticks))), ticktext=ticks, range=[-0.5, len(ticks) - 0.5], showgrid=False)
    return drawn.update_layout(showlegend=True)
