"""The benchmark of the search's quality compares what it says: the same sampler, the same functions, regret from 0."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.benchmarks.sampler_quality import FUNCTIONS, Function, _upper_end, compare

BEST = {
    "bowl": {"x": 0.3, "rate": 1e-3, "n": 7},
    "valley": {"x": 1.0, "y": 1.0},
    "branches": {"kind": "routed", "rate": 1e-2, "temperature": 10**0.4, "steps": 3},
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_is_0_at_its_minimum_and_nowhere_less(function: Function) -> None:
    assert function.value(BEST[function.name]) == pytest.approx(0.0, abs=1e-12)  # type: ignore[arg-type]
    row = compare(function, trials=15, seeds=4)
    assert row.mean > 0
    assert row.deviation > 0
    assert all(map(math.isfinite, (row.off, row.on)))


def test_a_search_that_is_worse_is_told_from_one_that_is_not() -> None:
    plain = np.random.default_rng(0).normal(1.0, 1.0, 100)
    assert _upper_end(plain, plain) == pytest.approx(0.234, abs=0.005)
    assert _upper_end(plain + plain.std(ddof=1), plain) > 1.0
    assert _upper_end(plain - 1.0, plain) < 0.0
