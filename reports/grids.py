"""Frames as the plain text cells of an HTML table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from reports.words import number

SHOWN = 200
"""The most rows of a table that only repeats a figure."""

SECONDS = "worker seconds"
_ARMS = {
    "arm": "arm",
    "started": "started",
    "complete": "complete",
    "pruned": "pruned",
    "failed": "failed",
    "running": "unfinished",
    "best": "best",
    "best_number": "by trial",
    "n": "n",
    "mean": "mean",
    "median": "median",
    "sd": "SD",
    "seconds": SECONDS,
}
_CONFIGS = {
    "phase": "phase",
    "arm": "arm",
    "varied": "seeds that vary",
    "trials": "trials",
    "n": "n",
    "mean": "mean",
    "sd": "SD",
    "se": "SE",
    "best": "best",
    "tested": "n on test",
    "test_mean": "mean on test",
    "test_sd": "SD on test",
    "pruned": "pruned",
    "failed": "failed",
}
_TRIALS = {
    "number": "trial",
    "arm": "arm",
    "phase": "phase",
    "state": "state",
    "value": "value",
    "best_value": "best epoch's value",
    "epochs": "epochs",
    "seconds": SECONDS,
    "parameters": "model parameters",
    "worker": "worker",
    "seed.init": "seed",
}


@dataclass(frozen=True)
class Grid:
    """A table: its head, whether each column holds numbers, its rows, and how many more rows there would be."""

    head: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    left: int = 0


def grid(frame: pd.DataFrame, *, limit: int | None = None) -> Grid:
    """Any frame, its first `limit` rows."""
    shown = frame if limit is None else frame.head(limit)
    columns = [_texts(str(name), shown.iloc[:, place]) for place, name in enumerate(frame.columns)]
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Grid(list(map(str, frame.columns)), numeric, rows, len(frame) - len(shown))


def arms_grid(arms: pd.DataFrame) -> Grid:
    """The arms side by side."""
    return grid(arms[list(_ARMS)].rename(columns=_ARMS))


def configs_grid(configs: pd.DataFrame, *, limit: int | None = None) -> Grid:
    """Every config, or the first `limit` of them: what its trials came to, its params, and which trials they are."""
    params = {name: name.removeprefix("param.") for name in configs.columns if name.startswith("param.")}
    head = {**_CONFIGS, **params, "numbers": "which"}
    return grid(configs[list(head)].set_axis(list(head.values()), axis=1), limit=limit)


def trials_grid(trials: pd.DataFrame, *, limit: int | None = None) -> Grid:
    """Every trial, or the first `limit` of them, its params after what came of it, its reason last."""
    params = {name: name.removeprefix("param.") for name in trials.columns if name.startswith("param.")}
    head = {**_TRIALS, **params, "reason": "reason"}
    return grid(trials[list(head)].set_axis(list(head.values()), axis=1), limit=limit)


def _texts(name: str, column: pd.Series) -> Iterable[str]:
    return ["–" if pd.isna(value) else _text(name, value) for value in column]


def _text(name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.1f}" if name == SECONDS else number(value)
