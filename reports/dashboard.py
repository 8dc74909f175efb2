"""The live page: the report's figures on 127.0.0.1, redrawn as the log grows.

Only what was appended is read, and only when something was appended is anything redrawn; zoom and hidden traces stay.
Nothing here writes, and no request can name a path.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dash
import plotly.graph_objects as go
from dash import Input, Output, State, dcc, html
from werkzeug.serving import WSGIRequestHandler, make_server

from reports.grids import Grid, arms_grid
from reports.guard import protect
from reports.page import resource
from reports.summary import CAVEAT, Standing, standing, title
from reports.tables import Tables, tables
from reports.theme import CONFIG
from reports.views import View, views
from reports.words import duration
from sweeps.errors import ConfigError, RunError
from sweeps.history import History, read_run

_LOG = logging.getLogger(__name__)
_STATES = {"complete": "complete", "pruned": "pruned", "failed": "failed", "running": "unfinished"}
_POLICY = (
    "default-src 'none'; script-src 'self' {}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_GROWING = {"title", "tickvals", "ticktext", "dtick"}
_STOPPED = "The log cannot be read any further, so this page stands still; the dashboard's terminal says why."
_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title>{%css%}<style>STYLE</style></head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""


@dataclass(frozen=True)
class Snapshot:
    """A run after `revision` bytes of its log."""

    revision: int
    frames: Tables
    views: Sequence[View]


class Live:
    """One run, read on as it grows; several browser windows share it."""

    def __init__(self, path: Path) -> None:
        self.run: History = read_run(path)
        self._lock = threading.Lock()
        self._snapshot = _snapshot(self.run)

    def latest(self) -> Snapshot:
        """The run as it stands; built anew only if the log has grown.

        Raises:
            RunError: If the log cannot be read any further.
        """
        with self._lock:
            if self.run.refresh():
                self._snapshot = _snapshot(self.run)
            return self._snapshot


def create_app(path: Path, *, every: float = 2.0) -> dash.Dash:
    """The dashboard of one run directory.

    Args:
        path: The run directory.
        every: Seconds between two looks at the log, while the sweep has not ended.

    Raises:
        RunError: If there is no run, or if its log cannot be read.
    """
    live = Live(path)
    app = dash.Dash(__name__, title=title(live.run), update_title="", enable_mcp=False, serve_locally=True)
    app.index_string = _INDEX.replace("STYLE", resource("page.css"))
    app.layout = _layout(live, every)
    _connect(app, live)
    protect(app.server, policy=_POLICY.format(" ".join(app.csp_hashes())))
    return app


def serve(path: Path, *, port: int, ready: Callable[[str], None] = lambda address: None) -> None:
    """Serve the dashboard on 127.0.0.1 until interrupted.

    Args:
        path: The run directory.
        port: Where to listen.
        ready: Called with the address as soon as a browser may ask for it.

    Raises:
        ConfigError: If the port is taken.
        RunError: If there is no run, or if its log cannot be read.
    """
    app = create_app(path)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(f"port: {port} cannot be had on 127.0.0.1 ({error.strerror}); name another") from None
        listener.listen()
        ready(f"http://127.0.0.1:{port}")
        make_server(
            "127.0.0.1", port, app.server, threaded=True, request_handler=_Quiet, fd=listener.fileno()
        ).serve_forever()


class _Quiet(WSGIRequestHandler):
    """One line in the terminal every two seconds would bury what matters."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _snapshot(run: History) -> Snapshot:
    frames = tables(run)
    return Snapshot(run.offset, frames, list(views(run.config, frames)))


def _layout(live: Live, every: float) -> Any:
    notes = [html.Small(note) for note in live.run.header.notes]
    return html.Main(
        [
            html.H1([title(live.run), *notes]),
            html.P(id="status", **{"aria-live": "polite"}),
            html.Ul(id="states", className="states"),
            html.P(CAVEAT, className="caveat"),
            html.H2("The arms side by side"),
            html.Div(
                id="arms", className="scroll", tabIndex=0, role="region", **{"aria-label": "The arms side by side"}
            ),
            *(_panel(view) for view in live.latest().views),
            dcc.Interval(id="tick", interval=every * 1000),
            dcc.Store(id="seen", data=-1),
        ]
    )


def _panel(view: View) -> Any:
    graph = dcc.Graph(
        id=view.key, config=CONFIG, responsive=True, style={"height": view.figure.layout.height if view.figure else 0}
    )
    heading = f"{view.title} against the metric" if view.group else view.title
    return html.Section([html.H2(heading), html.Figure([graph, html.Figcaption(id=f"{view.key}-caption")])])


def _connect(app: dash.Dash, live: Live) -> None:
    keys = [view.key for view in live.latest().views]
    drawn = [Output("states", "children"), Output("arms", "children"), Output("seen", "data")]
    drawn += [Output(key, "figure") for key in keys] + [Output(f"{key}-caption", "children") for key in keys]
    unchanged = [dash.no_update] * len(drawn)

    def refresh(_: int | None, seen: int) -> list[Any]:
        try:
            latest = live.latest()
        except RunError as error:
            _LOG.error("%s", error)
            return [_STOPPED, True, *unchanged]
        state = standing(live.run, latest.frames)
        changed = _contents(latest, fresh=seen < 0) if seen != latest.revision else unchanged
        return [_status(state, live.run), state.state == "ended", *changed]

    always = [Output("status", "children"), Output("tick", "disabled")]
    app.callback([*always, *drawn], Input("tick", "n_intervals"), State("seen", "data"))(refresh)


def _contents(latest: Snapshot, *, fresh: bool) -> list[Any]:
    figures = [view.figure if fresh else _news(view.figure) for view in latest.views]
    sentences = [view.caption for view in latest.views]
    return [_states(latest.frames), _table(arms_grid(latest.frames.arms)), latest.revision, *figures, *sentences]


def _news(figure: go.Figure) -> dash.Patch:
    """What a longer log changes of a figure; the ranges stay out of it, because after a zoom they are the reader's."""
    drawn, patch = figure.to_plotly_json(), dash.Patch()
    patch["data"] = drawn["data"]
    for key in ("shapes", "annotations"):
        patch["layout"][key] = drawn["layout"].get(key, [])
    for key in _GROWING & set(drawn["layout"]["xaxis"]):
        patch["layout"]["xaxis"][key] = drawn["layout"]["xaxis"][key]
    return patch


def _status(state: Standing, run: History) -> list[Any]:
    badge = html.Span("final" if state.final else "interim", className="badge" if state.final else "badge interim")
    ago = "" if state.state == "ended" else f" Last event {duration(max(0.0, time.time() - run.last_time))} ago."
    return [badge, f" {state.sentence}{ago}"]


def _states(frames: Tables) -> list[Any]:
    counts = frames.trials["state"].value_counts()
    return [html.Li([html.Strong(f"{counts.get(state, 0):,}"), name]) for state, name in _STATES.items()]


def _table(grid: Grid) -> Any:
    sides = ["number" if numeric else "" for numeric in grid.numeric]
    head = [html.Th(name, scope="col", className=side) for name, side in zip(grid.head, sides, strict=True)]
    rows = [
        html.Tr([html.Td(cell, className=side) for cell, side in zip(row, sides, strict=True)]) for row in grid.rows
    ]
    return html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)])
