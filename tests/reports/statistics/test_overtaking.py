from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.statistics import (
    best_so_far_by_cost,
    median_tuning_curve,
    overtaking,
    overtaking_by_cost,
    shuffled_best_by_cost,
)

INF = float("inf")


def held(found, truth):
    return (found.low is not None and found.low <= truth) and (found.high is None or truth <= found.high)


def test_the_crossing_is_where_the_curves_pass_for_good() -> None:
    # Medians of the best of 1 to 4: .1 .3 .9 .9 against .2 .4 .5 .5, as the places ⌈4 · ½^(1/n)⌉ = 2, 3, 4, 4 say.
    a, b = [0.0, 0.1, 0.3, 0.9], [0.1, 0.2, 0.4, 0.5]
    assert median_tuning_curve(a).values.tolist() == [0.1, 0.3, 0.9, 0.9]
    found = overtaking(a, b)
    assert (found.at, found.value, found.stop) == (3, 0.9, 4)
    assert overtaking(b, a).at is None
    assert overtaking(b, a, draws=2).at == 1
    # It is ahead at 1 draw, but not for good.
    assert overtaking([0.0, 0.3, 0.35, 0.9], b).at == 3


def test_a_tie_is_no_worse_and_nothing_is_not_something() -> None:
    assert overtaking([0.5, 0.7], [0.5, 0.7]).at == 1
    assert overtaking([-INF, -INF, -INF, 0.9], [-INF, -INF, -INF, 0.9]).at == 3
    assert overtaking([-INF, -INF], [-INF, -INF]).at is None
    assert overtaking([-INF, -INF], [-INF, 0.5]).at is None


def test_few_draws_say_nothing_and_say_so() -> None:
    found = overtaking([0.9, 0.8, 0.7], [0.1, 0.2, 0.3])
    assert (found.at, found.low, found.high, found.better, found.reach) == (1, 1, None, (), None)
    assert overtaking([0.9], [0.1]).reach is None


def test_draws_far_apart_are_told_apart_up_to_the_reach() -> None:
    # A claim at n draws takes some 1 - (1 - ½^(20/n))² ≤ .025: n ≤ 3.
    found = overtaking(np.arange(20.0) + 100, np.arange(20.0))
    assert (found.at, found.low, found.high) == (1, 1, None)
    assert (found.better, found.worse, found.reach) == (((1, 3),), (), 3)
    other = overtaking(np.arange(20.0), np.arange(20.0) + 100)
    assert (other.at, other.low, other.high, other.worse) == (None, 4, None, ((1, 3),))


def test_far_more_draws_of_the_other_close_the_interval() -> None:
    rng = np.random.default_rng(0)
    found = overtaking(rng.random(20) + 2, rng.random(400))
    assert (found.at, found.high, found.better, found.reach) == (1, 1, ((1, 20),), 20)
    behind = overtaking(rng.random(400), rng.random(20) + 2)
    assert (behind.at, behind.low, behind.worse) == (None, None, ((1, 20),))
    assert overtaking(rng.random(20) + 2, rng.random(400), draws=5).stop == 5


@pytest.mark.parametrize(("n", "m"), [(40, 40), (30, 200)])
def test_the_interval_holds_the_true_crossing(n, m) -> None:
    one, two = stats.norm(-1, 1), stats.norm(0, 0.4)
    levels = 0.5 ** (1 / np.arange(1, 31))
    truth = int(np.argmax(one.ppf(levels) >= two.ppf(levels))) + 1
    assert truth == 15
    rng, runs = np.random.default_rng(5), 150
    found = [overtaking(rng.normal(-1, 1, n), rng.normal(0, 0.4, m)) for _ in range(runs)]
    assert np.mean([held(each, truth) for each in found]) >= 0.95 - 4 * np.sqrt(0.0475 / runs)
    assert np.mean([each.low is None or each.low > 1 for each in found]) > 0.9, "for this test to mean anything"


def test_it_holds_it_where_that_is_hardest_too() -> None:
    # 0 or 2 against 1 always: the median passes 1 at 3 draws and misses it by a hair at 2.
    chance, runs = 0.5 ** (1 / 3) - 1e-6, 300
    rng = np.random.default_rng(6)
    found = [overtaking(np.where(rng.random(40) < chance, 0.0, 2.0), np.ones(250)) for _ in range(runs)]
    assert np.mean([held(each, 3) for each in found]) >= 0.95 - 4 * np.sqrt(0.0475 / runs)
    assert np.mean([each.low > 1 for each in found]) > 0.5
    assert np.mean([each.high is not None and each.high < 40 for each in found]) > 0.5


def medians(scores, costs, budgets):
    return shuffled_best_by_cost(scores, costs, budgets=budgets, rng=np.random.default_rng(0), draws=300)


def by_cost(a, b, costs, budgets, **how):
    curves = [medians(scores, spent, budgets) for scores, spent in zip((a, b), costs, strict=True)]
    return overtaking_by_cost(a, b, costs=costs, budgets=budgets, curves=curves, **how)


def test_one_draw_at_a_time_is_the_same_in_seconds() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(-1, 1, 60), rng.normal(0, 0.4, 60)
    # A search of 10 s is a draw of 7 s and another that does not end, so that every second draw is one.
    found = by_cost(a, b, ([7.0] * 60, [7.0] * 60), [10.0])
    halves = overtaking(a[::2], b[::2], draws=1)
    assert (found.at, found.low, found.high, found.worse) == (None, None, None, ((10, 10),))
    assert halves.worse == ((1, 1),)


def test_searches_far_apart_are_told_apart_up_to_the_reach() -> None:
    # 40 draws of 10 s make up 20, 13 and 10 searches of 10, 20 and 30 s, the 300 of 1 s 27, 14 and 9. Of so many, all
    # on the wrong side of the median have a chance of ½¹³ + ½¹⁴ and less; of 40 s, ½⁸ + ½⁷, it is not below .025 / 2.
    costs, budgets = ([10.0] * 40, [1.0] * 300), [10.0, 20.0, 30.0, 60.0, 100.0]
    found = by_cost(np.arange(40.0) + 500, np.arange(300.0), costs, budgets)
    assert (found.at, found.low, found.high, found.better, found.worse) == (10, 10, None, ((10, 30),), ())
    other = by_cost(np.arange(300.0), np.arange(40.0) + 500, costs[::-1], budgets)
    assert (other.at, other.low, other.worse, other.reach) == (None, 60, ((10, 30),), 30)


def test_a_lower_end_is_sought_where_both_can_have_a_draw() -> None:
    a, b = np.arange(100.0), np.arange(100.0) + 500
    costs = (np.full(100, 1.0), np.full(100, 3.0))
    # Up to 3 s a alone has something, which is no worse; from 3 s on it is shown to be worse.
    found = by_cost(a, b, costs, [1.0, 2.0, 3.0, 4.0, 200.0])
    assert (found.at, found.low, found.better, found.worse) == (None, 200, ((1, 2),), ((3, 4),))
    assert by_cost(a, a, costs, [1.0, 2.0, 3.0, 4.0]).low == 1
    assert by_cost(a, b, costs, [1.0, 2.0]).low == 1


def test_the_interval_holds_the_crossing_of_the_curves_whatever_the_searches_show() -> None:
    a, b, budgets, one = np.arange(60.0), np.arange(60.0) + 500, [1.0, 2.0, 3.0], [1.0] * 60
    curves = [0.0, 2.0, 2.0], [1.0, 1.0, 1.0]
    behind = overtaking_by_cost(a, b, costs=(one, one), budgets=budgets, curves=curves)
    assert (behind.worse, behind.at, behind.low, behind.high) == (((1, 3),), 2, 2, None)
    before = overtaking_by_cost(b, a, costs=(one, one), budgets=budgets, curves=curves)
    assert (before.better, before.at, before.low, before.high) == (((1, 3),), 2, 1, 2)
    late = [0.0, 0.0, 2.0], [1.0, 1.0, 1.0]
    assert overtaking_by_cost(a, b, costs=(one, one), budgets=[1.0, 2.0, 20.0], curves=late).low == 20
    soon = [2.0, 2.0, 2.0], [1.0, 1.0, 1.0]
    assert overtaking_by_cost(a, b, costs=(one, one), budgets=[1.0, 2.0, 20.0], curves=soon).low == 1


def test_an_arm_that_is_slower_pays_for_it() -> None:
    a, b = np.full(9, 0.7), np.array([0.6] * 4 + [0.8] * 5)
    assert overtaking(a, b).at is None
    quick = by_cost(a, b, (np.full(9, 1.0), np.full(9, 5.0)), [1.0, 2.0, 4.0])
    assert (quick.at, quick.value, quick.stop) == (1, 0.7, 4)


@pytest.mark.parametrize(("n", "tie"), [(60, 0.0), (60, 0.6)])
def test_seconds_hold_the_true_crossing_of_costs_that_go_with_the_score(n, tie) -> None:
    budgets, rng, runs = np.linspace(0, 55, 31)[1:], np.random.default_rng(7), 60

    def draws(middle, scale, size):
        z = rng.normal(size=size)
        return middle + scale * z, np.exp(tie * z - tie**2 / 2)

    def median(middle, scale):
        bests = [best_so_far_by_cost(*draws(middle, scale, 250), budgets=budgets) for _ in range(2_000)]
        return np.quantile(bests, 0.5, axis=0, method="inverted_cdf")

    curves = median(-1, 1), median(0, 0.3)
    truth = budgets[np.flatnonzero(curves[0] < curves[1])[-1] + 1]
    assert 5 < truth < 30
    found = []
    for _ in range(runs):
        (a, cost_a), (b, cost_b) = draws(-1, 1, n), draws(0, 0.3, n)
        found.append(overtaking_by_cost(a, b, costs=(cost_a, cost_b), budgets=budgets, curves=curves))
    assert np.mean([held(each, truth) for each in found]) >= 0.95
    assert all(each.at == pytest.approx(truth) for each in found)
    lows = np.mean([bool(each.worse) for each in found])
    assert lows > 0.3, "for this test to mean anything"


def test_errors_are_the_mirror_image() -> None:
    rng = np.random.default_rng(3)
    a, b, costs, budgets = rng.normal(-1, 1, 50), rng.normal(0, 0.4, 50), rng.random((2, 50)), np.linspace(0.5, 20, 30)
    up, down = overtaking(a, b), overtaking(-a, -b, direction="minimize")
    assert replace(up, value=-up.value) == down
    curves = medians(a, costs[0], budgets) + 1, medians(b, costs[1], budgets)
    up = overtaking_by_cost(a, b, costs=tuple(costs), budgets=budgets, curves=curves)
    lost = tuple(-curve for curve in curves)
    down = overtaking_by_cost(-a, -b, costs=tuple(costs), budgets=budgets, curves=lost, direction="minimize")
    assert replace(up, value=-up.value) == down
    assert overtaking(a[::-1], b[::-1]) == overtaking(a, b)


def test_what_is_refused() -> None:
    one = {"costs": ([1.0], [1.0]), "budgets": [1.0, 2.0], "curves": ([0.0, 1.0], [0.0, 1.0])}
    with pytest.raises(ValueError, match=r"costs: must not be negative, got -1.0"):
        overtaking_by_cost([1.0], [2.0], **{**one, "costs": ([1.0], [-1.0])})
    with pytest.raises(ValueError, match="pairs must be complete"):
        overtaking_by_cost([1.0], [2.0], **{**one, "costs": ([1.0, 2.0], [1.0])})
    with pytest.raises(ValueError, match="pairs must be complete"):
        overtaking_by_cost([1.0], [2.0], **{**one, "curves": ([0.0], [0.0, 1.0])})
    with pytest.raises(ValueError, match=r"budgets: must increase, got \[2.0, 2.0\]"):
        overtaking_by_cost([1.0], [2.0], **{**one, "budgets": [2.0, 2.0]})
    with pytest.raises(ValueError, match="draws: must be a whole number from 1 to 1, got 2"):
        overtaking([1.0], [2.0], draws=2)
    with pytest.raises(ValueError, match="alpha"):
        overtaking([1.0], [2.0], alpha=0)
