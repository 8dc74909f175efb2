from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import crossed_standard_error, functional_anova, variance_components

CONFIGS = [[0.990, 0.992, 0.991], [0.985, 0.988, 0.986], [0.993, 0.994, 0.992], [0.989, 0.987, 0.991]]


def test_configs_and_seeds() -> None:
    found = variance_components(CONFIGS)
    assert (found.between, found.within) == pytest.approx((2.43333333e-5, 2.08333333e-6), rel=1e-8)
    assert found.rows == pytest.approx(7.41666667e-6, rel=1e-8)
    assert found.intraclass == pytest.approx(0.7807017544, abs=1e-9)
    assert (found.f, found.p) == pytest.approx((11.68, 0.00270985005), abs=1e-9)
    assert not found.truncated


def test_a_negative_variance_is_zero_and_said_to_be() -> None:
    found = variance_components([[1, 2, 3], [3, 2, 1]])
    assert (found.rows, found.truncated, found.intraclass, found.f, found.p) == (0, True, 0, 0, 1)


def test_where_nothing_varies_nothing_is_divided() -> None:
    found = variance_components([[1, 1], [1, 1]])
    assert (found.rows, found.intraclass, found.f, found.p, found.truncated) == (0, None, None, 1, False)
    apart = variance_components([[1, 1], [2, 2]])
    assert (apart.within, apart.intraclass, apart.f, apart.p) == (0, 1, None, 0)
    assert apart.rows == pytest.approx(0.5)


def test_seeds_and_examples() -> None:
    found = crossed_standard_error([[1, 0, 0, 0], [1, 0, -1, 0], [1, 0, 0, 0]])
    assert (found.mean, found.rows, found.columns, found.conservative) == pytest.approx(
        (0.1666666667, 0.0833333333, 0.2886751346, 0.3004626063), abs=1e-9
    )


def test_shares_of_two_factors() -> None:
    found = functional_anova([[0.990, 0.991, 0.989], [0.985, 0.979, 0.970]])
    assert found == pytest.approx({(0,): 0.6506024096, (1,): 0.2018072289, (0, 1): 0.1475903614}, abs=1e-9)


def test_shares_of_a_sum() -> None:
    grid = [[3 * a + b for b in range(3)] for a in range(3)]
    assert functional_anova(grid) == pytest.approx({(0,): 0.9, (1,): 0.1, (0, 1): 0}, abs=1e-9)


def test_shares_of_three_factors_add_up() -> None:
    a, b, c = np.meshgrid([0, 1], [0, 1, 2], [0, 1], indexing="ij")
    found = functional_anova(a + 2 * b * c)
    assert sum(found.values()) == pytest.approx(1)
    assert found[(0, 1, 2)] == pytest.approx(0)
    assert found[(0, 1)] == pytest.approx(0)
    assert found[(0,)] == pytest.approx(0.25 / (a + 2 * b * c).var())
    assert found[(1, 2)] > 0.1
    assert list(found) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]


def test_a_constant_table_has_nothing_to_share() -> None:
    assert functional_anova([[0.1, 0.1], [0.1, 0.1]]) == {(0,): 0, (1,): 0, (0, 1): 0}
    for bad in (1.0, [], [[]]):
        with pytest.raises(ValueError, match="values: must be a full factorial of finite numbers"):
            functional_anova(bad)
