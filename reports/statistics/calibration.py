"""Whether a model that says 0.9 is right nine times in ten."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import FloatArray, complete, count, sample


@dataclass(frozen=True)
class Reliability:
    """Bins of equal width, the lower edge of each outside it but for the first; empty ones have NaN means.

    Attributes:
        edges: One more than there are bins.
        examples: How many fell into each.
        confidence: Mean confidence in each.
        accuracy: Share that was right in each.
    """

    edges: FloatArray
    examples: npt.NDArray[np.intp]
    confidence: FloatArray
    accuracy: FloatArray


def reliability(confidences: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = 10) -> Reliability:
    """Confidence against accuracy by bins of equal width.

    Source: DeGroot and Fienberg, "The comparison and evaluation of forecasters" (1983).

    Raises:
        ValueError: If a confidence lies outside 0 to 1, a `correct` is neither 0 nor 1, or they do not match.
    """
    numbers, right = sample("confidences", confidences), sample("correct", correct)
    complete(numbers, right)
    if ((numbers < 0) | (numbers > 1)).any():
        raise ValueError(f"confidences: must lie from 0 to 1, got {numbers.min()} to {numbers.max()}")
    if not np.isin(right, (0, 1)).all():
        raise ValueError(f"correct: must be 0 or 1, got {right[~np.isin(right, (0, 1))][0]}")
    edges = np.linspace(0, 1, count("bins", bins, least=1) + 1)
    places = np.digitize(numbers, edges[1:-1], right=True)
    examples = np.bincount(places, minlength=bins)
    means = [_mean_by(places, values, examples) for values in (numbers, right)]
    return Reliability(edges, examples, *means)


def expected_calibration_error(confidences: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = 10) -> float:
    """Mean distance of confidence and accuracy over bins of equal width, weighted by their examples.

    Σ n_b / n · |accuracy_b - confidence_b|. It depends on the number of bins, which belongs beside it.
    Source: Naeini, Cooper and Hauskrecht (2015); Guo et al., "On calibration of modern neural networks" (2017).

    Raises:
        ValueError: As `reliability`.
    """
    found = reliability(confidences, correct, bins=bins)
    filled = found.examples > 0
    distances = np.abs(found.accuracy - found.confidence)[filled]
    return float(np.average(distances, weights=found.examples[filled]))


def _mean_by(places: npt.NDArray[np.intp], values: FloatArray, examples: npt.NDArray[np.intp]) -> FloatArray:
    sums = np.bincount(places, weights=values, minlength=len(examples))
    means = np.full(len(examples), np.nan)
    means[examples > 0] = sums[examples > 0] / examples[examples > 0]
    return means
