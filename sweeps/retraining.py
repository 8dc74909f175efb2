"""Gets a model that no worker kept: a child process trains the trial again from its recorded seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable

from sweeps.child import run_in_child
from sweeps.driver import load_data
from sweeps.errors import RunError
from sweeps.history import History, Trial
from sweeps.runlog import RunLog

_TOLERANCE = 1e-6


def retrain_models(history: History, trials: Iterable[Trial]) -> None:
    """Add the models of complete trials to a run.

    Raises:
        RunError: If a driver holds the run, if the data has changed, or if a retrained trial ends with another metric
            than the recorded one: its model would not be that trial's.
    """
    config = history.config
    data, facts = load_data(config)
    if facts.digest != history.header.data["digest"]:
        raise RunError(f"{history.directory.path}: the data at {facts.source} is not what this run was trained on")
    log = RunLog.open(history.directory)
    try:
        for trial in trials:
            model, metrics = run_in_child("sweeps.training.retrain:retrain", config, data, trial.spec)
            _check_same(trial, metrics, config.objective.metric)
            log.store(model, number=trial.number, kind="model", suffix=".keras")
    finally:
        log.close()


def _check_same(trial: Trial, metrics: dict[str, float], metric: str) -> None:
    recorded = trial.ended.last.get(metric) if trial.ended else None
    if recorded is None or not math.isclose(metrics[metric], recorded, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
        raise RunError(
            f"trial {trial.number}: trained again, its last {metric} is {metrics[metric]:.6f} and not {recorded}: "
            f"this machine computes other numbers than the worker did, so the model is not exported"
        )
