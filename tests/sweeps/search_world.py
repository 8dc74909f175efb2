"""A search without workers: what a trial comes to depends on its params and its fate alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from search_spaces import ParamValue
from sweeps.attempts import Assignment
from sweeps.codec import config_hash, from_line, to_line
from sweeps.config import SweepConfig
from sweeps.records import (
    AnyEvent,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ModelFacts,
    TrialEnded,
    TrialFailed,
    TrialSpec,
    TrialStarted,
)
from sweeps.search import Search
from sweeps.search.arm import Arm

SPACE = {
    "pooling": ["capsule", "max"],
    "pool_size": {"int": [2, 4]},
    "steps": {"int": [1, 3], "when": {"pooling": "capsule"}},
    "learning_rate": {"float": [1.0e-4, 1.0e-2], "log": True},
}
TPE = {"name": "tpe", "startup_trials": 2, "candidates": 4}
MEDIAN = {"name": "median", "startup_trials": 2, "warmup_steps": 4}


def make_config(**changes: Any) -> SweepConfig:
    """Two arms of five trials of four epochs, two steps each; keys with a dot replace one key of a section."""
    document: dict[str, Any] = {
        "name": "s",
        "dataset": {"train": 64, "validation": 8},
        "training": {"batch_size": 32},
        "space": SPACE,
        "compare": "pooling",
        "search": {"trials": 5, "epochs": 4, "sampler": TPE, "pruner": MEDIAN},
        "objective": {"metric": "val_accuracy", "direction": "maximize", "at": "last"},
    }
    for path, value in changes.items():
        section, _, key = path.partition("__")
        document[section] = {**document.get(section, {}), key: value} if key else value
    return SweepConfig.from_mapping(document, source="test")


def epoch_of(spec: TrialSpec, epoch: int, value: float, *, attempt: int = 1, **metrics: float) -> EpochEnded:
    return EpochEnded(
        number=spec.number,
        attempt=attempt,
        worker="w",
        epoch=epoch,
        step=2 * (epoch + 1),
        metrics={"loss": 1.0, "val_accuracy": value, **metrics},
        seconds=1.0,
        is_first=epoch == 0,
        traces=0,
        memory_bytes=1,
        model=facts_of(spec) if epoch == 0 else None,
    )


def facts_of(spec: TrialSpec) -> ModelFacts:
    """A network whose size follows from its params."""
    size = int(quality(spec.params) * 1000)
    return ModelFacts(parameters=size, macs=None, build_seconds=0.5, warm=False)


def ask(search: Search) -> Assignment:
    work = search.ask()
    assert work is not None
    return work


def train(search: Search, *values: float) -> TrialEnded:
    """Ask for a trial and report these values until it ends."""
    spec = ask(search).spec
    for epoch, value in enumerate(values):
        result = search.observe(epoch_of(spec, epoch, value))
        if result is not None:
            return result
    raise AssertionError("the trial has not ended")


def lose(search: Search, work: Assignment) -> TrialEnded | None:
    return search.observe(AttemptLost(number=work.spec.number, attempt=work.attempt, worker="w", reason="gone"))


def arms_of(search: Search) -> Mapping[str, Arm]:
    return search._arms


@dataclass(frozen=True)
class Fate:
    """What happens to a trial at an epoch: it raises, its metric is NaN or not there, or its worker is lost."""

    kind: str
    epoch: int
    times: int = 99


@dataclass
class World:
    """One worker and a log; what a trial comes to depends on its params and its fate alone."""

    fates: Mapping[int, Fate]
    log: list[AnyEvent] = field(default_factory=list)

    def drive(self, search: Search) -> None:
        while not search.finished():
            work = ask(search)
            if work.is_new:
                self.log.append(work.spec)
            self.log.append(
                AttemptStarted(
                    number=work.spec.number, attempt=work.attempt, worker="w", wait_seconds=0.0, concurrency=1
                )
            )
            self._train(search, work)

    def _train(self, search: Search, work: Assignment) -> None:
        for epoch in range(work.spec.epochs):
            event = self._happen(work, epoch)
            self.log.append(event)
            result = search.observe(event)
            if result is not None:
                self.log.append(result)
                search.keeps(result)
                return
            if isinstance(event, AttemptLost):
                return
        raise AssertionError(f"trial {work.spec.number} has not ended after its last epoch")

    def _happen(self, work: Assignment, epoch: int) -> EpochEnded | TrialFailed | AttemptLost:
        spec, fate = work.spec, self.fates.get(work.spec.number)
        value = course_of(spec.params, epoch)
        if fate is None or fate.epoch != epoch:
            return epoch_of(spec, epoch, value, attempt=work.attempt)
        if fate.kind == "lost":
            lost = sum(isinstance(event, AttemptLost) and event.number == spec.number for event in self.log)
            if lost < fate.times:
                return AttemptLost(number=spec.number, attempt=work.attempt, worker="w", reason="gone", seconds=0.7)
            return epoch_of(spec, epoch, value, attempt=work.attempt)
        if fate.kind == "slow":
            return AttemptLost(
                number=spec.number, attempt=work.attempt, worker="w", reason="too long", retry=False, seconds=2.0
            )
        if fate.kind == "raise":
            return TrialFailed(
                number=spec.number, attempt=work.attempt, worker="w", error="E", message="m", traceback="", seconds=0.5
            )
        if fate.kind == "nan":
            return epoch_of(spec, epoch, math.nan, attempt=work.attempt)
        return replace(epoch_of(spec, epoch, 0.0, attempt=work.attempt), metrics={"loss": 1.0})

    def cut(self, length: int) -> World:
        """The world after a crash, as the log tells it."""
        return World(self.fates, [from_line(to_line(event)) for event in self.log[:length]])

    def results(self) -> dict[int, str]:
        """All that is known of each trial but for times, attempts and reasons; as text, where NaN equals NaN."""
        ended = {event.number: event for event in self.log if isinstance(event, TrialEnded)}
        return {
            spec.number: f"{replace(spec, time=0)} {replace(ended[spec.number], time=0, attempt=0, reason='')}"
            for spec in self.log
            if isinstance(spec, TrialStarted)
        }

    def count(self, kind: type[AnyEvent]) -> Counter[int]:
        return Counter(event.number for event in self.log if isinstance(event, kind))  # type: ignore[union-attr,misc]


def quality(params: Mapping[str, ParamValue]) -> float:
    """Between 0 and 1, another number for every config."""
    return int(config_hash(params), 16) / 16**12


def course_of(params: Mapping[str, ParamValue], epoch: int) -> float:
    """Rises by a hundredth an epoch, and stops to after one to eight of them."""
    return quality(params) + 0.01 * min(epoch, 1 + int(quality(params) * 8))


def studies(search: Search) -> list[tuple[object, ...]]:
    """All that Optuna knows of every trial that must be the same after a replay, the rungs it came to included."""
    return [
        (
            name,
            trial.number,
            trial.params,
            trial.distributions,
            trial.state,
            trial.values,
            trial.constraints,
            trial.intermediate_values,
            {key: value for key, value in trial.system_attrs.items() if key.startswith("completed_rung")},
        )
        for name, arm in arms_of(search).items()
        for trial in (*arm.trials(), *arm.judged_trials())
    ]


def optuna_trials(search: Search) -> list[tuple[object, ...]]:
    return [
        (name, trial.number, trial.params, trial.state, trial.value, trial.intermediate_values)
        for name, arm in arms_of(search).items()
        for trial in arm.trials()
    ]


def resumed(config: SweepConfig, world: World, length: int) -> tuple[Search, World]:
    again, search = world.cut(length), Search(config)
    again.log += search.replay(again.log)
    again.drive(search)
    return search, again
