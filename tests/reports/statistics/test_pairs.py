from __future__ import annotations

import math

import pytest

from reports.statistics import match_pairs

NAN = float("nan")


def test_a_missing_partner_is_counted_and_costs_its_pair_only() -> None:
    found = match_pairs([(seed, 0.5) for seed in range(10)], [(seed, 0.25) for seed in range(9)])
    assert len(found.a) == len(found.b) == 9
    assert found.unpaired == ("9",)
    assert match_pairs([(1, 0.5)], [(1, 0.5), (2, 0.5)]).unpaired == ("2",)
    assert found.failed == ()


def test_one_id_may_be_written_as_text_number_or_float() -> None:
    found = match_pairs([("1", 0.5), (2, 0.6), ("x", 0.7)], [(1, 0.1), (2.0, 0.2), ("x", 0.3)])
    assert found.ids == ("1", "2", "x")
    assert (found.a, found.b) == ((0.5, 0.6, 0.7), (0.1, 0.2, 0.3))


def test_an_id_twice_is_an_error_and_no_mean() -> None:
    with pytest.raises(ValueError, match="a: every pair id must occur once, got '1' twice"):
        match_pairs([(1, 0.5), ("1", 0.6)], [(1, 0.5)])
    with pytest.raises(ValueError, match="b: every pair id must occur once, got '2' twice"):
        match_pairs([(2, 0.5)], [(2, 0.5), (2, 0.5)])


def test_the_order_of_the_rows_does_not_matter() -> None:
    first = [(seed, seed / 10) for seed in (10, 9, 2, 1)]
    second = [(seed, seed / 20) for seed in (1, 2, 9, 10)]
    assert match_pairs(first, second) == match_pairs(first[::-1], second[::-1])
    assert match_pairs(first, second).ids == ("1", "2", "9", "10")


@pytest.mark.parametrize("failure", [None, NAN, math.inf, -math.inf])
def test_failures_are_counted_and_left_out_or_count_as_worst(failure) -> None:
    first, second = [(1, 0.5), (2, failure), (3, 0.7)], [(1, failure), (2, failure), (3, 0.3)]
    left_out = match_pairs(first, second)
    assert (left_out.ids, left_out.a, left_out.b) == (("3",), (0.7,), (0.3,))
    as_worst = match_pairs(first, second, failures="worst", worst=0.1)
    assert (as_worst.ids, as_worst.a, as_worst.b) == (("1", "2", "3"), (0.5, 0.1, 0.7), (0.1, 0.1, 0.3))
    for found in (left_out, as_worst):
        assert (found.failed, found.failed_a, found.failed_b) == (("1", "2"), 1, 2)


def test_a_failure_without_a_partner_is_counted_too() -> None:
    found = match_pairs([(1, 0.5), (2, None)], [(1, 0.5)])
    assert (found.unpaired, found.failed, found.failed_a) == (("2",), (), 1)


def test_a_score_of_zero_is_no_failure() -> None:
    found = match_pairs([(1, 0.0)], [(1, None)], failures="worst", worst=0.3)
    assert (found.a, found.b, found.failed_a) == ((0.0,), (0.3,), 0)


def test_what_a_failure_counts_as_must_be_said() -> None:
    with pytest.raises(ValueError, match="worst: failures that count as worst need a finite score, got None"):
        match_pairs([], [], failures="worst")
    with pytest.raises(ValueError, match=r"worst: .* got nan"):
        match_pairs([], [], failures="worst", worst=NAN)
    with pytest.raises(ValueError, match="failures: must be 'excluded' or 'worst', got 'dropped'"):
        match_pairs([], [], failures="dropped")
