"""Draws whole configs: what a sampler suggests piece by piece is put together before any of it is taken."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from search_spaces import ParamValue, SearchSpace

Config = dict[str, ParamValue]
Draw = Callable[[], Config]


class WholeDraw(BaseSampler):
    """Gives a trial the config that `settle` makes of what another sampler draws.

    `settle` is handed a function that draws; it may call it several times, or put another config in the place of what
    was drawn, and the sampler keeps what it has written down of the trial (a generation, a place in a sequence) all the
    same.

    Args:
        inner: Who draws.
        space: Of the study.
        settle: Which config the trial has in the end.

    Attributes:
        guided: Whether what the other sampler drew last came from what it had learned, or from its own sequence.
        stopped: Whether the other sampler has asked for the study to end, as one does that has tried everything.
    """

    def __init__(self, inner: BaseSampler, space: SearchSpace, settle: Callable[[Draw], Config]) -> None:
        self._inner, self._space, self._settle = inner, space, settle
        self._known: dict[str, BaseDistribution] = {}
        self._config: Config = {}
        self.guided = self.stopped = False

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Nothing that Optuna need know of: every param is asked for one by one."""
        self._known = self._inner.infer_relative_search_space(study, trial)
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw the config, of which Optuna then asks for every param."""

        def draw() -> Config:
            # As Optuna does it: what the sampler wrote down of the trial is read again for every param.
            latest = study._storage.get_trial(trial._trial_id)
            together = self._inner.sample_relative(study, latest, self._known)
            params = self._space.suggest(_Draft(self._inner, study, latest, together))
            self.guided = bool(together) or getattr(self._inner, "guided", False)
            return params

        self._config = self._settle(draw)
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The param as it stands in the config that was drawn."""
        return self._config[param_name]

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Pass it on."""
        self._inner.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Pass it on; a study that is asked and told can't be stopped from inside, so that is noted."""
        try:
            self._inner.after_trial(study, trial, state, values)
        except RuntimeError as error:
            if "Study.stop" not in str(error):
                raise
            self.stopped = True


class _Draft:
    """A copy of a trial, which takes note of what is suggested for it: some samplers go by the params before."""

    def __init__(
        self, sampler: BaseSampler, study: optuna.Study, trial: FrozenTrial, together: Mapping[str, Any]
    ) -> None:
        self._sampler, self._study, self._trial, self._together = sampler, study, copy.deepcopy(trial), together

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return int(self._suggest(name, IntDistribution(low, high, log=log, step=step)))

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return float(self._suggest(name, FloatDistribution(low, high, log=log)))

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue | None]) -> ParamValue | None:
        value: ParamValue | None = self._suggest(name, CategoricalDistribution(choices))
        return value

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        value = self._value(name, distribution)
        self._trial.distributions = {**self._trial.distributions, name: distribution}
        self._trial.params = {**self._trial.params, name: value}
        return value

    def _value(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._together:
            return self._together[name]
        if distribution.single():
            return distribution.to_external_repr(_only(distribution))
        return self._sampler.sample_independent(self._study, self._trial, name, distribution)


def _only(distribution: BaseDistribution) -> float:
    return 0.0 if isinstance(distribution, CategoricalDistribution) else float(distribution.low)  # type: ignore[attr-defined]


def distributions(space: SearchSpace, params: Mapping[str, ParamValue]) -> dict[str, BaseDistribution]:
    """Optuna's distribution of every param that applies."""
    notes = _Notes(params)
    space.suggest(notes)
    return notes.seen


class _Notes:
    """A trial whose params are known: it takes note of what each was suggested from."""

    def __init__(self, params: Mapping[str, ParamValue]) -> None:
        self._params = params
        self.seen: dict[str, BaseDistribution] = {}

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        self.seen[name] = IntDistribution(low, high, log=log, step=step)
        return int(self._params[name])

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        self.seen[name] = FloatDistribution(low, high, log=log)
        return float(self._params[name])

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue | None]) -> ParamValue | None:
        self.seen[name] = CategoricalDistribution(choices)
        return self._params[name]
