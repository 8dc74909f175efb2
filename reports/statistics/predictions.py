"""What a model's predicted probabilities are worth once the labels are known; lower is better throughout."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from reports.statistics.checks import FloatArray, sample, table

_ROUNDING = 1e-3
"""Rows of a softmax in half precision add up to 1 within this."""


def negative_log_likelihood(predictions: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Mean of -ln of the probability given to the true class, in nats; a proper score.

    It is infinite where a true class was given 0, even once: a floor under the probabilities would be a number of our
    own choosing. Source: Good, "Rational decisions" (1952).

    Args:
        predictions: Probabilities, examples by classes.
        labels: The true class of each example, counted from 0.

    Raises:
        ValueError: If a row holds no probabilities that add up to 1, or there is not one class for each.
    """
    given, classes = _checked(predictions, labels)
    with np.errstate(divide="ignore"):
        return _mean(-np.log(given[np.arange(len(given)), classes]))


def brier_score(predictions: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Mean over examples of Σ over classes of (probability - 1[true class])², from 0 to 2; a proper score.

    This is Brier's own definition for many classes: with two it is twice the mean squared error of one of them, which
    goes by the same name. Source: Brier, "Verification of forecasts expressed in terms of probability" (1950).

    Args:
        predictions: Probabilities, examples by classes.
        labels: The true class of each example, counted from 0.

    Raises:
        ValueError: As `negative_log_likelihood`.
    """
    given, classes = _checked(predictions, labels)
    given[np.arange(len(given)), classes] -= 1
    return _mean((given**2).sum(axis=1))


def error_rate(predictions: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Share of examples whose most probable class is not the true one; of several, the first counts, as in Keras.

    It rewards the right class, not the right probability, so it is no strictly proper score. Source: Gneiting and
    Raftery, "Strictly proper scoring rules, prediction, and estimation" (2007), for all three.

    Args:
        predictions: Probabilities, examples by classes.
        labels: The true class of each example, counted from 0.

    Raises:
        ValueError: As `negative_log_likelihood`.
    """
    given, classes = _checked(predictions, labels)
    return float(np.mean(given.argmax(axis=1) != classes))


def _checked(predictions: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """The probabilities as a copy in double precision, and the classes as places in its rows."""
    given = table("predictions", predictions, rows=1).copy()
    classes = sample("labels", labels)
    if len(classes) != len(given):
        raise ValueError(f"labels: must be one for each of {len(given)} examples, got {len(classes)}")
    known = np.isin(classes, np.arange(given.shape[1]))
    if not known.all():
        raise ValueError(f"labels: must be whole numbers from 0 to {given.shape[1] - 1}, got {classes[~known][0]:g}")
    if (given < 0).any():
        raise ValueError(f"predictions: must not be negative, got {given.min()}")
    sums = given.sum(axis=1)
    far = np.abs(sums - 1) > _ROUNDING
    if far.any():
        raise ValueError(f"predictions: must add up to 1 for each example, got {sums[far][0]:g} for {np.argmax(far)}")
    return given, classes.astype(np.intp)


def _mean(values: FloatArray) -> float:
    return math.fsum(values.tolist()) / len(values)
