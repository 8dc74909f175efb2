from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.statistics import median_tuning_curve, overtaking

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


def test_equal_seconds_are_draws() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(-1, 1, 60), rng.normal(0, 0.4, 60)
    draws, seconds = overtaking(a, b), overtaking(a, b, costs=([7.0] * 60, [7.0] * 60))
    assert (seconds.at, seconds.value, seconds.stop) == (7 * draws.at, draws.value, 420)
    # At half the level for the order, the other half being the costs'.
    half = overtaking(a, b, alpha=0.025)
    assert (seconds.low, seconds.worse) == (7 * half.low, tuple((7 * x, 7 * y) for x, y in half.worse))


def test_an_arm_that_is_slower_pays_for_it() -> None:
    a, b = [0.6, 0.7, 0.8, 0.9], [0.5, 0.6, 0.7, 0.8]
    assert overtaking(a, b).at == 1
    # Medians .7 .8 .9 .9 of a at 10, 20, 30, 40 s; .6 .7 .8 .8 of b at 4, 8, 12, 16 s, where it stops.
    found = overtaking(a, b, costs=([10.0] * 4, [4.0] * 4))
    assert (found.at, found.stop) == (None, 16)
    assert overtaking(a, b, costs=([10.0] * 4, [10.0] * 4)).at == 10
    # 10 s buy a .7, and b the .7 of two draws; from 15 s on b has the .8.
    assert overtaking(a, b, costs=([10.0] * 4, [5.0] * 4)).at == 20
    quick = overtaking(a, b, costs=([2.0] * 4, [4.0] * 4))
    assert (quick.at, quick.value) == (2, 0.7)


def test_what_is_shown_by_seconds_takes_each_arm_s_own() -> None:
    # From the first draw of a, 10 s, on; ½^(300/s), of 300 draws of b a second each, is below .0125 up to 47 s. That a
    # is worse could be shown until the 40 draws of a, 10 s each, are 7 at a time: ½^(40/6) is below .0125, ½^(40/7) not.
    found = overtaking(np.arange(40.0) + 500, np.arange(300.0), costs=([10.0] * 40, [1.0] * 300))
    assert (found.at, found.better, found.worse, found.reach) == (10, ((10, 46),), (), 69)
    other = overtaking(np.arange(300.0), np.arange(40.0) + 500, costs=([1.0] * 300, [10.0] * 40))
    assert (other.at, other.better, other.worse, other.reach) == (None, (), ((10, 46),), 69)


def test_unsure_costs_widen_the_interval() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(-2, 1, 80), rng.normal(0, 0.4, 80)
    firm = overtaking(a, b, costs=([10.0] * 80, [10.0] * 80))
    spread = overtaking(a, b, costs=(np.linspace(1, 19, 80), np.linspace(1, 19, 80)))
    assert firm.at == pytest.approx(spread.at)
    assert spread.low < firm.low
    assert overtaking(a[:1], b, costs=([10.0], [10.0] * 80)).worse == ()
    # Where nothing is shown, it starts with the first draw if that is as cheap as may be.
    costs = np.linspace(5, 15, 30)
    half = stats.t.ppf(1 - 0.05 / 8, 29) * costs.std(ddof=1) / np.sqrt(30)
    assert overtaking(b[:30], b[30:60], costs=(costs, costs)).low == pytest.approx(10 - half)


def test_seconds_hold_the_true_crossing_of_costs_that_go_with_the_score() -> None:
    rng, runs, found = np.random.default_rng(7), 120, []
    for _ in range(runs):
        a, b = rng.normal(-1, 1, 60), rng.normal(0, 0.4, 60)
        found.append(overtaking(a, b, costs=(np.exp(0.4 * a), np.exp(0.4 * rng.normal(size=60)))))
    # Mean costs exp(-.4 + .08) and exp(.08); whole draws bought at each.
    ours, theirs = np.exp(-0.32), np.exp(0.08)
    budgets = np.unique(np.concatenate([ours * np.arange(1, 60), theirs * np.arange(1, 60)]))
    budgets = budgets[budgets <= 40]

    def curve(unit, scale, middle):
        draws = np.floor(budgets / unit + 1e-9)
        with np.errstate(divide="ignore"):
            return np.where(draws > 0, stats.norm.ppf(0.5 ** (1 / np.maximum(draws, 1)), middle, scale), -np.inf)

    ahead = curve(ours, 1, -1) >= np.where(budgets < theirs, INF, curve(theirs, 0.4, 0))
    truth = budgets[np.flatnonzero(~ahead)[-1] + 1]
    assert 5 < truth < 20
    assert np.mean([held(each, truth) for each in found]) >= 0.95 - 4 * np.sqrt(0.0475 / runs)
    assert np.mean([each.low > ours for each in found]) > 0.5


def test_errors_are_the_mirror_image_and_rows_have_no_order() -> None:
    rng = np.random.default_rng(3)
    a, b, costs = rng.normal(-1, 1, 50), rng.normal(0, 0.4, 50), rng.random((2, 50))
    for cost in (None, tuple(costs)):
        up, down = overtaking(a, b, costs=cost), overtaking(-a, -b, costs=cost, direction="minimize")
        assert replace(up, value=-up.value) == down
    turned = overtaking(a[::-1], b[::-1], costs=tuple(costs[:, ::-1]))
    assert turned == overtaking(a, b, costs=tuple(costs))


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"costs of b: must not be negative nor all 0, got from 0.0 to 0.0"):
        overtaking([1.0], [2.0], costs=([1.0], [0.0]))
    with pytest.raises(ValueError, match="pairs must be complete"):
        overtaking([1.0], [2.0], costs=([1.0, 2.0], [1.0]))
    with pytest.raises(ValueError, match="draws: must be a whole number from 1 to 1, got 2"):
        overtaking([1.0], [2.0], draws=2)
    with pytest.raises(ValueError, match="alpha"):
        overtaking([1.0], [2.0], alpha=0)
