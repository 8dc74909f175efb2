"""Names that attack, through every phase and view: shown as they are, in a real browser, and nothing runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.analysis import Analysis, analyse
from reports.bundle import write_bundle
from reports.evidence import evidence_of
from reports.page import write_page
from sweeps.history import read_run
from tests.benchmarks.made_run import made_run

CORPUS = (
    "</script><script>window.__x=1</script>",
    "<img src=x onerror=window.__x=1>",
    '"><svg onload=window.__x=1>',
    "javascript:window.__x=1",
    '=HYPERLINK("http://evil.example")',
    "%{y}%{customdata[0]}",
    "$\\href{javascript:window.__x=1}{x}$",
    "\u202eright to left \U0001f600",
    "<b>bold</b><br><a href='http://evil.example'>a</a>",
)


HIDDEN = """[...document.querySelectorAll('.plot .xaxislayer-above text')]
    .filter((text) => !text.getBoundingClientRect().width).map((text) => text.textContent)"""


def attacked(texts: tuple[str, str, str], folder: Path) -> Analysis:
    names = dict(zip(("capsule", "max", "average"), texts, strict=True))
    return analyse(evidence_of(read_run(made_run(30, folder, names))))


@pytest.mark.parametrize(("start", "width"), [(0, 400), (3, 1280), (6, 400)])
def test_names_are_shown_and_run_nothing(start: int, width: int, tmp_path: Path, open_page: Callable[..., Any]) -> None:
    texts: Any = CORPUS[start : start + 3]
    analysis = attacked(texts, tmp_path)
    path = tmp_path / "report.html"
    write_page([analysis], path)
    seen = open_page(path.as_uri(), viewport={"width": width, "height": 800})
    seen.page.wait_for_function("[...document.querySelectorAll('.plot')].every((p) => p.querySelector('.main-svg'))")
    assert seen.page.evaluate("window.__x") is None
    assert seen.said == []
    assert len(seen.asked) == 1
    text = seen.page.evaluate("document.body.innerText")
    assert all(name in text for name in texts)
    assert not seen.page.evaluate("[...document.querySelectorAll('.plot a, .plot img')].length")
    assert not [text for text in seen.page.evaluate(HIDDEN) if "n = " in text]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_names_are_defused_in_exported_tables(tmp_path: Path) -> None:
    analysis = attacked(CORPUS[3:6], tmp_path)
    write_bundle(analysis, tmp_path / "tables")
    for path in (tmp_path / "tables").glob("*.csv"):
        rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(("=", "@", "+")), (path.name, cell)
    assert f"'{CORPUS[4]}" in (tmp_path / "tables" / "arms.csv").read_text(encoding="utf-8").replace('""', '"')
