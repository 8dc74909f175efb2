from __future__ import annotations

import pytest
from scipy import stats

from reports.statistics import mcnemar_exact, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (9920, 10000, 0.9900551957, 0.9935669499),
        (9900, 10000, 0.9878530177, 0.9917706639),
        (10000, 10000, 0.9996160016, 1.0),
        (14, 20, 0.4810271816, 0.8545227552),
    ],
)
def test_wilson(successes, trials, low, high) -> None:
    found = wilson(successes, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert (found.value, found.n) == (successes / trials, trials)


def test_the_level_moves_the_interval() -> None:
    assert wilson(14, 20, alpha=0.5).low > wilson(14, 20).low


def test_counts_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="trials: must be a whole number of at least 1, got 0"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="successes: must be a whole number from 0 to 3, got 4"):
        wilson(4, 3)
    with pytest.raises(ValueError, match="only_b: must be a whole number of at least 0, got -1"):
        mcnemar_exact(1, -1)
    with pytest.raises(ValueError, match="examples: must be a whole number of at least 35, got 30"):
        mcnemar_exact(25, 10, examples=30)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (25, 10, 0.0166738478),
        (10, 25, 0.0166738478),
        (40, 20, 0.0134892937),
        (60, 45, 0.1715646972),
        (5, 5, 1),
        (0, 0, 1),
    ],
)
def test_mcnemar(only_a, only_b, p) -> None:
    assert mcnemar_exact(only_a, only_b).p == pytest.approx(p, abs=1e-9)


def test_the_mid_p_takes_half_of_the_observed_count_from_either_tail() -> None:
    assert mcnemar_exact(25, 10).mid_p == pytest.approx(0.0113309842, abs=1e-9)
    assert mcnemar_exact(10, 25).mid_p == pytest.approx(0.0113309842, abs=1e-9)
    assert mcnemar_exact(5, 5).mid_p == pytest.approx(1 - stats.binom.pmf(5, 10, 0.5) / 2)
    assert mcnemar_exact(0, 0).mid_p == 1


def test_the_difference_needs_the_number_of_examples() -> None:
    found = mcnemar_exact(25, 10, examples=10_000)
    assert found.difference == pytest.approx(0.0015, abs=1e-12)
    assert found.standard_error == pytest.approx(5.914178e-4, abs=1e-10)
    assert mcnemar_exact(10, 25, examples=10_000).difference == -found.difference
    assert mcnemar_exact(25, 10).difference is None
    assert mcnemar_exact(25, 10).standard_error is None
