"""What happened: one frozen type per event, and its one line of JSON.

`events.jsonl` holds these and nothing else. A field may be added with a default; any other change raises `SCHEMA`.
Schema 2 added `resource`, schema 3 `worker_ended` and what is `not_saved`, schema 4 `trial_known` and what the search
tells of budgets, replicates, objectives and constraints, schema 5 `plan_frozen`, `trial_tested` and the `side` of a
trial; older logs are read as they are.
Times are seconds since 1970 in UTC; durations come from a clock that never jumps. A value that is not known, or not
yet measured by any phase, is null: a parameter that does not apply is absent instead.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, with_config

from search_spaces import ParamValue

SCHEMA = 5
BUDGET_MET = "budget met"
EXHAUSTED = "every config tried"
FOR_GOOD = (BUDGET_MET, EXHAUSTED)

Phase: TypeAlias = Literal["search", "random_cohort", "confirm", "swap", "controls", "cost_probe"]
LATER: tuple[Phase, ...] = ("confirm", "swap", "controls", "cost_probe")
"""The phases after the search, in their order: each trains configs that are fixed before it begins."""

State: TypeAlias = Literal["complete", "pruned", "failed"]
Unit: TypeAlias = Literal["trials", "seconds"]
Direction: TypeAlias = Literal["maximize", "minimize"]


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """One seed per source of randomness, each a whole number below 2**31."""

    init: int
    order: int
    dropout: int
    augment: int
    split: int


@dataclass(frozen=True, kw_only=True)
class Event:
    """Anything that happened, at `time` (seconds since 1970, UTC)."""

    time: float = field(default_factory=time.time)


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
class WorkerStarted(Event):
    """A warm training process is ready, `seconds` after it was asked for."""

    event: Literal["worker_started"] = "worker_started"
    worker: str
    node: str
    pid: int
    device: str
    backend: str
    versions: dict[str, str]
    deterministic: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class WorkerEnded(Event):
    """A training process that had been ready is no more: it died, was replaced, or was not needed."""

    event: Literal["worker_ended"] = "worker_ended"
    worker: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TrialStarted(Event):
    """One config was chosen: what a trial is, and all that a worker needs to train it.

    The seeds are derived from `seed_index`, in older logs, where it is null, from `order`.

    `sampler_phase`: `given` in the sweep file; of the random `cohort`; `random`; of a `plan` (a grid); `startup` of a
    sampler, which draws at random too; of its `model`. `replicate` counts the trials of its study with the config
    before it. After the search `sampler_phase` is `frozen`, trials of one `pair_id` are compared with each other, and
    in a control, where both may be of one arm, `side` tells them apart.
    """

    event: Literal["trial_started"] = "trial_started"
    number: int
    phase: Phase = "search"
    study: str
    arm: ParamValue | None
    order: int
    params: dict[str, ParamValue]
    config_hash: str
    shared_hash: str
    sampler_phase: str
    epochs: int
    seeds: Seeds
    pair_id: str | None = None
    replicate: int = 0
    seed_index: int | None = None
    side: Literal["a", "b"] | None = None


TrialSpec: TypeAlias = TrialStarted


@dataclass(frozen=True, kw_only=True)
class AttemptStarted(Event):
    """A worker began the trial, `wait_seconds` after it became idle, with `concurrency` trials training by then.

    It begins with `epoch`, from the trial's checkpoint if that is not 0: what an earlier attempt trained from there on
    is forgotten.
    """

    event: Literal["attempt_started"] = "attempt_started"
    number: int
    attempt: int
    worker: str
    wait_seconds: float
    concurrency: int
    epoch: int = 0


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """The network of one trial, counted when its worker got it ready.

    `macs` counts multiply-accumulates of one example's forward pass in layers with a kernel (null where unknown).
    `inference_seconds` are those of one example's forward pass in a full batch (null where the sweep does not ask).
    """

    parameters: int
    macs: int | None
    build_seconds: float
    warm: bool
    inference_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class EpochEnded(Event):
    """The epoch report: `metrics` by Keras' names, after `step` optimizer steps of the trial.

    `seconds` covers training and validation; on the `is_first` epoch of an attempt tracing too, where the model is
    cold. `memory_bytes` is the peak resident memory of the worker's process so far.
    """

    event: Literal["epoch_ended"] = "epoch_ended"
    number: int
    attempt: int
    worker: str
    epoch: int
    step: int
    metrics: dict[str, float]
    seconds: float
    is_first: bool
    traces: int
    memory_bytes: int
    model: ModelFacts | None = None


@dataclass(frozen=True, kw_only=True)
class TrialFailed(Event):
    """The trial raised on its worker, which lives on, `seconds` into the epoch that was not to be."""

    event: Literal["trial_failed"] = "trial_failed"
    number: int
    attempt: int
    worker: str
    error: str
    message: str
    traceback: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AttemptLost(Event):
    """The worker was lost with the trial, or ended because of it, `seconds` after its last epoch: an attempt is spent.

    The trial goes on elsewhere if `retry`; it does not where it was the trial that took too long.
    """

    event: Literal["attempt_lost"] = "attempt_lost"
    number: int
    attempt: int
    worker: str
    reason: str
    retry: bool = True
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrialTested(Event):
    """A trial's model, with the weights that count, was shown the test set: `metrics` by Keras' names without `val_`.

    `nll` (negative log likelihood, in nats), `brier` (squared distance to the one-hot label, from 0 to 2) and `ece`
    (expected calibration error, 15 bins) are means over `examples`, null where the model gives no class probabilities.
    A trial of the search is tested from its kept weights, by no worker, once the plan is frozen: `attempt` is 0.
    """

    event: Literal["trial_tested"] = "trial_tested"
    number: int
    attempt: int
    worker: str
    metrics: dict[str, float]
    examples: int
    seconds: float
    nll: float | None = None
    brier: float | None = None
    ece: float | None = None


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
class TrialEnded(Event):
    """The trial's result. `value` follows the sweep's objective; `best_*` and `last` are kept whatever it says.

    `also` holds the objectives beside it, `constraints` how far each bounded metric lies outside (at most 0 inside);
    both lack what was not measured.

    `test` (the objective's metric on the test set), `nll`, `brier` and `ece` are null but in the confirm phase.
    """

    event: Literal["trial_ended"] = "trial_ended"
    number: int
    attempt: int
    state: State
    value: float | None
    epochs: int
    step: int
    last: dict[str, float]
    best_value: float | None
    best_epoch: int | None
    prune_step: int | None = None
    early_stop_epoch: int | None = None
    reason: str | None = None
    test: float | None = None
    nll: float | None = None
    brier: float | None = None
    ece: float | None = None
    also: dict[str, float] = field(default_factory=dict)
    constraints: dict[str, float] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """Whether no bound is broken."""
        return all(excess <= 0 for excess in self.constraints.values())


@dataclass(frozen=True, kw_only=True)
class ArtifactWritten(Event):
    """A file below the run directory's `artifacts/`, with its sha256; `epochs` trained by then.

    A checkpoint's file goes when a later one has come, or its trial has ended.
    """

    event: Literal["artifact_written"] = "artifact_written"
    number: int | None
    kind: str
    path: str
    digest: str
    bytes: int
    epochs: int | None = None


@dataclass(frozen=True, kw_only=True)
class ResourceEvent(Event):
    """Something ran short, and this is what was done about it."""

    event: Literal["resource"] = "resource"
    kind: Literal["checkpoint_cap", "not_saved", "out_of_memory", "recycled", "workers_pending"]
    number: int | None
    worker: str | None
    detail: str


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


def worker_seconds(event: EpochEnded | TrialTested | TrialFailed | AttemptLost) -> float:
    """What the event took its worker, with the model's making before a trial's first epoch."""
    if isinstance(event, EpochEnded):
        return event.seconds + (event.model.build_seconds if event.model else 0.0)
    return event.seconds


AnyEvent: TypeAlias = Annotated[
    SweepStarted
    | StudyCreated
    | TrialKnown
    | DriverStarted
    | WorkerStarted
    | WorkerEnded
    | TrialStarted
    | AttemptStarted
    | EpochEnded
    | TrialFailed
    | AttemptLost
    | TrialTested
    | PlanFrozen
    | TrialEnded
    | ArtifactWritten
    | ResourceEvent
    | Audited
    | SweepEnded,
    Field(discriminator="event"),
]
WorkerEvent: TypeAlias = WorkerStarted | EpochEnded | TrialTested | TrialFailed | AttemptLost
