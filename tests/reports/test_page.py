"""The page as text: what it says, in which order, and that nothing a run contains becomes markup."""

from __future__ import annotations

import itertools
import json
import math
import re
from html.parser import HTMLParser

import pytest

from reports.page import build_page, write_report
from sweeps.errors import ConfigError

SEARCH = (
    "The arms side by side",
    "Best of each arm",
    "Best so far, by trials",
    "Best so far, by worker time",
    "Learning curves",
    "Each parameter against val_accuracy",
    "pool_size",
    "routing_steps",
    "temperature",
    "learning_rate",
    "pool_size and learning_rate together",
    "All parameters at once",
)
PLAIN = {"pooling": "max", "pool_size": 3, "learning_rate": 2.0e-3}


class Outline(HTMLParser):
    """Headings, and the text of the body without its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[tuple[int, str]] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: str = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self._open = tag
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag) -> None:
        self._open = ""

    def handle_data(self, data) -> None:
        if self._open in ("script", "style"):
            return
        self.text += data
        if re.fullmatch("h[1-6]|small", self._open) and self.headings:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)


def outline(*runs) -> Outline:
    return Outline(build_page([run.read() for run in runs]))


def test_the_title_carries_the_data_and_the_notes(mixed) -> None:
    page = build_page([mixed.read()])
    note = "real MNIST could not be had: ran on digits"
    assert f"<title>capsule-vs-max on digits – {note}</title>" in page
    assert Outline(page).headings[0] == (1, f"capsule-vs-max on digits {note}")
    assert '<html lang="en">' in page


def test_sections_come_in_reading_order(mixed) -> None:
    headings = outline(mixed).headings
    parts = [text for level, text in headings[1:] if level == 2]
    last = ["How the search went", "What went wrong", "By config, whatever the seed", "Every trial"]
    assert (parts[0], parts[-4:]) == ("The verdict", last)
    search = headings[headings.index((2, "How the search went")) :]
    assert [heading for heading in search if heading[1] in SEARCH] == [
        (3, "The arms side by side"),
        (3, "Best of each arm"),
        (3, "Best so far, by trials"),
        (3, "Best so far, by worker time"),
        (3, "Learning curves"),
        (3, "Each parameter against val_accuracy"),
        (4, "pool_size"),
        (4, "routing_steps"),
        (4, "temperature"),
        (4, "learning_rate"),
        (3, "pool_size and learning_rate together"),
        (3, "All parameters at once"),
    ]
    assert all(later - earlier <= 1 for (earlier, _), (later, _) in itertools.pairwise(headings))


def test_the_command_that_repeats_a_trial_stands_where_trials_are_listed(mixed) -> None:
    page = build_page([mixed.read()])
    assert (
        "<code>capsweep export RUN --trial N</code> trains a complete one again" in page[page.index(">Every trial<") :]
    )


def test_what_ran_and_how_far_to_trust_it(mixed) -> None:
    text = " ".join(outline(mixed).text.split())
    assert "compares capsule, max and average (pooling), with 3 trials in each of up to 3 epochs" in text
    assert "It is no comparison of the arms" in text
    assert "d" * 64 in text
    assert "keras 3.15.1" in text
    assert "2 workers on 2 nodes" in text
    assert "1 failed (max; trial 5): ValueError: pool_size: <b>too large</b>" in text


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (None, "Interim: interrupted, 7 of 9 planned trials ended"),
        ("time limit", "Interim: stopped (time limit), 7 of 9 planned trials ended; it can be resumed"),
    ],
)
def test_a_sweep_short_of_its_budget_is_interim(mixed, end, words) -> None:
    if end:
        mixed.finish(end)
    page = outline(mixed)
    assert words in page.text
    assert ">final<" not in build_page([mixed.read()])


def test_a_finished_sweep_is_final(writer) -> None:
    run = writer({"compare": None, "search": {"trials": 1, "epochs": 1}})
    run.trial(PLAIN, [0.5])
    run.finish("budget met")
    assert "Ended (budget met), 1 of 1 planned trial ended." in outline(run).text


def test_every_figure_has_words_and_numbers(mixed) -> None:
    page = build_page([mixed.read()])
    figures = page.count('class="plot"')
    assert figures >= 9
    assert len(re.findall(r'role="img" aria-label="[^"]{40,}"', page)) == figures
    assert page.count("<figcaption>") == figures
    assert page.count("The numbers of this figure") == figures
    for data in re.findall(r'<script type="application/json" data-for[^>]*>(.*?)</script>', page, re.DOTALL):
        assert json.loads(data)["data"]


def test_a_number_stays_on_the_line_of_its_unit(mixed) -> None:
    shown = re.findall(r'<p class="claim">.*?</p>|<figcaption>.*?</figcaption>', build_page([mixed.read()]), re.DOTALL)
    assert any(re.search(r'<span class="tied">[\d.]+ s</span> of worker time', text) for text in shown)
    shown = [re.sub(r'<span class="tied">[^<]*</span>', "", text) for text in shown]
    assert not [text for text in shown if re.search(r"\d (%|pp|s|min)(?!\w)|\b[np] = \d", text)]


def test_two_runs_on_the_same_data_share_a_page(mixed, writer) -> None:
    page = outline(mixed, writer())
    levels = [level for level, _ in page.headings]
    assert page.headings[0] == (1, "2 sweeps on the same data")
    assert next(text for level, text in page.headings if level == 2) == "The search done again"
    assert levels.count(2) == 3
    assert "Tuned against tuned needs several runs" in page.text
    assert page.text.count("The luck of tuning was counted") == 1, "of all runs together, and not of each"
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    html = build_page([mixed.read(), writer().read()])
    anchors = re.findall(r'class="plot" id="([^"]+)"', html)
    assert len(set(anchors)) == len(anchors) >= 18
    assert html.count("<script>") == 2  # plotly.js once, our own once


def test_runs_on_other_data_are_refused(mixed, writer) -> None:
    other = writer(data={"name": "mnist", "digest": "e" * 64})
    with pytest.raises(ConfigError, match=r"got data digests dddddddddddd \(.*\), eeeeeeeeeeee \("):
        build_page([mixed.read(), other.read()])


def test_a_report_needs_a_run() -> None:
    with pytest.raises(ConfigError, match="at least one run, got none"):
        build_page([])


def test_a_page_is_written_whole(mixed, tmp_path) -> None:
    path = tmp_path / "new" / "report.html"
    write_report([mixed.read()], path)
    assert path.read_text(encoding="utf-8") == build_page([mixed.read()])


def only_pruned(run) -> None:
    run.trial(PLAIN, [0.4], state="pruned")


def only_failed(run) -> None:
    run.fail(PLAIN, "no")


def only_running(run) -> None:
    run.start(PLAIN)


def not_a_number(run) -> None:
    run.trial(PLAIN, [math.nan, math.nan])
    run.trial(PLAIN, [0.4, math.inf])


def another_metric(run) -> None:
    number = run.start(PLAIN)
    run.config = run.config.model_copy(
        update={"objective": run.config.objective.model_copy(update={"metric": "other"})}
    )
    run.train(number, [0.4])


@pytest.mark.parametrize(
    "fill", [lambda run: None, only_pruned, only_failed, only_running, not_a_number, another_metric]
)
@pytest.mark.parametrize("sweep", [{}, {"compare": None}, {"space": {"pooling": ["max"]}}])
def test_odd_runs_make_a_page(writer, fill, sweep) -> None:
    run = writer({**sweep, "space": {**{"pooling": ["max"]}, "pool_size": {"int": [3, 3]}, "learning_rate": [2.0e-3]}})
    fill(run)
    page = build_page([run.read()])
    assert "No trial is complete yet" in page
    assert page.count('class="plot"') >= 6


def test_the_policy_allows_the_two_scripts_and_nothing_else(mixed) -> None:
    page = build_page([mixed.read()])
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("sha256-") == 2
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy
    assert "<link" not in page
    assert not re.search(r"<script[^>]+src=", page)


def test_nothing_of_a_run_becomes_markup(hostile) -> None:
    # Names may hold numbers with units, which a line break is kept out of.
    tame, wild = (
        Outline(re.sub(r'<span class="tied">([^<]*)</span>', r"\1", build_page([hostile(each).read()])))
        for each in (False, True)
    )
    assert wild.tags == tame.tags


def test_a_config_that_was_trained_once_is_listed_once(writer) -> None:
    run = writer()
    run.trial({"pooling": "max", "pool_size": 3, "learning_rate": 2.0e-3}, [0.6, 0.7, 0.85])
    assert "By config" not in build_page([run.read()])
    run.trial({"pooling": "max", "pool_size": 3, "learning_rate": 2.0e-3}, [0.6, 0.7, 0.75])
    page = build_page([run.read()])
    assert "By config, whatever the seed" in page
    assert ">0.8000</td>" in page.replace("\n", "")
    assert ">0, 1</td>" in page
