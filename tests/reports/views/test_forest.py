"""What the forest adds to the verdict's numbers, and what it keeps to itself."""

from __future__ import annotations

import pytest

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
