"""Studies and trials as rows of Optuna's tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages._rdb import models
from optuna.study.study import _SYSTEM_ATTR_METRIC_NAMES
from optuna.trial import FrozenTrial
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from sweeps.search.mirror_trials import CONFIG, MirroredStudy

_FINITE: dict[str, object] = {
    "value": models.TrialValueModel.TrialValueType.FINITE,
    "intermediate_value": models.TrialIntermediateValueModel.TrialIntermediateValueType.FINITE,
}
_PARTS = ("params", "values", "intermediate_values", "user_attributes", "system_attributes")


def study_row(study: MirroredStudy) -> Any:
    """A study with its directions, their metrics' names and what is noted of it."""
    row = models.StudyModel(study_name=study.name)
    row.directions = [models.StudyDirectionModel(objective=n, direction=d) for n, d in enumerate(study.directions)]
    row.user_attributes = [
        models.StudyUserAttributeModel(key=key, value_json=json.dumps(value)) for key, value in study.notes.items()
    ]
    names = models.StudySystemAttributeModel(key=_SYSTEM_ATTR_METRIC_NAMES, value_json=json.dumps(study.metrics))
    row.system_attributes = [names]
    return row


def rows_of(session: Session, study: int, numbers: Sequence[int]) -> dict[int, Any]:
    """Those of a study's trials that are there, by number, with all that belongs to them."""
    model = models.TrialModel
    parts = [selectinload(getattr(model, part)) for part in _PARTS]
    query = select(model).where(model.study_id == study, model.number.in_(numbers)).options(*parts)
    rows: list[Any] = list(session.scalars(query))
    return {row.number: row for row in rows}


def new_row(study: int, trial: FrozenTrial) -> Any:
    """A trial with its params, which never change."""
    row = models.TrialModel(study_id=study, number=trial.number)
    row.params = [
        models.TrialParamModel(
            param_name=name,
            param_value=trial.distributions[name].to_internal_repr(value),
            distribution_json=distribution_to_json(trial.distributions[name]),
        )
        for name, value in trial.params.items()
    ]
    return row


def is_row_of(trial: FrozenTrial, row: Any) -> bool:
    """Whether a row of the trial's number holds this trial, and not somebody else's."""
    held = {attribute.key: attribute.value_json for attribute in row.user_attributes}
    return held.get(CONFIG) == json.dumps(trial.user_attrs[CONFIG])


def fill(row: Any, trial: FrozenTrial) -> None:
    """Give a row all that may have become of its trial."""
    row.state = trial.state
    row.datetime_start, row.datetime_complete = trial.datetime_start, trial.datetime_complete
    _put(row.values, models.TrialValueModel, "objective", _numbers(dict(enumerate(trial.values or ())), "value"))
    course = _numbers(trial.intermediate_values, "intermediate_value")
    _put(row.intermediate_values, models.TrialIntermediateValueModel, "step", course)
    _put(row.user_attributes, models.TrialUserAttributeModel, "key", _texts(trial.user_attrs), others_stay=True)
    _put(row.system_attributes, models.TrialSystemAttributeModel, "key", _texts(trial.system_attrs), others_stay=True)


def _put(
    rows: list[Any], model: Any, key: str, wanted: Mapping[Any, Mapping[str, object]], *, others_stay: bool = False
) -> None:
    """Have a row for each key; one that is right already is not touched."""
    known = {getattr(row, key): row for row in rows}
    for each, fields in wanted.items():
        if each not in known:
            rows.append(model(**{key: each}, **fields))
            continue
        for name, value in fields.items():
            setattr(known[each], name, value)
    if not others_stay:
        for each in known.keys() - wanted.keys():
            rows.remove(known[each])


def _numbers(found: Mapping[int, float], name: str) -> dict[int, dict[str, object]]:
    return {key: {name: value, f"{name}_type": _FINITE[name]} for key, value in found.items()}


def _texts(found: Mapping[str, object]) -> dict[str, dict[str, object]]:
    return {key: {"value_json": json.dumps(value)} for key, value in found.items()}
