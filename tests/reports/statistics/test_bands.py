from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import cdf_band, dkw_epsilon, ks_epsilon
from reports.statistics.bands import _inside


@pytest.mark.parametrize(
    ("n", "alpha", "epsilon"),
    [
        (20, 0.05, 0.2940753144),
        (50, 0.05, 0.1884064792),
        (100, 0.05, 0.1340279165),
        (20, 0.2, 0.2315186231),
        (50, 0.2, 0.1483691949),
        (100, 0.2, 0.1056054379),
    ],
)
def test_kolmogorov_and_smirnov(n, alpha, epsilon) -> None:
    assert ks_epsilon(n, alpha=alpha) == pytest.approx(epsilon, abs=1e-9)
    assert dkw_epsilon(n, alpha=alpha) >= epsilon
    band = cdf_band(n, kind="ks", alpha=alpha)
    assert band.low[n] == pytest.approx(1 - epsilon)
    assert band.high[0] == pytest.approx(epsilon)


def test_the_closed_form() -> None:
    assert dkw_epsilon(20) == pytest.approx(0.3036807310, abs=1e-9)
    assert cdf_band(20, kind="dkw").high[3] == pytest.approx(3 / 20 + 0.3036807310, abs=1e-9)


def test_one_value() -> None:
    band = cdf_band(1)
    assert (band.low[0], band.low[1], band.high[0], band.high[1]) == pytest.approx((0, 0.025, 0.975, 1), abs=1e-12)


def test_the_last_of_twenty() -> None:
    assert cdf_band(20).low[20] == pytest.approx(0.740, abs=0.004)
    assert cdf_band(20, alpha=0.2).low[20] == pytest.approx(0.802, abs=0.004)


@pytest.mark.parametrize("kind", ["ld", "ks", "dkw"])
@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_bands_are_distribution_functions_around_the_steps_and_their_own_mirror_image(kind, n) -> None:
    band, steps = cdf_band(n, kind=kind), np.arange(n + 1) / n
    assert len(band.low) == len(band.high) == n + 1
    assert (np.diff(band.low) >= 0).all()
    assert (np.diff(band.high) >= 0).all()
    assert (band.low <= steps).all()
    assert (steps <= band.high).all()
    assert (band.low[0], band.high[-1]) == (0, 1)
    assert band.low == pytest.approx(1 - band.high[::-1], abs=1e-9)


@pytest.mark.parametrize(("kind", "share"), [("ld", 0.9), ("ks", 0.9), ("dkw", 0.93)])
def test_bands_hold_all_of_a_distribution_as_often_as_promised(kind, share) -> None:
    runs, n = 4_000, 15
    band = cdf_band(n, kind=kind, alpha=0.1)
    values = np.sort(np.random.default_rng(4).random((runs, n)), axis=1)
    # F of the uniform is its own argument: at a value from above it has passed i of them, from below i - 1.
    held = ((values >= band.low[1:]) & (values <= band.high[:-1])).all(axis=1).mean()
    assert held == pytest.approx(share, abs=4 * np.sqrt(0.09 / runs))


@pytest.mark.parametrize("n", [1, 3, 20, 100])
def test_the_chance_of_staying_inside_is_that_of_kolmogorov_and_smirnov(n) -> None:
    epsilon, places = ks_epsilon(n, alpha=0.3), np.arange(1, n + 1)
    lower, upper = np.maximum(places / n - epsilon, 0), np.minimum((places - 1) / n + epsilon, 1)
    assert _inside(lower, upper) == pytest.approx(0.7, abs=1e-9)


def test_every_order_statistic_is_missed_equally_often_on_both_sides() -> None:
    band, places = cdf_band(12), np.arange(1, 13)
    below = stats.beta.cdf(band.low[1:], places, 13 - places)
    above = stats.beta.sf(band.high[:-1], places, 13 - places)
    assert below == pytest.approx(np.full(12, below[0]), rel=1e-9)
    assert above == pytest.approx(below, rel=1e-9)
    assert 0.05 / 12 < 2 * below[0] < 0.05


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="kind: must be 'ld', 'ks' or 'dkw', got 'bootstrap'"):
        cdf_band(5, kind="bootstrap")
    with pytest.raises(ValueError, match="n: must be a whole number of at least 1, got 0"):
        cdf_band(0)
    for band in (cdf_band, ks_epsilon, dkw_epsilon):
        with pytest.raises(ValueError, match="alpha: must lie between 0 and 1, got 1"):
            band(5, alpha=1)
