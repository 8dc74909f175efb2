"""A whole report on a made run: every view there, in order, each with its question and its numbers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.analysis import Analysis, analyse
from reports.evidence import evidence_of
from reports.page import draw_page
from reports.together import Together
from reports.verdict import tuned_compared, verdict_of
from sweeps.config import SweepConfig
from sweeps.history import read_run
from tests.benchmarks.made_run import EFFECT, made_run


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    path: Path = made_run(60, tmp_path_factory.mktemp("made"))
    return analyse(evidence_of(read_run(path)))


def test_the_planted_effects_are_found(analysis: Analysis) -> None:
    found = {each.arm: each for each in analysis.verdict.estimates if each.estimand == "E1"}
    assert found["capsule"].verdict.startswith("better")
    assert found["average"].verdict.startswith("worse")
    assert [each.n for each in found.values()] == [20, 20]
    swaps = {each.arm: each for each in analysis.verdict.estimates if each.estimand == "E3"}
    for arm, each in swaps.items():
        assert each.low is not None
        assert each.high is not None
        assert each.low <= EFFECT[arm] <= each.high


def test_no_gate_fails_on_a_sound_run(analysis: Analysis) -> None:
    assert {gate.key: gate.status for gate in analysis.verdict.gates if gate.status not in ("pass", "warn")} == {
        "runs": "not run"
    }


def test_the_order_of_events_is_that_of_the_log(analysis: Analysis) -> None:
    (plan,), trials = analysis.evidence.plans, analysis.evidence.frames.trials
    assert plan.place is not None
    assert (trials["begun_at"] < plan.place).tolist() == (trials["phase"] == "search").tolist()
    assert trials["tested_at"].notna().tolist() == (trials["phase"] == "confirm").tolist()
    assert (trials["tested_at"].dropna() > plan.place).all()
    assert all(audit["place"] > plan.place for audit in analysis.evidence.facts["audits"])


def test_a_test_that_stands_before_the_plan_in_the_log_withdraws_the_claim(tmp_path: Path) -> None:
    path = made_run(60, tmp_path)
    lines = (path / "events.jsonl").read_bytes().splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if b'"plan_frozen"' in line)
    (opened,) = [line for line in lines if b"test set opened" in line]
    lines.remove(opened)
    for before, because in ((at, ["the test set was read before the plan was frozen"]), (at + 1, [])):
        (path / "events.jsonl").write_bytes(b"".join([*lines[:before], opened, *lines[before:]]))
        gates = verdict_of(evidence_of(read_run(path))).gates
        assert [gate.because for gate in gates if gate.because] == because


def test_every_view_answers_a_question_in_words(analysis: Analysis) -> None:
    views = [view for _, view in analysis.views()]
    assert len({view.key for view in views}) == len(views)
    for view in views:
        assert view.caption.endswith((".", "!")), view.key
        assert view.figure is not None or view.command or len(view.data) or view.pictures, view.key


def test_a_failed_gate_silences_every_view_that_would_claim(analysis: Analysis) -> None:
    evidence = analysis.evidence
    late = tuple(replace(plan, place=10**9) for plan in evidence.plans)  # frozen after all its trials
    said = {view.key: view.caption for _, view in analyse(replace(evidence, plans=late)).views()}
    for key in ("forest-e1", "forest-e3", "pairs-0", "chance", "all-arms", "swap", "swap-param-0", "errors", "shifts"):
        assert "not valid" in said[key].lower(), key
    for key in ("errors-classes", "errors-scores", "robustness", "variance-crossed", "equal-seconds"):
        assert said[key].startswith("Not valid"), key
    sizes = ("practically", "size uncertain", "negligible", "meaningful", "significant")
    claims = (*sizes, "told apart", "p = ", "p < ", "differ after", "agree with")
    for key in (
        key for key in said if key.split("-")[0] in ("forest", "pairs", "chance", "all", "swap", "errors", "shifts")
    ):
        assert not [claim for claim in claims if claim in said[key].lower()], key


def test_parts_come_in_reading_order(analysis: Analysis) -> None:
    parts = list(dict.fromkeys(part for part, _ in analysis.views()))
    assert parts == [
        "The verdict",
        "Under which settings",
        "At what cost",
        "How far to trust it",
        "What they see",
        "How the search went",
    ]


def test_the_page_says_the_verdict_first(analysis: Analysis) -> None:
    page = draw_page([analysis])
    first = page.index(analysis.verdict.sentences[0].split(" (")[0])
    assert first < page.index("How the search went")


def test_runs_of_one_sweep_are_drawn_together(analysis: Analysis) -> None:
    def of(seed: int) -> Analysis:
        evidence = analysis.evidence
        return replace(analysis, evidence=replace(evidence, config=evidence.config.model_copy(update={"seed": seed})))

    runs = [of(seed) for seed in range(2)]
    page = draw_page(runs)
    assert page.index("The search done again, by trials") < page.index('id="run-0-')
    embedded = re.search(r'id="all-statistics">(.*?)</script>', page, re.DOTALL)
    assert embedded is not None
    numbers = json.loads(embedded[1])
    assert numbers == json.loads(Together.of(runs[::-1]).statistics_text())
    assert {each["estimand"] for each in numbers["tuned"]["estimates"]} == {"E2"}
    assert all(numbers["again"][by] for by in ("trials", "seconds"))
    alone = draw_page([analysis])
    assert "The search done again" not in alone
    assert ("run-0-forest-e2" in alone, "run-0-forest-e2" in page) == (True, False)


def test_what_does_not_count_is_not_drawn_with_the_others(analysis: Analysis) -> None:
    evidence = analysis.evidence

    def of(seed: int, **changes: Any) -> Analysis:
        document = {**evidence.config.model_dump(mode="json"), "seed": seed, **changes}
        return analyse(replace(evidence, config=SweepConfig.from_mapping(document, source="test")))

    late = tuple(replace(plan, place=10**9) for plan in evidence.plans)  # frozen after all its trials
    unsound = analyse(replace(of(1).evidence, plans=late))
    foreign = replace(of(0, name="other").evidence, plans=())
    page = draw_page([of(0), of(1), unsound, analyse(foreign)])
    assert "half of the 2 runs" in page


def test_runs_of_one_seed_are_not_two(analysis: Analysis) -> None:
    pair = [(analysis.evidence, analysis.verdict)] * 2
    assert tuned_compared(pair).sentences == ("Two runs have the seed 0, so they are one, not two.",)
    page = draw_page([analysis, analysis])
    assert "so they are one, not two" in page
    assert page.index("These are no two such runs") < page.index('id="run-0-')
    assert "capsweep launch SWEEP --set seed=1 --run-dir RUN-1" in page
