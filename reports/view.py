"""One figure of a report with its words, as the page and the dashboard show it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import plotly.graph_objects as go

from reports.images import Picture


@dataclass(frozen=True)
class View:
    """A figure, or in its place the command that gets what is missing.

    Attributes:
        key: A constant of ours, fit for an element's id; never made from a run's strings.
        title: Heading.
        caption: One or two sentences with the conclusion.
        figure: What is drawn; None where the data is missing.
        data: The numbers behind it, under readable column names.
        group: Heading over several views, empty for a view that stands alone.
        question: What it answers, in the reader's words.
        command: What gets the missing data, as it is typed; empty where nothing is missing.
        pictures: In the place of a figure, with their labels.
    """

    key: str
    title: str
    caption: str
    figure: go.Figure | None
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    group: str = ""
    question: str = ""
    command: str = ""
    pictures: tuple[Picture, ...] = ()


def missing(key: str, title: str, question: str, *, why: str, command: str) -> View:
    """A view whose data the run does not have."""
    return View(key, title, why, None, question=question, command=command)
