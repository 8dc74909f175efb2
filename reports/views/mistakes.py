"""Single examples of two arms: who alone is right, on which classes, with what confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.evidence import Predictions
from reports.finite import finite
from reports.statistics import expected_calibration_error, mcnemar_exact, paired_comparison, reliability
from reports.views.agreement import Agreement

BINS = 10
SCORES = {"nll": "negative log-likelihood, nats", "brier": "Brier score, 0 to 2", "ece": "calibration error (ECE)"}


@dataclass(frozen=True)
class PairErrors:
    """Examples of one pair that one arm alone gets right, with McNemar's exact p."""

    seed: int
    only_arm: int
    only_baseline: int
    p: float


@dataclass(frozen=True)
class Discordance:
    """All pairs of an arm.

    Attributes:
        examples: Of the test set.
        pairs: One each.
        difference: Mean accuracy of the arm minus the baseline's, over seeds.
        low: Lower end of its t-interval over seeds; None with one pair.
        high: Upper end.
        p: Exact sign-flip p over seeds.
    """

    examples: int
    pairs: list[PairErrors]
    difference: float
    low: float | None
    high: float | None
    p: float


@dataclass(frozen=True)
class ClassError:
    """Error rate of the arm minus the baseline's on the examples of one true class, over seeds."""

    label: int
    examples: int
    difference: float
    low: float | None
    high: float | None
    p: float
    adjusted_p: float


@dataclass(frozen=True)
class Score:
    """A score of the probabilities, arm minus baseline over seeds, lower being better; None where there is no pair."""

    name: str
    n: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    adjusted_p: float | None


@dataclass(frozen=True)
class Calibration:
    """Confidence against accuracy of an arm, the examples of all seeds together.

    Attributes:
        arm: The arm.
        seeds: Trials with predictions.
        examples: Examples of all of them with a finite confidence.
        error: Expected calibration error over the bins.
        edges: Of the bins, one more than there are.
        counts: Examples in each.
        confidence: Mean confidence in each; None where it is empty.
        accuracy: Share that was right in each; None where it is empty.
    """

    arm: str
    seeds: int
    examples: int
    error: float
    edges: list[float]
    counts: list[int]
    confidence: list[float | None]
    accuracy: list[float | None]


def discordance(seen: Agreement, *, alpha: float) -> Discordance:
    """McNemar pair by pair, and the difference over seeds, which alone holds the variance of training."""
    only_a, only_b = (seen.a & ~seen.b).sum(axis=1), (~seen.a & seen.b).sum(axis=1)
    rows = zip(seen.seeds, only_a.tolist(), only_b.tolist(), strict=True)
    pairs = [PairErrors(seed, a, b, mcnemar_exact(a, b).p) for seed, a, b in rows]
    mean, low, high, p = _over_seeds(seen.differences.mean(axis=1), alpha)
    return Discordance(len(seen.labels), pairs, mean, low, high, p)


def class_errors(seen: Agreement, *, alpha: float) -> list[ClassError]:
    """The difference of the error on each class, by seed; p not yet adjusted."""
    if not seen.seeds or not len(seen.labels):
        return []
    labels, places, counts = np.unique(seen.labels, return_inverse=True, return_counts=True)
    sums = [np.bincount(places, weights=-row, minlength=len(labels)) for row in seen.differences]
    rates = np.array(sums) / counts
    tests = [_over_seeds(column, alpha) for column in rates.T]
    rows = zip(labels.tolist(), counts.tolist(), tests, strict=True)
    return [ClassError(label, many, *test, test[-1]) for label, many, test in rows]


def score(pairs: pd.DataFrame, column: str, *, alpha: float) -> Score:
    """The difference of a score over pairs; p not yet adjusted."""
    if pairs.empty:
        return Score(SCORES[column], 0, None, None, None, None, None)
    differences = (pairs[f"{column}_a"] - pairs[f"{column}_b"]).to_numpy(dtype=float)
    return Score(SCORES[column], len(pairs), *_over_seeds(differences, alpha), None)


def calibration(arm: str, predictions: Sequence[Predictions]) -> Calibration | None:
    """Reliability in ten bins of equal width; None without an example."""
    given = [(each.confidence.astype(np.float64), each.correct) for each in predictions]
    confidence = np.concatenate([part for part, _ in given]) if given else np.array([])
    correct = np.concatenate([part for _, part in given]) if given else np.array([], dtype=bool)
    known = np.isfinite(confidence)
    if not known.any():
        return None
    # A softmax in single precision may pass 1 by its last bit.
    confidence, correct = np.clip(confidence[known], 0.0, 1.0), correct[known]
    found = reliability(confidence, correct, bins=BINS)
    return Calibration(
        arm=arm,
        seeds=len(predictions),
        examples=len(confidence),
        error=expected_calibration_error(confidence, correct, bins=BINS),
        edges=found.edges.tolist(),
        counts=found.examples.tolist(),
        confidence=[finite(value) for value in found.confidence.tolist()],
        accuracy=[finite(value) for value in found.accuracy.tolist()],
    )


def _over_seeds(differences: npt.NDArray[np.float64], alpha: float) -> tuple[float, float | None, float | None, float]:
    found = paired_comparison(
        differences, np.zeros(len(differences)), margin=0.0, alpha=alpha, rng=np.random.default_rng(len(differences))
    )
    return float(found.mean or 0.0), found.low, found.high, found.p
