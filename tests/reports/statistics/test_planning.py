from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import detectable_difference, noether_pairs, pairs_needed, replicates_needed


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
