"""What does a warm epoch cost beyond its steps? A worker's epoch against the same steps in one compiled loop.

    python -m tests.benchmarks.epoch [--rounds 15] [--train 50000] [--validation 10000]

MNIST (`CAPSWEEP_MNIST` names the file) and a network of one layer of ten units, whose steps take next to nothing, so
that whatever is around them shows. `worker`: a call of the worker's `train`, as Ray makes it, shuffling, metrics,
validation and report included. `loop`: the same forward and backward passes and Adam updates over batches of images
that stay on the device, and the forward passes of the validation, with loss and accuracy added up, written by hand for
TensorFlow as one function. One thread. They take turns; a ratio is of two that follow each other, and its median is
printed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.update({"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"})

import keras
import numpy as np
import tensorflow as tf

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, load_dataset
from sweeps.records import TrialStarted
from sweeps.seeds import trial_seeds
from sweeps.training.epochs import VALIDATION_BATCH, Examples
from sweeps.training.trainer import Trainer

BATCH = 128

Call = Callable[[], object]


def build(*, width: int) -> keras.Model:
    """One layer."""
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(width, activation="softmax")]
    return keras.Sequential(layers)


def worker(data: Dataset, epochs: int) -> Call:
    """A worker's epochs of one trial, in turn."""
    document = {"model": {"build": "tests.benchmarks.epoch:build"}, "space": {"width": [10]}}
    config = SweepConfig.from_mapping({**document, "training": {"batch_size": BATCH}}, source="benchmark")
    spec = TrialStarted(
        number=0,
        study="epoch",
        arm=None,
        order=0,
        params={"width": 10},
        config_hash="",
        shared_hash="",
        sampler_phase="",
        epochs=epochs,
        seeds=trial_seeds(0, "search", 0, split=0),
    )
    trainer, numbers = Trainer(config, data, worker="w"), iter(range(epochs))
    return lambda: trainer.train(spec, next(numbers), attempt=1)


def loop(data: Dataset) -> Call:
    """The steps alone."""
    images, model, optimizer = Examples.of(data), build(width=10), keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    whole, validated = len(data.y_train) // BATCH * BATCH, len(data.y_validation)

    def right(labels: Any, guess: Any) -> Any:
        return tf.reduce_sum(tf.cast(tf.equal(tf.argmax(guess, -1, tf.int32), labels), tf.float32))

    def step(start: Any, order: Any, total: Any, hits: Any) -> Any:
        chosen = tf.ensure_shape(order[start : start + BATCH], (BATCH,))
        labels = tf.gather(images.y, chosen)
        with tf.GradientTape() as tape:
            guess = model(tf.gather(images.x, chosen), training=True)
            loss = loss_of(labels, guess)
        optimizer.apply(tape.gradient(loss, model.trainable_weights))
        return start + BATCH, order, total + loss, hits + right(labels, guess)

    def look(start: Any, total: Any, hits: Any) -> Any:
        rows = slice(start, start + VALIDATION_BATCH)
        labels, guess = images.y_validation[rows], model(images.x_validation[rows])
        return start + VALIDATION_BATCH, total + loss_of(labels, guess), hits + right(labels, guess)

    @tf.function(autograph=False)
    def epoch(order: Any) -> Any:
        zero = tf.constant(0.0)
        trained = tf.while_loop(
            lambda start, *_: start < whole, step, [tf.constant(0), order, zero, zero], parallel_iterations=1
        )
        seen = tf.while_loop(lambda start, *_: start < validated, look, [tf.constant(0), zero, zero])
        return *trained[2:], *seen[1:]

    chance = np.random.default_rng(0)
    return lambda: [float(value) for value in epoch(tf.constant(chance.permutation(len(data.y_train))))]


def seconds(call: Call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--train", type=int, default=50_000)
    parser.add_argument("--validation", type=int, default=10_000)
    asked = parser.parse_args()
    file = Path(os.environ["CAPSWEEP_MNIST"])
    data, _ = load_dataset("mnist", train=asked.train, validation=asked.validation, split_seed=0, file=file)
    ours, least = worker(data, asked.rounds + 1), loop(data)
    ours(), least()  # traced
    pairs = [(seconds(ours), seconds(least)) for _ in range(asked.rounds)]
    one, other = (median(pair[place] for pair in pairs) * 1000 for place in (0, 1))
    ratio = median(a / b for a, b in pairs)
    print(f"worker {one:.1f} ms, loop {other:.1f} ms an epoch: {ratio - 1:+.1%} (median of {asked.rounds} pairs)")


if __name__ == "__main__":
    main()
