"""Trains trials on warm models, one epoch at a time.

A model is compiled once for each architecture and kept. A trial begins by building a fresh model from its own seed,
whose weights are copied into the kept one: a build costs a tenth of a second and leaks nothing, a trace costs ten times
that and does. So a trial's numbers depend on its config and seeds alone, never on what the worker trained before.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import tempfile
import time
from collections import OrderedDict
from pathlib import Path
from unittest import mock

import keras
import numpy as np
from keras.src.utils.naming import reset_uids

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.records import EpochEnded, ModelFacts, TrialSpec, TrialTested
from sweeps.selection import better
from sweeps.training.costs import count_macs, measure_inference
from sweeps.training.course import Course, WarmModel, follow_schedule, restore, snapshot
from sweeps.training.epochs import Examples, make_epochs
from sweeps.training.gpu_memory import limit_gpu_memory
from sweeps.training.models import Blueprint, check_fresh
from sweeps.training.pictures import pictures_of
from sweeps.training.testing import test_model, test_shifted
from sweeps.workers.protocol import Tested

KEPT_MODELS = 32


class Trainer:
    """One worker's trainer.

    Args:
        config: The sweep.
        data: Its examples; they stay in the process.
        worker: The worker's name, for the epoch reports.

    Raises:
        ConfigError: If the sweep's build function cannot be imported.
    """

    def __init__(self, config: SweepConfig, data: Dataset, *, worker: str) -> None:
        self.backend: str = keras.backend.backend()
        limit_gpu_memory(config.workers.gpus)
        self._config = config
        self._worker = worker
        self._blueprint = Blueprint.of(config, classes=data.classes)
        self._examples, self._classes = Examples.of(data), data.classes
        self._kept: OrderedDict[str, WarmModel] = OrderedDict()
        self._course: Course | None = None

    def train(self, spec: TrialSpec, epoch: int, *, attempt: int, checkpoint: bytes | None = None) -> EpochEnded:
        """Train one epoch of a trial, the first of which begins it anew; from a checkpoint, it goes on from there.

        Raises:
            RuntimeError: If an epoch is trained out of order, or after another trial began.
        """
        begins = epoch == 0 or checkpoint is not None
        if begins:
            self._course = self._begin(spec)
        if checkpoint is not None:
            restore(self._expect(spec.number), checkpoint)
        course = self._expect(spec.number)
        if course.epochs != epoch:
            raise RuntimeError(f"trial {spec.number} has had {course.epochs} epochs here, so {epoch} cannot be next")
        traces, began = course.warm.traces, time.perf_counter()
        follow_schedule(course)
        order = np.random.default_rng((spec.seeds.order, epoch)).permutation(len(self._examples.x))
        metrics = course.warm.epochs(order, course.recipe.training.batch_size)
        self._remember_best(course, metrics)
        course.epochs = epoch + 1
        seconds = time.perf_counter() - began
        if course.warm.traces > traces:
            _keep_for_good()
        return EpochEnded(
            number=spec.number,
            attempt=attempt,
            worker=self._worker,
            epoch=epoch,
            step=(epoch + 1) * -(-len(self._examples.x) // course.recipe.training.batch_size),
            metrics=metrics,
            seconds=seconds,
            is_first=begins,
            traces=course.warm.traces - traces,
            memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            model=course.facts if begins else None,
        )

    def test(self, number: int, test: TestSet, *, attempt: int) -> Tested:
        """Show the test set, then its shifted copies, to the trial's model with the weights that its value is of."""
        course, began = self._expect(number), time.perf_counter()
        if course.best_weights:
            course.warm.model.set_weights(course.best_weights)
        metrics, scores, files = test_model(course.warm.model, test, classes=self._classes)
        shifted = test_shifted(course.warm.model, test, self._config.confirm.shifts.each)
        event = TrialTested(
            number=number,
            attempt=attempt,
            worker=self._worker,
            metrics=metrics,
            examples=len(test.y),
            seconds=time.perf_counter() - began,
            nll=scores.get("nll"),
            brier=scores.get("brier"),
            ece=scores.get("ece"),
            shifted=shifted,
        )
        if course.spec.replicate == 0:
            files |= pictures_of(course.warm.model, self._examples)
        return Tested(event, files)

    def save(self, number: int) -> bytes:
        """The trial's model as a `.keras` file, with the weights that its value was measured on."""
        course = self._expect(number)
        model = course.warm.model
        if course.best_weights:
            model.set_weights(course.best_weights)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            model.save(path)
            return path.read_bytes()

    def checkpoint(self, number: int) -> bytes:
        """All that another worker needs to go on with the trial, for `train`."""
        return snapshot(self._expect(number))

    def _begin(self, spec: TrialSpec) -> Course:
        began = time.perf_counter()
        recipe = self._blueprint.recipe(spec.params)
        _begin_anew(spec.seeds.init)
        fresh, plain = self._blueprint.build_model(recipe, self._examples.shape)
        warm = self._kept.get(recipe.key)
        is_warm = warm is not None
        if warm is None:
            warm = self._kept[recipe.key] = WarmModel.of(fresh, make_epochs(fresh, self._examples))
            if len(self._kept) > KEPT_MODELS:
                self._kept.popitem(last=False)
                gc.unfreeze()
        else:
            self._kept.move_to_end(recipe.key)
            check_fresh(fresh, warm.model)
            warm.restart(fresh)
            del fresh
            gc.collect()  # models are full of cycles, and hold their weights until somebody looks
        owned = plain or "learning_rate" in spec.params
        self._blueprint.set_runtime(warm.model, recipe, learning_rate=owned)
        inference = self._measure_inference(spec, warm.model)
        _seed_dropout(warm.model, spec.seeds.dropout)  # last: a layer may draw at inference too
        facts = ModelFacts(
            parameters=warm.model.count_params(),
            macs=count_macs(warm.model),
            build_seconds=time.perf_counter() - began,
            warm=is_warm,
            inference_seconds=inference,
        )
        return Course(spec, recipe, warm, facts, owned)

    def _measure_inference(self, spec: TrialSpec, model: keras.Model) -> float | None:
        asked = spec.phase == "cost_probe" or "inference_seconds" in self._config.objective.measures
        return measure_inference(model, self._examples.x_validation) if asked else None

    def _remember_best(self, course: Course, metrics: dict[str, float]) -> None:
        objective = self._config.objective
        value = metrics.get(objective.metric)
        if objective.at != "best" or value is None:
            return
        if better(value, course.best_value, direction=objective.direction):
            course.best_value, course.best_weights = value, course.warm.model.get_weights()

    def _expect(self, number: int) -> Course:
        if self._course is None or self._course.spec.number != number:
            raise RuntimeError(f"trial {number} is not in training here; begin it with epoch 0")
        return self._course


def _keep_for_good() -> None:
    """Have Python's collector pass over all that is there now: it finds a dead model in 5 ms then, not in 200."""
    gc.collect()
    gc.freeze()


def _begin_anew(seed: int) -> None:
    """Seed all that a build function may draw from: Python, NumPy, Keras, PyTorch; not TensorFlow's own operations.

    Their seed would have TensorFlow forget every function it holds, and keep the memory: each warm trial would pay for
    the graphs again.
    """
    with contextlib.ExitStack() as stack:
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            stack.enter_context(mock.patch.object(tf.random, "set_seed"))
        keras.utils.set_random_seed(seed)
    # TensorFlow keeps something for every name that a variable has ever had: the same names must come again.
    reset_uids()


def _seed_dropout(model: keras.Model, seed: int) -> None:
    """Start every random stream inside the model from the trial's own seed, each from a different one."""
    streams = [variable for variable in model.variables if variable.path.endswith("seed_generator_state")]
    for stream, state in zip(streams, np.random.SeedSequence(seed).spawn(len(streams)), strict=True):
        stream.assign(state.generate_state(2))
