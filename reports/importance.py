"""How much each parameter decides over being among the best, by PED-ANOVA.

Optuna is loaded when a number is asked for, and by no other part of a report.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.finite import finite
from reports.statistics import Direction
from search_spaces import Choice, Domain, Float, Int, ParamValue

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

LIMIT = 1_000
"""The most trials that importances are computed from."""

FEWEST = 10
"""Fewer trials than this have no importances: their best tenth is one trial."""

HALVES = 16
"""Random halves whose spread is the standard error."""

_BEST = 0.1
_SEED = 20_230_419


@dataclass(frozen=True)
class Importance:
    """Of one parameter.

    Attributes:
        name: The parameter's.
        n: Trials in which it applies.
        value: PED-ANOVA's, not normalised: the variance of being among the best tenth that its value alone explains.
        share: The same as a share of that variance.
        error: Standard error of the share; None where half of the trials are too few.
    """

    name: str
    n: int
    value: float
    share: float
    error: float | None


def evenly(trials: pd.DataFrame, limit: int = LIMIT) -> pd.DataFrame:
    """At most so many trials, evenly over their numbers; the same whatever order they come in."""
    ordered = trials.sort_values("number")
    if len(ordered) <= limit:
        return ordered
    return ordered.iloc[np.linspace(0, len(ordered) - 1, limit).round().astype(int)]


def importances(trials: pd.DataFrame, domains: Mapping[str, Domain], direction: Direction) -> list[Importance]:
    """PED-ANOVA of complete trials with finite values, of every parameter that applies anywhere.

    With γ the share of trials that are among the best tenth (ties included), importance is the variance over values of
    a parameter of the chance to be among them, γ · (1 - γ) being all there is to explain. Numbers are left to Optuna;
    lists are counted, since Optuna's smoothing takes up to two thirds of the importance of a list of two or three, and
    what chance alone would give is taken off (ε²). The standard error is the standard deviation over random halves,
    the jackknife that leaves half out.
    Source: Watanabe et al., "PED-ANOVA" (2023); Kelley, "An unbiased correlation ratio measure" (1935); Shao and Wu,
    "A general theory for jackknife variance estimation" (1989).

    Args:
        trials: Rows with `number`, `value` and `param.NAME`; more than `LIMIT` of them are thinned by `evenly`.
        domains: The parameters in question.
        direction: Which values are better.
    """
    used = evenly(trials)
    if len(used) < FEWEST:
        return []
    table = _table(used, domains, direction)
    found, errors = table.importances(np.ones(len(used), dtype=bool)), table.errors()
    return [Importance(name, table.applies[name], *found[name], errors.get(name)) for name in domains if name in found]


@dataclass(frozen=True, eq=False)
class _Table:
    """Trials as importances need them: numbers in a study, lists as places in them (-1 where one does not apply)."""

    study: Study
    losses: np.ndarray
    codes: dict[str, np.ndarray]
    applies: dict[str, int]

    def importances(self, chosen: np.ndarray) -> dict[str, tuple[float, float]]:
        """Importance of each parameter, as it is and as a share, from the chosen trials."""
        best = _best(self.losses, chosen)
        whole = float(best.mean() * (1 - best.mean()))
        values = {name: _counted(codes[chosen], best) for name, codes in self.codes.items() if self.applies[name]}
        values |= _estimated(self.study, self.losses, chosen)
        return {name: (value, value / whole if whole else 0.0) for name, value in values.items()}

    def errors(self) -> dict[str, float | None]:
        """Standard errors of the shares."""
        trials = len(self.losses)
        if trials // 2 < FEWEST:
            return {}
        rng = np.random.default_rng([_SEED, trials])
        shares: dict[str, list[float]] = {}
        for _ in range(HALVES):
            chosen = np.zeros(trials, dtype=bool)
            chosen[rng.permutation(trials)[: trials // 2]] = True
            for name, (_, share) in self.importances(chosen).items():
                shares.setdefault(name, []).append(share)
        return {name: finite(float(np.std(values, ddof=1))) for name, values in shares.items() if len(values) > 1}


def _table(trials: pd.DataFrame, domains: Mapping[str, Domain], direction: Direction) -> _Table:
    columns = {name: trials[f"param.{name}"].tolist() for name in domains}
    known = {
        name: [domains[name].cast(as_param(value)) if is_in(domains[name], value) else None for value in column]
        for name, column in columns.items()
    }
    values = trials["value"].to_numpy(dtype=np.float64)
    lists = {name: domain for name, domain in domains.items() if isinstance(domain, Choice)}
    places = {name: {_key(value): place for place, value in enumerate(each.values)} for name, each in lists.items()}
    return _Table(
        study=_study(values, {name: known[name] for name in domains if name not in lists}, domains, direction),
        losses=-values if direction == "maximize" else values,
        codes={name: np.array([places[name].get(_key(value), -1) for value in known[name]]) for name in lists},
        applies={name: sum(value is not None for value in column) for name, column in known.items()},
    )


def _study(
    values: np.ndarray,
    columns: Mapping[str, list[ParamValue | None]],
    domains: Mapping[str, Domain],
    direction: Direction,
) -> Study:
    import optuna

    distributions = {name: _distribution(domains[name]) for name in columns}
    study = _quietly(lambda: optuna.create_study(direction=direction))
    for place, value in enumerate(values.tolist()):
        params = {name: column[place] for name, column in columns.items() if column[place] is not None}
        of = {name: distributions[name] for name in params}
        study.add_trial(optuna.trial.create_trial(value=value, params=params, distributions=of))
    return study


def _quietly(make: Callable[[], Study]) -> Study:
    """Optuna prints a line for every study."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return make()
    finally:
        optuna.logging.set_verbosity(level)


def _estimated(study: Study, losses: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """Importances of numbers from some of the trials: a target that is no number leaves a trial out."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    if not any(trial.params for trial in study.get_trials(deepcopy=False)):
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few trials in a regime, lower targets are better, normalize is experimental
        return get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=_BEST),
            target=lambda trial: float(losses[trial.number]) if chosen[trial.number] else math.nan,
            normalize=False,
        )


def _counted(codes: np.ndarray, best: np.ndarray) -> float:
    """Variance over the values of a list of the chance to be among the best, less what chance gives it."""
    applies = codes >= 0
    inside, n = best[applies].astype(float), int(applies.sum())
    sizes, hits = np.bincount(codes[applies]), np.bincount(codes[applies], weights=inside)
    sizes, hits = sizes[sizes > 0], hits[sizes > 0]
    if len(sizes) < 2 or n <= len(sizes):
        return 0.0
    total = n * float(inside.mean() * (1 - inside.mean()))
    between = float((hits**2 / sizes).sum()) - n * float(inside.mean()) ** 2
    by_chance = (len(sizes) - 1) * (total - between) / (n - len(sizes))
    return max(0.0, between - by_chance) / len(codes)


def _best(losses: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which of the chosen are among their best tenth, ties of the last of them included as Optuna has it."""
    values = losses[chosen]
    return np.asarray(values <= np.sort(values)[math.ceil(_BEST * len(values)) - 1])


def _distribution(domain: Domain) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if isinstance(domain, Float):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    assert isinstance(domain, Int)
    return IntDistribution(domain.low, domain.high, log=domain.log)


def is_in(domain: Domain, value: Any) -> bool:
    """Whether a cell holds a value of the domain: an older space may have had others."""
    return not pd.isna(value) and domain.contains(as_param(value))


def as_param(value: object) -> ParamValue:
    """A cell of a frame as the space has it."""
    return value.item() if isinstance(value, np.generic) else value  # type: ignore[return-value]


def _key(value: ParamValue | None) -> object:
    """1 is not True, and both may be in a list."""
    return isinstance(value, bool), value
