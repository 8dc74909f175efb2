"""The dashboard: what one tick answers, and what a browser makes of a run that goes on."""

from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from reports.dashboard import Live, create_app, serve
from sweeps.errors import ConfigError, RunError
from sweeps.runlog import RunLog

PLAIN = {"pooling": "max", "pool_size": 4, "learning_rate": 2.0e-3}
GRAPH = "#best .js-plotly-plot"
RANGE = "(graph) => graph._fullLayout.yaxis.range"
NOTE_POINTS = """(graph) => {
  const note = () => graph.dataset.points = graph._fullData.filter((t) => t.mode === "markers").map((t) => t.y.length);
  graph.on("plotly_afterplot", note);
  note();
}"""


@pytest.fixture
def served():
    """Serve an app on a free port of the loopback interface; give its address."""
    servers = []
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    def start(path: Path, *, every: float = 0.1) -> str:
        servers.append(make_server("127.0.0.1", 0, create_app(path, every=every).server, threaded=True))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_log_that_has_not_grown_is_not_folded_again(mixed) -> None:
    live = Live(mixed.directory.path)
    before = live.latest()
    assert live.latest() is before
    mixed.trial(PLAIN, [0.1, 0.2, 0.93])
    after = live.latest()
    assert after.revision > before.revision
    assert len(after.frames.trials) == 9


def tick(app, seen: int) -> dict:
    keys = [output["id"] + "." + output["property"] for output in outputs(app)]
    body = {
        "output": f"..{'...'.join(keys)}..",
        "outputs": outputs(app),
        "inputs": [{"id": "tick", "property": "n_intervals", "value": 1}],
        "state": [{"id": "seen", "property": "data", "value": seen}],
        "changedPropIds": ["tick.n_intervals"],
    }
    answer = app.server.test_client().post("/_dash-update-component", json=body)
    assert answer.status_code == 200
    return answer.get_json()["response"]


def outputs(app) -> list[dict[str, str]]:
    (callback,) = app.callback_map
    return [dict(zip(("id", "property"), key.split("."), strict=True)) for key in callback.strip(".").split("...")]


def test_a_tick_without_news_sends_the_status_alone(mixed) -> None:
    app = create_app(mixed.directory.path)
    first = tick(app, -1)
    assert {"best", "curves", "parallel", "arms", "states"} <= set(first)
    again = tick(app, first["seen"]["data"])
    assert set(again) == {"status", "tick"}
    mixed.trial(PLAIN, [0.1, 0.2, 0.93])
    assert "best" in tick(app, first["seen"]["data"])


def test_it_stops_asking_when_the_sweep_has_ended(mixed) -> None:
    app = create_app(mixed.directory.path)
    assert tick(app, -1)["tick"]["disabled"] is False
    mixed.finish()
    assert tick(app, -1)["tick"]["disabled"] is True


def test_a_living_driver_is_running_and_a_dead_one_interrupted(mixed) -> None:
    app = create_app(mixed.directory.path)
    assert "Interim: interrupted" in str(tick(app, -1)["status"])
    log = RunLog.open(mixed.directory)
    assert "Interim: still running, 7 of 9 planned trials ended. Last event" in str(tick(app, -1)["status"])
    log.close()


def test_a_log_that_breaks_is_said_without_a_path(mixed) -> None:
    app = create_app(mixed.directory.path)
    with mixed.directory.events.open("ab") as log:
        log.write(b"{damaged}\n")
    answer = tick(app, -1)
    assert "cannot be read any further" in answer["status"]["children"]
    assert str(mixed.directory.path) not in str(answer)
    assert answer["tick"]["disabled"] is True


def test_no_run_is_refused_at_once(tmp_path) -> None:
    with pytest.raises(RunError, match="no run here"):
        create_app(tmp_path)


def test_a_taken_port_is_named(mixed) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port: {port} cannot be had on 127.0.0.1"):
            serve(mixed.directory.path, port=port)


def test_it_listens_on_the_loopback_interface_whatever_the_environment_says(mixed, monkeypatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    bound = []
    monkeypatch.setattr(
        "reports.dashboard.make_server", lambda *args, fd, **kwargs: bound.append(_Once(fd)) or bound[0]
    )
    serve(mixed.directory.path, port=0)
    assert bound[0].address == "127.0.0.1"


class _Once:
    """A server that notes where it listens and ends at once."""

    def __init__(self, fd: int) -> None:
        with socket.socket(fileno=socket.dup(fd)) as listening:
            self.address = listening.getsockname()[0]

    def serve_forever(self) -> None:
        """Do nothing."""


def zoom(graph) -> list[float]:
    """Press the figure's own button for it; give the range that is left."""
    whole = graph.evaluate(RANGE)
    graph.hover()
    graph.locator("[data-attr=zoom][data-val=in]").click()
    left = graph.evaluate(RANGE)
    assert whole[0] < left[0] < left[1] < whole[1]
    return left


def test_a_browser_follows_a_growing_run(mixed, served, open_page) -> None:
    address = served(mixed.directory.path)
    seen = open_page(address, offline=False)
    page = seen.page
    complete, graph = page.locator("#states strong").first, page.locator(GRAPH)
    expect(complete).to_have_text("5")
    graph.evaluate(NOTE_POINTS)
    expect(graph).to_have_attribute("data-points", "2,2,1")
    page.evaluate("window.__same_page = true")
    zoomed = zoom(graph)
    mixed.trial(PLAIN, [0.1, 0.2, 0.93])
    expect(complete).to_have_text("6")
    expect(graph).to_have_attribute("data-points", "2,3,1")
    expect(page.locator("#best-caption")).to_contain_text("max 0.9300 (trial 8, best of 3)")
    assert page.evaluate("window.__same_page")
    assert graph.evaluate(RANGE) == zoomed
    assert seen.said == []
    assert {request.startswith(address) for request in seen.asked} == {True}


def test_hostile_text_is_shown_and_runs_nothing(hostile, served, open_page) -> None:
    run = hostile(True)
    seen = open_page(served(run.directory.path), offline=False)
    expect(seen.page.locator("#states strong").first).to_have_text("8")
    assert seen.page.evaluate("window.__x") is None
    assert run.config.arms[1] in seen.page.inner_text("#arms")
    assert seen.page.locator("main a:not(.modebar-btn), main img, main object").count() == 0
    assert seen.said == []
