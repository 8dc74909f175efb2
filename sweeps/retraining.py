"""Trains trials again, each in a child process, as its worker did: for a model that was not kept, or to compare."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sweeps.artifacts import Artifacts
from sweeps.child import run_in_child
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.errors import ConfigError
from sweeps.hardware import count_gpus
from sweeps.history import History, Trial
from sweeps.images import check_same_data, load_data
from sweeps.runlog import RunLog

_TOLERANCE = 1e-6
_NOT_COMPLETE = {"failed": "has failed", "pruned": "was pruned", "running": "has not ended"}


@dataclass(frozen=True)
class Retrained:
    """A trial that was trained again.

    Attributes:
        trial: As it was recorded.
        model: A `.keras` file; None where it came to another metric than the recorded one, or to none: that model would
            not be the trial's.
        said: What it came to, in one sentence.
    """

    trial: Trial
    model: bytes | None
    said: str


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
    data = _same_data(history, config)
    problems = []
    with contextlib.closing(RunLog.open(history.directory)) as log:
        artifacts = Artifacts(log, cap=0)
        for trial in trials:
            again = _retrain(history, trial, config, data)
            if again.model is None:
                problems.append(again.said)
            else:
                artifacts.keep_model(trial.number, again.model)
    return problems


def complete_trials(history: History, numbers: Iterable[int]) -> list[Trial]:
    """The trials of these numbers, each once, of whichever phase.

    Raises:
        ConfigError: If the run has no such trial, or one that is not complete: there is no result to come to again.
    """
    found = []
    for number in dict.fromkeys(numbers):
        trial = history.trials.get(number)
        if trial is None:
            has = f"it has 0 to {max(history.trials)}" if history.trials else "it has none yet"
            raise ConfigError(f"--trial: must be a trial of {history.directory.path}, got {number}; {has}")
        if trial.state != "complete":
            raise ConfigError(f"--trial: must be a complete trial, and trial {number} {_NOT_COMPLETE[trial.state]}")
        found.append(trial)
    return found


def repeat(history: History, trials: Sequence[Trial], *, config: SweepConfig) -> Iterator[Retrained]:
    """Train complete trials again, one after the other, and leave the run as it is; a driver may hold it.

    The metric on validation data is compared, and no other: a look at the test set would be one more.

    Args:
        history: The run.
        trials: Some of its.
        config: The run's, where its data set may name another file of the same content.

    Raises:
        RunError: If the data has changed.
    """
    data = _same_data(history, config)
    for trial in trials:
        yield _retrain(history, trial, config, data)


def _same_data(history: History, config: SweepConfig) -> Dataset:
    data, facts = load_data(config)
    check_same_data(history, facts)
    return data


def _retrain(history: History, trial: Trial, config: SweepConfig, data: Dataset) -> Retrained:
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
        return Retrained(
            trial, None, f"trial {trial.number}: cannot be had again: {type(error).__name__}: {words[:500]}"
        )
    return _compare(trial, model, metrics, config.objective.metric)


def _compare(trial: Trial, model: bytes, metrics: dict[str, float], metric: str) -> Retrained:
    recorded, found = trial.ended.last.get(metric) if trial.ended else None, metrics.get(metric, math.nan)
    said = f"trial {trial.number}: trained again, its last {metric} is {found:.6f}"
    if recorded is not None and _is_same(found, recorded):
        return Retrained(trial, model, f"{said}, as recorded")
    return Retrained(
        trial,
        None,
        f"{said} and not {recorded}: this machine, or this model, does not repeat the numbers of the trial's worker, "
        "so its model is not exported",
    )


def _is_same(found: float, recorded: float) -> bool:
    if math.isnan(recorded):
        return math.isnan(found)
    return math.isclose(found, recorded, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _place_of(history: History, trial: Trial) -> tuple[float, float]:
    """The CPUs and GPUs that the trial was last trained with: they decide the last digits of a number.

    One that ran out of memory where GPUs are shared had one whole the next time. A machine without a GPU gives none.
    """
    began = trial.attempts[-1].time
    driver = next(driver for driver in reversed(history.drivers) if driver.time <= began)
    alone = any(event.kind == "out_of_memory" and event.number == trial.number for event in history.resources)
    gpus = 1.0 if alone and 0 < driver.gpus < 1 else driver.gpus
    return driver.cpus, min(gpus, float(count_gpus()))
