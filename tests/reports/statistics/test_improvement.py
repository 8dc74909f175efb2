from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.statistics import bootstrap, improvement_interval, improvement_zone, probability_of_improvement

INF = float("inf")
SCORES = st.lists(st.integers(0, 5), min_size=1, max_size=8)


def test_the_mean_over_tasks_of_rliables_matrices() -> None:
    x, y = np.array([[1, 2], [2, 2], [1, 1], [2, 1]]), np.array([[1, 1], [2, 2], [3, 3]])
    tasks = [probability_of_improvement(*task, paired=False) for task in zip(x.T, y.T, strict=True)]
    assert np.mean(tasks) == pytest.approx(1 / 3, abs=1e-9)


def test_the_two_forms_differ_on_the_sample_data(a, b) -> None:
    assert probability_of_improvement(a, b, paired=False) == pytest.approx(0.815, abs=1e-9)
    assert probability_of_improvement(a, b, paired=True) == 1
    assert probability_of_improvement(a, b, paired=True, direction="minimize") == 0


@given(SCORES, SCORES)
def test_the_chances_of_both_arms_add_up(x, y) -> None:
    for paired in (False, True):
        one, two = (x, y) if not paired else (x, (y * 8)[: len(x)])
        chance = probability_of_improvement(one, two, paired=paired)
        assert chance + probability_of_improvement(two, one, paired=paired) == pytest.approx(1)
        assert chance == pytest.approx(probability_of_improvement(two, one, paired=paired, direction="minimize"))
        assert probability_of_improvement(one, one, paired=paired) == 0.5


def test_failures_lose_to_everything_and_tie_with_each_other() -> None:
    assert probability_of_improvement([0.5, -INF], [0.4, -INF], paired=True) == 0.75
    assert probability_of_improvement([0.5, -INF], [0.4, -INF], paired=False) == (1 + 1 + 0 + 0.5) / 4
    assert probability_of_improvement([0.5, INF], [0.4, 0.6], paired=True, direction="minimize") == 0
    with pytest.raises(ValueError, match="b: a failed run is the infinity that is worst, got inf"):
        probability_of_improvement([1], [INF], paired=True)


def test_the_interval_is_wilsons_for_the_part_of_the_bound_that_the_placements_show(a, b) -> None:
    found = improvement_interval(a, b)
    assert (found.value, found.n) == (pytest.approx(0.815, abs=1e-9), 10)
    # The sum of each pair's placements, counted one by one, and the quadratic in p solved by a general method.
    sums = [
        np.mean([_win(x, other) for other in b]) + np.mean([_win(other, y) for other in a])
        for x, y in zip(a, b, strict=True)
    ]
    part = (9 * np.var(sums, ddof=1) / (0.815 * 0.185) + np.sqrt(10)) / (9 + np.sqrt(10))
    k = 2.2621571628**2 * part / 10
    assert sorted(np.roots([1 + k, -(2 * 0.815 + k), 0.815**2])) == pytest.approx([found.low, found.high], abs=1e-8)
    assert (found.low, found.high) == pytest.approx((0.608, 0.926), abs=1e-3)


def test_the_bootstrap_over_pairs_of_the_unpaired_form(a, b) -> None:
    def share_won(x, y, axis=-1):
        assert axis == -1
        gaps = x[..., :, None] - y[..., None, :]
        return (np.where(gaps == 0, 0.5, gaps > 0)).mean(axis=(-2, -1))

    found = bootstrap(share_won, a, b, rng=np.random.default_rng(0), paired=True)
    assert found.value == pytest.approx(0.815, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((0.76, 0.94), abs=0.01)


def _win(x, y):
    return 1.0 if x > y else 0.5 if x == y else 0.0


def test_it_is_the_same_in_any_order_and_mirrored_for_the_other_arm_and_direction(a, b) -> None:
    found, order = improvement_interval(a, b, alpha=0.02), np.random.default_rng(0).permutation(10)
    assert improvement_interval(a[order], b[order], alpha=0.02) == found
    for turned in (
        improvement_interval(b, a, alpha=0.02),
        improvement_interval(a, b, alpha=0.02, direction="minimize"),
    ):
        assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))
    assert improvement_interval(a, b, alpha=0.1).low > found.low


def test_pairs_that_are_apart_or_alike_still_have_an_interval_with_a_width() -> None:
    apart = improvement_interval([4.0, 5, 6], [1.0, 2, 3])
    t2 = 4.3026527299**2  # of 2 degrees of freedom
    assert (apart.low, apart.high) == (pytest.approx(1 / (1 + t2 / 3)), 1.0)
    alike = improvement_interval([1.0, 1, 1, 1], [1.0, 1, 1, 1])
    assert alike.low < 0.2 < 0.8 < alike.high
    assert (improvement_interval([1.0], [0.0]).low, improvement_interval([1.0], [0.0]).high) == (None, None)
    failed = improvement_interval([0.5, -INF, 0.6], [0.4, -INF, -INF])
    assert failed.value == pytest.approx((3 + 1 + 3) / 9)
    assert 0 < failed.low < failed.value < failed.high < 1
    with pytest.raises(ValueError, match="alpha: must lie between 0 and 1, got 1"):
        improvement_interval([1.0, 2.0], [1.0, 2.0], alpha=1)


@pytest.mark.parametrize(
    ("n", "correlation", "chance"), [(3, 0.9, 0.7), (5, 0.0, 0.95), (6, 0.5, 0.7), (10, 0.0, 0.85), (10, 0.9, 0.95)]
)
def test_it_covers_what_it_says_with_few_pairs(n, correlation, chance) -> None:
    rng = np.random.default_rng(n)
    shift = np.sqrt(2) * stats.norm.ppf(chance)
    covered = 0
    for _ in range(1_000):
        x, z = rng.standard_normal((2, n))
        found = improvement_interval(x + shift, correlation * x + np.sqrt(1 - correlation**2) * z)
        covered += found.low <= chance <= found.high
    assert covered >= 940


@pytest.mark.parametrize(
    ("low", "high", "zone"),
    [
        (0.5, 0.9, "not significant"),
        (0.4, 0.6, "not significant"),
        (0.51, 0.75, "significant, not meaningful"),
        (0.51, 0.76, "significant and meaningful"),
        (0.8, 0.9, "significant and meaningful"),
    ],
)
def test_zones(low, high, zone) -> None:
    assert improvement_zone(low, high) == zone


def test_what_is_no_interval_has_no_zone() -> None:
    for low, high in ((0.6, 0.5), (-0.1, 0.5), (0.5, 1.1)):
        with pytest.raises(ValueError, match="low and high: must be in order within 0 to 1"):
            improvement_zone(low, high)
    with pytest.raises(ValueError, match="meaningful: must lie between 0 and 1, got 2"):
        improvement_zone(0.6, 0.7, meaningful=2)
