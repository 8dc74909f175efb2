from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.statistics import (
    cdf_band,
    equal_budget_chance,
    equal_budget_interval,
    expected_max_curve,
    median_tuning_curve,
)

INF = float("inf")
SCORES = [0.72, 0.83, 0.92, 0.68, 0.75]
U, V = [0.78, 0.839, 0.876, 0.902, 0.92], [0.78, 0.8272, 0.8544, 0.871936, 0.883968]
FEW = st.lists(st.integers(0, 20), min_size=1, max_size=5)


@pytest.mark.parametrize(("estimator", "curve"), [("u", U), ("v", V)])
def test_the_published_curves(estimator, curve) -> None:
    assert expected_max_curve(SCORES, estimator=estimator) == pytest.approx(curve, abs=1e-9)
    assert expected_max_curve(SCORES, estimator=estimator, draws=3) == pytest.approx(curve[:3], abs=1e-9)
    errors = expected_max_curve([-score for score in SCORES], estimator=estimator, direction="minimize")
    assert errors == pytest.approx([-value for value in curve], abs=1e-9)


@given(FEW)
@settings(deadline=None, max_examples=40)
def test_both_estimators_are_means_over_all_draws(scores) -> None:
    u, v = expected_max_curve(scores), expected_max_curve(scores, estimator="v")
    for n in range(1, len(scores) + 1):
        assert u[n - 1] == pytest.approx(np.mean([max(chosen) for chosen in combinations(scores, n)]))
        assert v[n - 1] == pytest.approx(np.mean([max(chosen) for chosen in product(scores, repeat=n)]))


def test_thousands_of_scores_do_not_overflow() -> None:
    curve = expected_max_curve(np.arange(3_000.0), draws=50)
    assert curve[0] == pytest.approx(1499.5)
    assert curve[49] == pytest.approx(50 / 51 * 3001 - 1)


@pytest.mark.parametrize("curve", [expected_max_curve, median_tuning_curve])
def test_more_draws_than_scores_are_refused(curve) -> None:
    with pytest.raises(ValueError, match="draws: must be a whole number from 1 to 5, got 6"):
        curve(SCORES, draws=6)
    with pytest.raises(ValueError, match="draws: must be a whole number from 1 to 5, got 0"):
        curve(SCORES, draws=0)


def test_only_two_estimators_are_known() -> None:
    with pytest.raises(ValueError, match="estimator: must be 'u' or 'v', got 'w'"):
        expected_max_curve(SCORES, estimator="w")
    with pytest.raises(ValueError, match="scores: must hold finite numbers, got -inf at 1"):
        expected_max_curve([1, -INF])


def test_the_median_curve() -> None:
    values = median_tuning_curve(SCORES).values
    assert values[[0, 1, 3]].tolist() == [0.75, 0.83, 0.92]
    assert median_tuning_curve(SCORES, quantile=0.2).values[[0, 1, 3]].tolist() == [0.68, 0.75, 0.83]
    # .027 to the power of ⅓ is .3 but for its last bit, and so the third of ten.
    assert median_tuning_curve(np.arange(1.0, 11.0), quantile=0.027).values[2] == 3
    errors = median_tuning_curve([1 - score for score in SCORES], direction="minimize").values
    assert errors[[0, 1, 3]] == pytest.approx([0.25, 0.17, 0.08])


def test_what_was_pruned_stays_in_the_curve() -> None:
    pruned = [0.72, 0.83, 0.92, -INF, -INF]
    assert median_tuning_curve(pruned).values[:4].tolist() == [0.72, 0.83, 0.83, 0.92]
    # Without them, the same draws would look better at once.
    assert median_tuning_curve(pruned[:3]).values.tolist() == [0.83, 0.92, 0.92]
    assert median_tuning_curve([1 - score for score in pruned], direction="minimize").values[:4] == pytest.approx(
        [0.28, 0.17, 0.17, 0.08]
    )
    assert median_tuning_curve([0.9, -INF, -INF]).values[0] == -INF
    assert median_tuning_curve([0.9, -INF, -INF], bounds=(0, 1)).values[0] == 0
    assert median_tuning_curve([-INF, -INF]).values.tolist() == [-INF, -INF]
    with pytest.raises(ValueError, match="scores: a failed run is the infinity that is worst"):
        median_tuning_curve([0.9, INF])


@pytest.mark.parametrize("scores", [[0.1], [0.1, 0.1], [0.1] * 7])
def test_one_trial_and_a_constant_metric_have_level_curves(scores) -> None:
    for curve in (expected_max_curve(scores), expected_max_curve(scores, estimator="v")):
        assert curve == pytest.approx(scores, abs=1e-15)
    found = median_tuning_curve(scores, bounds=(0, 1))
    assert found.values.tolist() == scores
    assert (found.low >= 0).all()
    assert (found.high <= 1).all()
    assert equal_budget_chance(scores, scores) == 0.5


@pytest.mark.parametrize("scores", [[0.4, 0.9], [0.9, 0.4]])
def test_two_trials_are_one_choice(scores) -> None:
    assert expected_max_curve(scores) == pytest.approx([0.65, 0.9])
    assert expected_max_curve(scores, estimator="v") == pytest.approx([0.65, 0.775])
    assert median_tuning_curve(scores).values.tolist() == [0.4, 0.9]


def test_a_study_without_trials_has_no_curve() -> None:
    for curve in (expected_max_curve, median_tuning_curve):
        with pytest.raises(ValueError, match="scores: needs at least 1 values, got 0"):
            curve([])
    with pytest.raises(ValueError, match="b: needs at least 1 values, got 0"):
        equal_budget_chance([0.5], [])


def test_the_band_is_read_off_the_band_of_the_distribution() -> None:
    scores, band = np.arange(1.0, 9.0), cdf_band(8, alpha=0.2)
    found = median_tuning_curve(scores, alpha=0.2, bounds=(-5, 50))
    ends = [-5.0, *scores, 50.0]
    for n, low, high in zip(range(1, 9), found.low, found.high, strict=True):
        level = 0.5 ** (1 / n)
        assert low == ends[next(k for k in range(9) if band.high[k] >= level)]
        assert high == ends[next((k for k in range(9) if band.low[k] >= level), 9)]
    assert found.high.tolist()[-1] == 50
    assert (found.low <= found.values).all()
    assert (found.values <= found.high).all()


def test_the_band_of_errors_is_the_mirror_image() -> None:
    scores = np.random.default_rng(0).random(12)
    one = median_tuning_curve(scores, bounds=(0, 1))
    two = median_tuning_curve(-scores, direction="minimize", bounds=(-1, 0))
    assert one.values.tolist() == (-two.values).tolist()
    assert (one.low.tolist(), one.high.tolist()) == ((-two.high).tolist(), (-two.low).tolist())


def test_the_band_holds_the_whole_curve_as_often_as_promised() -> None:
    rng, runs, held = np.random.default_rng(8), 1_000, 0
    truth = 0.5 ** (1 / np.arange(1, 16))
    for _ in range(runs):
        found = median_tuning_curve(rng.random(15), alpha=0.2, bounds=(0, 1))
        held += ((found.low <= truth) & (truth <= found.high)).all()
    assert held / runs >= 0.8 - 4 * np.sqrt(0.16 / runs)


def test_scores_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scores: must lie within bounds \(0, 1\), got 0.5 and 2.0"):
        median_tuning_curve([0.5, 2], bounds=(0, 1))
    with pytest.raises(ValueError, match=r"scores: must lie within bounds"):
        median_tuning_curve([-0.5, 0.5], bounds=(0, 1), direction="minimize")
    with pytest.raises(ValueError, match="quantile: must lie between 0 and 1, got 1"):
        median_tuning_curve([0.5], quantile=1)


@given(FEW, FEW, st.integers(1, 5))
@settings(deadline=None, max_examples=40)
def test_the_chance_at_an_equal_budget_is_a_mean_over_all_draws(a, b, n) -> None:
    n = min(n, len(a), len(b))
    best = [[max(chosen) for chosen in combinations(arm, n)] for arm in (a, b)]
    expected = np.mean([(x > y) + 0.5 * (x == y) for x in best[0] for y in best[1]])
    assert equal_budget_chance(a, b, draws=n) == pytest.approx(expected)
    turned = equal_budget_chance([-x for x in a], [-y for y in b], draws=n, direction="minimize")
    assert turned == pytest.approx(expected)


def test_an_arm_that_was_searched_for_longer_gains_nothing_by_it() -> None:
    rng, runs = np.random.default_rng(28), 3_000
    draws = [(rng.random(100), rng.random(20)) for _ in range(runs)]
    assert np.mean([a.max() > b.max() for a, b in draws]) == pytest.approx(100 / 120, abs=0.025)
    assert np.mean([equal_budget_chance(a, b) for a, b in draws]) == pytest.approx(0.5, abs=0.02)


def test_failed_draws_lose_and_the_shorter_arm_sets_the_budget() -> None:
    assert equal_budget_chance([-INF, -INF], [0.5, -INF]) == 0
    assert equal_budget_chance([-INF, -INF], [-INF]) == 0.5
    with pytest.raises(ValueError, match="draws: must be a whole number from 1 to 2, got 3"):
        equal_budget_chance([1, 2, 3], [1, 2], draws=3)


def test_one_draw_each_leaves_next_to_everything_open() -> None:
    # The band of one draw at 97.5 %: .0125 or more lie below it, and above it. At the worst b is better but where a has
    # come to what it drew or more, .0125, and b to no more than it drew, .0125.
    found = equal_budget_interval([1.0], [0.0])
    assert (found.value, found.high, found.n) == (1, 1, 1)
    assert found.low == pytest.approx(0.0125**2)
    assert equal_budget_interval([1.0], [1.0]).high == pytest.approx(1 - 0.0125**2 / 2)


def test_arms_alike_have_an_even_chance_in_the_middle() -> None:
    scores = np.random.default_rng(0).random(30)
    found = equal_budget_interval(scores, scores, draws=3)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(1 - found.high)
    assert (0 < found.low < 0.1, found.n) == (True, 30)


@pytest.mark.parametrize(("shift", "draws"), [(1.0, 20), (1.0, 4), (3.0, 4)])
def test_the_interval_of_the_chance_holds_where_resampling_does_not(shift, draws) -> None:
    rng, runs = np.random.default_rng(1), 60
    bests = np.sort(rng.normal(size=(20_000, draws)).max(axis=1))
    truth = np.mean(np.searchsorted(bests, bests - shift)) / len(bests)
    found = [equal_budget_interval(rng.normal(size=40) - shift, rng.normal(size=40), draws=draws) for _ in range(runs)]
    assert np.mean([each.low <= truth <= each.high for each in found]) >= 0.95
    assert all(each.low <= each.value <= each.high for each in found)


def test_the_interval_mirrors_and_narrows() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=80), rng.normal(size=60)
    up, down = equal_budget_interval(a, b, draws=5), equal_budget_interval(-a, -b, draws=5, direction="minimize")
    assert up == down
    turned = equal_budget_interval(b, a, draws=5)
    assert (turned.low, turned.high) == pytest.approx((1 - up.high, 1 - up.low))
    more = equal_budget_interval(np.tile(a, 5), np.tile(b, 5), draws=5)
    assert more.high - more.low < up.high - up.low
