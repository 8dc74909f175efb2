from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics import improvement_interval, improvement_zone, probability_of_improvement

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


def test_the_interval_of_the_unpaired_form_is_drawn_over_pairs(a, b) -> None:
    found = improvement_interval(a, b, paired=False, rng=np.random.default_rng(0))
    assert found.value == pytest.approx(0.815, abs=1e-9)
    assert found.low == pytest.approx(0.76, abs=0.01)
    assert found.high == pytest.approx(0.94, abs=0.01)
    turned = improvement_interval(a, b, paired=False, rng=np.random.default_rng(0), direction="minimize")
    assert (turned.value, turned.high) == pytest.approx((0.185, 0.24), abs=0.02)


def test_the_interval_of_the_paired_form_counts_wins() -> None:
    found = improvement_interval([1, 1, 1, 0, 0.5], [0, 0, 0, 1, 0.5], paired=True, rng=np.random.default_rng(0))
    assert (found.value, found.low, found.high, found.n) == (0.7, 0.3, 1.0, 5)


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
