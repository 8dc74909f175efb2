"""What a trained model makes of the test set: Keras' metrics, proper scores, and its answer to every example."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from sweeps.config import Shift
from sweeps.datasets import TestSet
from sweeps.functions import import_function
from sweeps.training.epochs import VALIDATION_BATCH, scaled, targets
from sweeps.training.shifting import shifted

BINS = 15
_LEAST = 1e-12
"""Below it a probability is taken for this: one example must not make a mean infinite."""


def test_model(
    model: keras.Model, test: TestSet, *, classes: int | None
) -> tuple[dict[str, float], dict[str, float], dict[str, bytes]]:
    """Show the test set to a model.

    Args:
        model: Compiled, with the weights that count.
        test: The test set.
        classes: Number of labels; None for quantities.

    Returns:
        Keras' metrics; `nll`, `brier` and `ece`, empty where the model gives no class probabilities; and files by
        their name: `predictions.npz` with `label` and `predicted` (classes, uint16), `confidence` (the predicted
        class's probability) and `p_true` (the true one's), both float32, all (n,) in the order of the test set.
    """
    x, y = scaled(test.x), targets(test.y)
    metrics = _measured(model, x, y)
    # Labels that are no places in a row are the business of a model that comes compiled.
    has_places = classes is not None and y.min() >= 0 and y.max() < classes
    probabilities = _probabilities(model, x, classes) if has_places else None
    if probabilities is None or classes is None:
        return metrics, {}, {}
    return metrics, *judge_probabilities(probabilities, y)


test_model.__test__ = False  # type: ignore[attr-defined]  # pytest takes it for a test


def test_shifted(model: keras.Model, test: TestSet, shifts: Iterable[Shift]) -> dict[str, dict[str, float]]:
    """Keras' metrics on every shifted copy of the test pictures, by what the copy is called; one copy at a time."""
    y = targets(test.y)
    return {str(shift): _measured(model, scaled(shifted(test.x, shift)), y) for shift in shifts}


test_shifted.__test__ = False  # type: ignore[attr-defined]


def test_kept(
    build: str, payload: bytes, test: TestSet, *, classes: int | None
) -> tuple[dict[str, float], dict[str, float], float]:
    """The same of a model that was kept as a `.keras` file, without the files; and the seconds that it took.

    Args:
        build: The function that built it, whose module knows its layers.
        payload: The file.
        test: The test set.
        classes: Number of labels; None for quantities.
    """
    import_function(build, key="model.build")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(payload)
        model = keras.models.load_model(path)
    metrics, scores, _ = test_model(model, test, classes=classes)
    return metrics, scores, time.perf_counter() - began


test_kept.__test__ = False  # type: ignore[attr-defined]


def judge_probabilities(
    probabilities: NDArray[np.floating[Any]], y: NDArray[np.integer[Any]]
) -> tuple[dict[str, float], dict[str, bytes]]:
    """Proper scores of class probabilities, (n, classes), for labels 0 to `classes` - 1, (n,); and what is kept."""
    rows = np.arange(len(y))
    predicted = probabilities.argmax(axis=1)
    confidence, p_true = probabilities[rows, predicted], probabilities[rows, y]
    one_hot = np.zeros_like(probabilities)
    one_hot[rows, y] = 1.0
    scores = {
        "nll": float(-np.log(np.maximum(p_true, _LEAST)).mean()),
        "brier": float(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
        "ece": _calibration_error(confidence, predicted == y),
    }
    file = io.BytesIO()
    np.savez_compressed(
        file,
        label=y.astype(np.uint16),
        predicted=predicted.astype(np.uint16),
        confidence=confidence.astype(np.float32),
        p_true=p_true.astype(np.float32),
    )
    return scores, {"predictions.npz": file.getvalue()}


def _measured(model: keras.Model, x: Any, y: Any) -> dict[str, float]:
    measured = model.evaluate(x, y, batch_size=VALIDATION_BATCH, verbose=0, return_dict=True)
    return {name: float(value) for name, value in sorted(measured.items())}


def _probabilities(model: keras.Model, x: Any, classes: int | None) -> NDArray[np.float64] | None:
    """The model's answers as class probabilities; None where they are something else."""
    if classes is None:
        return None
    outputs = model.predict(x, batch_size=VALIDATION_BATCH, verbose=0)
    if not isinstance(outputs, np.ndarray) or outputs.shape != (len(x), classes):
        return None
    rows = outputs.astype(np.float64)
    is_distribution = (rows >= 0).all() and np.allclose(rows.sum(axis=1), 1.0, atol=1e-2)
    return rows if is_distribution else None


def _calibration_error(confidence: NDArray[np.floating[Any]], correct: NDArray[np.bool_]) -> float:
    """Mean distance of confidence and accuracy over equal bins of confidence, weighed by their share of the examples.

    Source: Guo et al., "On calibration of modern neural networks" (2017).
    """
    places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(places, weights=confidence - correct, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))
