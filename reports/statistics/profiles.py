"""The whole distribution of scores: which share of runs is better than each threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.bands import Kind, cdf_band
from reports.statistics.checks import Direction, FloatArray, oriented, sample, sign


@dataclass(frozen=True)
class Profile:
    """Share of runs beyond each threshold with a simultaneous band."""

    thresholds: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray


def performance_profile(
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    *,
    direction: Direction = "maximize",
    band: Kind = "ld",
    alpha: float = 0.05,
) -> Profile:
    """Share of runs strictly better than each threshold: 1 - F(τ), with the band of F turned over.

    The band holds at all thresholds together. Runs that failed count: as the infinity that is worst.
    Source: Agarwal et al., "Deep RL at the Edge of the Statistical Precipice" (2021), section 4.2; `cdf_band`.

    Raises:
        ValueError: If there is no score, a score is NaN, a threshold is not finite, or an argument is out of bounds.
    """
    side = sign(direction)
    numbers = np.sort(oriented("scores", scores, direction))
    limits = sample("thresholds", thresholds)
    passed = np.searchsorted(numbers, side * limits, side="right")
    bounds = cdf_band(len(numbers), kind=band, alpha=alpha)
    return Profile(limits, 1 - passed / len(numbers), 1 - bounds.high[passed], 1 - bounds.low[passed])
