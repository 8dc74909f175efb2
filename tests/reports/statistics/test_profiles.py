from __future__ import annotations

import numpy as np
import pytest

from reports.statistics import cdf_band, performance_profile

INF = float("inf")


def test_a_profile_is_the_share_of_runs_beyond() -> None:
    found = performance_profile([0.5, 0.9, 0.7, 0.9], [0.4, 0.5, 0.6, 0.9, 1.0])
    assert found.share.tolist() == [1, 0.75, 0.75, 0, 0]
    assert found.thresholds.tolist() == [0.4, 0.5, 0.6, 0.9, 1.0]


@pytest.mark.parametrize("kind", ["ld", "ks", "dkw"])
def test_its_band_is_that_of_the_distribution_turned_over(kind) -> None:
    band = cdf_band(4, kind=kind, alpha=0.2)
    found = performance_profile([0.5, 0.9, 0.7, 0.8], [0.4, 0.75, 1.0], band=kind, alpha=0.2)
    assert found.low == pytest.approx(1 - band.high[[0, 2, 4]])
    assert found.high == pytest.approx(1 - band.low[[0, 2, 4]])
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()


def test_lower_scores_are_turned_around() -> None:
    scores, limits = np.array([0.1, 0.3, 0.2]), np.array([0.05, 0.2, 0.25])
    errors = performance_profile(scores, limits, direction="minimize")
    turned = performance_profile(-scores, -limits)
    assert errors.share.tolist() == turned.share.tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    assert errors.low.tolist() == turned.low.tolist()
    assert errors.thresholds.tolist() == limits.tolist()


def test_failures_stay_in_the_share() -> None:
    assert performance_profile([0.9, -INF], [0.5]).share.tolist() == [0.5]
    assert performance_profile([0.1, INF], [0.5], direction="minimize").share.tolist() == [0.5]
    with pytest.raises(ValueError, match="scores: a failed run is the infinity that is worst, got inf"):
        performance_profile([0.9, INF], [0.5])
