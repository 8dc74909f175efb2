from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import crossed_bootstrap, crossed_standard_error
from reports.statistics.crossed import _means

SMALL = [[1, 0, 0, 0], [1, 0, -1, 0], [1, 0, 0, 0]]
Z = 1.959963985


def dice(seed=0):
    return np.random.default_rng(seed)


def half(found):
    return (found.high - found.low) / 2 / Z


def crossed(rng, *, seeds, examples, seed=0.0, example=0.0, cell=0.0):
    """A table of independent effects of the seeds, of the examples and of the single cells."""
    rows, columns = rng.normal(0, seed, (seeds, 1)), rng.normal(0, example, (1, examples))
    return 0.01 + rows + columns + rng.normal(0, cell, (seeds, examples))


@pytest.mark.parametrize(("alpha", "low", "high"), [(0.05, -1 / 3, 0.75), (0.2, -1 / 6, 0.5)])
def test_quantiles_of_all_resamples(alpha, low, high) -> None:
    # Counted over all 3³ · 4⁴ resamples: P(≤ -1/2) .0132, (≤ -1/3) .0357, (≤ 2/3) .9602, (≤ 3/4) .9961;
    # P(≤ -1/4) .0612, (≤ -1/6) .1306, (≤ 5/12) .8207, (≤ 1/2) .9498.
    for seed in range(5):
        found = crossed_bootstrap(SMALL, rng=dice(seed), alpha=alpha)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
        assert (found.value, found.n) == (pytest.approx(1 / 6), 3)


@pytest.mark.parametrize("effects", [{"seed": 0.1}, {"example": 0.5}, {"seed": 0.05, "example": 0.5}])
def test_on_a_large_table_it_agrees_with_the_standard_error(effects) -> None:
    numbers = crossed(dice(3), seeds=100, examples=400, cell=0.1, **effects)
    found, known = crossed_bootstrap(numbers, rng=dice()), crossed_standard_error(numbers)
    assert found.value == pytest.approx(known.mean, abs=1e-12)
    assert half(found) == pytest.approx(known.conservative, rel=0.05)
    assert (found.low + found.high) / 2 == pytest.approx(known.mean, abs=0.2 * known.conservative)


def test_of_noise_alone_it_counts_three_parts_and_the_standard_error_two() -> None:
    numbers = crossed(dice(3), seeds=100, examples=400, cell=1.0)
    found, known = crossed_bootstrap(numbers, rng=dice()), crossed_standard_error(numbers)
    assert half(found) / known.conservative == pytest.approx(np.sqrt(3 / 2), rel=0.05)


def test_the_mean_of_equal_seeds_varies_by_the_examples_alone() -> None:
    column = dice(2).normal(size=300)
    found = crossed_bootstrap([column] * 40, rng=dice())
    assert half(found) == pytest.approx(column.std() / np.sqrt(300), rel=0.05)
    turned = crossed_bootstrap(np.array([column] * 40).T, rng=dice())
    assert half(turned) == pytest.approx(column.std() / np.sqrt(300), rel=0.05)
    assert (found.n, turned.n) == (40, 300)


def test_the_same_dice_give_the_same_interval_for_any_order_of_the_seeds() -> None:
    numbers = np.sign(crossed(dice(3), seeds=9, examples=50, cell=1.0).round())
    found = crossed_bootstrap(numbers, rng=dice(7), draws=200)
    assert found == crossed_bootstrap(numbers[dice(1).permutation(9)], rng=dice(7), draws=200)
    assert found != crossed_bootstrap(numbers, rng=dice(8), draws=200)


def test_swapping_the_arms_mirrors_the_mean() -> None:
    numbers = crossed(dice(3), seeds=20, examples=30, seed=0.2, cell=1.0)
    one, two = crossed_bootstrap(numbers, rng=dice()), crossed_bootstrap(-numbers, rng=dice())
    assert one.value == -two.value
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low), abs=0.02)


def test_a_constant_table_has_a_point_for_an_interval() -> None:
    found = crossed_bootstrap([[0.1] * 7] * 3, rng=dice(), draws=99)
    assert (found.value, found.low, found.high) == (0.1, 0.1, 0.1)


def test_draws_come_in_batches_that_add_up(monkeypatch) -> None:
    monkeypatch.setattr("reports.statistics.crossed._AT_ONCE", 1_000)
    assert _means(np.array(SMALL), dice(), 260).shape == (260,)
    for seed in range(3):
        found = crossed_bootstrap(SMALL, rng=dice(seed))
        assert (found.low, found.high) == pytest.approx((-1 / 3, 0.75), abs=1e-12)


def test_what_cannot_be_drawn_from_is_refused() -> None:
    with pytest.raises(ValueError, match=r"differences: must be a table of at least 2 by 2, got shape \(1, 2\)"):
        crossed_bootstrap([[1, 2]], rng=dice())
    with pytest.raises(ValueError, match="draws: must be a whole number of at least 1, got 0"):
        crossed_bootstrap(SMALL, rng=dice(), draws=0)
    with pytest.raises(ValueError, match="alpha: must lie between 0 and 1, got 1"):
        crossed_bootstrap(SMALL, rng=dice(), alpha=1)
