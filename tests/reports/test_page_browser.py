"""The page in a real browser without a network: everything drawn, nothing asked for, nothing run, nothing cut off."""

from __future__ import annotations

import pytest

from reports.page import write_report

DRAWN = "() => [...document.querySelectorAll('.plot')].map((plot) => plot.querySelectorAll('.main-svg').length)"
SERIES = "(id) => document.getElementById(id)._fullData.map((trace) => [trace.name, Array.from(trace.y)])"


@pytest.fixture
def visit(open_page, tmp_path):
    def show(*runs, **context):
        path = tmp_path / "report.html"
        write_report([run.read() for run in runs], path)
        return open_page(path.as_uri(), **context)

    return show


def test_it_opens_offline_silent_and_whole(mixed, visit) -> None:
    seen = visit(mixed)
    drawn = seen.page.evaluate(DRAWN)
    assert drawn == [3] * len(drawn)
    assert len(drawn) >= 9
    assert seen.said == []
    assert len(seen.asked) == 1
    assert seen.asked[0].startswith("file://")


def test_the_figures_show_the_tables(mixed, visit) -> None:
    page = visit(mixed).page
    assert page.evaluate(SERIES, "run-0-progress-trials") == [
        ["capsule", [0.90, 0.94]],
        ["max", [0.85, 0.89, 0.89]],
        ["average", [0.88]],
    ]


def test_an_empty_run_is_drawn_without_complaint(writer, visit) -> None:
    seen = visit(writer())
    drawn = seen.page.evaluate(DRAWN)
    assert drawn == [3] * len(drawn)
    assert len(drawn) >= 9
    assert seen.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_both_grounds(mixed, visit, scheme) -> None:
    page = visit(mixed, color_scheme=scheme).page
    colours = page.evaluate(
        """() => [document.body, document.querySelector('.xtick text'), document.querySelector('.legendtext')].map(
             (element) => getComputedStyle(element)[element === document.body ? 'backgroundColor' : 'fill'])"""
    )
    ground, *texts = [sum(map(int, colour[4:-1].split(","))) / 3 for colour in colours]
    assert all(abs(text - ground) > 180 for text in texts)
    assert (ground > 128) == (scheme == "light")


def test_it_fits_a_telephone(mixed, visit) -> None:
    page = visit(mixed, viewport={"width": 400, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_figures_fit_the_paper(mixed, visit) -> None:
    page = visit(mixed, viewport={"width": 1280, "height": 800}).page
    widths = "[...document.querySelectorAll('.plot')].map((plot) => plot.querySelector('.main-svg').clientWidth)"
    before = page.evaluate(widths)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert set(page.evaluate(widths)) == {660}
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(widths) == before


def test_the_trials_can_be_sorted_with_the_keyboard(mixed, visit) -> None:
    page = visit(mixed).page
    table = "[aria-label='Every trial'] tbody tr"
    column = f"[...document.querySelectorAll({table!r})].map((row) => row.cells[4].textContent)"
    button = page.get_by_role("button", name="value", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(column) == ["0.8500", "0.8800", "0.8900", "0.9000", "0.9400", "0.9500", "–", "–"]
    page.keyboard.press("Enter")
    assert page.evaluate(column) == ["0.9500", "0.9400", "0.9000", "0.8900", "0.8800", "0.8500", "–", "–"]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"


def test_hostile_text_is_shown_and_runs_nothing(hostile, visit) -> None:
    run = hostile(True)
    seen = visit(run)
    assert seen.page.evaluate("window.__x") is None
    assert seen.said == []
    assert len(seen.asked) == 1
    assert run.config.arms[0] in seen.page.inner_text("main")
    ticks = seen.page.evaluate(
        "[...document.querySelectorAll('#run-0-best .xtick text')].map((text) => text.textContent)"
    )
    # A label in several lines has no space where a line ends.
    assert ["".join(text.split()) for text in ticks] == ["".join(f"{arm}n=1".split()) for arm in run.config.arms]
    assert seen.page.locator("main a, main img, main object").count() == 0
    titles = seen.page.evaluate("[...document.querySelectorAll('.g-ytitle')].map((title) => title.textContent)")
    assert f"{run.config.objective.metric}" in titles
