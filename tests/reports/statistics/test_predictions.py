from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from reports.statistics import brier_score, error_rate, negative_log_likelihood

THREE = [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0]]
ALL = (negative_log_likelihood, brier_score, error_rate)
PROBABILITIES = st.lists(st.integers(1, 9), min_size=4, max_size=4).map(lambda parts: np.array(parts) / sum(parts))


def softmax(seed, examples=40, classes=5):
    powers = np.exp(np.random.default_rng(seed).normal(size=(examples, classes)))
    return powers / powers.sum(axis=1, keepdims=True)


def test_four_examples_by_hand() -> None:
    labels = [0, 1, 0, 0]
    # -ln of 1/2, 3/4, 1/4 and 1; squares .375, .09375, .875 and 0; the third is wrong.
    assert negative_log_likelihood(THREE, labels) == pytest.approx((np.log(2) + np.log(4 / 3) + np.log(4)) / 4)
    assert brier_score(THREE, labels) == pytest.approx((0.375 + 0.09375 + 0.875) / 4)
    assert error_rate(THREE, labels) == 0.25


def test_certainty_is_worth_all_or_nothing() -> None:
    sure = np.eye(4)
    assert [score(sure, range(4)) for score in ALL] == [0, 0, 0]
    assert [score(sure, [1, 2, 3, 0]) for score in ALL] == [np.inf, 2, 1]
    assert negative_log_likelihood(THREE, [0, 1, 2, 2]) == np.inf


def test_a_guess_costs_what_the_number_of_classes_says() -> None:
    even = np.full((20, 10), 0.1)
    labels = np.arange(20) % 10
    assert negative_log_likelihood(even, labels) == pytest.approx(np.log(10))
    assert brier_score(even, labels) == pytest.approx(0.9)
    # All classes are as probable, and the first of them is right in one of ten.
    assert error_rate(even, labels) == 0.9


def test_with_two_classes_it_is_twice_the_squared_error_of_one() -> None:
    chances, labels = np.array([0.9, 0.3, 0.6]), np.array([1, 0, 0])
    both = np.stack((1 - chances, chances), axis=1)
    assert brier_score(both, labels) == pytest.approx(2 * metrics.brier_score_loss(labels, chances))


def test_many_classes_are_scored_as_scikit_learn_scores_them() -> None:
    predictions, labels = softmax(0), np.random.default_rng(1).integers(0, 5, 40)
    classes = range(5)
    assert negative_log_likelihood(predictions, labels) == pytest.approx(
        metrics.log_loss(labels, predictions, labels=classes)
    )
    assert error_rate(predictions, labels) == pytest.approx(
        1 - metrics.top_k_accuracy_score(labels, predictions, k=1, labels=classes)
    )


@given(PROBABILITIES, PROBABILITIES)
@settings(max_examples=60, deadline=None)
def test_a_proper_score_is_best_for_who_tells_the_truth(truth, told) -> None:
    def expected(score, predictions):
        return sum(chance * score([predictions], [label]) for label, chance in enumerate(truth))

    for score in ALL:
        assert expected(score, truth) <= expected(score, told) + 1e-12
    for score in ALL[:2]:
        assert (expected(score, told) - expected(score, truth) > 1e-9) == (np.abs(truth - told).max() > 1e-9)


@pytest.mark.parametrize("score", ALL)
def test_neither_rows_nor_names_of_classes_nor_widths_matter(score) -> None:
    rng = np.random.default_rng(4)
    predictions, labels = softmax(3), rng.integers(0, 5, 40).astype(np.uint8)
    rows, classes = rng.permutation(40), rng.permutation(5)
    found = score(predictions, labels)
    assert score(predictions[rows], labels[rows]) == found
    assert score(predictions[:, classes], np.argsort(classes)[labels]) == pytest.approx(found, rel=1e-12)
    assert score(predictions.astype(np.float16), labels) == pytest.approx(found, rel=1e-2)
    single = predictions.astype(np.float32)
    assert score(single, labels) == score(single.astype(np.float64), labels.astype(np.int64))


@pytest.mark.parametrize("score", ALL)
def test_what_is_passed_in_is_left_as_it_is(score) -> None:
    predictions, labels = softmax(3), np.arange(40) % 5
    before = predictions.copy()
    score(predictions, labels)
    assert (predictions == before).all()


@pytest.mark.parametrize("score", ALL)
@pytest.mark.parametrize(
    ("predictions", "labels", "message"),
    [
        ([[2.0, -1.0]], [0], r"predictions: must not be negative, got -1.0"),
        ([[0.5, 0.5], [0.5, 0.6]], [0, 1], r"predictions: must add up to 1 for each example, got 1.1 for 1"),
        ([[0.5, 0.3]], [0], r"predictions: must add up to 1 for each example, got 0.8 for 0"),
        ([[0.5, np.nan]], [0], r"predictions: must hold finite numbers, got nan at \(0, 1\)"),
        ([[1.0]], [0], r"predictions: must be a table of at least 1 by 2, got shape \(1, 1\)"),
        ([[0.5, 0.5]], [0, 1], "labels: must be one for each of 1 examples, got 2"),
        ([[0.5, 0.5]], [2], "labels: must be whole numbers from 0 to 1, got 2"),
        ([[0.5, 0.5]], [-1], "labels: must be whole numbers from 0 to 1, got -1"),
        ([[0.5, 0.5]], [0.5], r"labels: must be whole numbers from 0 to 1, got 0.5"),
        ([[0.5, 0.5]], [[0, 1]], r"labels: must be one-dimensional, got shape \(1, 2\)"),
    ],
)
def test_what_is_no_prediction_is_refused(score, predictions, labels, message) -> None:
    with pytest.raises(ValueError, match=message):
        score(predictions, labels)
