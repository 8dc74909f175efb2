from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import expected_calibration_error, reliability


def test_the_error_of_four_examples() -> None:
    assert expected_calibration_error([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1]) == pytest.approx(0.35, abs=1e-9)


def test_examples_of_one_bin_are_averaged_first() -> None:
    assert expected_calibration_error([0.55, 0.65], [1, 0], bins=1) == pytest.approx(0.1)
    assert expected_calibration_error([0.55, 0.58, 0.95], [1, 0, 1]) == pytest.approx((2 * 0.065 + 0.05) / 3)


def test_bins_hold_their_upper_edge_and_empty_ones_have_no_mean() -> None:
    found = reliability([0.0, 0.25, 0.5, 0.75, 1.0], [0, 0, 1, 1, 1], bins=4)
    assert found.examples.tolist() == [2, 1, 1, 1]
    assert found.confidence.tolist() == [0.125, 0.5, 0.75, 1.0]
    assert found.accuracy.tolist() == [0, 1, 1, 1]
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    empty = reliability([0.1], [True], bins=2)
    assert np.isnan(empty.confidence[1])
    assert np.isnan(empty.accuracy[1])


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match=r"confidences: must lie from 0 to 1, got 0.5 to 1.5"):
        reliability([0.5, 1.5], [1, 0])
    with pytest.raises(ValueError, match=r"confidences: must lie from 0 to 1, got -0.5"):
        reliability([0.5, -0.5], [1, 0])
    with pytest.raises(ValueError, match=r"correct: must be 0 or 1, got 0.5"):
        reliability([0.5], [0.5])
    with pytest.raises(ValueError, match="bins: must be a whole number of at least 1, got 0"):
        reliability([0.5], [1], bins=0)
