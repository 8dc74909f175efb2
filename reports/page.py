"""The report: one HTML file that opens offline, asks for nothing, and runs no script but its own two.

The scripts are allowed by their digests, so text of a run that slipped through the template's escaping would still
not run. Figures travel as JSON in which Plotly has escaped every `<`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.io import to_json
from plotly.offline import get_plotlyjs

from reports.grids import SHOWN, Grid, arms_grid, grid, trials_grid
from reports.summary import CAVEAT, Standing, facts, paragraph, standing, title
from reports.tables import Tables, tables
from reports.theme import CONFIG
from reports.views import View, views
from sweeps.errors import ConfigError
from sweeps.history import History
from sweeps.runlog import write_whole


@dataclass(frozen=True)
class Figure:
    """One figure as the template needs it; `anchor` is made of our constants alone."""

    anchor: str
    view: View
    json: str
    grid: Grid


@dataclass(frozen=True)
class Section:
    """One run as the template needs it."""

    title: str
    notes: tuple[str, ...]
    standing: Standing
    paragraph: str
    facts: list[tuple[str, str]]
    arms: Grid
    figures: list[Figure]
    failures: pd.DataFrame
    lost: int
    trials: Grid


def write_report(runs: Sequence[History], path: Path) -> None:
    """Build the page and write it whole; see `build_page`."""
    write_whole(path, build_page(runs).encode())


def build_page(runs: Sequence[History]) -> str:
    """The report on one or more runs of the same data.

    Raises:
        ConfigError: If there is no run, or if the runs' data differ.
        RunError: If a run's log is empty.
    """
    if not runs:
        raise ConfigError("runs: a report needs at least one run, got none")
    _check_same_data(runs)
    sections = [_section(run, f"run-{place}") for place, run in enumerate(runs)]
    scripts = {"plotly": get_plotlyjs(), "own": resource("page.js")}
    return (
        _environment()
        .get_template("page.html")
        .render(
            sections=sections,
            title=_page_title(sections),
            caveat=CAVEAT,
            style=resource("page.css"),
            scripts=scripts,
            policy=_policy(scripts.values()),
            config=CONFIG,
        )
    )


@cache
def resource(name: str) -> str:
    """A text file of this package."""
    return (files("reports") / name).read_text(encoding="utf-8")


def _section(run: History, prefix: str) -> Section:
    frames = tables(run)
    return Section(
        title(run),
        run.header.notes,
        standing(run, frames),
        paragraph(run, frames),
        facts(run),
        arms_grid(frames.arms),
        list(_figures(run, frames, prefix)),
        frames.failures,
        len(run.lost),
        trials_grid(frames.trials),
    )


def _figures(run: History, frames: Tables, prefix: str) -> Iterator[Figure]:
    for view in views(run.config, frames):
        json = to_json(view.figure, validate=False, engine="json")
        yield Figure(f"{prefix}-{view.key}", view, _inert(json), grid(view.data, limit=SHOWN))


def _inert(json: str) -> str:
    """JSON that cannot end the element it stands in; a second escaping of what Plotly escapes already."""
    return json.replace("<", "\\u003c")


def _check_same_data(runs: Sequence[History]) -> None:
    digests = {str(run.header.data.get("digest")): run.directory.path for run in runs}
    if len(digests) > 1:
        found = ", ".join(f"{digest[:12]} ({path})" for digest, path in digests.items())
        raise ConfigError(f"runs: only runs on the same data can share a page, got data digests {found}")


def _page_title(sections: Sequence[Section]) -> str:
    return " and ".join(dict.fromkeys(" – ".join((section.title, *section.notes)) for section in sections))


def _policy(scripts: Iterable[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        f"connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
