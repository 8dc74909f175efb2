"""The grid of other choices: what it rings is the first page's verdict, and every row says what it is."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from reports.views import robustness
from reports.views.analysts import BEST, CONTROL, LAST, LEFT_OUT, PLAN, SWAPPED, WORST
from tests.reports.conftest import judged

BASE = [0.90, 0.91, 0.92, 0.93, 0.94, 0.95]
# Clear to Student's t (mean .0083, half width .0043), and not to 4 of 64 sign patterns.
ONE_BEHIND = [score + 0.01 for score in BASE[:5]] + [BASE[5] - 0.0001]
# Clear to both by itself; by Holm of two comparisons 2 · 2/64.
ALL_AHEAD = [score + 0.01 + place / 1000 for place, score in enumerate(BASE)]


def analysed(evidence, **how):
    return robustness.analyse(evidence, judged(evidence, **how))


def said(result, arm="capsule", margin=1.0):
    return {each.how: each.verdict for each in result.choices if (each.arm, each.margin) == (arm, margin)}


def ringed(result):
    return {each.arm: (each.how, each.margin, each.verdict) for each in result.choices if each.planned}


def test_the_sign_flips_are_asked(confirmation) -> None:
    result = analysed(confirmation(capsule=ONE_BEHIND, max=BASE))
    found = said(result)
    assert found["mean by t"] == "better, practically"
    assert found["mean by t and sign flips"] == "undetermined"
    assert found[PLAN] == "undetermined"
    clear = analysed(confirmation(capsule=ALL_AHEAD, max=BASE))
    assert said(clear)["mean by t and sign flips"] == "better, practically"


def test_what_is_ringed_is_the_first_pages_verdict(confirmation) -> None:
    for arms in (
        {"capsule": ALL_AHEAD, "max": BASE},
        {"capsule": ONE_BEHIND, "max": BASE},
        {"capsule": ALL_AHEAD, "max": BASE, "average": ONE_BEHIND},
        {"capsule": [None, *ALL_AHEAD[1:]], "max": BASE},
    ):
        evidence = confirmation(**arms)
        card = {each.arm: (PLAN, 1.0, each.verdict) for each in judged(evidence).estimates}
        assert ringed(analysed(evidence)) == card


def test_the_family_counts_in_the_plans_rule_alone(confirmation) -> None:
    result = analysed(confirmation(capsule=ALL_AHEAD, max=BASE, average=ONE_BEHIND))
    found = said(result)
    assert found[PLAN] == "not shown after correction"
    assert found["mean by t and sign flips"] == "better, practically"
    # Five rows of three margins and two more of the plan's rule, which alone agree.
    others = [each for each in result.choices if each.arm == "capsule" and not each.planned]
    agree = sum(robustness.side_of(each.verdict) == "not told" for each in others)
    assert result.agreeing["capsule"] == pytest.approx(agree / len(others))
    assert (agree, len(others)) == (2, 17)
    assert result.without_one["capsule"] == {"not told": 6}


def test_one_pair_less_may_be_too_few(confirmation) -> None:
    result = analysed(confirmation(capsule=ALL_AHEAD, max=BASE))
    assert result.without_one == {"capsule": {"not told": 6}}, "five pairs reach no p of .05"
    more = analysed(confirmation(capsule=[*ALL_AHEAD, 0.97], max=[*BASE, 0.96]))
    assert more.without_one == {"capsule": {"better": 7}}


def test_the_margin_is_halved_and_doubled(confirmation) -> None:
    ahead = [score + 0.0015 + place / 1e6 for place, score in enumerate(BASE)]
    result = analysed(confirmation(capsule=ahead, max=BASE))
    assert [said(result, margin=each)[PLAN] for each in (0.5, 1.0, 2.0)] == [
        "better, practically",
        "better, practically",
        "better, negligible",
    ]


def test_failures_stand_at_worst_beside_left_out(confirmation) -> None:
    assert WORST not in said(analysed(confirmation(capsule=ALL_AHEAD, max=BASE)))
    evidence = confirmation(capsule=[*ALL_AHEAD, None, None], max=[*BASE, 0.95, 0.95])
    (card,) = judged(evidence).estimates
    found = said(analysed(evidence))
    assert (found[PLAN], found[LEFT_OUT], found[WORST]) == (card.verdict, card.verdict_survivors, card.verdict_worst)
    assert found[LEFT_OUT] == "better, practically"
    assert found[WORST] != found[LEFT_OUT]
    (view,) = robustness.draw(analysed(evidence), evidence)
    assert WORST in view.caption


def test_both_epochs_stand_where_both_are_known(confirmation) -> None:
    last = {"value": [score - 0.05 for score in BASE], "best_value": [score + 0.02 for score in BASE]}
    zero = {"value": BASE, "best_value": BASE}
    arms = {"capsule": ALL_AHEAD, "max": BASE}
    found = said(analysed(confirmation(more={"capsule": last, "max": zero}, **arms)))
    assert (found[LAST], found[BEST]) == ("worse, practically", "better, practically")
    unknown = {"value": BASE, "best_value": [*BASE[:5], None]}
    assert not {LAST, BEST} & set(said(analysed(confirmation(more={"capsule": last, "max": unknown}, **arms))))


def test_the_last_epoch_is_logged_where_the_best_one_counts(confirmation) -> None:
    known = {"value": BASE, "best_value": BASE}
    sweep = {"objective": {"metric": "val_accuracy", "at": "best"}}
    evidence = confirmation(sweep=sweep, more={"capsule": known, "max": known}, capsule=ALL_AHEAD, max=BASE)
    assert not {LAST, BEST} & set(said(analysed(evidence)))
    rows = [
        {"number": number, "epoch": epoch, "metric.val_accuracy": value}
        for number in range(12)
        for epoch, value in ((1, BASE[number % 6] + 0.03 * (number < 6)), (0, 0.1))
    ]
    logged = replace(evidence, frames=replace(evidence.frames, epochs=pd.DataFrame(rows)))
    found = said(analysed(logged))
    assert (found[LAST], found[BEST]) == ("better, practically", "equivalent (identical)")


@pytest.mark.parametrize(("planned", "failed", "word"), [(9, False, "Interim"), (6, True, "Not valid")])
def test_where_nothing_is_claimed_the_intervals_stand_alone(confirmation, planned, failed, word) -> None:
    evidence = confirmation(planned=planned, capsule=ALL_AHEAD, max=BASE)
    result = analysed(evidence, failed=failed)
    assert {each.verdict for each in result.choices} == {""}
    (view,) = robustness.draw(result, evidence)
    assert view.figure is None
    assert view.caption.startswith(word)
    assert "agree" not in view.caption
    assert set(view.data["says"]) == {word.lower()}
    assert (view.data["from (pp)"] < 0).all()


def test_the_figure_rings_one_mark_an_arm(confirmation) -> None:
    evidence = confirmation(capsule=ALL_AHEAD, max=BASE)
    (view,) = robustness.draw(analysed(evidence), evidence)
    (marks,) = view.figure.data
    widths = np.array(marks.marker.line.width)
    assert widths.sum() == 3
    assert marks.hovertext[int(widths.argmax())] == f"{PLAN}, margin × 1: better, practically"
    assert marks.x[int(widths.argmax())] == 3


def test_odd_runs(odd_run) -> None:
    result = analysed(odd_run)
    json.dumps(asdict(result), allow_nan=False)
    assert all(view.caption.endswith(".") for view in robustness.draw(result, odd_run))


def rows_of(phase, arm, scores, pair, **more):
    name = "test" if phase == "confirm" else "value"
    return [{"phase": phase, "arm": arm, "pair_id": pair(place), name: score, **more}
            for place, score in enumerate(scores)]  # fmt: skip


def whole_run(hand_made, *, swap=(), swap_base=BASE, twice=(), planned=None):
    """Champions of which capsule is ahead, the swap of eight settings of one seed, and the baseline twice."""
    rows = [
        *rows_of("confirm", "capsule", ALL_AHEAD, lambda place: f"confirm:0:{place}"),
        *rows_of("confirm", "max", BASE, lambda place: f"confirm:0:{place}"),
        *rows_of("swap", "capsule", swap, lambda place: f"swap:{place}:0"),
        *rows_of("swap", "max", swap_base[: len(swap)], lambda place: f"swap:{place}:0"),
        *rows_of("controls", "max", [0.9 + each for each in twice], lambda place: f"aa:{place}", side="a"),
        *rows_of("controls", "max", [0.9] * len(twice), lambda place: f"aa:{place}", side="b"),
    ]
    sweep = {"space": {"pooling": ["capsule", "max"]}, "confirm": {"baseline": "max", "seeds": 6}}
    return hand_made(rows, sweep={**sweep, "swap": {"settings": planned or len(swap), "seeds": 1}})


def test_the_swap_is_another_question_whose_answer_counts_where_it_is_known(hand_made) -> None:
    alone = analysed(whole_run(hand_made))
    assert SWAPPED not in said(alone)
    agrees = analysed(whole_run(hand_made, swap=ALL_AHEAD))
    assert said(agrees)[SWAPPED] == "better, practically"
    behind = [2 * score - ahead for score, ahead in zip(BASE, ALL_AHEAD, strict=True)]
    doubts = analysed(whole_run(hand_made, swap=behind))
    assert said(doubts)[SWAPPED] == "worse, practically"
    assert doubts.agreeing["capsule"] < alone.agreeing["capsule"] <= agrees.agreeing["capsule"]
    assert SWAPPED not in said(analysed(whole_run(hand_made, swap=ALL_AHEAD, planned=7)))


def test_the_margin_of_the_swap_is_halved_and_doubled_too(hand_made) -> None:
    ahead = [score + 0.0015 + place / 1e6 for place, score in enumerate(BASE)]
    result = analysed(whole_run(hand_made, swap=ahead))
    assert [said(result, margin=each)[SWAPPED] for each in (1.0, 2.0)] == ["better, practically", "better, negligible"]


def test_the_baseline_against_itself_shows_what_the_rule_makes_of_nothing(hand_made) -> None:
    few = whole_run(hand_made, twice=[0.0, 0.001, 0.0, 0.001, 0.0])
    assert analysed(few).control == ()
    (view,) = robustness.draw(analysed(few), few)
    assert "No arm was compared with itself often enough" in view.caption
    quiet = whole_run(hand_made, twice=[0.001, -0.001, 0.002, -0.002, 0.001, -0.001])
    result = analysed(quiet)
    assert [(each.arm, each.how, each.margin) for each in result.control] == [("max", CONTROL, f) for f in (0.5, 1, 2)]
    assert [each.verdict for each in result.control] == ["undetermined", "undetermined", "equivalent"]
    assert result.agreeing == analysed(whole_run(hand_made)).agreeing, "a control agrees with nothing"
    (view,) = robustness.draw(result, quiet)
    assert "The baseline against itself is undetermined, as it should be." in view.caption
    assert len(view.figure.data) == 2
    assert list(view.data["how"]).count(CONTROL) == 3
    loud = whole_run(hand_made, twice=[0.02, 0.021, 0.022, 0.023, 0.024, 0.025])
    (view,) = robustness.draw(analysed(loud), loud)
    assert "The baseline against itself is better, practically, which is an error" in view.caption


def test_the_control_is_not_told_where_nothing_is(hand_made) -> None:
    run = whole_run(hand_made, twice=[0.02] * 6)
    assert analysed(run, failed=True).control == ()


def test_another_look_at_the_settings_has_a_level_of_its_own(hand_made) -> None:
    run = whole_run(hand_made, swap=ALL_AHEAD)
    (plan,) = run.plans
    first = replace(plan, document={**plan.document, "swap": {"settings": 3, "seeds": 1}})
    twice = replace(run, plans=(first, replace(plan, revision=2)))
    for evidence, said_ in ((run, "at 95 %;"), (twice, "at 95 % (97.5 % where only the compared param is replaced);")):
        (view,) = robustness.draw(analysed(evidence), evidence)
        assert said_ in view.caption
