"""What happened: one frozen type per event, and its one line of JSON.

`events.jsonl` holds these and nothing else. A field may be added with a default; any other change raises `SCHEMA`.
Schema 2 added `resource`, schema 3 `worker_ended` and what is `not_saved`, schema 4 `trial_known` and what the search
tells of budgets, replicates, objectives and constraints, schema 5 `plan_frozen`, `trial_tested` and the `side` of a
trial; older logs are read as they are.
Times are seconds since 1970 in UTC; durations come from a clock that never jumps. A value that is not known, or not
yet measured by any phase, is null: a parameter that does not apply is absent instead.

`basics` has what all of them share; `run`, `trials` and `machine` have the events of each.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from sweeps.records.basics import (
    BUDGET_MET,
    EXHAUSTED,
    FOR_GOOD,
    LATER,
    SCHEMA,
    Direction,
    Event,
    Phase,
    Seeds,
    State,
    Unit,
)
from sweeps.records.machine import (
    ArtifactWritten,
    ResourceEvent,
    WorkerEnded,
    WorkerStarted,
)
from sweeps.records.run import (
    Audited,
    DriverStarted,
    PlanFrozen,
    StudyCreated,
    SweepEnded,
    SweepStarted,
    TrialKnown,
)
from sweeps.records.trials import (
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ModelFacts,
    TrialEnded,
    TrialFailed,
    TrialSpec,
    TrialStarted,
    TrialTested,
    worker_seconds,
)

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

__all__ = [
    "BUDGET_MET",
    "EXHAUSTED",
    "FOR_GOOD",
    "LATER",
    "SCHEMA",
    "AnyEvent",
    "ArtifactWritten",
    "AttemptLost",
    "AttemptStarted",
    "Audited",
    "Direction",
    "DriverStarted",
    "EpochEnded",
    "Event",
    "ModelFacts",
    "Phase",
    "PlanFrozen",
    "ResourceEvent",
    "Seeds",
    "State",
    "StudyCreated",
    "SweepEnded",
    "SweepStarted",
    "TrialEnded",
    "TrialFailed",
    "TrialKnown",
    "TrialSpec",
    "TrialStarted",
    "TrialTested",
    "Unit",
    "WorkerEnded",
    "WorkerEvent",
    "WorkerStarted",
    "worker_seconds",
]
