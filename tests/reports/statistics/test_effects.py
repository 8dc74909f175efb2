from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import cliffs_delta, cohen_d, hedges_g, hedges_gz, pairing_gain, relative_reduction


def test_the_sample_data(a, b) -> None:
    assert cohen_d(a, b) == pytest.approx(1.3156306389, abs=1e-9)
    assert hedges_g(a, b) == pytest.approx(1.2600406119, abs=1e-9)
    assert hedges_gz(a, b) == pytest.approx(0.00118 / 3.011090611e-4 * (1 - 3 / 35), rel=1e-9)
    assert cliffs_delta(a, b) == pytest.approx(0.63, abs=1e-9)
    assert pairing_gain(a, b).correlation == pytest.approx(0.9528527964, abs=1e-9)
    assert pairing_gain(a, b).variance_ratio == pytest.approx(17.745098, abs=1e-6)


def test_effects_turn_with_the_arms_and_the_direction(a, b) -> None:
    assert cohen_d(b, a) == -cohen_d(a, b)
    assert hedges_gz(b, a) == -hedges_gz(a, b)
    assert cliffs_delta(a, b, direction="minimize") == pytest.approx(-0.63)


def test_samples_of_different_size_are_pooled_by_their_degrees_of_freedom() -> None:
    assert cohen_d([1, 2, 3, 4, 5], [0, 4]) == pytest.approx(1 / np.sqrt((10 + 8) / 5))
    assert hedges_g([1, 2, 3, 4, 5], [0, 4]) == pytest.approx(1 / np.sqrt(18 / 5) * (1 - 3 / 19))


def test_without_spread_there_is_no_effect_size() -> None:
    assert cohen_d([1, 1], [2, 2]) is None
    assert hedges_g([1, 1], [2, 2]) is None
    assert hedges_gz([1, 2], [2, 3]) is None
    assert (pairing_gain([1, 1], [2, 3]).correlation, pairing_gain([1, 2], [2, 3]).variance_ratio) == (None, None)


def test_the_error_saved() -> None:
    assert relative_reduction(0.0087, 0.0099) == pytest.approx(0.0012 / 0.0099)
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="a and b: errors must be finite and the baseline's above 0"):
            relative_reduction(0.1, bad)
