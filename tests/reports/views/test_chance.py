"""How often an arm wins, counted by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from reports.statistics import cdf_band, improvement_interval
from reports.views import chance
from tests.reports.conftest import judged

# Won, tied, won, lost by a failure, tied by two, won by the baseline's failure.
CAPSULE = [0.95, 0.93, 0.97, None, None, 0.90]
MAX = [0.94, 0.93, 0.90, 0.92, None, None]


def analysed(evidence, **how):
    return chance.analyse(evidence, judged(evidence, **how))


def drawn(evidence, **how):
    return next(chance.draw(analysed(evidence, **how), evidence))


def spread(evidence):
    _, view = chance.draw(analysed(evidence), evidence)
    return view


def test_failures_lose_and_two_of_them_tie(confirmation) -> None:
    (found,) = analysed(confirmation(capsule=CAPSULE, max=MAX)).chances
    assert (found.n, found.won, found.ties) == (6, 3, 2)
    assert found.paired == pytest.approx(4 / 6)
    # Of 36: .95 and .97 beat all, .93 four and ties one, .90 two and ties one, each failure ties two.
    assert found.unpaired == pytest.approx((6 + 6 + 4.5 + 2.5 + 1 + 1) / 36)
    assert (found.low, found.high) == pytest.approx((0.1181172, 0.9957893), abs=1e-6)
    assert found.zone == "not significant"


def test_the_other_way_round_it_is_the_rest(confirmation) -> None:
    (found,) = analysed(confirmation(capsule=MAX, max=CAPSULE)).chances
    assert (found.won, found.paired, found.unpaired) == (1, pytest.approx(2 / 6), pytest.approx(15 / 36))
    assert (found.low, found.high) == pytest.approx((1 - 0.9957893, 1 - 0.1181172), abs=1e-6)


def test_a_lower_loss_wins(confirmation) -> None:
    losses = {
        arm: [None if score is None else 1 - score for score in each]
        for arm, each in (("capsule", CAPSULE), ("max", MAX))
    }
    sweep = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    (found,) = analysed(confirmation(sweep=sweep, **losses)).chances
    assert (found.won, found.ties, found.unpaired) == (3, 2, pytest.approx(21 / 36))


def test_ties_are_said_to_count_against_either_end(confirmation) -> None:
    said = "the exact interval has ties as losses at its lower end and as wins at its upper"
    assert said in drawn(confirmation(capsule=CAPSULE, max=MAX)).caption
    assert "tie" not in drawn(confirmation(capsule=[0.9] * 6, max=[0.8] * 6)).caption


def test_curves_of_arms_that_fail_end_below_all(confirmation) -> None:
    evidence = confirmation(capsule=CAPSULE, max=MAX)
    view, scores = drawn(evidence), spread(evidence)
    *_, capsule, top = scores.figure.data
    assert list(capsule.x) == pytest.approx([10, 8, 7, 6, 5, 3])
    assert list(capsule.y) == pytest.approx([4 / 6, 3 / 6, 3 / 6, 2 / 6, 2 / 6, 1 / 6])
    assert list(top.y) == pytest.approx([4 / 6, 3 / 6, 2 / 6, 1 / 6, 0, 0])
    assert "Failed: capsule 2 of 6 [95 %: 10 % to 70 %] and max 2 of 6" in view.caption
    assert "begins below 100 %" in scores.caption
    assert "n: capsule 6 and max 6" in scores.caption
    assert view.data["failed"].tolist() == [2, 2]
    assert view.data["mean of the middle half %"].tolist() == pytest.approx([6, 7.5])


def test_the_interval_has_a_width_where_every_pair_is_won(confirmation) -> None:
    evidence = confirmation(capsule=[0.9] * 6, max=[0.8] * 6)
    (found,) = analysed(evidence).chances
    assert (found.low, found.high) == pytest.approx((0.025 ** (1 / 6), 1), abs=1e-6)
    assert found.zone == "significant and meaningful"
    assert "100 % of 6 pairs of one seed [95 %, exact: 54 % to 100 %; significant and" in drawn(evidence).caption


def test_pairs_that_can_show_nothing_have_no_zone(confirmation) -> None:
    five = confirmation(capsule=[0.9] * 5, max=[0.8] * 5)
    assert [each.zone for each in analysed(five).chances] == [""]
    assert "exact: 48 % to 100 %], and" in drawn(five).caption
    # Two comparisons need seven.
    three = confirmation(capsule=[0.9] * 6, max=[0.8] * 6, average=[0.7] * 6)
    assert [each.zone for each in analysed(three).chances] == ["", ""]


def test_an_interim_look_has_no_zone(confirmation) -> None:
    look = confirmation(planned=6, capsule=[0.9] * 5, max=[0.8] * 6)
    (found,) = analysed(look).chances
    assert (found.zone, found.claim.withheld) == ("", "interim")
    many = confirmation(planned=20, capsule=[0.9] * 10, max=[0.8] * 10)
    assert [each.zone for each in analysed(many).chances] == [""]
    assert "69 % to 100 %; interim]" in drawn(many).caption


def test_a_failed_gate_leaves_no_zone(confirmation) -> None:
    evidence = confirmation(capsule=[0.9] * 10, max=[0.8] * 10)
    assert [each.zone for each in analysed(evidence, failed=True).chances] == [""]
    assert "69 % to 100 %; not valid]" in drawn(evidence, failed=True).caption


def test_seven_of_eight_are_not_significant(confirmation) -> None:
    # A fair coin does so, or worse, 7 % of the time; Wilson's interval would begin at 53 %.
    evidence = confirmation(capsule=[0.9] * 7 + [0.7], max=[0.8] * 8)
    (found,) = analysed(evidence).chances
    assert (found.low, found.high) == pytest.approx((0.4734903, 0.9968403), abs=1e-6)
    assert found.zone == "not significant"
    assert "exact: 47 % to 100 %; not significant]" in drawn(evidence).caption


def test_an_arm_that_loses_is_said_to_be_worse(confirmation) -> None:
    (found,) = analysed(confirmation(capsule=[0.70 + place / 1000 for place in range(8)], max=[0.8] * 8)).chances
    assert (found.won, found.zone) == (0, "worse, significant and meaningful")


def test_the_interval_is_that_of_a_family(confirmation) -> None:
    scores = [0.9] * 8 + [0.7]
    (alone,) = analysed(confirmation(capsule=scores, max=[0.8] * 9)).chances
    both = analysed(confirmation(capsule=scores, average=scores, max=[0.8] * 9)).chances
    assert (alone.alpha, alone.zone) == (0.05, "significant and meaningful")
    assert [each.alpha for each in both] == [0.025, 0.025]
    assert both[0].low < alone.low
    assert {each.zone for each in both} == {"not significant"}


def test_bands_step_with_the_curves_and_go_on_beyond_the_best(confirmation) -> None:
    evidence = confirmation(capsule=CAPSULE, max=MAX)
    curve = analysed(evidence).curves[0]
    assert curve.scores == (0.90, 0.92, 0.93, 0.94, 0.95, 0.97, 0.97)
    assert curve.share == pytest.approx([4 / 6, 3 / 6, 3 / 6, 2 / 6, 2 / 6, 1 / 6, 0])
    # Two failed and none or more scored below: 2, 3, 3, 4, 4, 5 and all 6 of the distribution are passed.
    passed, bounds = [2, 3, 3, 4, 4, 5, 6], cdf_band(6, kind="ld", alpha=0.05)
    assert curve.low == pytest.approx(1 - bounds.high[passed])
    assert curve.high == pytest.approx(1 - bounds.low[passed])
    band = spread(evidence).figure.data[0]
    half = len(band.x) // 2
    upper = dict(zip(zip(band.x[:half:2], band.x[1:half:2], strict=True), band.y[:half:2], strict=True))
    assert [end for _, end in upper][:-1] == pytest.approx([10, 8, 7, 6, 5, 3])
    assert list(upper.values()) == pytest.approx(curve.high)
    assert band.y[:half:2] == band.y[1:half:2]
    assert list(band.y[half:][::-2]) == pytest.approx(curve.low)
    assert (band.x[0], band.x[half - 1]) == pytest.approx((10.35, 2.65))


def test_curves_and_bands_of_a_loss_are_those_of_its_negative(confirmation) -> None:
    losses = {
        arm: [None if score is None else -score for score in each] for arm, each in (("capsule", CAPSULE), ("max", MAX))
    }
    sweep = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    turned = analysed(confirmation(sweep=sweep, **losses))
    there = analysed(confirmation(capsule=CAPSULE, max=MAX))
    assert [(each.share, each.low, each.high) for each in turned.curves] == [
        (each.share, each.low, each.high) for each in there.curves
    ]
    assert turned.curves[0].scores == tuple(-score for score in there.curves[0].scores)
    assert turned.chances == there.chances


def test_bands_hold_with_the_plans_level_and_few_replicates_have_wide_ones(confirmation) -> None:
    level = {"confirm": {"baseline": "max", "alpha": 0.2}}
    (curve, _) = analysed(confirmation(sweep=level, capsule=[0.9], max=[0.8])).curves
    assert (curve.low, curve.high) == (pytest.approx((0.1, 0.1, 0.0)), pytest.approx((1.0, 1.0, 0.9)))
    view = spread(confirmation(sweep=level, capsule=[0.9], max=[0.8]))
    assert "simultaneous: with 80 % the whole curve" in view.caption
    assert list(view.data.columns[-2:]) == ["80 % from", "80 % to"]
    assert view.data["80 % to"].tolist() == pytest.approx([1, 1, 0.9, 1, 0.9, 0.9])
    assert view.data["which are"].tolist() == ["as good or better", "as good or better", "better"] * 2


def test_all_combinations_have_an_interval_of_the_family(confirmation) -> None:
    evidence = confirmation(capsule=CAPSULE, average=CAPSULE, max=MAX)
    found = analysed(evidence).chances[0]
    worst = [-np.inf if score is None else score for score in CAPSULE]
    other = [-np.inf if score is None else score for score in MAX]
    expected = improvement_interval(worst, other, alpha=0.025)
    assert (found.unpaired, found.unpaired_low, found.unpaired_high) == (expected.value, expected.low, expected.high)
    view = drawn(evidence)
    said = f"58 % of all 36 combinations [97.5 %: {100 * expected.low:.0f} % to {100 * expected.high:.0f} %]"
    assert said in view.caption
    capsule = view.data.iloc[0]
    assert (capsule["wins of any seeds from"], capsule["wins of any seeds to"]) == (expected.low, expected.high)
    assert view.data["pairs"].isna().tolist() == [False, False, True]
    marks = view.figure.data[0]
    assert list(marks.x) == [found.paired, found.unpaired]
    assert list(marks.error_x.array) == pytest.approx([found.high - found.paired, expected.high - expected.value])
    assert list(marks.error_x.arrayminus) == pytest.approx([found.paired - found.low, expected.value - expected.low])


def test_one_pair_has_no_interval_of_all_combinations(confirmation) -> None:
    evidence = confirmation(capsule=[0.9], max=[0.8])
    assert analysed(evidence).chances[0].unpaired_low is None
    assert "in 100 % of their one combination [no interval from one pair]" in drawn(evidence).caption


def test_an_arm_that_always_fails_loses_always(confirmation) -> None:
    (found,) = analysed(confirmation(capsule=[None] * 6, max=[0.8] * 6)).chances
    assert (found.paired, found.unpaired, found.n) == (0, 0, 6)


def test_runs_without_a_pair_draw_nothing(odd_run) -> None:
    result = analysed(odd_run)
    json.dumps(asdict(result), allow_nan=False)
    for view in chance.draw(result, odd_run):
        assert view.figure is None or all(np.isfinite(trace.y).all() for trace in view.figure.data)
