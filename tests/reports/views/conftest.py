"""Evidence made by hand: rows of trials, and no log."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pytest

from reports import tables
from reports.evidence import Evidence, Plan, Predictions
from reports.rollup import arms_table, failures_table, progress_table
from sweeps.config import SweepConfig

SWEEP = {
    "name": "t",
    "dataset": {"name": "digits"},
    "space": {
        "pooling": ["capsule", "max"],
        "pool_size": {"int": [2, 4]},
        "routing_steps": {"int": [2, 5], "when": {"pooling": "capsule"}},
        "temperature": {"float": [0.1, 10.0], "log": True, "when": {"pooling": "capsule"}},
        "learning_rate": {"float": [1.0e-4, 1.0e-2], "log": True},
    },
    "compare": "pooling",
    "search": {"trials": 5, "epochs": 3},
}
ALWAYS = {
    "phase": "search",
    "state": "complete",
    "epochs": 3,
    "step": 30,
    "sampler_phase": "cohort",
    "seconds": 2.0,
    "spent": 2.0,
    "worker": "w0",
    "feasible": True,
    "replicate": 0,
    "concurrency": 1,
}
HOSTILE = ("</script><script>window.__x=1</script>", "%{y} <b>x</b>", "x" * 10_000)


def evidence(
    rows: Iterable[Mapping[str, Any]],
    *,
    sweep: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None,
    predictions: Mapping[int, Predictions] | None = None,
    final: bool = False,
    **facts: Any,
) -> Evidence:
    """A run of these trials; a row needs no more than its `arm` and its `value`, and its params by `param.NAME`."""
    config = SweepConfig.from_mapping({**SWEEP, **(sweep or {})}, source="test")
    columns = tables.trial_columns(config)
    filled = [_row(place, row) for place, row in enumerate(rows)]
    trials = pd.DataFrame(filled, columns=list(columns)).astype(columns)
    search = trials[trials["phase"] == "search"]
    direction = config.objective.direction
    names = list(dict.fromkeys([*tables.arm_names(config).values(), *search["arm"]]))
    frames = tables.Tables(
        trials=trials,
        epochs=pd.DataFrame(columns=list(tables._EPOCH)).astype(tables._EPOCH),
        arms=arms_table(search, arms=names, direction=direction, budget=config.search.amount),
        progress=progress_table(search, direction=direction),
        failures=failures_table(trials),
    )
    plans = () if plan is None else (Plan(1, "d" * 64, 0.0, plan),)
    standing = {"state": "ended" if final else "interrupted", "final": final, "sentence": ""}
    return Evidence(
        config, {"standing": standing, "studies": [], "workers": [], **facts}, frames, plans, predictions or {}
    )


def permuted(given: Evidence, order: Sequence[int] | None = None) -> Evidence:
    """The same run with the rows of its trials in another order."""
    trials = given.frames.trials
    rows = trials.iloc[::-1] if order is None else trials.iloc[list(order)]
    kept = {name: getattr(given.frames, name) for name in ("epochs", "arms", "progress", "failures")}
    return Evidence(given.config, given.facts, tables.Tables(rows, **kept), given.plans, given.predictions)


def as_json(result: Any) -> str:
    """The result as JSON that any program reads; fails on NaN, infinities and types of numpy."""
    return json.dumps(asdict(result), allow_nan=False)


def drawn(figure: Any) -> int:
    """How many points a figure has."""
    return sum(max(len(_list(trace, "x")), len(_list(trace, "y"))) for trace in figure.data)


def _list(trace: Any, axis: str) -> Any:
    values = getattr(trace, axis, None)
    return () if values is None else values


def _row(place: int, row: Mapping[str, Any]) -> dict[str, Any]:
    seeds = {name: place for name in tables._TRIAL if name.startswith("seed.")}
    filled = {**ALWAYS, "number": place, "order": place, "study": f"t/{row.get('arm')}", **seeds}
    filled |= {
        "config_hash": f"c{place}",
        "started": 2.0 * place,
        "ended": 2.0 * place + 2.0,
        "shared_hash": "s",
        **row,
    }
    if filled["state"] == "running":
        filled["ended"] = None
    if filled["state"] == "failed":
        filled["value"] = None
    value = filled.get("value")
    return {**filled, "best_value": None if value is None or math.isnan(value) else value}


@pytest.fixture
def confirmation(hand_made: Callable[..., Evidence]) -> Callable[..., Evidence]:
    """`confirmation(capsule=[...], max=[...])`: the test scores of an arm's replicates, seed by seed.

    None is a replicate that failed, ... one that still runs; `more` are columns of every row by arm.
    """

    def make(
        *,
        sweep: Mapping[str, Any] | None = None,
        planned: int | None = None,
        more: Mapping[str, Mapping[str, Sequence[Any]]] | None = None,
        **scores: Sequence[Any],
    ) -> Evidence:
        rows = [
            {
                "phase": "confirm",
                "arm": arm,
                "pair_id": f"confirm:0:{seed}",
                "state": "failed" if score is None else "running" if score is ... else "complete",
                "test": None if score is ... else score,
                **{name: column[seed] for name, column in (more or {}).get(arm, {}).items()},
            }
            for arm, each in scores.items()
            for seed, score in enumerate(each)
        ]
        space = {"pooling": list(scores), "pool_size": {"int": [2, 4]}}
        document = {"space": space, "confirm": {"baseline": "max", "seeds": planned or 0}, **(sweep or {})}
        made: Evidence = hand_made(rows, sweep=document)
        return made

    return make
