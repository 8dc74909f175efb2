"""Optuna's TPE with a memory: what it knows of a finished trial is not read anew for every suggestion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe.sampler import default_gamma
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

Numbers = npt.NDArray[np.intp]
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_NOT_YET = 9.0


class RememberingTpe(TPESampler):
    """Draws what Optuna's own would; to be used for one study only. `guided` says whether the last draw had a model.

    For every suggestion Optuna converts every param of every trial and puts all trials in order. A finished trial never
    changes, so each is converted and judged once here; several objectives are left to Optuna. The names concerned are
    Optuna's protected ones, of version 5; a test compares the draws.

    One thing is left out: of a trial that runs, Optuna also counts what it drew for params that turned out not to
    apply. No log holds those, and a resumed sweep must draw the same.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._tables: dict[tuple[str, ...], _Table] = {}
        self._ranking = _Table(3)
        self.guided = False

    def reseed(self, seed: int) -> None:
        """Go on as one made anew with this seed would."""
        self.guided = False
        self._rng.rng.seed(seed)
        self._random_sampler._rng.rng.seed(seed)

    def _get_params(self, trial: FrozenTrial, study: optuna.Study) -> dict[str, Any]:
        return trial.params

    def _sample(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        self.guided = True
        if len(study.directions) > 1:
            return super()._sample(study, trial, search_space)
        states = (*_FINISHED, TrialState.RUNNING) if self._constant_liar else _FINISHED
        everything = study._get_trials(deepcopy=False, states=states, use_cache=not self._constant_liar)
        trials = [each for each in everything if each.number != trial.number]
        numbers = np.fromiter((each.number for each in trials), np.intp, len(trials))
        self._convert(study, search_space, trials)
        below, above = self._split(study, trials, numbers)
        table = self._tables[tuple(search_space)]
        good, bad = (
            self._parzen_estimator_cls(
                dict(zip(search_space, table.whole_columns(part), strict=True)),
                search_space,
                self._parzen_estimator_parameters,
            )
            for part in (below, above)
        )
        samples = good.sample(self._rng.rng, self._n_ei_candidates)
        drawn = TPESampler._compare(samples, self._compute_acquisition_func(samples, good, bad))
        return {name: space.to_external_repr(drawn[name]) for name, space in search_space.items()}

    def _convert(self, study: optuna.Study, space: dict[str, BaseDistribution], trials: list[FrozenTrial]) -> None:
        """Have every trial in the table of this space; not a number where it lacks a param."""
        table = self._tables.setdefault(tuple(space), _Table(len(space)))
        for trial in table.unread(trials):
            columns = self._get_internal_repr([trial], space, study).values()
            table.read(trial, [column[0] if len(column) else math.nan for column in columns])

    def _split(self, study: optuna.Study, trials: list[FrozenTrial], numbers: Numbers) -> tuple[Numbers, Numbers]:
        """The numbers of the better trials and of all others, each in order; those that run are among the others."""
        minimize = study.direction == StudyDirection.MINIMIZE
        for trial in self._ranking.unread(trials):
            self._ranking.read(trial, _judge(trial, minimize=minimize))
        kind, first, second = self._ranking.rows[numbers].T
        count = (self._gamma or default_gamma)(int(np.count_nonzero(kind != _NOT_YET)))
        best = np.zeros(len(numbers), bool)
        best[np.lexsort((numbers, second, first, kind))[:count]] = True
        return numbers[best], numbers[~best]


def _judge(trial: FrozenTrial, *, minimize: bool) -> tuple[float, float, float]:
    """What a trial is ordered by: complete ones by value, then pruned ones by their length, then infeasible ones."""
    if trial.state == TrialState.RUNNING:
        return _NOT_YET, 0.0, 0.0
    broken = sum(value for value in trial.constraints.values() if value > 0)
    if broken > 0:
        return 2.0, broken, 0.0
    sign = 1.0 if minimize else -1.0
    if trial.state == TrialState.COMPLETE:
        assert trial.value is not None
        return 0.0, sign * trial.value, 0.0
    if not trial.intermediate_values:
        return 1.0, 1.0, 0.0
    step, value = max(trial.intermediate_values.items())
    return 1.0, -step, math.inf if math.isnan(value) else sign * value


class _Table:
    """A row for each trial of a study, by its number."""

    def __init__(self, width: int) -> None:
        self.rows = np.full((64, width), np.nan)
        self._known = [False] * 64

    def unread(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """Those that have not been read since they finished."""
        while trials and trials[-1].number >= len(self._known):
            self.rows = np.concatenate([self.rows, np.full_like(self.rows, np.nan)])
            self._known += [False] * len(self._known)
        return [trial for trial in trials if not self._known[trial.number]]

    def read(self, trial: FrozenTrial, row: list[float] | tuple[float, ...]) -> None:
        """Keep a trial's row; that of one which runs will be read again."""
        self.rows[trial.number] = row
        self._known[trial.number] = trial.state.is_finished()

    def whole_columns(self, numbers: Numbers) -> npt.NDArray[np.float64]:
        """Columns over those of the trials that lack nothing."""
        rows = self.rows[numbers]
        return np.ascontiguousarray(rows[~np.isnan(rows).any(axis=1)].T)
