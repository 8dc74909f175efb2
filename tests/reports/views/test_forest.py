"""What the forest adds to the verdict's numbers, what it keeps to itself, and what failures change in it."""

from __future__ import annotations

import pytest

from reports.verdict import verdict_of
from reports.verdict.estimates import champions_compared
from reports.views import forest, pairs
from tests.reports.conftest import judged

MAX = [0.95, 0.96, 0.97, 0.95, 0.96, 0.97, 0.96]
CAPSULE = [0.97, 0.97, 0.97, 0.97, 0.97, 0.98, 0.96]
P = ["exact p", "adjusted p (1 comparisons)"]


def first(evidence, **how):
    return next(forest.draw(judged(evidence, **how), evidence))


def test_the_share_of_the_error_that_is_saved(confirmation) -> None:
    view = first(confirmation(capsule=CAPSULE, max=MAX))
    # Errors of .21 / 7 and of .28 / 7.
    assert view.data["test error saved (%)"].tolist() == pytest.approx([25])
    assert view.figure.data[0].hovertext == ("capsule: −1.00 pp, saves 25 % of the baseline's test error",)
    worse = first(confirmation(capsule=MAX, max=CAPSULE))
    assert worse.data["test error saved (%)"].tolist() == pytest.approx([-100 / 3])
    assert "saves −33.3 % of" in worse.figure.data[0].hovertext[0]


def test_only_an_error_is_saved(confirmation) -> None:
    perfect = first(confirmation(capsule=[0.9] * 6, max=[1.0] * 6))
    assert perfect.data["test error saved (%)"].isna().all()
    assert "saves" not in perfect.figure.data[0].hovertext[0]
    score = first(confirmation(sweep={"objective": {"metric": "val_auc"}}, capsule=CAPSULE, max=MAX))
    assert score.data["test auc saved (%)"].isna().all()
    loss = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    assert first(confirmation(sweep=loss, capsule=[0.3] * 6, max=[0.4] * 6)).data[
        "test loss saved (%)"
    ].tolist() == pytest.approx([25])


def test_p_is_shown_once_the_plan_is_met_and_holds(confirmation) -> None:
    done = first(confirmation(capsule=CAPSULE, max=MAX))
    assert done.data[P].notna().all(axis=None)
    soon = confirmation(planned=9, capsule=CAPSULE, max=MAX)
    whole = confirmation(capsule=CAPSULE, max=MAX)
    for evidence, failed, said in ((soon, False, "interim"), (whole, True, "not valid")):
        data = first(evidence, failed=failed).data
        assert data[P].isna().all(axis=None)
        assert data["verdict"].tolist() == [said]
        assert data["95 % from"].notna().all()


def test_pairs_say_what_their_count_is_worth(confirmation) -> None:
    evidence = confirmation(capsule=CAPSULE, max=MAX)
    (view,) = pairs.draw(judged(evidence, failed=True), evidence)
    assert view.caption.startswith(
        "Not valid, a gate of the verdict failed: nothing is claimed. capsule is better in 5"
    )
    assert next(pairs.draw(judged(evidence), evidence)).caption.startswith("capsule is better in 5 of 7 pairs")


SWEEP = {"confirm": {"baseline": "max"}, "space": {"pooling": ["capsule", "max"], "pool_size": {"int": [2, 4]}}}
SCORES = [(0.991, 0.990), (0.993, 0.991), (0.992, 0.990), (0.994, 0.992), (0.993, 0.990), (0.992, 0.991)]


def replicates(hand_made, *, planned, scores=SCORES):
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
    interim = table(replicates(hand_made, planned=7))
    assert interim[["exact p", "adjusted p (1 comparisons)"]].isna().all()
    assert interim["verdict"] == "interim"
    over = table(replicates(hand_made, planned=6))
    assert tuple(over[["exact p", "adjusted p (1 comparisons)"]]) == (2 / 64, 2 / 64)


def test_an_interval_has_the_level_at_which_it_was_replicates(hand_made) -> None:
    assert {"96 % from", "96 % to"} <= set(table(replicates(hand_made, planned=6)).index)


def test_what_failures_change_stands_beside_the_verdict(hand_made) -> None:
    whole = table(replicates(hand_made, planned=6))
    assert not [name for name in whole.index if "failures" in name]
    row = table(replicates(hand_made, planned=7, scores=[*SCORES, (None, 0.99)]))
    assert row["verdict"] == "undetermined"
    assert row["verdict, failures left out"].startswith("better")
    assert row["verdict, failures at worst"] == "undetermined"
    gains = [a - b for a, b in SCORES]
    assert row["mean difference (pp), failures at worst"] == pytest.approx(-100 * (sum(gains) + 0.1 - 0.99) / 7)


def test_a_withdrawn_claim_has_no_verdict_in_the_table(hand_made) -> None:
    evidence = replicates(hand_made, planned=6)
    verdict = verdict_of(evidence)  # all seeds are the same, and no test is noted
    assert forest.table(verdict.estimates, evidence)["verdict"].tolist() == ["not valid"]
