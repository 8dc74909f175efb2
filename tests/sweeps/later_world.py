"""What the phases after a search are tested with: a search that has ended, and one worker for a phase."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from search_spaces import ParamValue
from sweeps.attempts import Assignment
from sweeps.codec import config_hash, from_line, to_line
from sweeps.config import SweepConfig
from sweeps.history import History
from sweeps.phases import FixedPlan
from sweeps.phases.plan import Frozen
from sweeps.records import (
    AnyEvent,
    ArtifactWritten,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    State,
    SweepStarted,
    TrialEnded,
    TrialFailed,
    TrialSpec,
    TrialStarted,
    TrialTested,
)
from sweeps.runlog import RunDirectory
from sweeps.seeds import derive, trial_seeds
from tests.sweeps import search_world

PARAMS: dict[str, dict[str, ParamValue]] = {
    "capsule": {"pooling": "capsule", "pool_size": 2, "steps": 3, "learning_rate": 0.001},
    "max": {"pooling": "max", "pool_size": 3, "learning_rate": 0.002},
}
CHAMPIONS = [
    Frozen(arm, 0, config_hash(params), params, (number,), 0.9) for number, (arm, params) in enumerate(PARAMS.items())
]


def make_config(**changes: Any) -> SweepConfig:
    """The small search with six seeds of confirm; `confirm__seeds=7` replaces one key of a section."""
    return search_world.make_config(**{"confirm": {"seeds": 6}, **changes})


@dataclass
class Searched:
    """A run whose search is told trial by trial."""

    config: SweepConfig
    history: History = field(default_factory=lambda: History(RunDirectory(Path("nowhere"))))

    def __post_init__(self) -> None:
        blank: dict[str, Any] = dict.fromkeys(("sweep", "name", "config_digest"), "")
        blank |= {"config": self.config.model_dump(mode="json"), "data": {}, "versions": {}}
        self.history.fold(SweepStarted(commit=None, dirty=None, **blank))

    def trial(
        self,
        arm: str,
        value: float | None,
        *,
        size: int = 2,
        state: State | None = "complete",
        excess: float = 0.0,
        kept: bool = False,
    ) -> int:
        """One more trial, which still runs if it has no state; its number."""
        params = {**PARAMS[arm], "pool_size": size}
        number = len(self.history.trials)
        spec = TrialStarted(
            number=number,
            study=f"s/{arm}",
            arm=arm,
            order=number,
            params=params,
            config_hash=config_hash(params),
            shared_hash="",
            sampler_phase="random",
            epochs=4,
            seeds=trial_seeds(0, "search", number, split=0),
            seed_index=number,
        )
        self.history.fold(spec)
        if state is None:
            return number
        lost = AttemptLost(number=number, attempt=1, worker="w", reason="gone", seconds=1.5)
        ended = TrialEnded(
            time=1000.0 - number,
            number=number,
            attempt=1,
            state=state,
            value=value,
            epochs=4,
            step=8,
            last={},
            best_value=value,
            best_epoch=None,
            constraints={"macs": excess},
        )
        model = ArtifactWritten(number=number, kind="model", path="", digest="", bytes=1)
        for event in (lost, *([model] if kept else []), ended):
            self.history.fold(event)
        return number


@dataclass(frozen=True)
class Fate:
    """What happens to a trial at an epoch (`epoch` 99: at its test), the first `times` that it comes there."""

    kind: str
    epoch: int
    times: int = 99


@dataclass
class PhaseWorld:
    """One worker and a log; what a trial comes to depends on its seeds and its fate alone."""

    fates: Mapping[int, Fate] = field(default_factory=dict)
    log: list[AnyEvent] = field(default_factory=list)
    checkpoints: dict[int, int] = field(default_factory=dict)

    def drive(self, source: FixedPlan) -> None:
        while (work := source.ask()) is not None:
            if work.is_new:
                self.log.append(work.spec)
            self.log.append(
                AttemptStarted(
                    number=work.spec.number,
                    attempt=work.attempt,
                    worker="w",
                    wait_seconds=0.0,
                    concurrency=1,
                    epoch=work.epoch,
                )
            )
            self._train(source, work)

    def _train(self, source: FixedPlan, work: Assignment) -> None:
        for epoch in range(work.epoch, work.spec.epochs):
            event = self._fated(work, epoch) or epoch_of(work.spec, epoch, attempt=work.attempt)
            if self._tell(source, event) or not isinstance(event, EpochEnded):
                return
            if source.wants_test(event):
                tested = self._fated(work, 99) or shown_of(work.spec, attempt=work.attempt)
                assert self._tell(source, tested) or not isinstance(tested, TrialTested)
                return
            if source.wants_checkpoint(event, stopping=False):
                self._keep(source, event)
        raise AssertionError(f"trial {work.spec.number} has not ended after its last epoch")

    def _tell(self, source: FixedPlan, event: EpochEnded | TrialTested | TrialFailed | AttemptLost) -> bool:
        """Log and report an event; whether the trial is over."""
        assert source.expects(event)
        result = source.observe(event)
        self.log += [event] if result is None else [event, result]
        if not isinstance(result, TrialEnded):
            return False
        self.checkpoints.pop(event.number, None)
        return True

    def _keep(self, source: FixedPlan, event: EpochEnded) -> None:
        number, epochs = event.number, event.epoch + 1
        self.log.append(ArtifactWritten(number=number, kind="checkpoint", path="", digest="", bytes=1, epochs=epochs))
        self.checkpoints[number] = epochs
        source.note_checkpoint(number, epochs)

    def _fated(self, work: Assignment, epoch: int) -> EpochEnded | TrialFailed | AttemptLost | None:
        fate, number, attempt = self.fates.get(work.spec.number), work.spec.number, work.attempt
        before = sum(event.number == number for event in self.of(AttemptLost) + self.of(TrialFailed))
        if fate is None or fate.epoch != epoch or before >= fate.times:
            return None
        if fate.kind == "lost":
            return AttemptLost(number=number, attempt=attempt, worker="w", reason="gone")
        if fate.kind == "slow":
            return AttemptLost(number=number, attempt=attempt, worker="w", reason="too long", retry=False)
        if fate.kind == "raise":
            return TrialFailed(number=number, attempt=attempt, worker="w", error="E", message="m", traceback="")
        if fate.kind == "memory":
            return TrialFailed(
                number=number, attempt=attempt, worker="w", error="MemoryError", message="", traceback=""
            )
        found = epoch_of(work.spec, epoch, attempt=attempt)
        if fate.kind == "nan":
            return replace(found, metrics={**found.metrics, "val_accuracy": math.nan})
        assert fate.kind == "missing"
        return replace(found, metrics={"loss": 1.0})

    def cut(self, length: int) -> PhaseWorld:
        """The world after a crash, as the log tells it."""
        log = [from_line(to_line(event)) for event in self.log[:length]]
        ended = {event.number for event in log if isinstance(event, TrialEnded)}
        checkpoints = {
            event.number: event.epochs
            for event in log
            if isinstance(event, ArtifactWritten) and event.number not in ended
        }
        return PhaseWorld(self.fates, log, checkpoints)  # type: ignore[arg-type]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.log if isinstance(event, kind)]

    def results(self) -> dict[int, str]:
        """All that is known of each trial but for times and attempts; as text, where NaN equals NaN."""
        ended = {event.number: event for event in self.of(TrialEnded)}
        return {
            spec.number: f"{replace(spec, time=0)} {replace(ended[spec.number], time=0, attempt=0)}"
            for spec in self.of(TrialStarted)
        }


def epoch_of(spec: TrialSpec, epoch: int, *, attempt: int = 1) -> EpochEnded:
    """Another value for every seed, best at the second epoch."""
    luck = derive(spec.seeds.init) / 2**31
    return search_world.epoch_of(spec, epoch, luck - 0.1 * abs(epoch - 1), attempt=attempt)


def shown_of(spec: TrialSpec, *, attempt: int) -> TrialTested:
    metrics = {"accuracy": derive(spec.seeds.init, "test") / 2**31, "loss": 0.5}
    return TrialTested(
        number=spec.number,
        attempt=attempt,
        worker="w",
        metrics=metrics,
        examples=10,
        seconds=0.1,
        nll=0.3,
        brier=0.2,
        ece=0.1,
    )


def by_pair(specs: Sequence[TrialSpec]) -> dict[str, list[TrialSpec]]:
    pairs: dict[str, list[TrialSpec]] = {}
    for spec in specs:
        pairs.setdefault(spec.pair_id or "", []).append(spec)
    return pairs
