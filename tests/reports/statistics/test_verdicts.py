from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics import Verdict, verdict

TABLE = [
    (0.0012, 0.0030, "better, practically"),
    (0.0002, 0.0022, "better, size uncertain"),
    (0.0001, 0.0006, "better, negligible"),
    (-0.0006, 0.0007, "equivalent"),
    (-0.0008, 0.0025, "undetermined"),
    (-0.0025, 0.0008, "undetermined"),
    (-0.0030, -0.0012, "worse, practically"),
    (-0.0020, -0.0002, "worse, size uncertain"),
    (-0.0006, -0.0001, "worse, negligible"),
    (0.0010, 0.0030, "better, size uncertain"),
    (0.0001, 0.0010, "better, negligible"),
    (-0.0010, 0.0010, "equivalent"),
    (0.0, 0.0030, "undetermined"),
    (0.0, 0.0, "equivalent"),
]


@pytest.mark.parametrize(("low", "high", "said"), TABLE)
def test_the_verdict_of_an_interval(low, high, said) -> None:
    assert verdict(low, high, 0.001) == said
    assert verdict(-high, -low, 0.001, direction="minimize") == said


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_turning_the_interval_turns_the_verdict(low, width, margin) -> None:
    one, two = verdict(low, low + width, margin), verdict(-low - width, -low, margin)
    assert one.claims == -two.claims
    assert one.partition(", ")[2] == two.partition(", ")[2]
    assert verdict(-low - width, -low, margin, direction="minimize") == one


def test_only_better_and_worse_are_claims() -> None:
    assert {said.claims for said in Verdict} == {-1, 0, 1}
    assert {said.value for said in Verdict if said.claims > 0} == {said for *_, said in TABLE if "better" in said}
    assert {said.value for said in Verdict if said.claims < 0} == {said for *_, said in TABLE if "worse" in said}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.2, 0.1, 0.1), "low and high: must be finite and in order, got 0.2 and 0.1"),
        ((float("nan"), 0.1, 0.1), "low and high: must be finite"),
        ((0.1, float("inf"), 0.1), "low and high: must be finite"),
        ((0.1, 0.2, -0.1), "margin: must be a finite number of at least 0, got -0.1"),
        ((0.1, 0.2, float("nan")), "margin: must be a finite number of at least 0, got nan"),
    ],
)
def test_what_is_no_interval_is_refused(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        verdict(*arguments)
