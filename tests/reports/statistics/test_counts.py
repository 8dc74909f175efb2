from __future__ import annotations

import math

import pytest
from scipy import stats

from reports.statistics import clopper_pearson, improvement_zone, mcnemar_exact, wilson


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


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (3, 8), (7, 8), (14, 20), (20, 20), (990, 1000)])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_exact_interval_ends_where_a_tail_is_half_of_alpha(successes, trials, alpha) -> None:
    def chance(share, counts) -> float:
        return math.fsum(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in counts)

    found = clopper_pearson(successes, trials, alpha=alpha)
    assert (found.value, found.n) == (successes / trials, trials)
    if successes:
        assert chance(found.low, range(successes, trials + 1)) == pytest.approx(alpha / 2)
    else:
        assert found.low == 0
    if successes < trials:
        assert chance(found.high, range(successes + 1)) == pytest.approx(alpha / 2)
    else:
        assert found.high == 1


def test_the_exact_interval_of_what_was_won_always() -> None:
    assert clopper_pearson(10, 10).low == pytest.approx(0.025 ** (1 / 10))
    assert clopper_pearson(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3, 0.2])
def test_the_exact_intervals_of_wins_and_losses_mirror_each_other(alpha) -> None:
    for trials in range(1, 40):
        for won in range(trials + 1):
            here, there = (clopper_pearson(k, trials, alpha=alpha) for k in (won, trials - won))
            assert (here.high, here.value) == (1 - there.low, pytest.approx(1 - there.value))


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3, 0.2])
@pytest.mark.parametrize("ties", [0.0, 0.1, 0.5])
def test_equal_arms_are_seldom_said_to_differ(alpha, ties) -> None:
    """Over all outcomes of n pairs, each won, tied or lost: ties are losses at the lower end and wins at the upper."""
    each = (1 - ties) / 2
    for n in range(1, 26):
        low = [clopper_pearson(k, n, alpha=alpha).low for k in range(n + 1)]
        high = [clopper_pearson(k, n, alpha=alpha).high for k in range(n + 1)]
        false = math.fsum(
            math.comb(n, won) * math.comb(n - won, tied) * each ** (n - tied) * ties**tied
            for won in range(n + 1)
            for tied in range(n - won + 1)
            if any(improvement_zone(end, 1) != "not significant" for end in (low[won], 1 - high[won + tied]))
        )
        assert false <= alpha * (1 + 1e-12)


def test_wilsons_interval_says_too_often_that_equal_arms_differ() -> None:
    low = [wilson(k, 21).low for k in range(22)]
    assert 2 * sum(math.comb(21, k) for k in range(22) if low[k] > 0.5) / 2**21 == pytest.approx(0.0784, abs=1e-4)


def test_counts_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="trials: must be a whole number of at least 1, got 0"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="successes: must be a whole number from 0 to 3, got 4"):
        wilson(4, 3)
    with pytest.raises(ValueError, match="trials: must be a whole number of at least 1, got 0"):
        clopper_pearson(0, 0)
    with pytest.raises(ValueError, match="successes: must be a whole number from 0 to 3, got 4"):
        clopper_pearson(4, 3)
    with pytest.raises(ValueError, match="alpha"):
        clopper_pearson(1, 3, alpha=1.5)
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
