"""A run in Optuna's words: what its studies and trials are, told from the log alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from search_spaces import SearchSpace
from sweeps.config import ObjectiveConfig
from sweeps.history import History, Trial
from sweeps.records import StudyCreated, TrialEnded
from sweeps.search.draw import distributions

SWEEP, CONFIG = "capsweep:run", "capsweep:config"
_SHOWN_OF_SWEEP = 8
_STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "running": TrialState.RUNNING,
}


@dataclass(frozen=True)
class MirroredStudy:
    """One study of the run.

    Attributes:
        name: Of Optuna's study; another run of the same sweep has another.
        directions: Of the deciding metric, and of the objectives beside it.
        metrics: Their names.
        notes: User attributes.
    """

    name: str
    directions: tuple[StudyDirection, ...]
    metrics: tuple[str, ...]
    notes: Mapping[str, object]


def mirrored_study(study: StudyCreated, run: History) -> MirroredStudy:
    """A study as Optuna should hold it."""
    objective, sweep = run.config.objective, run.header.sweep
    return MirroredStudy(
        name=f"{study.study} ({sweep[:_SHOWN_OF_SWEEP]})",
        directions=tuple(StudyDirection[direction.upper()] for direction in objective.directions),
        metrics=(objective.metric, *(target.metric for target in objective.also)),
        notes={
            SWEEP: sweep,
            "capsweep:study": study.study,
            "capsweep:arm": study.arm,
            "capsweep:sampler": study.sampler,
            "capsweep:pruner": study.pruner,
        },
    )


def mirrored_trial(trial: Trial, *, space: SearchSpace, objective: ObjectiveConfig) -> FrozenTrial:
    """A trial as Optuna should hold it, under way or ended.

    A complete trial without a finite value of every objective has failed, which is how Optuna has it.
    """
    spec, ended = trial.spec, trial.ended
    values = _values(ended, objective) if ended else None
    state = _STATES[trial.state]
    if state is TrialState.COMPLETE and values is None:
        state = TrialState.FAIL
    frozen = create_trial(
        state=state,
        values=None if state is TrialState.FAIL else values,
        params=dict(spec.params),
        distributions=distributions(space, spec.params),
        intermediate_values=_course(trial, objective.metric),
        user_attrs=_notes(trial),
        constraints={name: _excess(value) for name, value in ended.constraints.items()} if ended else None,
    )
    frozen.number = spec.order
    frozen.datetime_start = _at(spec.time)
    frozen.datetime_complete = _at(ended.time) if ended else None
    return frozen


def _values(ended: TrialEnded, objective: ObjectiveConfig) -> list[float] | None:
    """The value of every objective in order; None where one is missing or not finite."""
    found = [ended.value, *(ended.also.get(target.metric) for target in objective.also)]
    values = [value for value in found if value is not None and math.isfinite(value)]
    return values if len(values) == len(found) else None


def _course(trial: Trial, metric: str) -> dict[int, float]:
    found = {epoch.epoch: epoch.metrics.get(metric, math.nan) for epoch in trial.epochs}
    return {epoch: value for epoch, value in found.items() if math.isfinite(value)}


def _excess(value: float) -> float:
    """Optuna takes no NaN, which lies outside of every bound."""
    return math.inf if math.isnan(value) else value


def _notes(trial: Trial) -> dict[str, object]:
    spec = trial.spec
    notes: dict[str, object] = {
        "capsweep:trial": spec.number,
        CONFIG: spec.config_hash,
        "capsweep:seeds": asdict(spec.seeds),
        "capsweep:sampler_phase": spec.sampler_phase,
        "capsweep:replicate": spec.replicate,
    }
    if trial.ended and trial.ended.reason:
        notes["capsweep:reason"] = trial.ended.reason
    return notes


def _at(time: float) -> datetime:
    return datetime.fromtimestamp(time, tz=UTC)
