"""What a model makes of the test set: Keras' metrics, proper scores, its answers; and where the test set comes from."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from reports.statistics.calibration import expected_calibration_error
from reports.statistics.predictions import brier_score, negative_log_likelihood
from sweeps.config import DatasetConfig, SweepConfig
from sweeps.datasets import Dataset, TestSet, load_dataset, load_own_dataset, open_test_set
from sweeps.errors import DataError
from sweeps.records import TrialSpec, TrialTested
from sweeps.training.shifting import shifted
from sweeps.training.synthetic import SyntheticTrainer
from sweeps.training.testing import judge_probabilities, test_model
from sweeps.training.trainer import Trainer
from tests.sweeps import own_models


def rows(classes: int = 3, *, first: int = 0, seed: int = 1) -> TestSet:
    """Rows of numbers, more than one batch of them, with labels."""
    x = np.random.default_rng(seed).normal(size=(700, 4)).astype(np.float32)
    return TestSet(x, (np.arange(700) % classes + first).astype(np.int32))


def compiled(model: keras.Model, loss: Any = "sparse_categorical_crossentropy", metric: str | None = "accuracy") -> Any:
    model.compile("sgd", loss=loss, metrics=[metric] if metric else None)
    return model


def told(file: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(file), allow_pickle=False) as arrays:
        return dict(arrays)


def test_metrics_are_those_of_keras_and_scores_those_of_their_definitions() -> None:
    model, test = compiled(own_models.classifier()), rows()
    metrics, scores, files = test_model(model, test, classes=3)
    assert metrics == pytest.approx(model.evaluate(test.x, test.y, batch_size=500, verbose=0, return_dict=True))
    assert list(metrics) == ["accuracy", "loss"]
    answers = model.predict(test.x, verbose=0)
    right = answers.argmax(axis=1) == test.y
    assert scores == {
        "nll": pytest.approx(negative_log_likelihood(answers, test.y), rel=1e-5),
        "brier": pytest.approx(brier_score(answers, test.y), rel=1e-5),
        "ece": pytest.approx(expected_calibration_error(answers.max(axis=1), right, bins=15), rel=1e-5),
    }
    assert scores["nll"] == pytest.approx(metrics["loss"], rel=1e-4)
    assert metrics["accuracy"] == pytest.approx(right.mean())
    assert list(files) == ["predictions.npz"]
    arrays = told(files["predictions.npz"])
    assert {name: (each.dtype, each.shape) for name, each in arrays.items()} == {
        "label": (np.uint16, (700,)),
        "predicted": (np.uint16, (700,)),
        "confidence": (np.float32, (700,)),
        "p_true": (np.float32, (700,)),
    }
    np.testing.assert_array_equal(arrays["label"], test.y)
    np.testing.assert_array_equal(arrays["predicted"], answers.argmax(axis=1))
    np.testing.assert_allclose(arrays["confidence"], answers.max(axis=1), rtol=1e-6)
    np.testing.assert_allclose(arrays["p_true"], answers[np.arange(700), test.y], rtol=1e-6)


def test_grey_values_reach_the_model_as_in_training(data: Dataset) -> None:
    head = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    model = compiled(keras.Sequential([keras.Input((28, 28, 1)), *head]))
    metrics, scores, files = test_model(model, TestSet(data.x_validation, data.y_validation), classes=10)
    x = data.x_validation[..., np.newaxis] / np.float32(255)
    labels = data.y_validation.astype(np.int32)
    assert metrics == pytest.approx(model.evaluate(x, labels, verbose=0, return_dict=True))
    assert scores["brier"] == pytest.approx(brier_score(model.predict(x, verbose=0), labels), rel=1e-5)
    np.testing.assert_array_equal(told(files["predictions.npz"])["label"], labels)


LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def from_one(y: Any, answers: Any) -> Any:
    """The loss of a model whose labels begin with 1."""
    return keras.losses.sparse_categorical_crossentropy(keras.ops.reshape(y, (-1,)) - 1, answers)


OTHERS: dict[str, tuple[Callable[[], Any], TestSet, int | None]] = {
    "logits": (lambda: compiled(own_models.logits(), LOGITS), rows(), 3),
    "sigmoids": (lambda: compiled(own_models.sigmoids()), rows(), 3),
    "one number": (lambda: compiled(own_models.dense(8, 1, activation="sigmoid"), "binary_crossentropy"), rows(2), 2),
    "labels of -1 and 1": (
        lambda: compiled(own_models.dense(8, 2, activation="softmax"), lambda y, answers: answers[:, 0] * y, None),
        TestSet(rows().x, np.tile([-1, 1], 350).astype(np.int32)),
        2,
    ),
    "labels with a gap": (lambda: compiled(own_models.classifier()), rows(2, first=1), 2),
    "labels from 1": (
        lambda: compiled(own_models.dense(8, 2, activation="softmax"), from_one, None),
        rows(2, first=1),
        2,
    ),
    "quantities": (lambda: compiled(own_models.regressor(), "mse", "mae"), TestSet(rows().x, rows().x[:, :1]), None),
    "one-hot rows": (
        lambda: compiled(own_models.classifier(), "categorical_crossentropy"),
        TestSet(rows().x, np.eye(3, dtype=np.float32)[rows().y]),
        None,
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_model_without_class_probabilities_has_metrics_and_no_scores(kind: str) -> None:
    build, test, classes = OTHERS[kind]
    model = build()
    metrics, scores, files = test_model(model, test, classes=classes)
    assert metrics == pytest.approx(model.evaluate(test.x, test.y, batch_size=500, verbose=0, return_dict=True))
    assert (scores, files) == ({}, {})


def test_a_label_that_was_ruled_out_costs_much_and_not_everything() -> None:
    scores, _ = judge_probabilities(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]))
    assert scores == {"nll": pytest.approx(-np.log(1e-12) / 2), "brier": 1.0, "ece": 0.5}


def test_confidences_fall_into_the_fifteen_bins_of_the_report_on_their_edges_too() -> None:
    generator = np.random.default_rng(2)
    edges = np.arange(8, 16) / 15
    confidence = np.concatenate([edges, edges - 0.01, generator.uniform(0.5, 1, 50)])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = generator.integers(0, 2, len(confidence))
    scores, _ = judge_probabilities(probabilities, labels)
    bins = {count: expected_calibration_error(confidence, labels == 0, bins=count) for count in (10, 14, 15, 16)}
    assert scores["ece"] == pytest.approx(bins[15], rel=1e-12)
    assert len({round(error, 4) for error in bins.values()}) == 4


@pytest.fixture(autouse=True)
def _policy() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")


MakeSpec = Callable[..., TrialSpec]


@pytest.mark.parametrize("at", ["last", "best"])
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_trial_is_tested_with_the_weights_that_its_value_counts_for(
    make_config: Callable[..., SweepConfig], make_spec: MakeSpec, at: str, is_lost: bool
) -> None:
    config = make_config(model={"build": "tests.sweeps.own_models:classifier"}, objective={"at": at})
    train, validation = rows(), rows(seed=2)
    data = Dataset(train.x[:64], train.y[:64], validation.x[:90], validation.y[:90], classes=3)
    spec = replace(make_spec(5, epochs=6), params={"width": 8, "learning_rate": 0.5})
    trainer = Trainer(config, data, worker="w")
    values = [trainer.train(spec, epoch, attempt=1).metrics["val_accuracy"] for epoch in range(5)]
    checkpoint = trainer.checkpoint(5) if is_lost else None
    trainer = Trainer(config, data, worker="w") if is_lost else trainer
    values.append(trainer.train(spec, 5, attempt=2, checkpoint=checkpoint).metrics["val_accuracy"])
    assert max(values) != values[-1], "the trial must get worse for this test to mean anything"
    tested = trainer.test(5, TestSet(data.x_validation, data.y_validation), attempt=2)
    event = tested.event
    assert event.metrics["accuracy"] == pytest.approx(max(values) if at == "best" else values[-1])
    assert (event.number, event.attempt, event.worker, event.examples) == (5, 2, "w", 90)
    assert None not in (event.nll, event.brier, event.ece)
    assert event.seconds > 0
    assert (told(tested.files["predictions.npz"])["label"] == data.y_validation).all()


SHIFTS: dict[str, Any] = {"translate": [4], "rotate": [45, 90]}


@pytest.mark.parametrize("trainer", [Trainer, SyntheticTrainer])
@pytest.mark.parametrize("shifts", [{}, SHIFTS])
def test_both_trainers_tell_of_the_copies_that_are_asked_for_with_the_metrics_of_the_test(
    make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec, trainer: Any, shifts: dict[str, Any]
) -> None:
    build = "tests.sweeps.formulas:learning" if trainer is SyntheticTrainer else "tests.sweeps.own_models:pictures"
    config = make_config(model={"build": build}, confirm={"shifts": shifts})
    made = trainer(config, data, worker="w")
    made.train(make_spec(3), 0, attempt=1)
    event = made.test(3, TestSet(data.x_validation, data.y_validation), attempt=1).event
    assert [*event.shifted] == (["translate 4", "rotate 45", "rotate 90"] if shifts else [])
    assert all(each.keys() == event.metrics.keys() for each in event.shifted.values())
    assert len({each["accuracy"] for each in (event.metrics, *event.shifted.values())}) == len(event.shifted) + 1


def test_a_network_errs_more_on_shifted_digits_and_every_replicate_sees_the_same_ones(
    make_config: Callable[..., SweepConfig], make_spec: MakeSpec
) -> None:
    config = make_config(model={"build": "tests.sweeps.own_models:pictures"}, confirm={"shifts": SHIFTS})
    data, facts = load_dataset("digits", train=1250, validation=250, split_seed=0)
    test = open_test_set(DatasetConfig(name="digits"), digest=facts.digest)
    before = test.x.copy()

    def tested(trainer: Trainer, number: int, *, seed: int) -> TrialTested:
        spec = make_spec(number, epochs=4, seed=seed, learning_rate=0.01)
        for epoch in range(4):
            trainer.train(spec, epoch, attempt=1)
        return trainer.test(number, test, attempt=1).event

    one, other = Trainer(config, data, worker="one"), Trainer(config, data, worker="other")
    first = tested(one, 0, seed=5)
    np.testing.assert_array_equal(test.x, before)
    assert first.metrics["accuracy"] > 0.85
    for name, metrics in first.shifted.items():
        assert metrics["accuracy"] < first.metrics["accuracy"] - 0.05, name
    tested(other, 1, seed=6)
    again = tested(other, 2, seed=5)
    assert (again.metrics, again.shifted) == (first.metrics, first.shifted)
    model = one._course.warm.model  # type: ignore[union-attr]
    for shift in config.confirm.shifts.each:
        alone = test_model(model, TestSet(shifted(test.x, shift), test.y), classes=10)[0]
        assert first.shifted[str(shift)] == alone


def test_only_the_trial_in_training_can_be_tested(config: SweepConfig, data: Dataset, make_spec: MakeSpec) -> None:
    trainer = Trainer(config, data, worker="w")
    test = TestSet(data.x_validation, data.y_validation)
    with pytest.raises(RuntimeError, match="trial 3 is not in training here"):
        trainer.test(3, test, attempt=1)
    trainer.train(make_spec(4), 0, attempt=1)
    with pytest.raises(RuntimeError, match="trial 3 is not in training here"):
        trainer.test(3, test, attempt=1)


OWN = """\
import numpy as np

def load(seed=0, test=True):
    x = np.random.default_rng(seed).normal(size=(90, 4))
    y = np.arange(90) % 3
    return ((x[:60], y[:60]), (x[60:], y[60:])) if test else (x, y)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_of_tests.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def sha_of(name: str, file: Path | None = None) -> str:
    return load_dataset(name, train=100, validation=50, split_seed=0, file=file)[1].digest


def test_the_test_set_of_the_digits_is_what_no_split_has() -> None:
    test = open_test_set(DatasetConfig(name="digits"), digest=sha_of("digits"))
    assert (test.x.shape, test.x.dtype, test.y.shape, test.y.dtype) == ((297, 28, 28), np.uint8, (297,), np.uint8)
    data, facts = load_dataset("digits", train=1250, validation=250, split_seed=0)
    assert facts.test == 297
    seen = {image.tobytes() for image in (*data.x_train, *data.x_validation)}
    assert sum(image.tobytes() in seen for image in test.x) < 5, "a few digits were drawn twice"
    assert np.bincount(test.y).min() > 25


def test_the_test_set_of_mnist_is_that_of_its_file(mnist_file: Path) -> None:
    config = DatasetConfig(name="mnist", file=str(mnist_file))
    test = open_test_set(config, digest=sha_of("mnist", mnist_file))
    with np.load(mnist_file) as arrays:
        np.testing.assert_array_equal(test.x, arrays["x_test"])
        np.testing.assert_array_equal(test.y, arrays["y_test"])
    assert test.y.dtype == np.uint8


def test_fewer_of_the_test_set_are_the_same_ones_each_time() -> None:
    whole = open_test_set(DatasetConfig(name="digits"), digest=sha_of("digits"))
    first, again = (open_test_set(DatasetConfig(name="digits", test=50), digest=sha_of("digits")) for _ in range(2))
    other = open_test_set(DatasetConfig(name="digits", test=50, split_seed=1), digest=sha_of("digits"))
    np.testing.assert_array_equal(first.x, again.x)
    assert first.x.tobytes() != other.x.tobytes()
    labelled = [(image.tobytes(), label) for image, label in zip(whole.x, whole.y, strict=True)]
    places = [labelled.index((image.tobytes(), label)) for image, label in zip(first.x, first.y, strict=True)]
    assert len(set(places)) == 50
    assert places == sorted(places), "in their order"
    assert max(places) > 200, "from all over it"


@pytest.mark.usefixtures("own")
def test_the_test_set_of_own_data_is_the_second_pair() -> None:
    asked: dict[str, Any] = {"load": "mine_of_tests:load", "args": {"seed": 3}}
    _, facts = load_own_dataset(**asked, name="mine", train=None, validation=None, split_seed=0)
    test = open_test_set(DatasetConfig(**asked), digest=facts.digest)
    x = np.random.default_rng(3).normal(size=(90, 4))
    np.testing.assert_array_equal(test.x, x[60:].astype(np.float32))
    np.testing.assert_array_equal(test.y, np.arange(60, 90) % 3)
    assert (test.x.dtype, test.y.dtype) == (np.float32, np.int32)
    other = DatasetConfig(load="mine_of_tests:load", args={"seed": 4})
    with pytest.raises(DataError, match=rf"^the data have digest \w+ now, the sweep began with {facts.digest[:12]}$"):
        open_test_set(other, digest=facts.digest)


@pytest.mark.usefixtures("own")
def test_data_without_a_test_set_have_none_to_open() -> None:
    asked: dict[str, Any] = {"load": "mine_of_tests:load", "args": {"test": False}}
    _, facts = load_own_dataset(**asked, name="mine", train=None, validation=None, split_seed=0)
    with pytest.raises(DataError, match=r"^mine_of_tests:load has no test set$"):
        open_test_set(DatasetConfig(**asked), digest=facts.digest)


def test_other_digits_than_a_sweep_began_with_are_refused() -> None:
    with pytest.raises(DataError, match=r"the sweep began with 0123456789ab$"):
        open_test_set(DatasetConfig(name="digits"), digest="0123456789abcdef")
