"""The mirror beside a sweep that really runs, on a real PostgreSQL, looked at in optuna-dashboard by a real browser."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
from playwright.sync_api import expect, sync_playwright

from sweeps.history import read_run
from tests.conftest import free_port, need
from tests.end_to_end.conftest import COMMAND, Run
from tests.end_to_end.test_dashboard import FLAGS

DASHBOARD = Path(sys.executable).with_name("optuna-dashboard")


@contextlib.contextmanager
def running(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command, both of whose outputs are read; it ends with the block at the latest."""
    with subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that in time"
        time.sleep(0.05)


@contextlib.contextmanager
def dashboard(url: str, folder: Path, env: dict[str, str]) -> Iterator[str]:
    """The address of an optuna-dashboard over a storage."""
    need(DASHBOARD.exists(), "the program optuna-dashboard")
    command = [str(DASHBOARD), url, "--port", str(free_port()), "--server", "wsgiref"]
    with running(command, folder, env) as server:
        assert server.stderr is not None
        yield next(line.split()[-1] for line in server.stderr if line.startswith("Listening"))


def test_optuna_dashboard_shows_what_follows_a_sweep(
    folder: Path, environment: dict[str, str], database: str, chromium: str
) -> None:
    run = folder / "run"
    launch = [*COMMAND, "launch", "small.yaml", "--run-dir", str(run), "--set", "search.trials=3", "--workers", "1"]
    with running(launch, folder, environment) as sweep:
        assert sweep.stdout is not None
        next(line for line in sweep.stdout if line.startswith("[1/6]"))
        mirror = [*COMMAND, "mirror", str(run), database, "--follow"]
        with running(mirror, folder, environment) as follower:
            said, complaint = follower.communicate(timeout=300)
        assert (follower.returncode, complaint) == (0, "")
        sweep.communicate(timeout=120)
        assert sweep.returncode == 0
    history = read_run(run)
    names = re.findall("^study: (.*)$", said, re.MULTILINE)
    assert names == [f"small/{arm} ({history.header.sweep[:8]})" for arm in ("average", "max")]
    password = database.partition("@")[0].rpartition(":")[2]
    assert password not in said
    with dashboard(database, folder, environment) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        for name in names:
            page = browser.new_page()
            page.goto(f"{address}dashboard/studies/{ids_of(database)[name]}/trials")
            expect(page.get_by_text(name).first).to_be_visible(timeout=30_000)
            expect(page.get_by_text(re.compile(r"^3 Trials$"))).to_be_visible(timeout=30_000)
            expect(page.get_by_text("Complete").first).to_be_visible()
        browser.close()


def ids_of(url: str) -> dict[str, int]:
    storage = optuna.storages.RDBStorage(url)
    try:
        return {study.study_name: study._study_id for study in storage.get_all_studies()}
    finally:
        storage.remove_session()
        storage.engine.dispose()


def test_a_mirror_that_follows_ends_with_ctrl_c_and_can_be_taken_up_again(
    capsweep: Run, folder: Path, environment: dict[str, str]
) -> None:
    with running([*COMMAND, "launch", "small.yaml", "--inline", "--run-dir", "run"], folder, environment) as sweep:
        assert sweep.stdout is not None
        next(line for line in sweep.stdout if line.startswith("[1/4]"))
        sweep.terminate()
        sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    url = f"sqlite:///{folder / 'studies.db'}"
    with running([*COMMAND, "mirror", "run", url, "--follow"], folder, environment) as follower:
        wait_for(lambda: (folder / "studies.db").exists() and sum(map(len, held(url).values())) > 0)
        follower.send_signal(signal.SIGINT)
        _, complaint = follower.communicate(timeout=30)
    assert follower.returncode == 130
    assert complaint == "interrupted; the same command goes on\n"
    resumed = capsweep("resume", "run", "--inline")
    assert resumed.returncode == 0, resumed.stderr
    done = capsweep("mirror", "run", url, "--follow")
    assert (done.returncode, done.stderr) == (0, "")
    assert {name.partition(" (")[0]: Counter(states) for name, states in held(url).items()} == {
        f"small/{arm}": Counter({"COMPLETE": 2}) for arm in ("average", "max")
    }


def held(url: str) -> dict[str, list[str]]:
    """The states of every study's trials; nothing while the tables are still being made."""
    try:
        storage = optuna.storages.RDBStorage(url, skip_table_creation=True)
    except Exception:
        return {}
    try:
        return {
            study.study_name: [trial.state.name for trial in storage.get_all_trials(study._study_id)]
            for study in storage.get_all_studies()
        }
    finally:
        storage.remove_session()
        storage.engine.dispose()
