from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import friedman_nemenyi, nemenyi_quantile

DEMSAR = np.array(
    [
        [4, 3, 2, 1],
        [1, 2, 3, 4],
        [4, 1, 2, 3],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [1, 2.5, 4, 2.5],
        [3, 2, 4, 1],
        [2.5, 2.5, 4, 1],
        [4, 3, 2, 1],
        [2.5, 2.5, 2.5, 2.5],
        [4, 2.5, 1, 2.5],
        [3, 2, 4, 1],
        [4, 1, 2, 3],
        [3, 1, 4, 2],
    ]
)


@pytest.mark.parametrize(("scores", "direction"), [(DEMSAR, "minimize"), (-DEMSAR, "maximize")])
def test_the_published_example(scores, direction) -> None:
    found = friedman_nemenyi(scores, direction=direction)
    assert found.mean_ranks == pytest.approx((3.142857, 2.0, 2.892857, 1.964286), abs=1e-6)
    assert (found.chi2, found.f, found.p) == pytest.approx((9.278571, 3.686313, 0.0198230), abs=1e-6)
    assert (found.chi2_corrected, found.p_corrected) == pytest.approx((10.228346, 0.0167216), abs=1e-6)
    assert found.critical_difference == pytest.approx(1.2535591, abs=1e-6)
    assert friedman_nemenyi(scores, alpha=0.1).critical_difference == pytest.approx(1.1180602, abs=1e-6)


def test_the_corrected_statistic_is_scipys() -> None:
    scores = np.random.default_rng(0).integers(0, 4, (9, 5))
    known = stats.friedmanchisquare(*scores.T)
    found = friedman_nemenyi(scores)
    assert (found.chi2_corrected, found.p_corrected) == pytest.approx((known.statistic, known.pvalue))


@pytest.mark.parametrize(("arms", "q"), [(2, 1.9600), (3, 2.3437), (4, 2.5690), (5, 2.7278), (6, 2.8497)])
def test_nemenyis_quantiles(arms, q) -> None:
    assert nemenyi_quantile(arms) == pytest.approx(q, abs=1e-4)


def test_blocks_that_agree_perfectly_and_blocks_of_ties() -> None:
    perfect = friedman_nemenyi([[3, 2, 1]] * 4)
    assert (perfect.mean_ranks, perfect.f, perfect.p) == ((1, 2, 3), None, 0)
    assert perfect.chi2 == pytest.approx(8)
    ties = friedman_nemenyi([[1, 1, 1]] * 4)
    assert (ties.mean_ranks, ties.chi2, ties.f, ties.p) == ((2, 2, 2), 0, 0, 1)
    assert (ties.chi2_corrected, ties.p_corrected) == (0, 1)


def test_one_arm_is_no_comparison() -> None:
    with pytest.raises(ValueError, match=r"scores: must be a table of at least 2 by 2, got shape \(3, 1\)"):
        friedman_nemenyi([[1], [2], [3]])
    with pytest.raises(ValueError, match="arms: must be a whole number of at least 2, got 1"):
        nemenyi_quantile(1)
