"""Optuna's TPE with a memory: what it knows of a finished trial is not read anew for every suggestion."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial


class RememberingTpe(optuna.samplers.TPESampler):
    """Draws what Optuna's own would; to be used for one study only.

    Optuna converts every param of every trial for every suggestion. A finished trial's params never change, so each is
    converted once here. The names concerned are Optuna's protected ones, of version 5; a test compares the draws.

    One thing is left out: of a trial that runs, Optuna also counts what it drew for params that turned out not to
    apply. No log holds those, and a resumed sweep must draw the same.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._tables: dict[tuple[str, ...], _Table] = {}

    def reseed(self, seed: int) -> None:
        """Go on as one made anew with this seed would."""
        self._rng.rng.seed(seed)
        self._random_sampler._rng.rng.seed(seed)

    def _get_params(self, trial: FrozenTrial, study: optuna.Study) -> dict[str, Any]:
        return trial.params

    def _get_internal_repr(
        self, trials: list[FrozenTrial], search_space: dict[str, BaseDistribution], study: optuna.Study
    ) -> dict[str, npt.NDArray[np.float64]]:
        table = self._tables.setdefault(tuple(search_space), _Table(len(search_space)))
        for trial in table.unread(trials):
            row = super()._get_internal_repr([trial], search_space, study)
            table.read(trial, [column[0] if len(column) else np.nan for column in row.values()])
        return dict(zip(search_space, table.columns(trials), strict=True))


class _Table:
    """A row for each trial of a study, by its number; not a number where the trial lacks a param of these."""

    def __init__(self, width: int) -> None:
        self._rows = np.full((64, width), np.nan)
        self._known = [False] * 64

    def unread(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        while trials and max(trial.number for trial in trials) >= len(self._known):
            self._rows = np.concatenate([self._rows, np.full_like(self._rows, np.nan)])
            self._known += [False] * len(self._known)
        return [trial for trial in trials if not self._known[trial.number]]

    def read(self, trial: FrozenTrial, row: list[float]) -> None:
        self._rows[trial.number] = row
        self._known[trial.number] = trial.state.is_finished()

    def columns(self, trials: list[FrozenTrial]) -> npt.NDArray[np.float64]:
        rows = self._rows[np.array([trial.number for trial in trials], dtype=int)]
        return np.ascontiguousarray(rows[~np.isnan(rows).any(axis=1)].T)
