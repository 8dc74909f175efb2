"""Deviations of replicates that differ in one source of chance, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from reports.views import sources

SCORES = {"init": (0.95, 0.97), "order": (0.96, 0.962), "dropout": (0.9, 0.9, 0.93), "device": (0.96, 0.96)}
SWEEP = {"confirm": {"baseline": "max", "margin": 0.004}, "controls": {"sources": 2}}


def rows(scores=SCORES, **more):
    return [
        {"phase": "controls", "arm": "max", "pair_id": f"source:{name}:{place}", "value": value, **more}
        for name, values in scores.items()
        for place, value in enumerate(values)
    ]


def confirmed(*values, arm="max", place=0):
    return [{"arm": arm, "pair_id": f"confirm:{place}:{seed}", "value": value} for seed, value in enumerate(values)]


def promising(amount):
    return {**SWEEP, "controls": {"sources": amount}}


def test_each_source_by_itself_and_all_together(hand_made, check_views) -> None:
    others = [{"phase": "controls", "arm": "max", "pair_id": "aa:0", "value": 0.1, "side": side} for side in "ab"]
    second = confirmed(0.3, 0.5, 0.7, place=1)
    trials = [*rows(), *others, *confirmed(0.95, 0.97, 0.96), *confirmed(0.2, 0.4, 0.1, arm="capsule"), *second]
    evidence = hand_made(trials, sweep=promising(2))
    result = sources.analyse(evidence)
    found = {each.name: each.deviation for each in (*result.sources, result.together)}
    assert list(found) == ["init", "order", "dropout", "device", "all"]
    expected = [0.02 / 2**0.5, 0.002 / 2**0.5, np.std([0.9, 0.9, 0.93], ddof=1), 0.0, 0.01]
    assert [each.value for each in found.values()] == pytest.approx(expected)
    assert [each.n for each in found.values()] == [2, 2, 3, 2, 3]
    assert (found["device"].low, found["device"].high) == (None, None), "equal values may be equal by rounding"
    (view,) = check_views(sources, evidence)
    assert "the device 0, the same value in all 2." in view.caption
    assert "where all but the split was new: 0.01 [" in view.caption
    assert "Largest is dropout, which is not told apart from initial weights and order of examples." in view.caption
    assert not view.caption.startswith("Interim")
    assert view.data["SD"].tolist() == pytest.approx(expected)
    lines = sorted(line.x0 for line in view.figure.layout.shapes)
    assert lines == [0, 0.004], "the margin"


def test_what_has_no_value_is_counted_and_not_waited_for(hand_made, check_views) -> None:
    lost = {"phase": "controls", "arm": "max", "pair_id": "source:init:2", "value": None, "state": "failed"}
    scores = {name: (*values, 0.95)[: 2 if name == "init" else 3] for name, values in SCORES.items()}
    (view,) = check_views(sources, hand_made([*rows(scores), lost], sweep=promising(3)))
    assert view.caption.endswith("1 replicate without a value left out.")
    assert not view.caption.startswith("Interim")
    assert "`capsweep resume RUN --set confirm.seeds=10` shows what they come to together" in view.caption


def test_before_all_are_there_it_is_interim(hand_made) -> None:
    running = {"phase": "controls", "arm": "max", "pair_id": "source:init:2", "value": 0.1, "state": "running"}
    evidence = hand_made([*rows(), running], sweep=promising(4))
    result = sources.analyse(evidence)
    assert result.sources[0].n == 2
    (view,) = sources.draw(result, evidence)
    assert view.caption.startswith("Interim: of some only 2 of 4 replicates are there. ")


def test_one_that_stands_out_is_told_apart(hand_made) -> None:
    scores = {"init": (0.9, 0.5, 0.7, 0.2, 0.8, 0.3), "order": (0.95, 0.951, 0.95, 0.951, 0.95, 0.952)}
    evidence = hand_made(rows(scores), sweep=promising(6))
    (view,) = sources.draw(sources.analyse(evidence), evidence)
    assert "Largest is initial weights, and no other's interval reaches its own." in view.caption
    assert "dropout – (n = 0)" in view.caption
    near = (0.55, 0.75, 0.7, 0.65, 0.82, 0.72)  # its interval ends above the lower end of the other, below its value
    evidence = hand_made(rows({**scores, "order": near}), sweep=promising(6))
    (view,) = sources.draw(sources.analyse(evidence), evidence)
    assert "Largest is initial weights, which is not told apart from order of examples." in view.caption


def test_without_replicates_it_says_why_and_how_to_get_them(hand_made) -> None:
    def said(trials, amount=0):
        evidence = hand_made(trials, sweep=promising(amount))
        (view,) = sources.draw(sources.analyse(evidence), evidence)
        return view.caption, view.command

    caption, command = said(confirmed(0.9, 0.91))
    assert (caption[:9], command) == ("All seeds", "capsweep resume RUN --set controls.sources=10")
    caption, command = said(rows({"init": (0.9,)}), 2)
    assert (caption, command) == ("No source of chance has two complete replicates.", "capsweep resume RUN")
    failed = rows(dict.fromkeys(SCORES, (None, None)), state="failed")
    caption, command = said(failed, 2)
    assert caption.endswith("; 8 replicates ended without a value.")
    assert command == "capsweep resume RUN --set controls.sources=12"


def test_the_order_of_rows_does_not_matter(hand_made) -> None:
    one, other = (hand_made(each, sweep=SWEEP) for each in (rows(), rows()[::-1]))
    assert sources.analyse(one) == sources.analyse(other)


def test_a_plan_that_knows_no_sources_promises_none(hand_made) -> None:
    evidence = hand_made(confirmed(0.9, 0.91), sweep=SWEEP, plan={"seeds": 2, "margin": 0.004, "alpha": 0.05})
    assert sources.analyse(evidence).planned == 0


def test_odd_runs_can_be_drawn(odd_run, check_views) -> None:
    check_views(sources, odd_run)
