from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import Estimate, bootstrap, deviation_interval, iqm, mean_interval, median_interval
from reports.statistics.location import moments


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([[1, 2], [2, 2], [1, 1], [2, 1]], 1.5),
        ([[1, 1], [2, 2], [3, 3]], 2.0),
        ([0.9905, 0.9912, 0.9918, 0.9921, 0.5], 0.9911666666666666),
        (range(1, 11), 5.5),
        ([3, 1, 8], 4.0),
        ([0, 0, 1, 1, 2, 2, 9, 100], 1.5),
    ],
)
def test_iqm_cuts_a_quarter_of_all_scores_from_either_end(scores, expected) -> None:
    assert iqm(list(scores)) == pytest.approx(expected, abs=1e-9)


def test_iqm_of_the_sample_data(a, b) -> None:
    assert iqm(a) == pytest.approx(0.99135, abs=1e-9)
    assert iqm(b) == pytest.approx(0.9902666667, abs=1e-9)


def test_moments_of_the_sample_data(a, b) -> None:
    assert moments(a) == pytest.approx((0.99132, 8.323994767e-4), abs=1e-12)
    assert moments(b) == pytest.approx((0.99014, 9.570788891e-4), abs=1e-12)
    assert moments(a - b) == pytest.approx((0.00118, 3.011090611e-4), abs=1e-12)


def test_the_interval_of_five_values_is_students(a) -> None:
    found = mean_interval(a[:5])
    assert (found.value, found.low, found.high) == pytest.approx((0.9911, 0.9899722027, 0.9922277973), abs=1e-9)
    assert abs(found.low - 0.9903038) > 3e-4  # 1.96 standard errors
    assert found.n == 5


def test_the_level_moves_the_interval(a) -> None:
    found = mean_interval(a, alpha=0.1)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.9, 9, np.mean(a), stats.sem(a)), abs=1e-12)


def test_a_constant_sample_has_a_point_for_an_interval() -> None:
    found = mean_interval([0.1] * 10)
    assert (found.value, found.low, found.high) == (0.1, 0.1, 0.1)
    drawn = bootstrap(np.mean, [0.5] * 10, rng=np.random.default_rng(0), draws=99)
    assert (drawn.value, drawn.low, drawn.high) == (0.5, 0.5, 0.5)


def test_one_value_has_no_interval() -> None:
    for found in (mean_interval([0.3]), median_interval([0.3]), bootstrap(np.mean, [0.3], rng=np.random.default_rng())):
        assert (found.value, found.low, found.high, found.n) == (0.3, None, None, 1)


def test_five_normal_values_are_covered_as_promised() -> None:
    draws = np.random.default_rng(12).normal(size=(1_500, 5))
    hits = sum(found.low <= 0 <= found.high for found in map(mean_interval, draws))
    assert 0.93 <= hits / 1_500 <= 0.965


def test_five_normal_values_are_covered_less_often_by_the_bootstrap() -> None:
    draws, rng = np.random.default_rng(12).normal(size=(1_500, 5)), np.random.default_rng(0)
    found = [bootstrap(np.mean, values, rng=rng, draws=499) for values in draws]
    assert np.mean([each.low <= 0 <= each.high for each in found]) == pytest.approx(0.837, abs=0.03)


@pytest.mark.parametrize(("n", "places"), [(5, None), (6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (20, (6, 15))])
def test_the_median_lies_between_order_statistics(n, places) -> None:
    found = median_interval(np.random.default_rng(0).permutation(np.arange(1.0, n + 1)))
    assert found.value == (n + 1) / 2
    assert (found.low, found.high) == (places or (None, None))
    if places:
        assert stats.binom.cdf(places[0] - 1, n, 0.5) <= 0.025 < stats.binom.cdf(places[0], n, 0.5)


def test_the_interval_of_the_median_takes_a_tail_of_exactly_half_alpha() -> None:
    found = median_interval(np.arange(6.0), alpha=2 / 2**6)
    assert (found.low, found.high) == (0, 5)
    assert median_interval(np.arange(6.0), alpha=1.99 / 2**6).low is None


@pytest.mark.parametrize("n", range(6, 60))
def test_the_interval_of_the_median_is_that_of_the_quantile_test(n) -> None:
    values = np.sort(np.random.default_rng(n).random(n))
    found, known = median_interval(values), stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    assert (found.low, found.high) == (known.low, known.high)


def interquartile(values, axis):
    return stats.trim_mean(values, 0.25, axis=axis)


def test_the_bootstrap_stays_within_its_known_ranges(a, b) -> None:
    found = [bootstrap(np.mean, a - b, rng=np.random.default_rng(seed)) for seed in range(20)]
    # 2.37 % of all resamples have a mean of at most .00100, the next possible one is .00101: a draw of 9,999 of them
    # lands one step too low about once in five, and hardly ever any more in a draw of 200,000.
    assert all(0.000999 <= each.low <= 0.001011 and 0.00135 <= each.high <= 0.00138 for each in found)
    assert 0.001009 <= np.median([each.low for each in found]) <= 0.001011
    precise = bootstrap(np.mean, a - b, rng=np.random.default_rng(0), draws=200_000)
    assert 0.001009 <= precise.low <= 0.001011


def test_the_bootstrap_takes_statistics_without_a_t_form(a) -> None:
    for seed in range(20):
        found = bootstrap(interquartile, a, rng=np.random.default_rng(seed))
        assert found.value == pytest.approx(0.99135, abs=1e-9)
        assert 0.99072 <= round(found.low, 5) <= 0.99078
        assert 0.99188 <= round(found.high, 5) <= 0.99193


def difference(x, y, axis):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def test_pairs_are_drawn_together_and_separate_samples_are_not(a, b) -> None:
    together = bootstrap(difference, a, b, rng=np.random.default_rng(1), paired=True)
    apart = bootstrap(difference, a, b, rng=np.random.default_rng(1))
    assert (together.low, together.high) == pytest.approx((0.00101, 0.001365), abs=2e-5)
    assert (apart.low, apart.high) == pytest.approx((0.00045, 0.00193), abs=5e-5)
    assert together.n == apart.n == 10


def test_the_bootstrap_depends_on_the_generator_and_not_on_the_rows(a, b) -> None:
    order = np.random.default_rng(3).permutation(10)
    first = bootstrap(difference, a, b, rng=np.random.default_rng(7), paired=True, draws=500)
    again = bootstrap(difference, a[order], b[order], rng=np.random.default_rng(7), paired=True, draws=500)
    assert first == again
    assert first != bootstrap(difference, a, b, rng=np.random.default_rng(8), paired=True, draws=500)


def test_the_bootstrap_refuses_halves_of_pairs(a, b) -> None:
    with pytest.raises(ValueError, match=r"samples: must be given, and complete pairs, got lengths \[10, 9\]"):
        bootstrap(difference, a, b[:9], rng=np.random.default_rng(0), paired=True)
    with pytest.raises(ValueError, match=r"got lengths \[\]"):
        bootstrap(difference, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="draws: must be a whole number of at least 1, got 0"):
        bootstrap(np.mean, a, rng=np.random.default_rng(0), draws=0)


def test_the_deviation_of_ten_normal_values_has_the_interval_of_the_tables() -> None:
    values = np.array([-1.5, -0.9, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 0.9, 1.5])
    values /= values.std(ddof=1)
    found = deviation_interval(values)
    assert (found.value, found.n) == (pytest.approx(1.0), 10)
    assert (found.low, found.high) == pytest.approx((0.68783, 1.82561), abs=1e-4)
    assert deviation_interval([0.5, 0.5]) == Estimate(0.0, 0.0, 0.0, 2)
    with pytest.raises(ValueError, match="at least 2"):
        deviation_interval([1.0])


def test_deviations_are_covered_as_promised() -> None:
    samples = np.random.default_rng(4).normal(size=(4000, 5))
    found = [deviation_interval(each, alpha=0.1) for each in samples]
    covered = np.mean([each.low <= 1 <= each.high for each in found])
    assert covered == pytest.approx(0.9, abs=0.015)
