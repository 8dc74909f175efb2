"""How long a report takes, and how large it is: a made run of any size, all phases in it, read, computed and drawn.

    python -m tests.benchmarks.report [--trials 10000 100000]

The log is written by the records' own code, with values by a formula; nothing is trained. Measured are reading the log,
computing every number (importances among them), and drawing the page; then the page is opened in a headless chromium.
Bars: 10,000 trials in 15 s and 8 MB, 100,000 in 90 s and 12 MB.
"""

from __future__ import annotations

import argparse
import math
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from reports.analysis import analyse
from reports.evidence import evidence_of
from reports.page import draw_page
from sweeps.history import History, read_run
from tests.benchmarks.made_run import made_run

BARS = {10_000: (15.0, 8.0), 100_000: (90.0, 12.0)}


def measure(path: Path) -> dict[str, float]:
    """Seconds of each step, megabytes of the page, and of this process at most."""
    began = time.perf_counter()
    run: History = read_run(path)
    evidence = evidence_of(run)
    read = time.perf_counter()
    analysis = analyse(evidence)
    computed = time.perf_counter()
    page = draw_page([analysis])
    drawn = time.perf_counter()
    (path / "report.html").write_text(page, encoding="utf-8")
    return {
        "read": read - began,
        "compute": computed - read,
        "draw": drawn - computed,
        "page MB": len(page.encode()) / 1e6,
        "statistics MB": len(analysis.statistics_text()) / 1e6,
        "memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def open_page(path: Path) -> tuple[float, list[str]]:
    """Seconds until a browser has drawn the last figure, and what it complains of."""
    from playwright.sync_api import sync_playwright

    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        began = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_function("[...document.querySelectorAll('.plot')].every((p) => p.querySelector('.main-svg'))")
        taken = time.perf_counter() - began
        browser.close()
    return taken, problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=list(BARS))
    failed = False
    for trials in parser.parse_args().trials:
        with tempfile.TemporaryDirectory() as folder:
            path = made_run(trials, Path(folder))
            found = measure(path)
            opened, problems = open_page(path / "report.html")
        seconds = found["read"] + found["compute"] + found["draw"]
        parts = ", ".join(f"{name} {value:,.1f}" for name, value in found.items())
        print(f"{trials:,} trials: {seconds:.1f} s ({parts}); opened in {opened:.1f} s, {len(problems)} complaints")
        most_seconds, most_size = BARS.get(trials, (math.inf, math.inf))
        failed |= seconds > most_seconds or found["page MB"] > most_size or bool(problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
