from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from reports.statistics import interaction_contrast, paired_change

A, B = [0.91, 0.94, 0.92, 0.95, 0.93, 0.90], [0.90, 0.92, 0.93, 0.93, 0.90, 0.91]
A_LATER, B_LATER = [0.80, 0.85, 0.79, 0.88, 0.84, 0.80], [0.82, 0.86, 0.84, 0.87, 0.85, 0.86]
CHANGES = [-0.03, -0.03, -0.04, -0.01, -0.04, -0.05]  # by hand: (0.80 - 0.82) - (0.91 - 0.90) and so on


def test_it_is_the_one_sample_test_of_changes_worked_out_by_hand() -> None:
    found = paired_change((A_LATER, B_LATER), (A, B), alpha=0.1)
    low, high = stats.ttest_1samp(CHANGES, 0).confidence_interval(0.9)
    assert (found.n, found.mean, found.low, found.high) == (6, *map(pytest.approx, (-0.2 / 6, low, high)))
    sums = [
        abs(sum(s * d for s, d in zip(signs, CHANGES, strict=True))) for signs in itertools.product([1, -1], repeat=6)
    ]
    assert found.p == sum(each >= 0.2 - 1e-9 for each in sums) / 64 == 2 / 64


def test_pairing_is_kept() -> None:
    # Of strata that share no pair the same means say less.
    apart = interaction_contrast(np.subtract(A_LATER, B_LATER), np.subtract(A, B), alpha=0.1)
    found = paired_change((A_LATER, B_LATER), (A, B), alpha=0.1)
    assert found.mean == pytest.approx(apart.difference)
    assert found.high - found.low < apart.high - apart.low


def test_arms_and_conditions_changed_about_turn_the_change() -> None:
    one = paired_change((A_LATER, B_LATER), (A, B))
    for other in (paired_change((B_LATER, A_LATER), (B, A)), paired_change((A, B), (A_LATER, B_LATER))):
        assert (other.mean, other.low, other.high) == pytest.approx((-one.mean, -one.high, -one.low))
        assert other.p == one.p


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_what_rounding_leaves_is_no_change(scale: float) -> None:
    tenths = [scale * 0.1 * each for each in range(1, 9)]
    after = ([scale * (0.1 * each + 0.3) for each in range(1, 9)], [scale * (0.1 * each + 0.2) for each in range(1, 9)])
    found = paired_change(after, ([each + scale * 0.1 for each in tenths], tenths))
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_few_pairs() -> None:
    none, one = paired_change(([], []), ([], [])), paired_change(([0.5], [0.4]), ([0.6], [0.4]))
    assert (none.n, none.mean, none.low, none.p) == (0, None, None, 1)
    assert (one.n, one.mean, one.low, one.p) == (1, pytest.approx(-0.1), None, 1)


@pytest.mark.parametrize(
    ("after", "before"), [(([1.0], [1.0, 2.0]), ([1.0], [1.0])), (([1.0], [1.0]), ([1.0, 2.0], [1.0, 2.0]))]
)
def test_pairs_must_be_complete(after, before) -> None:
    with pytest.raises(ValueError, match="pairs must be complete"):
        paired_change(after, before)
