"""A run as tidy frames: everything that a figure, a page or a statistic says is computed from these, and from no other.

Column names with a dot hold what a sweep names itself: `param.NAME`, `metric.NAME`, `seed.NAME`, `shift.NAME`. Times in
seconds: `started` and `ended` since the sweep's start, `seconds` of a worker's time. Epochs count from 0, as in logs.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

import pandas as pd

from reports.rollup import arms_table, failures_table, progress_table
from search_spaces import Choice, Domain, Int, ParamValue
from sweeps.config import SweepConfig
from sweeps.history import History, Trial
from sweeps.records import Seeds

ALL = "all"
"""The name of the one arm of a sweep that compares nothing."""

_TRIAL = {
    "number": "int64",
    "phase": "str",
    "study": "str",
    "arm": "str",
    "order": "int64",
    "state": "str",
    "value": "float64",
    "best_value": "float64",
    "best_epoch": "Int64",
    "epochs": "int64",
    "step": "int64",
    "config_hash": "str",
    "sampler_phase": "str",
    "seconds": "float64",
    "started": "float64",
    "ended": "float64",
    "worker": "str",
    "node": "str",
    "device": "str",
    "parameters": "Int64",
    "macs": "Int64",
    "reason": "str",
    "feasible": "boolean",
    "spent": "float64",
    "replicate": "int64",
    "shared_hash": "str",
    "pair_id": "str",
    "side": "str",
    "test": "float64",
    "nll": "float64",
    "brier": "float64",
    "ece": "float64",
    "epoch_seconds": "float64",
    "inference_seconds": "float64",
    "memory_bytes": "Int64",
    "concurrency": "Int64",
    "begun_at": "Int64",
    "tested_at": "Int64",
} | {f"seed.{field.name}": "int64" for field in fields(Seeds)}

_EPOCH = {
    "number": "int64",
    "arm": "str",
    "state": "str",
    "epoch": "int64",
    "step": "int64",
    "seconds": "float64",
    "cumulative_seconds": "float64",
}


@dataclass(frozen=True)
class Tables:
    """One run in frames; rows are in the order of the trials' numbers unless said otherwise.

    Attributes:
        trials: One row a trial of any phase and state. A param that does not apply is missing (NaN or NA), never 0;
            `value` follows the objective and is missing until the trial ended, and where it failed.
            After the search, trials of one `pair_id` belong together; `test`, `nll`, `brier` and `ece` are those of the
            test set, `shift.NAME` is `test` on a shifted copy of it; `epoch_seconds` is the median epoch without the
            first of the attempt; `begun_at` and `tested_at` are places in the log.
        epochs: One row an epoch report of each trial's last attempt. `cumulative_seconds` starts with the time to get
            the model ready, so that it ends at the trial's `seconds`.
        arms: One row an arm of the search phase, see `rollup.arms_table`.
        progress: One row an ended trial of the search phase, in the order of ending, see `rollup.progress_table`.
        failures: One row a reason, the commonest first, see `rollup.failures_table`.
    """

    trials: pd.DataFrame
    epochs: pd.DataFrame
    arms: pd.DataFrame
    progress: pd.DataFrame
    failures: pd.DataFrame


def tables(run: History) -> Tables:
    """Fold a run into frames.

    Raises:
        RunError: If the log is empty.
    """
    config = run.config
    names = arm_names(config)
    trials = trials_table(run)
    search = trials[trials["phase"] == "search"]
    direction = config.objective.direction
    known = list(dict.fromkeys([*names.values(), *search["arm"]]))
    return Tables(
        trials=trials,
        epochs=epochs_table(run),
        arms=arms_table(search, arms=known, direction=direction, budget=config.search.amount),
        progress=progress_table(search, direction=direction),
        failures=failures_table(trials),
    )


def arm_names(config: SweepConfig) -> Mapping[ParamValue | None, str]:
    """The arms as text, in the order of the sweep file, which sees to it that no two read the same."""
    return {None: ALL} if config.compare is None else {arm: str(arm) for arm in config.arms}


def trials_table(run: History) -> pd.DataFrame:
    """One row a trial."""
    names = arm_names(run.config)
    places = {worker.worker: (worker.node, worker.device) for worker in run.workers}
    begin = run.header.time
    metric = run.config.objective.metric.removeprefix("val_")
    rows = [_trial_row(trial, names, places, begin, metric) for _, trial in sorted(run.trials.items())]
    return _frame(rows, trial_columns(run.config))


def trial_columns(config: SweepConfig) -> dict[str, str]:
    """Every column of the trials with its type: those of any sweep, then those that the sweep names itself."""
    params = {f"param.{name}": _dtype(each.domain) for name, each in config.space.parameters.items()}
    return {**_TRIAL, **params, **{f"shift.{shift}": "float64" for shift in config.confirm.shifts.each}}


def epochs_table(run: History) -> pd.DataFrame:
    """One row an epoch report, in the order of trials and epochs."""
    names = arm_names(run.config)
    rows = [row for _, trial in sorted(run.trials.items()) for row in _epoch_rows(trial, names)]
    metrics = dict.fromkeys(key for row in rows for key in row if key.startswith("metric."))
    return _frame(rows, {**_EPOCH, **dict.fromkeys(metrics, "float64")})


def _trial_row(
    trial: Trial,
    names: Mapping[ParamValue | None, str],
    places: Mapping[str, tuple[str, str]],
    begin: float,
    test_metric: str,
) -> dict[str, object]:
    spec, ended, tested = trial.spec, trial.ended, trial.tested
    attempt = trial.attempts[-1] if trial.attempts else None
    node, device = places.get(attempt.worker, (None, None)) if attempt else (None, None)
    return {
        "number": spec.number,
        "phase": spec.phase,
        "study": spec.study,
        "arm": _arm(trial, names),
        "order": spec.order,
        "state": trial.state,
        "value": ended.value if ended else None,
        "best_value": ended.best_value if ended else None,
        "best_epoch": ended.best_epoch if ended else None,
        "epochs": ended.epochs if ended else len(trial.epochs),
        "step": ended.step if ended else max((epoch.step for epoch in trial.epochs), default=0),
        "config_hash": spec.config_hash,
        "sampler_phase": spec.sampler_phase,
        "seconds": trial.seconds,
        "started": (attempt or spec).time - begin,
        "ended": ended.time - begin if ended else None,
        "worker": attempt.worker if attempt else None,
        "node": node,
        "device": device,
        "parameters": trial.model.parameters if trial.model else None,
        "macs": trial.model.macs if trial.model else None,
        "reason": _reason(trial),
        "feasible": ended.feasible if ended else None,
        "spent": trial.spent,
        "replicate": spec.replicate,
        "shared_hash": spec.shared_hash,
        "pair_id": spec.pair_id,
        "side": spec.side,
        "test": tested.metrics.get(test_metric) if tested else None,
        "nll": tested.nll if tested else None,
        "brier": tested.brier if tested else None,
        "ece": tested.ece if tested else None,
        "epoch_seconds": _epoch_seconds(trial),
        "inference_seconds": trial.model.inference_seconds if trial.model else None,
        "memory_bytes": max((epoch.memory_bytes for epoch in trial.epochs), default=None),
        "concurrency": attempt.concurrency if attempt else None,
        "begun_at": trial.begun_at,
        "tested_at": trial.tested_at,
        **{f"seed.{name}": seed for name, seed in asdict(spec.seeds).items()},
        **{f"param.{name}": value for name, value in spec.params.items()},
        **{f"shift.{name}": metrics.get(test_metric) for name, metrics in (tested.shifted if tested else {}).items()},
    }


def _epoch_seconds(trial: Trial) -> float | None:
    """The median epoch without the first of an attempt, which may trace; None where there is no other."""
    later = [epoch.seconds for epoch in trial.epochs if not epoch.is_first]
    return statistics.median(later) if later else None


def _epoch_rows(trial: Trial, names: Mapping[ParamValue | None, str]) -> Iterable[dict[str, object]]:
    passed = trial.model.build_seconds if trial.model else 0.0
    for epoch in trial.epochs:
        passed += epoch.seconds
        yield {
            "number": trial.number,
            "arm": _arm(trial, names),
            "state": trial.state,
            "epoch": epoch.epoch,
            "step": epoch.step,
            "seconds": epoch.seconds,
            "cumulative_seconds": passed,
            **{f"metric.{name}": value for name, value in epoch.metrics.items()},
        }


def _arm(trial: Trial, names: Mapping[ParamValue | None, str]) -> str:
    return names.get(trial.spec.arm, str(trial.spec.arm))


def _reason(trial: Trial) -> str | None:
    """Why a trial did not come to an end: the exception where one was raised, else what the driver wrote."""
    if trial.state == "failed" and trial.failure:
        return f"{trial.failure.error}: {trial.failure.message}"
    if trial.state == "failed":
        return (trial.ended.reason if trial.ended else None) or "no reason was logged"
    return trial.ended.reason if trial.ended else None


def _dtype(domain: Domain) -> str:
    """A column type that can hold every value of the domain and 'does not apply'."""
    if not isinstance(domain, Choice):
        return "Int64" if isinstance(domain, Int) else "float64"
    kinds = {type(value) for value in domain.values}
    if kinds <= {int, float}:
        return "Int64" if kinds == {int} else "float64"
    return {frozenset({str}): "str", frozenset({bool}): "boolean"}.get(frozenset(kinds), "object")


def _frame(rows: list[dict[str, object]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a frame whose columns and types do not depend on how many rows there are."""
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dict(dtypes))
