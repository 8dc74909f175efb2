"""Every arm against every other, by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from reports.statistics import blocked_dunnett, dunnett_quantile
from reports.views import all_arms
from tests.reports.conftest import judged
from tests.reports.views.conftest import permuted

MAX = [0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96]
NOISE = [0, 1e-4, -1e-4, 2e-4, 0, -2e-4, 1e-4]
CAPSULE = [score + 0.003 + noise for score, noise in zip(MAX, NOISE, strict=True)]
AVERAGE = [score - 0.004 - noise for score, noise in zip(MAX, NOISE, strict=True)]
ARMS = {"capsule": CAPSULE, "max": MAX, "average": AVERAGE}


def analysed(evidence, **how):
    return all_arms.analyse(evidence, judged(evidence, **how))


def drawn(evidence, **how):
    return next(all_arms.draw(analysed(evidence, **how), evidence))


def at_once(evidence, **how):
    _, view = all_arms.draw(analysed(evidence, **how), evidence)
    return view


def test_rows_are_taken_less_columns(confirmation) -> None:
    view = drawn(confirmation(**ARMS))
    (matrix,) = view.figure.data
    shown = {
        (row, column): matrix.z[i][j]
        for i, row in enumerate(matrix.y)
        for j, column in enumerate(matrix.x)
        if row != column
    }
    # Errors in points: the noise sums to .0001 over seven seeds.
    step = 100 * 1e-4 / 7
    assert shown["capsule", "max"] == pytest.approx(-0.3 - step)
    assert shown["max", "capsule"] == pytest.approx(0.3 + step)
    assert shown["average", "max"] == pytest.approx(0.4 + step)
    assert shown["capsule", "average"] == pytest.approx(-0.7 - 2 * step)
    assert matrix.text[0][1] == "−0.301<br>p 0.047"
    assert view.data["mean difference (pp)"].tolist() == pytest.approx([-0.3 - step, -0.7 - 2 * step, -0.4 - step])
    assert (view.data["95 % from"] < view.data["mean difference (pp)"]).all()
    assert (view.data["mean difference (pp)"] < view.data["95 % to"]).all()


def test_all_are_corrected_and_ranked(confirmation) -> None:
    result = analysed(confirmation(**ARMS))
    # 2/2⁷ each, of three.
    assert [cell.adjusted_p for cell in result.cells] == pytest.approx([6 / 128] * 3)
    assert dict(zip(result.ranked, result.ranks, strict=True)) == {"capsule": 1, "max": 2, "average": 3}
    caption = drawn(confirmation(**ARMS)).caption
    assert "Told apart after correction for 3 comparisons: capsule and max, capsule and average and max and" in caption
    assert "capsule 1.00, max 2.00 and average 3.00" in caption


def test_the_level_is_the_plans(confirmation) -> None:
    strict = confirmation(sweep={"confirm": {"baseline": "max", "alpha": 0.04}}, **ARMS)
    assert "no two arms are told apart after correction for 3 comparisons" in drawn(strict).caption
    assert "96 % from" in drawn(strict).data


def test_arms_without_a_replicate_stay_in_the_family(confirmation) -> None:
    six = {"capsule": CAPSULE[:6], "max": MAX[:6], "average": [None] * 6}
    result = analysed(confirmation(**six))
    assert [(cell.n, cell.adjusted_p) for cell in result.cells] == [(6, pytest.approx(6 / 64)), (0, 1), (0, 1)]
    assert (result.absent, result.ranked) == (("average",), ("capsule", "max"))
    caption = drawn(confirmation(**six)).caption
    assert "no two arms are told apart" in caption
    assert "average has no complete replicate; such comparisons count as well." in caption


@pytest.mark.parametrize(
    ("planned", "failed", "said"),
    [
        (9, False, "Interim, 7 of 9 planned seeds: nothing is claimed."),
        (7, True, "Not valid, a gate of the verdict failed: nothing is claimed."),
    ],
)
def test_where_nothing_is_claimed_there_are_numbers_alone(confirmation, planned, failed, said) -> None:
    view = drawn(confirmation(planned=planned, **ARMS), failed=failed)
    assert view.caption.startswith(said)
    assert "told apart" not in view.caption.lower()
    assert view.figure.data[0].text[0][1] == "−0.301"
    assert view.data["adjusted p (3 comparisons)"].isna().all()


def test_two_arms_say_it_all(confirmation) -> None:
    assert list(all_arms.draw(analysed(confirmation(capsule=CAPSULE, max=MAX)), None)) == []


def test_odd_runs(odd_run) -> None:
    result = analysed(odd_run)
    json.dumps(asdict(result), allow_nan=False)
    assert all(view.caption.endswith(".") for view in all_arms.draw(result, odd_run))


def test_all_against_the_baseline_over_whole_seeds(confirmation) -> None:
    holes = {**ARMS, "average": [None, *AVERAGE[1:6], ...]}
    evidence = confirmation(**holes)
    found = analysed(evidence).against
    assert (found.baseline, found.blocks, found.left_out, found.comparisons, found.df) == ("max", 5, 2, 2, 8)
    scores = np.array([CAPSULE, AVERAGE]).T[1:6]
    expected = blocked_dunnett(scores, MAX[1:6])
    assert [each.arm for each in found.arms] == ["capsule", "average"]
    assert tuple(each.low for each in found.arms) == expected.low
    assert tuple(each.adjusted_p for each in found.arms) == expected.p
    view = at_once(evidence)
    assert "Over 5 seeds that all these arms have (2 other seeds left out)" in view.caption
    assert "hold together for 2 comparisons" in view.caption
    assert "on 8 degrees of freedom" in view.caption
    assert view.data["mean difference (pp)"].tolist() == pytest.approx([-100 * each for each in expected.differences])
    assert view.data["95 % from"].tolist() == pytest.approx([-100 * each for each in expected.high])
    assert [trace.x[0] for trace in view.figure.data] == view.data["mean difference (pp)"].tolist()
    wide = [trace.error_x.array[0] + trace.error_x.arrayminus[0] for trace in view.figure.data]
    assert wide == pytest.approx((view.data["95 % to"] - view.data["95 % from"]).tolist())


def test_a_seed_that_failed_everywhere_is_left_out_too(confirmation) -> None:
    found = analysed(confirmation(**{arm: [*scores, None] for arm, scores in ARMS.items()})).against
    assert (found.blocks, found.left_out) == (7, 1)


def test_intervals_at_once_claim_nothing(confirmation) -> None:
    view = at_once(confirmation(**ARMS))
    assert "It decides nothing; where the two disagree, the verdict's rule stands." in view.caption
    assert " p " not in view.caption
    assert "told apart" not in view.caption
    assert view.data["Dunnett's p (2 comparisons)"].notna().all()
    short = at_once(confirmation(planned=9, **ARMS))
    assert short.caption.startswith("Interim, 7 of 9 planned seeds: nothing is claimed. ")
    assert short.data["Dunnett's p (2 comparisons)"].isna().all()
    bad = at_once(confirmation(planned=7, **ARMS), failed=True)
    assert bad.caption.startswith("Not valid")
    assert bad.data["Dunnett's p (2 comparisons)"].isna().all()


def test_the_family_at_once_is_of_all_arms_of_the_sweep(confirmation) -> None:
    result = analysed(confirmation(**ARMS, strided=[None] * 7)).against
    assert (result.comparisons, [each.arm for each in result.arms]) == (3, ["capsule", "average"])
    assert result.critical == dunnett_quantile(3, 12)
    level = confirmation(sweep={"confirm": {"baseline": "max", "alpha": 0.2}}, **ARMS)
    assert analysed(level).against.critical == dunnett_quantile(2, 12, alpha=0.2)
    assert "Dunnett's 80 % intervals" in at_once(level).caption


def test_without_two_others_or_two_whole_seeds_there_is_no_interval_at_once(confirmation) -> None:
    assert analysed(confirmation(**{**ARMS, "average": [None] * 7})).against is None
    apart = {"capsule": [0.9, 0.9, None, None], "max": [0.8] * 4, "average": [None, 0.7, 0.7, 0.7]}
    assert analysed(confirmation(**apart)).against is None
    assert len(list(all_arms.draw(analysed(confirmation(**apart)), confirmation(**apart)))) == 1
    assert analysed(confirmation(**{**ARMS, "max": [None] * 7})).against is None


def test_a_loss_mirrors_and_rows_may_come_in_any_order(confirmation) -> None:
    there = confirmation(**ARMS)
    losses = {arm: [-score for score in scores] for arm, scores in ARMS.items()}
    sweep = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    turned = analysed(confirmation(sweep=sweep, **losses)).against
    for one, other in zip(analysed(there).against.arms, turned.arms, strict=True):
        assert (one.difference, one.low, one.high) == (-other.difference, -other.high, -other.low)
        assert one.adjusted_p == other.adjusted_p
    assert analysed(permuted(there)) == analysed(there)
