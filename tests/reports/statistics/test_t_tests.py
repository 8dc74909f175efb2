from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from reports.statistics import interaction_contrast, paired_t, tost, welch

SCORES = arrays(np.float64, st.integers(3, 12), elements=st.integers(0, 1000).map(lambda value: value / 1000))


def test_paired_t_of_the_sample_data(a, b) -> None:
    found = paired_t(a, b)
    assert found.t == pytest.approx(12.39247874, abs=1e-8)
    assert found.df == 9
    assert found.p == pytest.approx(5.850920901e-7, rel=1e-8)
    assert (found.low, found.high) == pytest.approx((9.645995537e-4, 1.3954004463e-3), abs=1e-12)


def test_welch_throws_the_pairing_away(a, b) -> None:
    found, known = welch(a, b), stats.ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(0.0088, abs=5e-5)
    assert (found.t, found.p, found.df) == pytest.approx((known.statistic, known.pvalue, known.df), rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval(0.95)), rel=1e-9)


def test_welch_takes_samples_of_different_size_and_spread(a, b) -> None:
    found, known = welch(a[:4], b, alpha=0.1), stats.ttest_ind(a[:4], b, equal_var=False)
    assert (found.t, found.p, found.df) == pytest.approx((known.statistic, known.pvalue, known.df), rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval(0.9)), rel=1e-9)


@given(SCORES)
@settings(max_examples=50, deadline=None)
def test_swapping_the_arms_mirrors_the_difference(scores) -> None:
    other = scores[::-1]
    for test in (paired_t, welch):
        one, two = test(scores, other), test(other, scores)
        assert (one.low, one.high, one.p, one.df) == (-two.high, -two.low, two.p, two.df)


@pytest.mark.parametrize("test", [paired_t, welch])
def test_without_spread_there_is_no_t(test) -> None:
    same = test([0.1] * 3, [0.1] * 3)
    assert (same.difference, same.low, same.high, same.t, same.p) == (0, 0, 0, None, 1)
    apart = test([0.75] * 3, [0.5] * 3)
    assert (apart.difference, apart.low, apart.high, apart.t, apart.p) == (0.25, 0.25, 0.25, None, 0)


def test_one_pair_is_too_few() -> None:
    for test in (paired_t, welch):
        with pytest.raises(ValueError, match="a: needs at least 2 values, got 1"):
            test([1], [1])


def test_equivalence_is_the_narrower_interval_within_the_margin(a, b) -> None:
    found, narrow = tost(a, b, margin=0.002), paired_t(a, b, alpha=0.1)
    assert (found.low, found.high) == (narrow.low, narrow.high)
    assert found.equivalent
    assert found.p == pytest.approx(stats.ttest_1samp(a - b, 0.002, alternative="less").pvalue, rel=1e-9)
    assert not tost(a, b, margin=0.0012).equivalent


@given(SCORES, st.sampled_from([0.01, 0.05, 0.1, 0.3]), st.sampled_from([-0.25, 0, 0.02, 0.25]))
@settings(max_examples=50, deadline=None)
def test_the_two_forms_of_equivalence_agree(scores, margin, offset) -> None:
    found = tost(scores, scores[::-1] + offset, margin=margin)
    if found.high - found.low > 1e-6:
        assert found.equivalent == (-margin <= found.low and found.high <= margin)
        differences = scores - (scores[::-1] + offset)
        upper = stats.ttest_1samp(differences, margin, alternative="less").pvalue
        lower = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
        assert found.p == pytest.approx(max(upper, lower), rel=1e-6)


def test_identical_arms_are_equivalent_and_constantly_different_ones_by_the_margin() -> None:
    assert tost([0.5] * 4, [0.5] * 4, margin=0.1) == tost([0.5] * 2, [0.5] * 2, margin=0.1)
    assert (tost([0.5] * 4, [0.5] * 4, margin=0.1).p, tost([1.0] * 4, [0.5] * 4, margin=0.1).p) == (0, 1)
    assert not tost([0.6] * 4, [0.5] * 4, margin=0.05).equivalent
    assert not tost([1.0] * 4, [0.5] * 4, margin=0.5).equivalent
    with pytest.raises(ValueError, match="margin: must be a finite number above 0, got 0"):
        tost([1, 2], [1, 2], margin=0)
    with pytest.raises(ValueError, match=r"2 \* alpha: must lie between 0 and 1, got 1.2"):
        tost([1, 2], [1, 2], margin=1, alpha=0.6)


def test_an_interaction_is_a_difference_of_differences() -> None:
    found = interaction_contrast([0.3, 0.4, 0.5], [0.1, 0.1, 0.3, 0.1])
    assert found.difference == pytest.approx(0.25)
    known = stats.ttest_ind([0.3, 0.4, 0.5], [0.1, 0.1, 0.3, 0.1], equal_var=False)
    assert found.p == pytest.approx(known.pvalue, rel=1e-9)
    assert interaction_contrast([0.2, 0.2], [0.2, 0.2]).p == 1
