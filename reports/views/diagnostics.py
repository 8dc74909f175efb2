"""How the sweep itself went, for whoever must mend it; nothing here compares arms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.finite import finite
from reports.placing import DRAWN
from reports.view import View
from reports.views import diagnostics_figures

KEY = "diagnostics"

STATES = ("complete", "pruned", "failed", "running")
_LISTED = 200


@dataclass(frozen=True)
class Span:
    """The last attempt of a trial: which worker had it, by its place in the list, and from when to when in seconds."""

    number: int
    worker: int
    state: str
    start: float
    end: float


@dataclass(frozen=True)
class Timeline:
    """Who trained what and when.

    Attributes:
        workers: In the order of their names.
        spans: At most as many as are drawn, evenly over time.
        trials: How many there are.
        waiting: Trials that no worker has begun.
        seconds: From the first start to the last end.
        busy: Share of the workers' time between that went into last attempts; None without any time.
    """

    workers: list[str]
    spans: list[Span]
    trials: int
    waiting: int
    seconds: float
    busy: float | None


@dataclass(frozen=True)
class Study:
    """The trials of a study in a phase, by state, and who chose and stopped them."""

    phase: str
    study: str
    arm: str
    states: dict[str, int]
    sampler: str
    pruner: str
    startup: int | None
    cohort: int | None
    budget: str


@dataclass(frozen=True)
class Repeat:
    """A config of the search that was run more than once."""

    arm: str
    config: str
    trials: int
    scored: int
    mean: float | None
    sd: float | None


@dataclass(frozen=True)
class Repeats:
    """How many configs of an arm were run so many times, and the most repeated of them."""

    arm: str
    times: list[int]
    configs: list[int]


@dataclass(frozen=True)
class Failure:
    """A reason, of how many trials, of which arms, with the first numbers."""

    reason: str
    count: int
    arms: str
    numbers: str


@dataclass(frozen=True)
class Result:
    """What a sweep spent its workers on, and what went wrong.

    Attributes:
        why: What is missing; empty where a trial was begun.
        timeline: Of all phases.
        studies: Phase by phase.
        repeats: One an arm of the search.
        repeated: Configs that were run more than once, the most often first, at most 200.
        failures: The commonest reason first.
    """

    why: str
    timeline: Timeline
    studies: list[Study]
    repeats: list[Repeats]
    repeated: list[Repeat]
    failures: list[Failure]


def analyse(evidence: Evidence) -> Result:
    """All trials of all phases; repeats of the search alone."""
    trials = evidence.frames.trials.sort_values("number")
    search = trials[trials["phase"] == "search"]
    failed = evidence.frames.failures
    return Result(
        why="" if len(trials) else "No trial has started yet.",
        timeline=_timeline(trials),
        studies=list(_studies(evidence, trials)),
        repeats=[_repeats(str(arm), rows) for arm, rows in search.groupby("arm", sort=False)],
        repeated=list(_repeated(search)),
        failures=[Failure(*row) for row in failed[["reason", "count", "arms", "numbers"]].itertuples(index=False)],
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Timeline, states, then repeats and failures where there are any."""
    yield from diagnostics_figures.views(result, evidence)


def _timeline(trials: pd.DataFrame) -> Timeline:
    begun = trials[trials["worker"].notna() & np.isfinite(trials["started"])]
    workers = sorted(set(begun["worker"]))
    spent = (begun["started"] + begun["seconds"].fillna(0.0))[begun["ended"].isna()]
    last = max((float(column.max()) for column in (begun["ended"], spent) if column.notna().any()), default=0.0)
    ends = begun["ended"].fillna(last).to_numpy(dtype=np.float64)
    starts = begun["started"].to_numpy(dtype=np.float64)
    seconds = last - float(starts.min()) if len(starts) else 0.0
    busy = math.fsum((ends - starts).tolist()) / (seconds * len(workers)) if seconds > 0 else None
    order = np.lexsort((begun["number"].to_numpy(), starts))
    kept = order[np.linspace(0, len(order) - 1, DRAWN).round().astype(int)] if len(order) > DRAWN else order
    places = {worker: place for place, worker in enumerate(workers)}
    columns = (begun[name].to_numpy()[kept].tolist() for name in ("number", "worker", "state"))
    spans = [
        Span(number, places[worker], state, start, end)
        for number, worker, state, start, end in zip(*columns, starts[kept].tolist(), ends[kept].tolist(), strict=True)
    ]
    return Timeline(workers, spans, len(begun), len(trials) - len(begun), seconds, finite(busy))


def _studies(evidence: Evidence, trials: pd.DataFrame) -> Iterator[Study]:
    known = {study["study"]: study for study in evidence.facts.get("studies", ())}
    for (phase, name, arm), rows in trials.groupby(["phase", "study", "arm"], sort=False):
        study = known.get(name, {}) if phase == "search" else {}
        many = rows["state"].value_counts()
        yield Study(
            phase=str(phase),
            study=str(name),
            arm=str(arm),
            states={state: int(many.get(state, 0)) for state in STATES},
            sampler=_settings(study, "sampler"),
            pruner=_settings(study, "pruner"),
            startup=study.get("startup_trials"),
            cohort=study.get("cohort"),
            budget=f"{study['budget']:,g} {study['unit']}" if "budget" in study else "",
        )


def _settings(study: Mapping[str, object], what: str) -> str:
    """`tpe (startup_trials=10)`."""
    settings = study.get(f"{what}_settings")
    given = ", ".join(f"{key}={value}" for key, value in settings.items()) if isinstance(settings, Mapping) else ""
    return f"{study.get(what, '')}{f' ({given})' if given else ''}"


def _repeats(arm: str, rows: pd.DataFrame) -> Repeats:
    times = rows["config_hash"].value_counts().value_counts().sort_index()
    return Repeats(arm, [int(each) for each in times.index], [int(each) for each in times])


def _repeated(search: pd.DataFrame) -> Iterator[Repeat]:
    twice = search[search.duplicated(["arm", "config_hash"], keep=False)]
    values = twice["value"].where((twice["state"] == "complete") & np.isfinite(twice["value"]))
    grouped = (
        twice.assign(scored=values).groupby(["arm", "config_hash"])["scored"].agg(["size", "count", "mean", "std"])
    )
    ordered = grouped.reset_index().sort_values(["size", "arm", "config_hash"], ascending=[False, True, True])
    for arm, config, size, scored, mean, sd in ordered.head(_LISTED).itertuples(index=False):
        yield Repeat(str(arm), str(config), int(size), int(scored), finite(mean), finite(sd))
