from __future__ import annotations

from itertools import product
from math import comb, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.statistics import quantile_order_p

INF = float("inf")
FEW = st.lists(st.sampled_from([-INF, 0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=5)


def by_force(a, b, p, q):
    """The same from the definition, over every y and every pair of counts."""

    def divergence(k, n, level, side):
        share = k / n
        if side * (share - level) <= 1e-12:
            return 0.0
        parts = ((share, level), (1 - share, 1 - level))
        return n * sum(x * log(x / y) for x, y in parts if x > 0)

    def statistic(x, y):
        return divergence(x, len(a), p, 1) + divergence(y, len(b), q, -1)

    def chance(k, n, level):
        return comb(n, k) * level**k * (1 - level) ** (n - k)

    worst = 0.0
    for y in (-INF, *np.arange(-1, 5, 0.25)):
        seen = statistic(sum(each < y for each in a), sum(each <= y for each in b))
        pairs = product(range(len(a) + 1), range(len(b) + 1))
        found = [chance(i, len(a), p) * chance(j, len(b), q) for i, j in pairs if statistic(i, j) >= seen - 1e-9]
        worst = max(worst, sum(found))
    return worst


@given(FEW, FEW, st.sampled_from([0.3, 0.5, 0.8]), st.sampled_from([0.5, 0.7]))
@settings(deadline=None, max_examples=60)
def test_it_is_the_largest_p_over_all_places(a, b, p, q) -> None:
    assert quantile_order_p(a, b, levels=(p, q)) == pytest.approx(by_force(a, b, p, q), abs=1e-9)


def test_arms_far_apart() -> None:
    # Of the medians: everything of a below y, or nothing of b, is as far as it goes: 1 - (1 - 2⁻ⁿ)².
    for n, p in ((1, 3 / 4), (2, 7 / 16), (3, 15 / 64)):
        assert quantile_order_p(np.zeros(n), np.ones(n), levels=(0.5, 0.5)) == pytest.approx(p)
        assert quantile_order_p(np.ones(n), np.zeros(n), levels=(0.5, 0.5)) == 1.0


def test_the_same_draws_are_in_no_order() -> None:
    scores = np.random.default_rng(0).random(30)
    assert quantile_order_p(scores, scores, levels=(0.5, 0.5)) > 0.5
    assert quantile_order_p([1.0] * 9, [1.0] * 9, levels=(0.8, 0.8)) == 1.0


def test_errors_are_the_mirror_image() -> None:
    a, b = np.random.default_rng(1).random((2, 12))
    up = quantile_order_p(a - 0.3, b, levels=(0.7, 0.5))
    assert quantile_order_p(0.3 - a, -b, levels=(0.7, 0.5), direction="minimize") == up
    assert quantile_order_p((a - 0.3)[::-1], b[::-1], levels=(0.7, 0.5)) == up


@pytest.mark.parametrize(("n", "m", "p", "q"), [(20, 20, 0.5, 0.5), (40, 25, 0.8, 0.7), (12, 60, 0.6, 0.9)])
def test_it_is_wrong_as_seldom_as_promised_where_that_is_hardest(n, m, p, q) -> None:
    # A quantile of a at 2 or just beyond, one of b at 1: the hypothesis holds by a hair.
    rng, runs = np.random.default_rng(4), 1_500
    found = [
        quantile_order_p(np.where(rng.random(n) < p, 0.0, 2.0), np.where(rng.random(m) < q, 1.0, 3.0), levels=(p, q))
        for _ in range(runs)
    ]
    wrong = np.mean(np.array(found) <= 0.05)
    assert 0.02 < wrong <= 0.05 + 4 * np.sqrt(0.0475 / runs)


def test_levels_are_shares() -> None:
    with pytest.raises(ValueError, match=r"levels\[1\]: must lie between 0 and 1, got 1"):
        quantile_order_p([1.0], [2.0], levels=(0.5, 1))
    with pytest.raises(ValueError, match="a failed run is the infinity that is worst"):
        quantile_order_p([INF], [2.0], levels=(0.5, 0.5))
