"""The report: one HTML file that opens offline, asks for nothing, and runs no script but its own two.

The scripts are allowed by their digests, so text of a run that slipped through the template's escaping would still
not run. Figures travel as JSON in which Plotly has escaped every `<`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.io import to_json
from plotly.offline import get_plotlyjs

from reports.analysis import Analysis, analyse
from reports.evidence import evidence_of
from reports.grids import SHOWN, Grid, arms_grid, configs_grid, grid, trials_grid
from reports.replicates import configs_table
from reports.rollup import ranked
from reports.summary import CAVEAT, Standing
from reports.theme import CONFIG
from reports.together import Together
from reports.verdict import Gate, RunVerdict
from reports.view import View
from sweeps.errors import ConfigError
from sweeps.history import History
from sweeps.records import Direction
from sweeps.runlog import write_whole

LISTED = 500
"""The most trials that a page lists; the exported tables have all."""

_UNIT = re.compile(r"\b[np] = [\d.]+|\d[\d.,]* (?:%|(?:pp|s|min|h|ms|px|MB|GB)\b)")


@dataclass(frozen=True)
class Figure:
    """One figure as the template needs it; `anchor` is made of our constants; `json` may be empty."""

    anchor: str
    view: View
    json: str
    grid: Grid


@dataclass(frozen=True)
class Part:
    """Figures under one heading."""

    title: str
    figures: list[Figure]


@dataclass(frozen=True)
class Section:
    """One run as the template needs it."""

    prefix: str
    title: str
    notes: tuple[str, ...]
    standing: Standing
    paragraph: str
    facts: list[tuple[str, str]]
    verdict: RunVerdict
    gates: tuple[Gate, ...]
    statistics: str
    arms: Grid
    parts: list[Part]
    failures: pd.DataFrame
    lost: int
    configs: Grid | None
    trials: Grid


def write_report(runs: Sequence[History], path: Path) -> None:
    """Build the page of runs and write it whole; see `build_page`."""
    write_whole(path, build_page(runs).encode())


def write_page(analyses: Sequence[Analysis], path: Path) -> None:
    """Draw the page and write it whole; see `draw_page`."""
    write_whole(path, draw_page(analyses).encode())


def build_page(runs: Sequence[History]) -> str:
    """The report on one or more runs of the same data; see `draw_page`."""
    return draw_page([analyse(evidence_of(run)) for run in runs])


def draw_page(analyses: Sequence[Analysis]) -> str:
    """The report on runs that have been analysed.

    Raises:
        ConfigError: If there is no run, or if the runs' data differ.
    """
    if not analyses:
        raise ConfigError("runs: a report needs at least one run, got none")
    _check_same_data(analyses)
    several = len(analyses) > 1
    sections = [_section(each, f"run-{place}", several=several) for place, each in enumerate(analyses)]
    together = Together.of(analyses) if several else None
    scripts = {"plotly": get_plotlyjs(), "own": resource("page.js")}
    return (
        _environment()
        .get_template("page.html")
        .render(
            sections=sections,
            across=together and together.across,
            together=[_figure(view, "all") for view in together.views()] if together else [],
            joint=_inert(together.statistics_text()) if together else "",
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


def _section(analysis: Analysis, prefix: str, *, several: bool) -> Section:
    evidence = analysis.evidence
    facts, frames = evidence.facts, evidence.frames
    return Section(
        prefix=prefix,
        title=facts["title"],
        notes=tuple(facts["notes"]),
        standing=Standing(**facts["standing"]),
        paragraph=facts["paragraph"],
        facts=[(name, text) for name, text in facts["described"]],
        verdict=analysis.verdict,
        # Beside other runs, whether there are enough of them is said of all together.
        gates=tuple(gate for gate in analysis.verdict.gates if not (several and gate.key == "runs")),
        statistics=_inert(analysis.statistics_text()),
        arms=arms_grid(frames.arms),
        parts=list(_parts(analysis, prefix, several=several)),
        failures=frames.failures,
        lost=facts["lost"],
        configs=_configs(frames.trials, evidence.look.direction),
        trials=trials_grid(_listed(frames.trials, evidence.look.direction), limit=LISTED),
    )


def _configs(trials: pd.DataFrame, direction: Direction) -> Grid | None:
    """Trials that differ in their seeds alone, together; None where there are no such two."""
    found = configs_table(trials, direction=direction)
    return configs_grid(found[found["trials"] > 1], limit=SHOWN) if (found["trials"] > 1).any() else None


def _listed(trials: pd.DataFrame, direction: Direction) -> pd.DataFrame:
    """Trials in the order in which they are listed: by number, or the best of the search first where not all are."""
    if len(trials) <= LISTED:
        return trials
    best = ranked(trials[trials["phase"] == "search"], direction=direction).index
    return trials.loc[[*best, *trials.index.difference(best, sort=False)]]


def _parts(analysis: Analysis, prefix: str, *, several: bool) -> Iterator[Part]:
    """The views of a run; beside other runs none asks for other runs."""
    shown = (entry for entry in analysis.views() if not (several and entry[1].key == "forest-e2"))
    for title, views in groupby(shown, key=lambda entry: entry[0]):
        yield Part(title, [_figure(view, prefix) for _, view in views])


def _figure(view: View, prefix: str) -> Figure:
    json = "" if view.figure is None else _inert(to_json(view.figure, validate=False, engine="json"))
    return Figure(f"{prefix}-{view.key}", view, json, grid(view.data, limit=SHOWN))


def _inert(json: str) -> str:
    """JSON that cannot end the element it stands in; a second escaping of what Plotly escapes already."""
    return json.replace("<", "\\u003c")


def _check_same_data(analyses: Sequence[Analysis]) -> None:
    facts = [each.evidence.facts for each in analyses]
    digests = {str(each["data"].get("digest")): each["title"] for each in facts}
    if len(digests) > 1:
        found = ", ".join(f"{digest[:12]} ({title})" for digest, title in digests.items())
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


def _tied(text: str) -> Markup:
    """A number stays on the line of its unit, and n on that of how many they are; the text itself is not touched."""
    return Markup(_UNIT.sub(r'<span class="tied">\g<0></span>', str(escape(text))))  # it is escaped


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["tied"] = _tied
    return found
