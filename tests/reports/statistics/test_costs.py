from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.statistics import geometric_ratio, hypervolume, pareto_front, price

POINTS = [(0.010, 40), (0.012, 25), (0.011, 60), (0.020, 10), (0.015, 30)]
MANY = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=9)


def test_the_ratio_is_that_of_the_logarithms() -> None:
    a, b = np.array([1.3, 1.4, 1.35, 1.5]), np.array([1.0, 1.0, 1.1, 1.05])
    logs = np.log(a / b)
    found = geometric_ratio(a, b)
    low, high = stats.t.interval(0.95, 3, logs.mean(), stats.sem(logs))
    assert (found.value, found.low, found.high) == pytest.approx((np.exp(logs.mean()), np.exp(low), np.exp(high)))
    assert found.n == 4
    inverse = geometric_ratio(b, a)
    assert (inverse.value, inverse.low) == pytest.approx((1 / found.value, 1 / found.high))
    assert geometric_ratio(a, b, alpha=0.5).high < found.high


def test_one_pair_has_a_ratio_and_no_interval() -> None:
    found = geometric_ratio([3], [2])
    assert (found.value, found.low, found.high) == (pytest.approx(1.5), None, None)
    assert geometric_ratio([2, 4], [2, 4]).low == 1


def test_costs_are_above_zero() -> None:
    with pytest.raises(ValueError, match=r"a: costs must be above 0, got 0.0"):
        geometric_ratio([0, 1], [1, 1])
    with pytest.raises(ValueError, match=r"b: costs must be above 0, got -1.0"):
        geometric_ratio([1, 1], [1, -1])


def test_the_front_and_its_area() -> None:
    assert pareto_front(POINTS) == (0, 1, 3)
    assert hypervolume(POINTS, (0.03, 100)) == pytest.approx(1.62, abs=1e-9)
    accuracy = [(1 - error, seconds) for error, seconds in POINTS]
    assert pareto_front(accuracy, directions=("maximize", "minimize")) == (0, 1, 3)
    assert hypervolume(accuracy, (0.97, 100), directions=("maximize", "minimize")) == pytest.approx(1.62, abs=1e-9)


@given(MANY)
def test_the_front_is_what_nothing_beats(points) -> None:
    beats = [[all(x <= y for x, y in zip(p, q, strict=True)) and p != q for p in points] for q in points]
    assert pareto_front(points) == tuple(row for row, by in enumerate(beats) if not any(by))
    chosen = [points[row] for row in pareto_front(points)]
    assert hypervolume(points, (7, 7)) == hypervolume(chosen, (7, 7)) == hypervolume(points[::-1], (7, 7))


@given(MANY)
def test_the_area_is_the_number_of_cells_that_are_beaten(points) -> None:
    cells = sum(any(x <= i and y <= j for x, y in points) for i in range(5) for j in range(5))
    assert hypervolume(points, (5, 5)) == cells


def test_three_objectives_have_a_front_and_no_area() -> None:
    points, down = [(1, 2, 3), (1, 2, 4), (3, 2, 1)], ("minimize",) * 3
    assert pareto_front(points, directions=down) == (0, 2)
    with pytest.raises(ValueError, match="points: must have two columns, got 3"):
        hypervolume(points, (5, 5, 5), directions=down)
    with pytest.raises(ValueError, match="directions: must be one a column, got 2 for 3"):
        pareto_front(points)
    with pytest.raises(ValueError, match="points: must be a table"):
        pareto_front([])


def test_the_price_is_what_its_definition_does_not_reject() -> None:
    rng = np.random.default_rng(5)
    gains = 2 + rng.normal(size=12)
    costs = 6 + rng.normal(size=12) + gains
    found = price(costs, gains)
    assert found.value == pytest.approx(costs.mean() / gains.mean())
    for end in (found.low, found.high):
        # A price is rejected where what remains of the costs beside it differs from 0.
        assert stats.ttest_1samp(costs - end * gains, 0).pvalue == pytest.approx(0.05)
    assert found.low < found.value < found.high
    wider = price(costs, gains, alpha=0.01)
    assert wider.low < found.low < found.high < wider.high


def test_a_gain_that_may_be_nothing_has_no_dearest_price() -> None:
    gains = np.array([1.0, -0.9, 0.8, -0.7, 0.9])
    assert stats.ttest_1samp(gains, 0).pvalue > 0.05
    found = price([3.0, 4.0, 3.5, 3.2, 3.9], gains)
    assert (found.low, found.high, found.n) == (None, None, 5)
    with pytest.raises(ValueError, match="gains: their mean must not be 0"):
        price([1, 2], [1, -1])


def test_constant_costs_of_constant_gains_have_one_price() -> None:
    found = price([6, 6, 6], [2, 2, 2])
    assert (found.value, found.low, found.high) == (3, 3, 3)


def test_the_price_is_covered_as_often_as_promised() -> None:
    rng = np.random.default_rng(9)
    covered = 0
    for _ in range(1_000):
        gains = rng.normal(2, 1, size=8)
        found = price(rng.normal(6, 2, size=8), gains)
        covered += found.low is None or found.low <= 3 <= found.high
    assert covered / 1_000 == pytest.approx(0.95, abs=0.02)
