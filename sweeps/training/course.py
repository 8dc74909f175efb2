"""A trial in training: its warm model, how far it has come, and the same as bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from sweeps.records import ModelFacts, TrialSpec
from sweeps.training.epochs import Epochs
from sweeps.training.models import Recipe


@dataclass
class WarmModel:
    """A compiled model, what trains it, how its optimizer starts out, and how often its graph was traced."""

    model: keras.Model
    epochs: Epochs
    optimizer_start: list[Any]
    traces: int = 0

    @classmethod
    def of(cls, model: keras.Model, epochs: Epochs) -> WarmModel:
        """Keep a freshly built model, and count every trace of its loss from here on."""
        model.optimizer.build(model.trainable_variables)
        start = [keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
        warm = cls(model, epochs, start)
        compute_loss = model.compute_loss

        def counted(*args: Any, **kwargs: Any) -> Any:
            warm.traces += 1
            return compute_loss(*args, **kwargs)

        model.compute_loss = counted
        return warm

    def restart(self, fresh: keras.Model) -> None:
        """Take over every weight and seed of a fresh model, and forget what the optimizer learned."""
        for variable, value in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(value)
        self.forget()

    def forget(self) -> None:
        """Put the optimizer where it started out."""
        for variable, value in zip(self.model.optimizer.variables, self.optimizer_start, strict=True):
            variable.assign(value)


@dataclass
class Course:
    """The trial that is being trained; `owns_rate` says whether the sweep sets its learning rate."""

    spec: TrialSpec
    recipe: Recipe
    warm: WarmModel
    facts: ModelFacts
    owns_rate: bool
    epochs: int = 0
    best_value: float | None = None
    best_weights: list[Any] = field(default_factory=list)


def follow_schedule(course: Course) -> None:
    """Set the learning rate of the epoch that comes; it depends on the trial and the epoch alone.

    A checkpoint holds what the optimizer has after an epoch, so a trial that goes on from one comes through here too.
    """
    schedule, epoch, epochs = course.recipe.training.schedule, course.epochs, course.spec.epochs
    if schedule.name == "constant" or not course.owns_rate:
        return
    if schedule.fresh_optimizer and epoch and schedule.step(epoch, epochs) != schedule.step(epoch - 1, epochs):
        course.warm.forget()
    rate = course.recipe.training.learning_rate * schedule.factor(epoch, epochs)
    course.warm.model.optimizer.learning_rate = rate


def snapshot(course: Course) -> bytes:
    """All that changes while a trial is trained: weights, random streams, the optimizer, the best weights so far.

    The order of the examples needs no place in it: it follows from the trial's seed and the epoch.
    """
    file = io.BytesIO()
    parts = {f"state-{place}": _to_numpy(each) for place, each in enumerate(_state(course))}
    best = {f"best-{place}": _native(each) for place, each in enumerate(course.best_weights)}
    value = np.nan if course.best_value is None else course.best_value
    np.savez(file, epochs=course.epochs, best_value=value, **parts, **best)
    return file.getvalue()


def restore(course: Course, checkpoint: bytes) -> None:
    """Put a trial where it was when the checkpoint was taken.

    Args:
        course: The same trial, just begun.
        checkpoint: From `snapshot`, on this worker or another.
    """
    with np.load(io.BytesIO(checkpoint), allow_pickle=False) as parts:
        for place, variable in enumerate(_state(course)):
            variable.assign(parts[f"state-{place}"])
        course.epochs = int(parts["epochs"])
        value = float(parts["best_value"])
        course.best_value = None if np.isnan(value) else value
        weights = sum(name.startswith("best-") for name in parts.files)
        course.best_weights = [parts[f"best-{place}"] for place in range(weights)]


def _state(course: Course) -> Iterable[Any]:
    model = course.warm.model
    return [*model.variables, *model.optimizer.variables]


def _to_numpy(variable: Any) -> Any:
    return _native(keras.ops.convert_to_numpy(variable))


def _native(array: Any) -> Any:
    """As a type that NumPy's files know: a bfloat16 is a float32 without loss."""
    return array.astype(np.float32) if array.dtype.kind == "V" else array
