"""A run that was never trained, of any size: its log is written by the records' own code, its values by a formula.

Three arms with planted effects, every phase after the search, predictions of the confirmed replicates.
"""

from __future__ import annotations

import hashlib
import io
import math
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sweeps.codec import config_hash, digest, to_line
from sweeps.config import SweepConfig
from sweeps.history import read_run
from sweeps.phases import champions_of, plan_due
from sweeps.phases.specs import confirm_specs, control_specs, cost_specs, swap_specs
from sweeps.records import (
    AnyEvent,
    ArtifactWritten,
    AttemptStarted,
    Audited,
    DriverStarted,
    EpochEnded,
    ModelFacts,
    StudyCreated,
    SweepEnded,
    SweepStarted,
    TrialEnded,
    TrialSpec,
    TrialStarted,
    TrialTested,
    WorkerStarted,
)
from sweeps.runlog import RunDirectory
from sweeps.search import Search
from sweeps.seeds import derive, trial_seeds
from sweeps.sharing import shared_params

EPOCHS, EXAMPLES, WORKERS, BEGIN = 6, 10_000, 64, 1_700_000_000.0
EFFECT = {"capsule": 0.003, "max": 0.0, "average": -0.004}
TAME = {arm: arm for arm in EFFECT}


def sweep(trials: int, names: Mapping[str, str] = TAME) -> SweepConfig:
    """The sweep that was never run: three arms, every phase."""
    return SweepConfig.from_mapping(
        {
            "name": "made",
            "space": {
                "pooling": [names[arm] for arm in EFFECT],
                "pool_size": {"int": [2, 4]},
                "routing_steps": {"int": [2, 5], "when": {"pooling": names["capsule"]}},
                "temperature": {"float": [0.1, 10.0], "log": True, "when": {"pooling": names["capsule"]}},
                "learning_rate": {"float": [1e-4, 1e-2], "log": True},
            },
            "dataset": {"train": 50_000, "validation": 10_000},
            "compare": "pooling",
            "search": {"trials": -(-trials // 3), "epochs": EPOCHS, "cohort": min(30, -(-trials // 3))},
            "confirm": {"seeds": 20, "baseline": names["max"], "shifts": {"translate": [2], "rotate": [15]}},
            "swap": {"settings": 24, "seeds": 2},
            "controls": {
                "pairs": 10,
                "sources": 5,
                "same": [
                    [
                        {"pooling": names["capsule"], "routing_steps": 1, "temperature": 1.0},
                        {"pooling": names["average"]},
                    ]
                ],
            },
            "cost_probe": 3,
        },
        source="benchmark",
    )


class Maker:
    """Writes the events of one run.

    Args:
        config: The sweep.
        directory: Where the log goes.
        names: Of the arms, by those of `EFFECT`.
    """

    def __init__(self, config: SweepConfig, directory: RunDirectory, names: Mapping[str, str]) -> None:
        self.config, self.directory = config, directory
        self._arms = {name: arm for arm, name in names.items()}
        self._random, self._time, self._number = random.Random(0), BEGIN, 0
        directory.artifacts.mkdir(parents=True)

    def write(self) -> None:
        """The search, then all that comes after it."""
        with self.directory.events.open("wb") as log:
            for event in (*self._header(), *self._search()):
                log.write(to_line(event))
        history = read_run(self.directory.path)
        plan = plan_due(self.config, history)
        assert plan is not None
        champions = champions_of(plan)
        with self.directory.events.open("ab") as log:
            log.write(to_line(_at(plan, self._tick())))
            log.write(to_line(Audited(time=self._tick(), action="test set opened", detail="made")))
            for make in (confirm_specs, swap_specs, control_specs, cost_specs):
                for spec in make(self.config, champions):
                    for event in self._trial(spec):
                        log.write(to_line(event))
            log.write(to_line(SweepEnded(time=self._tick(), reason="budget met")))

    def _header(self) -> Iterator[AnyEvent]:
        document: dict[str, Any] = self.config.model_dump(mode="json")
        data = {
            "name": "mnist", "source": "made", "digest": "d" * 64, "train": 50_000, "validation": 10_000,
            "test": EXAMPLES, "split_seed": 0, "split": "stratified", "classes": 10, "shape": [28, 28],
        }  # fmt: skip
        yield SweepStarted(
            time=BEGIN, sweep="made", name="made", config=document, config_digest=digest(document), data=data,
            commit=None, dirty=None, versions={"python": "3"},
        )  # fmt: skip
        studies: list[StudyCreated] = Search(self.config).studies()
        yield from (_at(study, BEGIN) for study in studies)
        yield DriverStarted(time=BEGIN, term=1, host="h", pid=1, cluster="local", workers=WORKERS, cpus=1.0, gpus=0.0)
        for place in range(WORKERS):
            yield WorkerStarted(
                time=BEGIN, worker=f"worker-{place}", node="n", pid=1, device="cpu", backend="tensorflow",
                versions={"python": "3"}, deterministic=False, seconds=5.0,
            )  # fmt: skip

    def _search(self) -> Iterator[AnyEvent]:
        orders = dict.fromkeys(self.config.arms, 0)
        for index in range(len(orders) * (self.config.search.trials or 0)):
            arm = self.config.arms[index % len(orders)]
            order = orders[arm]
            orders[arm] += 1
            params = self.config.space.fix("pooling", arm).suggest(_Random(self._random))
            yield from self._trial(
                TrialStarted(
                    number=-1, study=self.config.study_of(arm), arm=arm, order=order, params=params,
                    config_hash=config_hash(params), shared_hash=config_hash(shared_params(params, self.config)),
                    sampler_phase="cohort" if order < 30 else "model", epochs=EPOCHS,
                    seeds=trial_seeds(0, "search", order, split=0), seed_index=order,
                )
            )  # fmt: skip

    def _trial(self, spec: TrialSpec) -> Iterator[AnyEvent]:
        number, self._number = self._number, self._number + 1
        worker, luck = f"worker-{number % WORKERS}", self._random.gauss(0.0, 0.001)
        spec = TrialStarted(**{**vars(spec), "number": number, "time": self._tick()})
        yield spec
        yield AttemptStarted(time=self._time, number=number, attempt=1, worker=worker, wait_seconds=0.01, concurrency=8)
        rate = math.log10(float(spec.params["learning_rate"]))
        level = 0.985 - 0.01 * (rate + 3) ** 2 + EFFECT[self._arms[str(spec.arm)]] + luck
        level += self._random.gauss(0.0, 0.0006) if spec.phase != "search" else 0.0
        if str(spec.pair_id).startswith("same:"):  # two names of one network, with the same seeds
            level = 0.98 + derive("same", spec.pair_id) / 2**31 * 0.002
        stops = spec.phase == "search" and spec.order > 5 and level < 0.98 and self._random.random() < 0.7
        last, metrics = (2 if stops else spec.epochs), {}
        for epoch in range(last):
            accuracy = min(1.0, level - 0.05 * math.exp(-epoch))
            metrics = {
                "loss": 1 - accuracy,
                "accuracy": accuracy + 0.002,
                "val_loss": 1 - accuracy,
                "val_accuracy": accuracy,
            }
            yield EpochEnded(
                time=self._tick(), number=number, attempt=1, worker=worker, epoch=epoch, step=390 * (epoch + 1),
                metrics=metrics, seconds=20.0 + 1.5 * (self._arms[str(spec.arm)] == "capsule") + self._random.random(),
                is_first=epoch == 0, traces=0, memory_bytes=10**9,
                model=ModelFacts(
                    parameters=10**6, macs=10**8, build_seconds=0.1, warm=True,
                    inference_seconds=1e-3 if spec.phase == "cost_probe" else None,
                ) if epoch == 0 else None,
            )  # fmt: skip
        state = (
            "pruned" if stops else "failed" if spec.phase == "search" and self._random.random() < 0.002 else "complete"
        )
        test = level if spec.phase == "confirm" else None
        if test is not None:
            yield Audited(time=self._time, action="test set read", detail=f"trial {number}")
            yield self._predictions(number, test)
            yield TrialTested(
                time=self._time, number=number, attempt=1, worker=worker, metrics={"accuracy": test, "loss": 1 - test},
                examples=EXAMPLES, seconds=1.0, nll=4 * (1 - test), brier=1.5 * (1 - test), ece=0.3 * (1 - test),
                shifted=self._shifted(number, test),
            )  # fmt: skip
        value = metrics["val_accuracy"]
        yield TrialEnded(
            time=self._time, number=number, attempt=1, state=state, value=None if state == "failed" else value,
            epochs=last, step=390 * last, last=metrics, best_value=value, best_epoch=last - 1,
            prune_step=390 * last if stops else None, test=test,
            reason="ValueError: made" if state == "failed" else None,
        )  # fmt: skip

    def _shifted(self, number: int, accuracy: float) -> dict[str, dict[str, float]]:
        """On every copy a loss of one to two points of accuracy, by the replicate."""
        names = map(str, self.config.confirm.shifts.each)
        return {name: {"accuracy": accuracy - 0.01 - derive(name, number) / 2**31 * 0.01} for name in names}

    def _predictions(self, number: int, accuracy: float) -> ArtifactWritten:
        rng = np.random.default_rng(derive("predictions", number))
        label = np.arange(EXAMPLES) % 10
        wrong = rng.random(EXAMPLES) > accuracy
        confidence = np.where(wrong, rng.uniform(0.4, 0.9, EXAMPLES), rng.uniform(0.9, 1.0, EXAMPLES))
        file = io.BytesIO()
        np.savez_compressed(
            file,
            label=label.astype(np.uint16),
            predicted=np.where(wrong, (label + 1) % 10, label).astype(np.uint16),
            confidence=confidence.astype(np.float32),
            p_true=np.where(wrong, 1 - confidence, confidence).astype(np.float32),
        )
        payload, path = file.getvalue(), f"artifacts/trial-{number:05d}-predictions.npz"
        (self.directory.path / path).write_bytes(payload)
        return ArtifactWritten(
            time=self._time, number=number, kind="predictions", path=path,
            digest=hashlib.sha256(payload).hexdigest(), bytes=len(payload),
        )  # fmt: skip

    def _tick(self) -> float:
        self._time += 0.3
        return self._time


class _Random:
    """Stands in for a trial of Optuna's."""

    def __init__(self, generator: random.Random) -> None:
        self._random = generator

    def suggest_int(self, name: str, low: int, high: int, **_: Any) -> int:
        return self._random.randint(low, high)

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return math.exp(self._random.uniform(math.log(low), math.log(high))) if log else self._random.uniform(low, high)

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self._random.choice(choices)


def _at(event: Any, when: float) -> Any:
    return type(event)(**{**vars(event), "time": when})


def made_run(trials: int, folder: Path, names: Mapping[str, str] = TAME) -> Path:
    """A run of so many search trials below a folder, its arms under other names if wanted."""
    directory = RunDirectory(folder / f"run-{trials}")
    Maker(sweep(trials, names), directory, names).write()
    return directory.path
