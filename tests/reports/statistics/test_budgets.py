from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import best_so_far_by_cost, median_over_studies, searches_within_cost, shuffled_best_by_cost

INF = float("inf")


def test_a_trial_counts_once_it_has_ended() -> None:
    found = best_so_far_by_cost([0.5, 0.4, 0.9], [10, 5, 20], budgets=[0, 9.9, 10, 15, 34.9, 35, 100])
    assert found.tolist() == [-INF, -INF, 0.5, 0.5, 0.5, 0.9, 0.9]


def test_errors_go_down() -> None:
    found = best_so_far_by_cost([0.5, 0.6, 0.1], [1, 1, 1], budgets=[0, 1, 2, 3], direction="minimize")
    assert found.tolist() == [INF, 0.5, 0.5, 0.1]


def test_what_failed_costs_its_seconds() -> None:
    assert best_so_far_by_cost([-INF, 0.9], [30, 10], budgets=[10, 30, 40]).tolist() == [-INF, -INF, 0.9]


def test_bad_costs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"costs: must not be negative, got -1.0"):
        best_so_far_by_cost([1, 2], [1, -1], budgets=[1])
    with pytest.raises(ValueError, match="costs: must hold finite numbers, got inf at 1"):
        best_so_far_by_cost([1, 2], [1, INF], budgets=[1])


def test_the_order_of_a_random_cohort_means_nothing() -> None:
    scores, costs = np.array([0.1, 0.9, 0.5]), np.array([1.0, 1.0, 1.0])
    found = [
        shuffled_best_by_cost(scores[order], costs[order], budgets=[0, 1, 2, 3], rng=np.random.default_rng(0)).tolist()
        for order in ([0, 1, 2], [2, 0, 1])
    ]
    # Of the three orders' firsts the median is .5; two of three pairs hold the .9.
    assert found[0] == found[1] == [-INF, 0.5, 0.9, 0.9]
    errors = shuffled_best_by_cost(
        -scores, costs, budgets=[0, 1, 2, 3], rng=np.random.default_rng(0), direction="minimize"
    )
    assert errors.tolist() == [INF, -0.5, -0.9, -0.9]


def test_the_same_dice_give_the_same_curve_for_any_order_of_the_rows() -> None:
    rng = np.random.default_rng(2)
    scores, costs, order = rng.random(9), rng.random(9), rng.permutation(9)
    one, two, other = (
        shuffled_best_by_cost(s, c, budgets=[0.5, 1, 2, 3], rng=np.random.default_rng(seed), draws=3).tolist()
        for s, c, seed in ((scores, costs, 1), (scores[order], costs[order], 1), (scores, costs, 2))
    )
    assert one == two != other


def test_a_low_quantile_is_worse_and_costs_count() -> None:
    low, high = (
        shuffled_best_by_cost([0.1, 0.9], [1, 5], budgets=[1, 5, 6], rng=np.random.default_rng(0), quantile=q).tolist()
        for q in (0.25, 0.75)
    )
    assert (low, high) == ([-INF, 0.1, 0.9], [0.1, 0.9, 0.9])
    with pytest.raises(ValueError, match="draws: must be a whole number of at least 1, got 0"):
        shuffled_best_by_cost([1], [1], budgets=[1], rng=np.random.default_rng(0), draws=0)
    with pytest.raises(ValueError, match="quantile: must lie between 0 and 1, got 0"):
        shuffled_best_by_cost([1], [1], budgets=[1], rng=np.random.default_rng(0), quantile=0)


def test_the_median_over_studies_has_an_interval_from_six_on() -> None:
    curves = np.array([[study, -INF if study < 4 else 10 + study] for study in range(6)], dtype=float)
    found = median_over_studies(curves)
    assert found.median.tolist() == [2.5, -INF]
    assert (found.low.tolist(), found.high.tolist()) == ([0, -INF], [5, 15])
    assert found.studies.tolist() == [6, 2]
    assert np.isnan(median_over_studies(curves[:5]).low).all()
    assert median_over_studies(curves[:5]).median.tolist() == [2, -INF]


def test_what_is_no_set_of_curves_is_refused() -> None:
    for bad in ([], [1, 2], [[1, float("nan")]]):
        with pytest.raises(ValueError, match="curves: must be a table without NaN"):
            median_over_studies(bad)


def test_draws_make_up_one_search_after_another() -> None:
    # Within 10: 4 + 5 end and the 3 does not; the 20 does not; 10 ends and the 1 does not; the 2 is cut short.
    scores, costs = [0.1, 0.3, 0.9, 0.8, 0.5, 0.7, 0.6], [4, 5, 3, 20, 10, 1, 2]
    assert searches_within_cost(scores, costs, budget=10).tolist() == [0.3, -INF, 0.5]
    down = searches_within_cost([-score for score in scores], costs, budget=10, direction="minimize")
    assert down.tolist() == [-0.3, INF, -0.5]
    assert searches_within_cost([0.5], [3], budget=3).tolist() == []
    assert searches_within_cost([0.5, -INF], [3, 3], budget=3).tolist() == [0.5]
    assert searches_within_cost([-INF, 0.5], [3, 3], budget=3).tolist() == [-INF]
    with pytest.raises(ValueError, match="budget: must be a finite number of at least 0, got -1"):
        searches_within_cost([0.5], [3], budget=-1)


def test_searches_are_of_the_distribution_that_a_search_has() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(60_000)
    costs = 0.5 + scores  # the better, the dearer
    found = searches_within_cost(scores, costs, budget=4)
    fresh = [best_so_far_by_cost(s, 0.5 + s, budgets=[4])[0] for s in rng.random((10_000, 10))]
    for quantile in (0.25, 0.5, 0.75):
        assert np.quantile(found, quantile) == pytest.approx(np.quantile(fresh, quantile), abs=0.01)
