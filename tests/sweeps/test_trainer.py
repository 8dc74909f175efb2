"""The trainer with real networks: what a trial comes to depends on its config and seeds alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import TrialSpec
from sweeps.training.trainer import Trainer

MakeSpec = Callable[..., TrialSpec]


@pytest.fixture
def trainer(config: SweepConfig, data: Dataset) -> Trainer:
    return Trainer(config, data, worker="w")


@pytest.fixture(autouse=True)
def _policy() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")


def run(trainer: Trainer, spec: TrialSpec) -> tuple[list[dict[str, float]], list[np.ndarray]]:
    """All epoch metrics, and the final weights."""
    metrics = [trainer.train(spec, epoch, attempt=1).metrics for epoch in range(spec.epochs)]
    return metrics, trainer._course.warm.model.get_weights()  # type: ignore[union-attr]


def test_a_trial_is_the_same_bit_for_bit_after_another_and_on_a_fresh_worker(
    config: SweepConfig, data: Dataset, make_spec: MakeSpec
) -> None:
    a = make_spec(0, pooling="capsule", temperature=0.5, learning_rate=3e-3)
    b = make_spec(1, pooling="capsule", temperature=5.0, learning_rate=1e-4)
    one, other = Trainer(config, data, worker="one"), Trainer(config, data, worker="other")
    first, between, again = run(one, a), run(one, b), run(one, a)
    fresh = run(other, a)
    for metrics, weights in (again, fresh):
        assert metrics == first[0]
        for mine, theirs in zip(weights, first[1], strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert between[0] != first[0]


def test_temperature_and_learning_rate_change_without_a_retrace(trainer: Trainer, make_spec: MakeSpec) -> None:
    first = trainer.train(make_spec(0, pooling="capsule", temperature=0.5), 0, attempt=1)
    assert first.traces > 0
    assert first.model is not None
    assert not first.model.warm
    other = make_spec(1, pooling="capsule", temperature=5.0, learning_rate=1e-4)
    second = trainer.train(other, 0, attempt=1)
    assert second.model is not None
    assert second.model.warm
    assert second.traces == 0
    assert second.metrics != first.metrics
    model = trainer._course.warm.model  # type: ignore[union-attr]
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-4)
    temperatures = {layer.temperature for layer in model.layers if hasattr(layer, "temperature")}
    assert temperatures == {5.0}


def test_another_architecture_is_another_model(trainer: Trainer, make_spec: MakeSpec) -> None:
    trainer.train(make_spec(0, pool_size=3), 0, attempt=1)
    report = trainer.train(make_spec(1, pool_size=4), 0, attempt=1)
    assert report.traces > 0
    assert report.model is not None
    assert not report.model.warm


@pytest.mark.parametrize("source", ["init", "order", "dropout"])
def test_each_seed_changes_the_numbers_on_its_own(trainer: Trainer, make_spec: MakeSpec, source: str) -> None:
    spec = make_spec(0)
    seeds = dataclasses.replace(spec.seeds, **{source: 12345})
    changed = dataclasses.replace(spec, seeds=seeds)
    before, after = (trainer.train(each, 0, attempt=1).metrics["loss"] for each in (spec, changed))
    assert before != after


def test_an_epoch_report_says_what_happened(trainer: Trainer, make_spec: MakeSpec) -> None:
    spec = make_spec(3)
    first, second = (trainer.train(spec, epoch, attempt=2) for epoch in range(2))
    assert (first.number, first.attempt, first.worker, first.epoch, first.step) == (3, 2, "w", 0, 2)
    assert (second.epoch, second.step, second.is_first, second.model) == (1, 4, False, None)
    assert set(first.metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert first.seconds > 0
    assert first.memory_bytes > 1e8
    assert first.model is not None
    # The notebook's network with windows of 3: 8x8 maps, then 3x3.
    assert first.model.parameters == 570_378
    convolutions = 26 * 26 * 9 * 32 + 24 * 24 * 288 * 64 + 64 * 576 * 128 + 64 * 1152 * 128 + 1152 * 256
    assert first.model.macs == convolutions + 256 * 128 + 1280


def test_epochs_out_of_order_are_refused(trainer: Trainer, make_spec: MakeSpec) -> None:
    with pytest.raises(RuntimeError, match="begin it with epoch 0"):
        trainer.train(make_spec(0), 1, attempt=1)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_trial_goes_on_from_its_checkpoint_on_another_worker_as_if_nothing_had_happened(
    make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec, policy: str
) -> None:
    # The loss falls, so the best epoch of an objective that wants it high lies before the checkpoint.
    objective = {"metric": "val_loss", "direction": "maximize", "at": "best"}
    config = make_config(objective=objective, training={"batch_size": 32, "dtype_policy": policy})
    spec = make_spec(0, pooling="capsule", learning_rate=1e-3, epochs=4)
    one, other = Trainer(config, data, worker="one"), Trainer(config, data, worker="other")
    metrics, checkpoint = [], b""
    for epoch in range(4):
        metrics.append(one.train(spec, epoch, attempt=1).metrics)
        if epoch == 1:
            checkpoint = one.checkpoint(0)
    other.train(make_spec(9, pooling="capsule", learning_rate=1e-2), 0, attempt=1)
    first = other.train(spec, 2, attempt=2, checkpoint=checkpoint)
    second = other.train(spec, 3, attempt=2)
    assert [first.metrics, second.metrics] == metrics[2:]
    assert (first.is_first, second.is_first) == (True, False)
    assert first.step == 6
    mine, theirs = (trainer._course for trainer in (one, other))
    assert mine is not None
    assert theirs is not None
    assert mine.best_value == theirs.best_value == metrics[0]["val_loss"]
    for left, right in zip(mine.best_weights, theirs.best_weights, strict=True):
        np.testing.assert_array_equal(left, right)


def test_an_epoch_is_trained_once_and_in_order(trainer: Trainer, make_spec: MakeSpec) -> None:
    spec = make_spec(0, epochs=4)
    trainer.train(spec, 0, attempt=1)
    for epoch in (2, 3):
        with pytest.raises(RuntimeError, match=f"trial 0 has had 1 epochs here, so {epoch} cannot be next"):
            trainer.train(spec, epoch, attempt=1)


@pytest.mark.parametrize("at", ["last", "best"])
def test_a_saved_model_has_the_weights_that_were_scored(
    make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec, tmp_path: Path, at: str
) -> None:
    # The loss falls, so an objective that wants it high finds its best epoch before the last.
    objective = {"metric": "val_loss", "direction": "maximize", "at": at}
    trainer = Trainer(make_config(objective=objective), data, worker="w")
    spec = make_spec(0, pooling="capsule", learning_rate=1e-3, epochs=3)
    losses = [trainer.train(spec, epoch, attempt=1).metrics["val_loss"] for epoch in range(3)]
    assert max(losses) != losses[-1], "the test needs a best epoch before the last"
    (tmp_path / "model.keras").write_bytes(trainer.save(0))
    model = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    images = (data.x_validation.astype("float32") / 255.0)[..., np.newaxis]
    loss: Any = model.evaluate(images, data.y_validation, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(losses[-1] if at == "last" else max(losses), rel=1e-6)


def test_mixed_precision_and_batch_size_come_from_the_config(
    make_config: Callable[..., SweepConfig], data: Dataset, make_spec: MakeSpec
) -> None:
    config = make_config(training={"batch_size": 16, "dtype_policy": "mixed_bfloat16"})
    report = Trainer(config, data, worker="w").train(make_spec(0), 0, attempt=1)
    assert report.step == 4
    searched = Trainer(config, data, worker="w").train(make_spec(0, batch_size=8), 0, attempt=1)
    assert searched.step == 8
