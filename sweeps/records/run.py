"""Events of a run as a whole: what was asked, who drives it, what was planned, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict, with_config

from search_spaces import ParamValue
from sweeps.records.basics import SCHEMA, Direction, Event, Phase, Unit


@with_config(ConfigDict(ser_json_inf_nan="strings"))
@dataclass(frozen=True, kw_only=True)
class SweepStarted(Event):
    """The first line: all that must be known to repeat the sweep, or to doubt it."""

    event: Literal["sweep_started"] = "sweep_started"
    schema: int = SCHEMA
    sweep: str
    name: str
    config: dict[str, object]
    config_digest: str
    data: dict[str, object]
    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StudyCreated(Event):
    """One sampler's history: of one arm under `compare`, of the whole space without (`arm` is null).

    `budget` is in `unit`; the first `cohort` trials that are not given are drawn at random; `size` counts the configs
    of a space that has an end. `storage` is null while the study lives in the driver's memory alone.
    """

    event: Literal["study_created"] = "study_created"
    study: str
    phase: Phase = "search"
    arm: ParamValue | None
    budget: int | float
    unit: Unit = "trials"
    cohort: int = 0
    size: int | None = None
    direction: Direction
    sampler: str
    sampler_settings: dict[str, object]
    pruner: str
    pruner_settings: dict[str, object]
    startup_trials: int
    seed: int
    space: dict[str, object]
    space_digest: str
    storage: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrialKnown(Event):
    """A trial of an earlier run (`sweep`) that the sampler of a study knows from the start.

    It is no trial of this run and spends none of its budget. `values` are those of the objectives, in order;
    `seed_index` as of the trial there.
    """

    event: Literal["trial_known"] = "trial_known"
    study: str
    sweep: str
    number: int
    seed_index: int
    params: dict[str, ParamValue]
    state: Literal["complete", "pruned"]
    values: tuple[float, ...]
    course: tuple[float, ...]
    constraints: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DriverStarted(Event):
    """A driver took the run directory: at launch, and again at every resume, with a rising `term`.

    `changes` of the sweep file hold from here on: `section.key` to its new value.
    """

    event: Literal["driver_started"] = "driver_started"
    term: int
    host: str
    pid: int
    cluster: str
    workers: int
    cpus: float
    gpus: float
    kept: int = 0
    rerun: tuple[int, ...] = ()
    changes: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PlanFrozen(Event):
    """The analysis plan, before anything after the search is trained: what will be claimed, from what, by which rule.

    A later `revision` holds from there on; the report shows that there was one. `digest` is the plan's sha256.
    """

    event: Literal["plan_frozen"] = "plan_frozen"
    revision: int
    plan: dict[str, object]
    digest: str


@dataclass(frozen=True, kw_only=True)
class Audited(Event):
    """Something that may bend a conclusion: a read of test metrics, an export, a change of plan.

    It is noted before it is done, so that none is done without a note; one that failed then is noted too.
    """

    event: Literal["audited"] = "audited"
    action: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class SweepEnded(Event):
    """The driver ended in good order: for good for a reason `FOR_GOOD`, otherwise told to stop, and may go on.

    `shares` of the workers' time so far: `train`, `trace`, `start`, `wait`, `report`; together 1.
    """

    event: Literal["sweep_ended"] = "sweep_ended"
    reason: str
    shares: dict[str, float] | None = None
