from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import detectable_difference, noether_pairs, pairs_needed, pairs_to_tell, replicates_needed


@pytest.mark.parametrize(("half_width", "pairs"), [(0.0005, 18), (0.0003, 46)])
def test_pairs_for_a_width(half_width, pairs) -> None:
    assert pairs_needed(0.001, half_width=half_width) == pairs


@pytest.mark.parametrize("ratio", [0.05, 0.3, 1, 4, 40])
@pytest.mark.parametrize("alpha", [0.01, 0.2])
def test_one_pair_fewer_would_not_do(ratio, alpha) -> None:
    def half(pairs):
        return stats.t.ppf(1 - alpha / 2, pairs - 1) / np.sqrt(pairs) / ratio if pairs > 1 else np.inf

    n = pairs_needed(0.02 / ratio, half_width=0.02, alpha=alpha)
    assert half(n) <= 1 < half(n - 1)


def test_no_spread_needs_two_pairs_and_no_width_has_no_answer() -> None:
    assert pairs_needed(0, half_width=0.1) == 2
    with pytest.raises(ValueError, match="half_width: must be a finite number above 0, got 0"):
        pairs_needed(0.1, half_width=0)
    with pytest.raises(ValueError, match="deviation: must be a finite number above 0, got -1"):
        pairs_needed(-1, half_width=0.1)


def told(pairs: np.ndarray, margin: float, alpha: float) -> np.ndarray:
    """Whether the interval of each row excludes 0 or lies within the margin."""
    n = pairs.shape[1]
    middle, half = pairs.mean(axis=1), stats.t.ppf(1 - alpha / 2, n - 1) * pairs.std(axis=1, ddof=1) / np.sqrt(n)
    return (np.abs(middle) > half) | (np.abs(middle) + half <= margin)


@pytest.mark.parametrize(("mean", "margin"), [(0, 0.5), (0.3, 0.5), (-0.3, 0.5), (0.5, 0.1), (0.4, 0)])
@pytest.mark.parametrize(("n", "alpha"), [(10, 0.05), (10, 0.0125), (20, 0.001)])
def test_so_many_more_pairs_tell_with_the_chance_asked_for(mean, margin, n, alpha) -> None:
    rng = np.random.default_rng(7)
    first = stats.zscore(rng.normal(size=n), ddof=1) + mean
    for chance, low, high in ((0.5, 0.46, 0.6), (0.9, 0.865, 0.955)):
        more = pairs_to_tell(mean, 1, n, margin=margin, alpha=alpha, chance=chance)
        assert more == pairs_to_tell(10 * mean, 10, n, margin=10 * margin, alpha=alpha, chance=chance)
        all_pairs = np.hstack([np.tile(first, (3_000, 1)), rng.normal(mean, 1, size=(3_000, more))])
        assert low < told(all_pairs, margin, alpha).mean() < high


def test_where_nothing_would_tell_there_is_no_number() -> None:
    assert pairs_to_tell(0, 1, 10, margin=0) is None
    assert pairs_to_tell(1e-9, 1, 10, margin=1e-9) is None
    assert pairs_to_tell(0.1, 0, 2, margin=0) == 1
    with pytest.raises(ValueError, match="n: must be a whole number of at least 2, got 1"):
        pairs_to_tell(0, 1, 1, margin=0.1)
    with pytest.raises(ValueError, match="margin: must be a finite number above 0, got -1"):
        pairs_to_tell(0, 1, 10, margin=-1)


@pytest.mark.parametrize(("effect", "paired", "n"), [
    (0.5, False, 64), (0.8, False, 26), (1, False, 17), (0.5, True, 34), (0.8, True, 15), (1, True, 10), (-1, True, 10),
])  # fmt: skip
def test_replicates_for_a_power(effect, paired, n) -> None:
    assert replicates_needed(effect, paired=paired) == n


@pytest.mark.parametrize(("probability", "n"), [(0.75, 29), (0.70, 46), (0.80, 21), (0.25, 29)])
def test_noethers_sample_size(probability, n) -> None:
    assert noether_pairs(probability) == n


def test_half_needs_no_sample_size() -> None:
    with pytest.raises(ValueError, match=r"probability: must differ from 0.5, got 0.5"):
        noether_pairs(0.5)
    with pytest.raises(ValueError, match=r"abs\(effect\): must be a finite number above 0, got 0"):
        replicates_needed(0, paired=True)


def test_what_n_pairs_can_show_is_what_takes_n_pairs() -> None:
    smallest = detectable_difference(0.002, 15)
    assert replicates_needed(smallest / 0.002 * 1.0001, paired=True) == 15
    assert replicates_needed(smallest / 0.002 * 0.999, paired=True) == 16
    assert detectable_difference(0.002, 2) > 0.002
    with pytest.raises(ValueError, match=r"power: must be above alpha 0.5, got 0.4"):
        detectable_difference(0.002, 15, power=0.4, alpha=0.5)


def test_pairs_that_are_there_hold_the_mean_of_all_where_it_is() -> None:
    # Their part of the mean is known, so the mean of all scatters less than that of as many new pairs.
    rng, more = np.random.default_rng(11), pairs_to_tell(0.19, 1, 100, margin=0, chance=0.75)
    first = stats.zscore(rng.normal(size=100), ddof=1) + 0.19
    all_pairs = np.hstack([np.tile(first, (20_000, 1)), rng.normal(0.19, 1, size=(20_000, more))])
    assert told(all_pairs, 0, 0.05).mean() == pytest.approx(0.75, abs=0.02)
