from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.statistics import crossing, line_band

X = [1.0, 2.0, 3.0, 4.0, 5.0]
D = [-3.0, -1.0, 0.0, 1.0, 3.0]
ROWS = st.lists(st.tuples(st.integers(1, 9), st.integers(-20, 20)), min_size=3, max_size=10).filter(
    lambda rows: len({x for x, _ in rows}) > 1
)


def arrays(rows):
    x, d = np.array(rows, dtype=float).T
    return x, d / 8


def clear_of_zero(x, d, place):
    """How many standard errors the line lies above 0 at a place, by scipy."""
    line = stats.linregress(x - place, d)
    return line.intercept / line.intercept_stderr


def test_five_settings_by_hand() -> None:
    # x̄ 3, d̄ 0, Σ(x - x̄)² 10, b 1.4; residuals -.2, .4, 0, -.4, .2 leave s² = .4 / 3; t(.975, 3)² = 10.1280.
    found = crossing(X, D)
    assert (found.at, found.slope, found.inside, found.n) == (pytest.approx(3), pytest.approx(1.4), True, 5)
    # With d̄ = 0 the interval is symmetric: half² = (t² s² / 5) / (b² - t² s² / 10) = .270079 / 1.824960.
    assert (found.low, found.high) == pytest.approx((3 - 0.384697, 3 + 0.384697), abs=1e-6)
    # Around d̄ = 1 it is not: 1.824960 u² + 2.8 u + 1 - .270079 = 0 has the roots -1.201350 and -.332930.
    lifted = crossing(X, np.array(D) + 1)
    assert (lifted.at, lifted.low, lifted.high) == pytest.approx((3 - 1 / 1.4, 1.798650, 2.667070), abs=1e-6)


@given(ROWS)
@settings(deadline=None)
def test_at_both_ends_the_line_is_just_not_clear_of_zero(rows) -> None:
    x, d = arrays(rows)
    found = crossing(x, d, alpha=0.2)
    if found.at is None or found.high - found.low < 1e-6 or found.high - found.low > 1e3:
        return
    edge = stats.t.ppf(0.9, len(x) - 2)
    assert found.low < found.at < found.high
    for end in (found.low, found.high):
        assert abs(clear_of_zero(x, d, end)) == pytest.approx(edge, rel=1e-6)
        assert abs(clear_of_zero(x, d, end + 0.01 * (end - found.at))) > edge


@given(ROWS)
@settings(deadline=None)
def test_a_crossing_needs_a_slope_that_is_clear_of_zero(rows) -> None:
    x, d = arrays(rows)
    found, known = crossing(x, d), stats.linregress(x, d)
    assert found.slope == pytest.approx(known.slope, abs=1e-12)
    # Nearer to a line without noise, scipy's p is the rounding of 1 - r².
    if known.pvalue > 1e-6:
        assert found.p == pytest.approx(known.pvalue, rel=1e-6)
    assert (found.at is None) == (found.p > 0.05)
    assert (found.at is None) == (found.low is None) == (found.high is None)


def test_a_line_without_noise_has_a_point() -> None:
    found = crossing([1, 2, 4], [-1, 1, 5])
    assert (found.at, found.low, found.high) == pytest.approx((1.5, 1.5, 1.5))
    assert found.p == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("differences", [[0.5] * 4, [0.1] * 4, [0.0] * 4, [1.0, -1.0, -1.0, 1.0], [0.3, 0.1, 0.4, 0.2]])
def test_a_level_line_crosses_nowhere(differences) -> None:
    found = crossing([1, 2, 3, 4], differences)
    assert (found.at, found.low, found.high, found.inside) == (None, None, None, False)
    assert found.p > 0.05
    if len(set(differences)) == 1:
        assert (found.slope, found.p) == (0, 1)


def test_outside_of_the_settings_it_is_a_guess() -> None:
    above = np.array([1.0, 1.1, 2.0, 2.9, 3.0])
    found = crossing([1, 2, 3, 4, 5], above)
    assert found.at < 1
    assert not found.inside
    assert not crossing([1, 2, 3, 4, 5], above - 10).inside
    assert crossing([1, 2, 3], [0, 1, 2]).inside
    assert crossing([1, 2, 3], [-2, -1, 0]).inside


def test_learning_rates_cross_on_the_log_scale() -> None:
    rates, effects = np.array([1e-4, 1e-3, 1e-2, 1e-1]), np.array([-1.0, -0.3, 0.4, 0.9])
    found, logs = crossing(rates, effects, scale="log"), crossing(np.log(rates), effects)
    assert (found.at, found.low, found.high) == pytest.approx(tuple(np.exp([logs.at, logs.low, logs.high])))
    assert (found.slope, found.p, found.inside) == (logs.slope, logs.p, True)
    inverse = crossing(1 / rates, effects, scale="log")
    assert (inverse.at, inverse.low, inverse.high) == pytest.approx((1 / found.at, 1 / found.high, 1 / found.low))
    assert crossing(rates, effects).at != pytest.approx(found.at)


def test_an_end_too_far_off_to_say_is_infinite() -> None:
    # At this level the slope is clear of 0 by its last digits.
    rates, effects = np.exp([0.0, 1, 2, 3]), np.array([3.0, 4.2, 4.9, 6.1])
    level = crossing(rates, effects, scale="log").p * (1 + 1e-9)
    found = crossing(rates, effects, scale="log", alpha=level)
    assert (found.low, found.at is None) == (0, False)
    assert crossing(rates, -effects[::-1], scale="log", alpha=level).high == np.inf


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_neither_the_order_nor_the_names_of_the_arms_matter(rows, random) -> None:
    x, d = arrays(rows)
    order = random.sample(range(len(rows)), len(rows))
    found, turned = crossing(x, d), crossing(x, -d)
    assert found == crossing(x[order], d[order])
    assert (found.at, found.low, found.high, found.slope) == (turned.at, turned.low, turned.high, -turned.slope)


def test_the_interval_holds_the_crossing_as_often_as_promised() -> None:
    rng, x, runs, held = np.random.default_rng(51), np.linspace(-1, 1, 8), 2_000, 0
    for _ in range(runs):
        found = crossing(x, 2 * (x - 0.4) + rng.normal(0, 0.3, 8), alpha=0.1)
        held += found.low <= 0.4 <= found.high
    assert held / runs == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / runs))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crossing([1, 2], [1, 2]), "settings: needs at least 3 values, got 2"),
        (lambda: crossing([2, 2, 2], [1, 2, 3]), r"settings: must take at least two values, got only 2.0"),
        (lambda: crossing([1, 2, 3], [1, 2, 3, 4]), "pairs must be complete, got 3 and 4 values"),
        (lambda: crossing([1, 2, 3], [1, 2, np.nan]), "differences: must hold finite numbers, got nan at 2"),
        (lambda: crossing([1, 0, 3], [1, 2, 3], scale="log"), r"settings: must be above 0 on the log scale, got 0.0"),
        (lambda: crossing([1, 2, 3], [1, 2, 3], scale="sqrt"), "scale: must be 'linear' or 'log', got 'sqrt'"),
        (lambda: crossing([1, 2, 3], [1, 2, 3], alpha=1), "alpha: must lie between 0 and 1, got 1"),
    ],
)
def test_what_has_no_line_is_refused(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_the_band_is_that_of_scipys_line_at_every_place() -> None:
    rng = np.random.default_rng(0)
    x, d = np.exp(rng.normal(size=9)), rng.normal(size=9)
    places = [x.min(), 1.0, x.max()]
    for scale, turn in (("linear", np.array), ("log", np.log)):
        found = line_band(x, d, places=places, scale=scale, alpha=0.1)
        for place, middle, low, high in zip(places, found.line, found.low, found.high, strict=True):
            known = stats.linregress(turn(x) - turn(place), d)  # whose intercept is the mean there
            half = stats.t.ppf(0.95, 7) * known.intercept_stderr
            assert (middle, low, high) == pytest.approx(
                (known.intercept, known.intercept - half, known.intercept + half)
            )


def test_the_band_passes_zero_where_the_interval_of_the_crossing_ends() -> None:
    x, d = np.arange(1.0, 11.0), np.array([-4, -2, -3, -1, 1, 0, 1, 3, 2, 4.0])
    found = crossing(x, d)
    band = line_band(x, d, places=[found.low, found.high])
    assert (band.high[0], band.low[1]) == pytest.approx((0, 0), abs=1e-9)


def test_the_band_holds_the_mean_as_often_as_promised() -> None:
    rng, runs, x = np.random.default_rng(1), 1_000, np.array([1.0, 2.0, 2.0, 5.0, 9.0])
    found = [line_band(x, 1 - 0.2 * x + rng.normal(size=5), places=[1.0, 4.0, 9.0]) for _ in range(runs)]
    held = np.mean([(each.low <= [0.8, 0.2, -0.8]) & (each.high >= [0.8, 0.2, -0.8]) for each in found], axis=0)
    assert held == pytest.approx(0.95, abs=4 * np.sqrt(0.0475 / runs))


def test_the_band_ends_where_the_settings_do() -> None:
    with pytest.raises(ValueError, match=r"places: must lie within the settings, 1.0 to 5.0, got 1.0 to 5.1"):
        line_band(X, D, places=[1.0, 5.1])
    with pytest.raises(ValueError, match="settings: needs at least 3 values"):
        line_band([1.0, 2.0], [0.0, 1.0], places=[1.5])
    exact = line_band([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], places=[2.0])
    assert (exact.low[0], exact.high[0]) == pytest.approx((2, 2))
