"""Deviations of replicates that differ in one source of chance, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from reports.views import sources

SCORES = {"init": (0.95, 0.97), "order": (0.96, 0.962), "dropout": (0.9, 0.9, 0.93), "device": (0.96, 0.96)}
SWEEP = {"confirm": {"baseline": "max"}, "controls": {"sources": 3}}


def rows(scores=SCORES, **more):
    return [
        {"phase": "controls", "arm": "max", "pair_id": f"source:{name}:{place}", "value": value, **more}
        for name, values in scores.items()
        for place, value in enumerate(values)
    ]


def confirmed(*values, arm="max"):
    return [{"arm": arm, "pair_id": f"confirm:0:{seed}", "value": value} for seed, value in enumerate(values)]


def test_each_source_by_itself_and_all_together(hand_made, check_views) -> None:
    others = [{"phase": "controls", "arm": "max", "pair_id": "aa:0", "value": 0.1, "side": side} for side in "ab"]
    trials = [*rows(), *others, *confirmed(0.95, 0.97, 0.96), *confirmed(0.2, 0.4, 0.1, arm="capsule")]
    evidence = hand_made(trials, sweep=SWEEP)
    found = {each.name: each.deviation for each in sources.analyse(evidence).sources}
    assert list(found) == [
        *("initial weights", "order of examples", "dropout", "the device, all seeds the same", "all but the split")
    ]
    assert [each.value for each in found.values()] == pytest.approx(
        [0.02 / 2**0.5, 0.002 / 2**0.5, np.std([0.9, 0.9, 0.93], ddof=1), 0.0, 0.01]
    )
    assert [each.n for each in found.values()] == [2, 2, 3, 2, 3]
    (view,) = check_views(sources, evidence)
    assert "the device, all seeds the same 0 (n = 2)" in view.caption
    assert view.data["SD"].tolist() == pytest.approx([each.value for each in found.values()])


def test_what_has_no_value_is_counted(hand_made, check_views) -> None:
    lost = {"phase": "controls", "arm": "max", "pair_id": "source:init:2", "value": None, "state": "failed"}
    (view,) = check_views(sources, hand_made([*rows(), lost], sweep=SWEEP))
    assert view.caption.endswith("1 replicate without a value left out.")
    assert "all but the split –" in view.caption


def test_without_replicates_it_says_how_to_get_them(hand_made) -> None:
    evidence = hand_made(confirmed(0.9, 0.91), sweep={"confirm": {"baseline": "max"}})
    (view,) = sources.draw(sources.analyse(evidence), evidence)
    assert view.command == "capsweep resume RUN --set controls.sources=10"
    begun = hand_made(rows({"init": (0.9,)}), sweep=SWEEP)
    (view,) = sources.draw(sources.analyse(begun), begun)
    assert (view.command, "two complete" in view.caption) == ("capsweep resume RUN", True)


def test_the_order_of_rows_does_not_matter(hand_made) -> None:
    one, other = (hand_made(each, sweep=SWEEP) for each in (rows(), rows()[::-1]))
    assert sources.analyse(one) == sources.analyse(other)


def test_odd_runs_can_be_drawn(odd_run, check_views) -> None:
    check_views(sources, odd_run)
