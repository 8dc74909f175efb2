from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from reports.statistics import blocked_dunnett, dunnett_p, dunnett_quantile, paired_t


@pytest.mark.parametrize(
    ("comparisons", "df", "alpha", "published"),
    [
        # Two-sided, exact: Dunnett (1964).
        (2, 10, 0.05, 2.57),
        (3, 20, 0.05, 2.54),
        (4, 20, 0.05, 2.65),
        (3, 12, 0.05, 2.68),
        # For one and two comparisons Dunnett (1955) was exact already.
        (1, 10, 0.05, 2.23),
        (2, 30, 0.05, 2.32),
        (2, 60, 0.01, 2.90),
    ],
)
def test_published_critical_values(comparisons, df, alpha, published) -> None:
    assert dunnett_quantile(comparisons, df, alpha=alpha) == pytest.approx(published, abs=0.0051)


@pytest.mark.parametrize("df", [1, 2, 7, 40, 10_000])
def test_one_comparison_is_students(df) -> None:
    for t in (0.01, 1.0, 2.5, 6.0):
        assert dunnett_p(t, 1, df) == pytest.approx(2 * stats.t.sf(t, df), rel=1e-9)
    assert dunnett_quantile(1, df, alpha=0.03) == pytest.approx(stats.t.isf(0.015, df), rel=1e-9)


@pytest.mark.parametrize(("comparisons", "df", "t"), [(2, 4, 3.0), (3, 18, 2.2), (5, 10, 2.9)])
def test_it_is_the_multivariate_t(comparisons, df, t) -> None:
    shape = np.full((comparisons, comparisons), 0.5) + 0.5 * np.eye(comparisons)
    inside = stats.multivariate_t(shape=shape, df=df).cdf(
        np.full(comparisons, t), lower_limit=np.full(comparisons, -t), random_state=1, maxpts=200_000
    )
    assert dunnett_p(t, comparisons, df) == pytest.approx(1 - inside, abs=2e-5)


def test_without_blocks_it_is_scipys() -> None:
    # Separate samples have k (n - 1) degrees of freedom; the p of a statistic is the same function of them.
    rng = np.random.default_rng(4)
    control, *arms = rng.normal(size=(4, 6)) + np.array([[0.0], [1.5], [0.4], [2.2]])
    theirs = stats.dunnett(*arms, control=control, rng=np.random.default_rng(0))
    for t, p in zip(theirs.statistic, theirs.pvalue, strict=True):
        assert dunnett_p(abs(t), 3, 20) == pytest.approx(p, abs=2e-4)


def test_the_residuals_are_those_of_the_model_with_arms_and_seeds() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(7, 3)) + rng.normal(0, 5, (7, 1))
    found = blocked_dunnett(scores[:, 1:], scores[:, 0], alpha=0.1)
    design = np.array(
        [[s == seed for s in range(7)] + [a == arm for a in (1, 2)] for seed in range(7) for arm in range(3)]
    )
    fit, rest, rank, _ = np.linalg.lstsq(design.astype(float), scores.ravel(), rcond=None)
    assert (found.df, rank) == (12, 9)
    assert found.deviation == pytest.approx(math.sqrt(rest[0] / 12))
    assert found.differences == pytest.approx(tuple(fit[7:]))
    half = found.critical * found.deviation * math.sqrt(2 / 7)
    assert [high - low for low, high in zip(found.low, found.high, strict=True)] == pytest.approx([2 * half] * 2)
    for difference, p in zip(found.differences, found.p, strict=True):
        assert p == pytest.approx(dunnett_p(abs(difference) / found.deviation / math.sqrt(2 / 7), 2, 12))
        assert (p <= 0.1) == (abs(difference) > half)


def test_blocks_cancel_and_order_and_sign_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    arms, baseline = rng.integers(0, 9, (6, 2)) / 8, rng.integers(0, 9, 6) / 8
    found = blocked_dunnett(arms, baseline)
    shifted = blocked_dunnett(arms + 4 * np.arange(6)[:, None], baseline + 4 * np.arange(6))
    assert shifted == found
    assert blocked_dunnett(arms[::-1], baseline[::-1]) == found
    turned = blocked_dunnett(-arms, -baseline)
    assert turned.p == found.p
    assert turned.low == tuple(-high for high in found.high)


def test_one_arm_is_the_paired_test_and_a_larger_family_is_wider(a, b) -> None:
    found, pairs = blocked_dunnett(a[:, None], b), paired_t(a, b)
    assert (found.low[0], found.high[0]) == pytest.approx((pairs.low, pairs.high))
    assert found.p[0] == pytest.approx(pairs.p, rel=1e-6)
    two = blocked_dunnett(a[:, None], b, comparisons=2)
    assert two.critical == dunnett_quantile(2, 9)
    assert two.low[0] < found.low[0]
    assert two.p[0] > found.p[0]


def test_the_family_is_wrong_as_often_as_said_with_any_difference_between_seeds() -> None:
    rng, wrong, separate, runs = np.random.default_rng(3), 0, 0, 1_500
    for _ in range(runs):
        scores = rng.normal(size=(5, 4)) + rng.normal(0, 3, (5, 1))
        wrong += min(blocked_dunnett(scores[:, 1:], scores[:, 0]).p) <= 0.05
        separate += min(paired_t(scores[:, place], scores[:, 0]).p for place in (1, 2, 3)) <= 0.05
    assert 0.038 < wrong / runs < 0.062  # two standard errors are .011
    assert separate / runs > 0.09


def test_scores_without_spread() -> None:
    same = blocked_dunnett([[1.0, 2.0], [1.0, 2.0]], [1.0, 1.0])
    assert (same.differences, same.low, same.high, same.p) == ((0, 1), (0, 1), (0, 1), (1, 0))


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="scores and baseline: must have the same blocks, got 3 and 2"):
        blocked_dunnett(np.ones((3, 2)), [1.0, 2.0])
    with pytest.raises(ValueError, match="scores: must be a table of at least 2 by 1"):
        blocked_dunnett(np.ones((1, 2)), [1.0])
    with pytest.raises(ValueError, match="scores: must hold finite numbers"):
        blocked_dunnett([[1.0], [np.nan]], [1.0, 2.0])
    with pytest.raises(ValueError, match="comparisons: must be a whole number of at least 2, got 1"):
        blocked_dunnett(np.ones((3, 2)), [1.0, 2.0, 3.0], comparisons=1)
    with pytest.raises(ValueError, match="t: must be a finite number above 0"):
        dunnett_p(0.0, 2, 3)
