"""What the forest's table shows of a comparison that is over, and of one that is not."""

from __future__ import annotations

import pytest

from reports.verdict import verdict_of
from reports.verdict.estimates import champions_compared
from reports.views import forest

SWEEP = {"confirm": {"baseline": "max"}, "space": {"pooling": ["capsule", "max"], "pool_size": {"int": [2, 4]}}}
SCORES = [(0.991, 0.990), (0.993, 0.991), (0.992, 0.990), (0.994, 0.992), (0.993, 0.990), (0.992, 0.991)]


def judged(hand_made, *, planned, scores=SCORES):
    rows = [
        {"arm": arm, "test": score, "pair_id": f"confirm:0:{place}", "state": "complete" if score else "failed"}
        for place, pair in enumerate(scores)
        for arm, score in zip(("capsule", "max"), pair, strict=True)
    ]
    plan = {"seeds": planned, "swap": {"settings": 0, "seeds": 1}, "margin": 0.001, "alpha": 0.04}
    evidence = hand_made(rows, sweep=SWEEP, plan={**plan, "direction": "maximize"})
    evidence.facts.update(audits=[], workers=[], studies=[], data={"classes": 10})  # no more than the gates look at
    return evidence


def table(evidence):
    return forest.table(champions_compared(evidence), evidence).iloc[0]


def test_there_is_no_p_before_the_planned_pairs_are_there(hand_made) -> None:
    interim = table(judged(hand_made, planned=7))
    assert interim[["exact p", "adjusted p (1 comparisons)"]].isna().all()
    assert interim["verdict"] == "interim"
    over = table(judged(hand_made, planned=6))
    assert tuple(over[["exact p", "adjusted p (1 comparisons)"]]) == (2 / 64, 2 / 64)


def test_an_interval_has_the_level_at_which_it_was_judged(hand_made) -> None:
    assert {"96 % from", "96 % to"} <= set(table(judged(hand_made, planned=6)).index)


def test_what_failures_change_stands_beside_the_verdict(hand_made) -> None:
    whole = table(judged(hand_made, planned=6))
    assert not [name for name in whole.index if "failures" in name]
    row = table(judged(hand_made, planned=7, scores=[*SCORES, (None, 0.99)]))
    assert row["verdict"] == "undetermined"
    assert row["verdict, failures left out"].startswith("better")
    assert row["verdict, failures at worst"] == "undetermined"
    gains = [a - b for a, b in SCORES]
    assert row["mean difference (pp), failures at worst"] == pytest.approx(-100 * (sum(gains) + 0.1 - 0.99) / 7)


def test_a_withdrawn_claim_has_no_verdict_in_the_table(hand_made) -> None:
    evidence = judged(hand_made, planned=6)
    verdict = verdict_of(evidence)  # all seeds are the same, and no test is noted
    assert forest.table(verdict.estimates, evidence)["verdict"].tolist() == ["not valid"]
