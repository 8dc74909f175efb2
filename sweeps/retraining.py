"""Gets a model that no worker kept: a child process trains the trial again, as its worker did."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable

from sweeps.artifacts import Artifacts
from sweeps.child import run_in_child
from sweeps.config import SweepConfig
from sweeps.hardware import count_gpus
from sweeps.history import History, Trial
from sweeps.images import check_same_data, load_data
from sweeps.runlog import RunLog

_TOLERANCE = 1e-6


def retrain_models(history: History, trials: Iterable[Trial], *, config: SweepConfig) -> list[str]:
    """Add the models of complete trials to a run.

    Args:
        history: The run.
        trials: Those whose model is wanted.
        config: The run's, where its data set may name another file of the same content.

    Returns:
        One sentence for each trial whose model cannot be saved, or that came to another metric than the recorded one:
        that model would not be the trial's, and is not kept.

    Raises:
        RunError: If a driver holds the run, or if the data has changed.
    """
    data, facts = load_data(config)
    check_same_data(history, facts)
    problems = []
    with contextlib.closing(RunLog.open(history.directory)) as log:
        artifacts = Artifacts(log, cap=0)
        for trial in trials:
            cpus, gpus = _place_of(history, trial)
            try:
                model, metrics = run_in_child(
                    "sweeps.training.retrain:retrain",
                    config.having(gpus=gpus),
                    data,
                    trial.spec,
                    epochs=trial.ended.epochs if trial.ended else trial.spec.epochs,
                    cpus=cpus,
                    gpus=gpus,
                )
            except Exception as error:  # a user's model may raise anything
                words = " ".join(str(error).split())
                problems.append(f"trial {trial.number}: cannot be had again: {type(error).__name__}: {words[:500]}")
                continue
            problem = difference(trial, metrics, config.objective.metric)
            if problem:
                problems.append(problem)
            else:
                artifacts.keep_model(trial.number, model)
    return problems


def difference(trial: Trial, metrics: dict[str, float], metric: str) -> str | None:
    """How a retrained trial differs from the recorded one; None if it does not."""
    recorded = trial.ended.last.get(metric) if trial.ended else None
    if recorded is not None and math.isclose(metrics[metric], recorded, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
        return None
    return (
        f"trial {trial.number}: trained again, its last {metric} is {metrics[metric]:.6f} and not {recorded}: "
        f"this machine, or this model, does not repeat the numbers of the trial's worker, so its model is not exported"
    )


def _place_of(history: History, trial: Trial) -> tuple[float, float]:
    """The CPUs and GPUs that the trial was last trained with: they decide the last digits of a number.

    One that ran out of memory where GPUs are shared had one whole the next time. A machine without a GPU gives none.
    """
    began = trial.attempts[-1].time
    driver = next(driver for driver in reversed(history.drivers) if driver.time <= began)
    alone = any(event.kind == "out_of_memory" and event.number == trial.number for event in history.resources)
    gpus = 1.0 if alone and 0 < driver.gpus < 1 else driver.gpus
    return driver.cpus, min(gpus, float(count_gpus()))
