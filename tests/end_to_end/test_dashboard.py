"""The dashboard command beside a sweep that really runs, in a real browser."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from sweeps.history import read_run
from tests.end_to_end.conftest import COMMAND

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ended(text: str) -> int:
    """Trials shown as ended, from the counts by state."""
    return sum(int(n) for n in re.findall(r"(\d+)\s+(?:complete|pruned|failed)", text))


@contextlib.contextmanager
def running(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command that ends with the block at the latest."""
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()


def test_a_trial_that_ends_after_the_page_was_opened_appears_without_a_reload(
    folder: Path, environment: dict[str, str], chromium: str
) -> None:
    run, port = folder / "live", free_port()
    launch = [*COMMAND, "launch", "small.yaml", "--run-dir", str(run), "--workers", "1"]
    watch = [*COMMAND, "dashboard", str(run), "--port", str(port)]
    with running(launch, folder, environment) as sweep:
        assert sweep.stdout is not None
        next(line for line in sweep.stdout if line.startswith("[1/4]"))
        sweep.send_signal(signal.SIGSTOP)  # nothing more is recorded before the page has been seen
        with (
            running(watch, folder, environment) as server,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
            page = browser.new_page()
            assert server.stdout is not None
            assert server.stdout.readline().startswith(f"dashboard: http://127.0.0.1:{port}")
            page.goto(f"http://127.0.0.1:{port}")
            page.wait_for_selector(".js-plotly-plot .main-svg")
            page.evaluate("window.__same_page = true")
            before = ended(page.inner_text("#states"))
            assert 1 <= before < 4, page.inner_text("#states")
            states = page.locator("#states")
            sweep.send_signal(signal.SIGCONT)
            expect(states).not_to_have_text(states.inner_text(), timeout=120_000, use_inner_text=True)
            expect(page.locator("#status")).to_contain_text("final", timeout=240_000)
            assert ended(page.inner_text("#states")) == 4
            assert page.evaluate("window.__same_page")
            browser.close()
        sweep.stdout.read()
        assert sweep.wait() == 0
    assert read_run(run).ended is not None
