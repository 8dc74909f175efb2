from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import kendall_tau, overtuning, selection_gap, winners_curse

VALIDATION, TEST = [0.9950, 0.9946, 0.9944, 0.9941, 0.9938], [0.9921, 0.9925, 0.9918, 0.9923, 0.9916]


def test_what_the_choice_promised_and_missed() -> None:
    found = selection_gap(VALIDATION, TEST)
    assert (found.chosen, found.gap, found.regret) == (0, pytest.approx(0.0029), pytest.approx(0.0004))
    assert found.order.tau == pytest.approx(0.4, abs=1e-9)
    assert found.order.p == pytest.approx(0.4833, abs=5e-5)


def test_errors_are_turned_around() -> None:
    found = selection_gap(1 - np.array(VALIDATION), 1 - np.array(TEST), direction="minimize")
    assert (found.chosen, found.gap, found.regret) == (0, pytest.approx(0.0029), pytest.approx(0.0004))
    assert found.order.tau == pytest.approx(0.4)


def test_orders_that_are_all_ties_have_no_agreement() -> None:
    assert kendall_tau([1, 1, 1], [1, 2, 3]).tau is None
    assert kendall_tau([1, 2, 3], [1, 1, 1]).p is None
    assert kendall_tau([1, 2, 3], [1, 2, 3]).tau == pytest.approx(1)


@pytest.mark.parametrize(
    ("errors", "absolute", "relative"),
    [
        ([0.05, 0.02, 0.03], 0.01, 1 / 3),
        ([0.05, 0.02, 0.06], 0.04, 4 / 3),
        ([0.05, 0.03, 0.02], 0, 0),
        ([0.05], 0, 0),
        ([0.05, 0.05], 0, 0),
        ([0.02, 0.03], 0.01, None),
    ],
)
def test_overtuning(errors, absolute, relative) -> None:
    for found in (overtuning(errors), overtuning([-error for error in errors], direction="maximize")):
        assert found.absolute == pytest.approx(absolute)
        assert found.relative == (relative if relative is None else pytest.approx(relative))


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, 0), (2, 0.5641896), (5, 1.1629645), (10, 1.5387527), (20, 1.8674751), (100, 2.5075936), (100_000, 4.3843194)],
)
def test_the_best_of_equals(n, expected) -> None:
    assert winners_curse(n) == pytest.approx(expected, abs=1e-6)


def test_a_longer_search_looks_better_by_itself() -> None:
    assert winners_curse(100) - winners_curse(20) == pytest.approx(0.6401186, abs=1e-6)
    with pytest.raises(ValueError, match="candidates: must be a whole number of at least 1, got 0"):
        winners_curse(0)
