"""The one rule that says which value counts and which trial is best."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.records import Direction, State
from sweeps.selection import Score, better, rank, score

finite = st.floats(allow_nan=False, allow_infinity=False)
directions = st.sampled_from(["maximize", "minimize"])


@dataclass(frozen=True)
class Result:
    number: int
    state: State
    value: float | None
    feasible: bool = True


@pytest.mark.parametrize(
    ("value", "other", "maximize", "minimize"),
    [
        (2.0, 1.0, True, False),
        (1.0, 2.0, False, True),
        (1.0, 1.0, False, False),
        (1.0, None, True, True),
        (1.0, math.nan, True, True),
        (math.nan, 1.0, False, False),
        (math.nan, None, False, False),
        (math.nan, math.nan, False, False),
        (0.0, -0.0, False, False),
    ],
)
def test_better(value: float, other: float | None, maximize: bool, minimize: bool) -> None:
    assert better(value, other, direction="maximize") is maximize
    assert better(value, other, direction="minimize") is minimize


@pytest.mark.parametrize(
    ("values", "direction", "at", "expected"),
    [
        ([0.5, 0.9, 0.7], "maximize", "last", Score(0.7, 0.9, 1)),
        ([0.5, 0.9, 0.7], "maximize", "best", Score(0.9, 0.9, 1)),
        ([0.5, 0.9, 0.7], "minimize", "last", Score(0.7, 0.5, 0)),
        ([0.5, 0.9, 0.7], "minimize", "best", Score(0.5, 0.5, 0)),
        ([0.9, 0.9, 0.9], "maximize", "best", Score(0.9, 0.9, 0)),
        ([math.inf, 0.5, math.nan], "maximize", "best", Score(0.5, 0.5, 1)),
        ([-math.inf, 0.5], "minimize", "best", Score(0.5, 0.5, 1)),
        ([0.0], "minimize", "best", Score(0.0, 0.0, 0)),
    ],
)
def test_score(values: list[float], direction: Direction, at: Literal["last", "best"], expected: Score) -> None:
    assert score(values, direction=direction, at=at) == expected


def test_a_metric_that_was_never_finite_has_no_best() -> None:
    for at in ("last", "best"):
        found = score([math.inf, math.nan], direction="maximize", at=at)
        assert math.isnan(found.value)
        assert (found.best_value, found.best_epoch) == (None, None)
    with pytest.raises(ValueError, match="a trial without an epoch has no score"):
        score([], direction="maximize", at="last")


@given(st.lists(finite, min_size=1), directions)
def test_the_best_epoch_is_the_first_that_none_beats(values: list[float], direction: Direction) -> None:
    found = score(values, direction=direction, at="best")
    assert found.value == found.best_value == (max if direction == "maximize" else min)(values)
    assert found.best_epoch == values.index(found.value)
    assert score(values, direction=direction, at="last").value == values[-1]


@given(
    st.lists(st.tuples(st.sampled_from(["complete", "pruned", "failed"]), st.none() | st.floats())),
    directions,
    st.randoms(),
)
def test_rank_keeps_complete_trials_with_a_finite_value_best_first_whatever_their_order(
    drawn: list[tuple[State, float | None]], direction: Direction, random: object
) -> None:
    results = [Result(number, state, value) for number, (state, value) in enumerate(drawn)]
    ranked = rank(results, direction=direction)
    kept = [r for r in results if r.state == "complete" and r.value is not None and math.isfinite(r.value)]
    assert sorted(ranked, key=lambda r: r.number) == kept
    for one, next_one in itertools.pairwise(ranked):
        assert one.value is not None
        assert next_one.value is not None
        assert not better(next_one.value, one.value, direction=direction)
        assert one.value != next_one.value or one.number < next_one.number
    random.shuffle(results)  # type: ignore[attr-defined]
    assert rank(results, direction=direction) == ranked


def test_a_trial_that_breaks_a_bound_is_never_the_best() -> None:
    results = [Result(0, "complete", 0.9, feasible=False), Result(1, "complete", 0.5)]
    assert [result.number for result in rank(results, direction="maximize")] == [1]
