"""Logs for the mirror's tests, and what a database should hold of them, read off the events themselves."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from sqlalchemy import MetaData, create_engine, text

from search_spaces import SearchSpace
from sweeps.codec import to_line
from sweeps.records import (
    AnyEvent,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    StudyCreated,
    SweepEnded,
    SweepStarted,
    TrialEnded,
    TrialStarted,
)
from sweeps.search import Search
from sweeps.search.mirror import Mirror
from tests.sweeps.search_world import Fate, World, epoch_of, make_config

SWEEP = "0123456789ab"
FATES = {1: Fate("nan", 2), 2: Fate("lost", 3, times=2), 3: Fate("raise", 1), 4: Fate("missing", 0), 6: Fate("slow", 2)}
SEVERAL: dict[str, Any] = {
    "objective__also": ["parameters", {"metric": "loss", "direction": "minimize"}],
    "objective__constraints": {"parameters": {"at_most": 500}, "train_seconds": {"at_most": 100.0}},
}
_STATES = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}


def sweep_of(*, sweep: str = SWEEP, **changes: Any) -> tuple[Search, list[AnyEvent]]:
    """A whole sweep without workers, with the search that chose its trials, and its log."""
    config = make_config(**{"search__trials": 8, "search__epochs": 6, **changes})
    search, world = Search(config), World(FATES)
    world.drive(search)
    header = SweepStarted(
        sweep=sweep,
        name="s",
        config=config.model_dump(mode="json"),
        config_digest="",
        data={},
        commit=None,
        dirty=None,
        versions={},
    )
    events = [header, *search.studies(), *world.log, SweepEnded(reason="budget met")]
    # No two events at one time, and none of them now; every trial another replicate of its config.
    events = [replace(event, time=1.7e9 + 0.37 * place) for place, event in enumerate(events)]
    return search, [replace(e, replicate=e.number) if isinstance(e, TrialStarted) else e for e in events]


def lost_trial() -> list[AnyEvent]:
    """A trial whose second attempt tells other values than its first, and comes less far before it fails."""
    _, events = sweep_of()
    spec = next(event for event in events if isinstance(event, TrialStarted))
    head = [event for event in events if isinstance(event, SweepStarted | StudyCreated)]

    def attempt(number: int, *values: float, epoch: int = 0) -> list[AnyEvent]:
        begun = AttemptStarted(
            number=0, attempt=number, worker="w", wait_seconds=0.0, concurrency=1, epoch=epoch, time=1.7e9
        )
        course = [epoch_of(spec, epoch + place, value, attempt=number) for place, value in enumerate(values)]
        return [begun, *course]

    ended = TrialEnded(
        number=0,
        attempt=3,
        state="failed",
        value=0.2,
        epochs=2,
        step=4,
        last={},
        best_value=0.6,
        best_epoch=1,
        reason="too long",
        time=1.7e9 + 9,
    )
    lost = AttemptLost(number=0, attempt=1, worker="w", reason="gone")
    return [
        *head,
        spec,
        *attempt(1, 0.1, 0.2, 0.3, 0.4),
        lost,
        *attempt(2, 0.6, math.nan, 0.5, epoch=1),
        replace(lost, attempt=2),
        *attempt(3, 0.7, epoch=1),
        ended,
        SweepEnded(reason="budget met"),
    ]


def write_log(path: Path, events: Sequence[AnyEvent]) -> Path:
    """A run directory with this log."""
    path.mkdir(exist_ok=True)
    (path / "events.jsonl").write_bytes(b"".join(map(to_line, events)))
    return path


def mirrored(path: Path, url: str) -> int:
    """Mirror a run as it stands; how many trials were written."""
    with contextlib.closing(Mirror(path, url)) as mirror:
        return mirror.write()


def expected(events: Sequence[AnyEvent], *, sweep: str = SWEEP) -> dict[str, list[dict[str, object]]]:
    """Every trial of every study, as it follows from the events read one by one."""
    header = next(event for event in events if isinstance(event, SweepStarted))
    objective: dict[str, Any] = header.config["objective"]  # type: ignore[assignment]
    metric = objective["metric"]
    spaces = {e.study: SearchSpace.from_mapping(e.space) for e in events if isinstance(e, StudyCreated)}
    trials: dict[int, dict[str, Any]] = {}
    for event in events:
        match event:
            case TrialStarted():
                trials[event.number] = _begun(event, spaces[event.study])
            case AttemptStarted():
                course = trials[event.number]["course"]
                trials[event.number]["course"] = {e: value for e, value in course.items() if e < event.epoch}
            case EpochEnded() if math.isfinite(event.metrics.get(metric, math.nan)):
                trials[event.number]["course"][event.epoch] = event.metrics[metric]
            case TrialEnded():
                trials[event.number] |= _ended(event, objectives=1 + len(objective["also"]))
                if event.reason:
                    trials[event.number]["notes"]["capsweep:reason"] = event.reason
    names = {study: f"{study} ({sweep[:8]})" for study in spaces}
    return {
        name: [_public(trial) for trial in trials.values() if trial["study"] == study] for study, name in names.items()
    }


def _begun(spec: TrialStarted, space: SearchSpace) -> dict[str, Any]:
    return {
        "study": spec.study,
        "number": spec.order,
        "params": spec.params,
        "scales": {name: space.parameters[name].domain.to_mapping() for name in spec.params},
        "state": "RUNNING",
        "values": None,
        "course": {},
        "constraints": {},
        "began": datetime.fromtimestamp(spec.time),
        "ended": None,
        "notes": {
            "capsweep:trial": spec.number,
            "capsweep:config": spec.config_hash,
            "capsweep:seeds": asdict(spec.seeds),
            "capsweep:sampler_phase": spec.sampler_phase,
            "capsweep:replicate": spec.replicate,
        },
    }


def _ended(event: TrialEnded, *, objectives: int) -> dict[str, Any]:
    values = [event.value, *event.also.values()]
    # A trial that was pruned lacks the metrics of an epoch that it never came to.
    has_values = event.state == "complete" or (event.state == "pruned" and len(values) == objectives)
    return {
        "state": _STATES[event.state],
        "values": values if has_values else None,
        "constraints": event.constraints,
        "ended": datetime.fromtimestamp(event.time),
    }


def _public(trial: dict[str, Any]) -> dict[str, object]:
    return {key: value for key, value in trial.items() if key != "study"}


def held(url: str) -> dict[str, list[dict[str, object]]]:
    """The same, as Optuna reads it from the database."""
    return {study.study_name: [_read(trial) for trial in study.get_trials()] for study in studies(url)}


def studies(url: str) -> list[optuna.Study]:
    """Every study in a database, whose trials are in memory."""
    storage, copies = optuna.storages.RDBStorage(url), optuna.storages.InMemoryStorage()
    try:
        for name in optuna.get_all_study_names(storage):
            optuna.copy_study(from_study_name=name, from_storage=storage, to_storage=copies)
    finally:
        storage.remove_session()
        storage.engine.dispose()
    return [optuna.load_study(study_name=name, storage=copies) for name in optuna.get_all_study_names(copies)]


def _read(trial: FrozenTrial) -> dict[str, object]:
    return {
        "number": trial.number,
        "params": trial.params,
        "scales": {name: _scale(distribution) for name, distribution in trial.distributions.items()},
        "state": trial.state.name,
        "values": trial.values,
        "course": trial.intermediate_values,
        "constraints": trial.constraints,
        "began": trial.datetime_start,
        "ended": trial.datetime_complete,
        "notes": trial.user_attrs,
    }


def _scale(distribution: Any) -> object:
    """A distribution as a sweep file has it, but for conditions."""
    if isinstance(distribution, optuna.distributions.CategoricalDistribution):
        return list(distribution.choices)
    kind = {"IntDistribution": "int", "FloatDistribution": "float"}[type(distribution).__name__]
    return {kind: [distribution.low, distribution.high]} | ({"log": True} if distribution.log else {})


def tables(url: str) -> dict[str, list[str]]:
    """Every row of every table of a database, as text."""
    engine = create_engine(url)
    try:
        known = MetaData()
        known.reflect(engine)
        with engine.connect() as connection:
            return {
                name: sorted(json.dumps(list(map(str, row))) for row in connection.execute(table.select()))
                for name, table in known.tables.items()
            }
    finally:
        engine.dispose()


def execute(url: str, *statements: str) -> None:
    """Do something to a database that no mirror would."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()
