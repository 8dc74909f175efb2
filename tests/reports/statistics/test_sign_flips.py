from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.statistics import EXACT_PAIRS, fewest_pairs, sign_flip_p


def by_hand(differences):
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(abs(total) >= abs(sum(differences)) - 1e-9 for total in sums) / len(sums)


def test_the_sample_data(a, b) -> None:
    assert sign_flip_p(a - b) == 0.001953125
    assert stats.wilcoxon(a - b, method="exact").pvalue == 0.001953125
    assert sign_flip_p([0.3, 0.1, -0.05, 0.2, 0.15]) == 0.125


@pytest.mark.parametrize(("n", "floor"), [(1, 1), (2, 0.5), (3, 0.25), (4, 0.125), (5, 0.0625), (6, 0.03125)])
def test_no_p_lies_below_its_floor(n, floor) -> None:
    assert sign_flip_p(np.linspace(1, 2, n)) == floor


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
@settings(deadline=None)
def test_every_pattern_is_counted(differences) -> None:
    assert sign_flip_p([d / 10 for d in differences]) == by_hand(differences)


def test_many_pairs_are_counted_as_scipy_counts_them() -> None:
    differences = np.random.default_rng(5).normal(0.3, 1, 15)
    known = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip_p(differences) == pytest.approx(known.pvalue, abs=1e-12)


def test_beyond_what_can_be_counted_patterns_are_drawn() -> None:
    few = np.random.default_rng(5).normal(0.3, 1, EXACT_PAIRS)
    exact = sign_flip_p(few)
    drawn = sign_flip_p([*few, 0.0], rng=np.random.default_rng(0), draws=40_000)
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact / 40_000))
    assert drawn == sign_flip_p([0.0, *few[::-1]], rng=np.random.default_rng(0), draws=40_000)


def test_a_drawn_p_is_never_zero() -> None:
    assert sign_flip_p(np.ones(200), rng=np.random.default_rng(0), draws=999) == 1 / 1000


def test_drawing_needs_a_generator() -> None:
    with pytest.raises(ValueError, match=rf"rng: more than {EXACT_PAIRS} differences need a generator"):
        sign_flip_p(np.ones(EXACT_PAIRS + 1))
    with pytest.raises(ValueError, match="draws: must be a whole number of at least 1, got 0"):
        sign_flip_p([1.0], draws=0)


@pytest.mark.parametrize(("alpha", "comparisons", "pairs"), [(0.05, 1, 6), (0.05, 3, 7), (0.5, 1, 2), (0.01, 10, 11)])
def test_the_fewest_pairs_that_can_show_anything(alpha, comparisons, pairs) -> None:
    assert fewest_pairs(alpha=alpha, comparisons=comparisons) == pairs
    assert 2 / 2**pairs <= alpha / comparisons < 2 / 2 ** (pairs - 1)
