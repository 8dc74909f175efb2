"""Ticks of logarithmic axes have whole labels, and room for them."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.ticks import MOST, apart, axis, log_ticks


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (10.0, 44.0, ["10", "15", "20", "30"]),
        (1e-4, 1e-2, ["0.0001", "0.0003", "0.001", "0.003", "0.01"]),
        (0.1, 10.0, ["0.1", "0.3", "1", "3", "10"]),
        (1.0, 100_000.0, ["1", "100", "10000"]),
        (2.0, 2.0, ["2"]),
        (1.1, 1.3, ["1.1", "1.3"]),
        (0.0011, 0.0019, ["0.0011", "0.0019"]),
        (1.2345, 1.2346, ["1.2345", "1.2346"]),
        (1e-7, 1e-5, ["1e-07", "3e-07", "1e-06", "3e-06", "1e-05"]),
    ],
)
def test_the_ticks_of_a_range(low: float, high: float, texts: list[str]) -> None:
    assert log_ticks(low, high)["ticktext"] == texts


def test_whole_numbers_have_whole_ticks() -> None:
    assert log_ticks(1, 5, whole=True)["ticktext"] == ["1", "2", "3", "4", "5"]
    assert log_ticks(1, 9, whole=True)["ticktext"] == ["1", "2", "3", "5", "7"]
    assert log_ticks(8, 64, whole=True)["ticktext"] == ["10", "15", "20", "30", "50"]
    assert log_ticks(16, 19, whole=True)["ticktext"] == ["16", "17", "18", "19"]


@given(st.floats(1e-9, 1e9), st.floats(1.0, 1e12))
def test_they_are_few_and_inside(low: float, ratio: float) -> None:
    ticks = log_ticks(low, low * ratio)["tickvals"]
    assert len(ticks) <= MOST
    assert all(low * 0.99 <= tick <= low * ratio * 1.01 for tick in ticks)
    assert ticks


@given(st.floats(0.01, 1.0), st.floats(1.0, 100.0))
def test_those_that_are_kept_have_room(low: float, high: float) -> None:
    kept = apart((0.01, 0.1, 0.5, 0.9, 1, 1.1, 2, 10, 100), low, high)
    assert 1 in kept
    room = math.log(high / low) / (MOST - 1)
    assert all(math.log(after / before) >= room * 0.999 for before, after in pairwise(kept))


def test_ratios_around_one() -> None:
    assert apart((0.5, 0.8, 0.9, 1, 1.1, 1.25, 2), 0.5, 2.0) == [0.5, 1.0, 2]
    assert apart([0.5, 1, 2], 1, 1) == [1.0]
    assert axis([0.5, 1.0], "×") == {"type": "log", "tickvals": [0.5, 1.0], "ticktext": ["0.5×", "1×"]}
