"""Copies of a run's studies in a storage of Optuna's, for its dashboard and its other tools.

What is written follows from the log alone, so a mirror can be made while the sweep runs, after it, and again after it
was interrupted: what is there already is left as it is, and what is missing is added.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from search_spaces import SearchSpace
from sweeps.errors import RunError
from sweeps.history import History, Trial
from sweeps.records import StudyCreated
from sweeps.search.draw import distributions
from sweeps.search.storage import open_storage, reason_of, shown

_STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "running": TrialState.RUNNING,
}
_RUN, _NUMBER = "capsweep:run", "capsweep:trial"
_METRIC_NAMES = "study:metric_names"  # Optuna's own key


class Mirror:
    """The studies of one run in one storage. It has to be closed.

    Args:
        url: Of the storage, as SQLAlchemy has it.

    Raises:
        RunError: If the storage cannot be opened or written to.
    """

    def __init__(self, url: str) -> None:
        self._storage: RDBStorage = open_storage(url)
        self._url, self._shown = url, shown(url)
        self._ids: dict[str, int] = {}
        self._done: set[int] = set()

    def write(self, run: History) -> int:
        """Add what the storage lacks of a run; how many trials were added or changed.

        Raises:
            RunError: If the storage holds something else under the name of one of the run's studies, or fails.
        """
        try:
            return self._write(run)
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            raise RunError(f"{self._shown}: {reason_of(error, self._url)}") from None

    def _write(self, run: History) -> int:
        if not self._ids:
            self._ids = self._prepare(run)
        there = {study: self._trials(study) for study in self._ids}
        changed = 0
        for study in run.studies:
            trials = sorted((t for t in run.trials.values() if t.spec.study == study.study), key=lambda t: t.spec.order)
            changed += sum(self._copy(trial, study, run, there[study.study]) for trial in trials)
        return changed

    def close(self) -> None:
        """Let go of every connection."""
        self._storage.scoped_session.remove()
        self._storage.engine.dispose()

    def _prepare(self, run: History) -> dict[str, int]:
        """Find the run's studies, or make them, once all have been looked at."""
        names = {study.study: name_in_storage(run, study.study) for study in run.studies}
        ids = {study.study_name: study._study_id for study in self._storage.get_all_studies()}
        for study, name in names.items():
            if name in ids:
                self._check(run, study, ids[name], name)
        return {study: ids.get(name, -1) if name in ids else self._make(run, name) for study, name in names.items()}

    def _check(self, run: History, study: str, study_id: int, name: str) -> None:
        """Refuse a study that is not a copy of the run's."""
        if self._storage.get_study_directions(study_id) != _directions(run):
            raise RunError(f"{self._shown}: has a study {name!r} with other objectives; choose another database")
        numbers = {trial.spec.order: trial.number for trial in run.trials.values() if trial.spec.study == study}
        for trial in self._storage.get_all_trials(study_id, deepcopy=False):
            if numbers.get(trial.number) != trial.user_attrs.get(_NUMBER):
                raise RunError(
                    f"{self._shown}: the study {name!r} has a trial {trial.number} that is not this run's; choose "
                    "another database, or delete the study"
                )

    def _make(self, run: History, name: str) -> int:
        study_id = self._storage.create_new_study(_directions(run), name)
        objective = run.config.objective
        names = [objective.metric, *(target.metric for target in objective.also)]
        self._storage.set_study_system_attr(study_id, _METRIC_NAMES, names)
        self._storage.set_study_user_attr(study_id, _RUN, run.header.sweep)
        return study_id

    def _trials(self, study: str) -> dict[int, FrozenTrial]:
        return {trial.number: trial for trial in self._storage.get_all_trials(self._ids[study], deepcopy=False)}

    def _copy(self, trial: Trial, study: StudyCreated, run: History, there: dict[int, FrozenTrial]) -> bool:
        if trial.number in self._done:
            return False
        wanted = _frozen(trial, study, run)
        found = there.get(trial.spec.order)
        if trial.ended:
            self._done.add(trial.number)
        if found is None:
            self._storage.create_new_trial(self._ids[study.study], template_trial=wanted)
            return True
        return not found.state.is_finished() and self._complete(found, wanted)

    def _complete(self, found: FrozenTrial, wanted: FrozenTrial) -> bool:
        """Add to a running trial what has happened since; its end comes last, after which nothing can be added."""
        number, storage, changed = found._trial_id, self._storage, False
        for step, value in wanted.intermediate_values.items():
            if step not in found.intermediate_values:
                storage.set_trial_intermediate_value(number, step, value)
                changed = True
        for key, value in wanted.user_attrs.items():
            if found.user_attrs.get(key) != value:
                storage.set_trial_user_attr(number, key, value)
        for key, value in wanted.system_attrs.items():
            if key not in found.system_attrs:
                storage.set_trial_system_attr(number, key, value)
        if wanted.state.is_finished():
            storage.set_trial_state_values(number, wanted.state, wanted.values)
            changed = True
        return changed


def name_in_storage(run: History, study: str) -> str:
    """What a study is called there: a second run of the same sweep can share the database."""
    return f"{study} ({run.header.sweep[:8]})"


def _directions(run: History) -> list[StudyDirection]:
    return [StudyDirection[direction.upper()] for direction in run.config.objective.directions]


def _frozen(trial: Trial, study: StudyCreated, run: History) -> FrozenTrial:
    """A trial as Optuna has it."""
    spec, ended, objective = trial.spec, trial.ended, run.config.objective
    course = {
        epoch.epoch: epoch.metrics[objective.metric] for epoch in trial.epochs if objective.metric in epoch.metrics
    }
    frozen = optuna.trial.create_trial(
        state=_STATES[trial.state],
        values=_values(trial, course, several=len(objective.directions) > 1),
        params=dict(spec.params),
        distributions=distributions(SearchSpace.from_mapping(study.space), spec.params),
        intermediate_values={step: value for step, value in course.items() if abs(value) < float("inf")},
        constraints=ended.constraints if ended and ended.constraints else None,
        user_attrs=_attributes(trial),
    )
    frozen.datetime_start = datetime.fromtimestamp(spec.time)
    frozen.datetime_complete = datetime.fromtimestamp(ended.time) if ended else None
    return frozen


def _values(trial: Trial, course: dict[int, float], *, several: bool) -> list[float] | None:
    """Those of the objectives; a pruned trial has its last one where there is one, as Optuna gives it."""
    ended = trial.ended
    if ended is None or ended.state == "failed" or ended.value is None:
        return None
    if ended.state == "complete":
        return [ended.value, *ended.also.values()]
    return None if several or not course else [course[max(course)]]


def _attributes(trial: Trial) -> dict[str, Any]:
    spec, ended = trial.spec, trial.ended
    known = {
        _NUMBER: spec.number,
        "capsweep:config": spec.config_hash,
        "capsweep:sampler_phase": spec.sampler_phase,
        "capsweep:replicate": spec.replicate,
        "capsweep:seeds": asdict(spec.seeds),
    }
    return known if ended is None or ended.reason is None else {**known, "capsweep:reason": ended.reason}
