"""From one config to another, change by change: what each is predicted to bring, by a forest over trials.

No config on the way was trained. scikit-learn is loaded when a path is asked for, and by no other part of a report.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.importance import as_param, evenly, is_in
from reports.statistics import Direction
from search_spaces import Choice, Domain, Params, ParamValue, SearchSpace, is_same

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

REFITS = 16
"""Forests over bootstrap resamples of the trials, whose spread is the standard error."""

TREES = 48
"""Of the forest; enough that every trial is out of the bag of some."""

_FEWER = 16
"""Trees of each refit."""

_SEED = 20_170_204


@dataclass(frozen=True)
class Change:
    """A param on its way from one config to another; None where it does not apply."""

    name: str
    before: ParamValue | None
    after: ParamValue | None


@dataclass(frozen=True)
class Step:
    """What changes together, and what the surrogate predicts then.

    Attributes:
        changes: A param, and whatever applies only with the one or the other value of it.
        predicted: The objective's value after it.
        error: Standard error of that, from refits.
        gain: What this step adds to the value; its sign is the metric's.
        gain_error: Standard error of that.
    """

    changes: tuple[Change, ...]
    predicted: float
    error: float
    gain: float
    gain_error: float


@dataclass(frozen=True)
class Path:
    """From one config to another.

    Attributes:
        start: What the surrogate predicts for the first config.
        start_error: Its standard error.
        steps: In the order in which they are predicted to bring most.
        agreed: The share of refits that put the same step first.
    """

    start: float
    start_error: float
    steps: tuple[Step, ...]
    agreed: float


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Forests that predict the objective's value of a config.

    Attributes:
        space: Of the configs.
        used: Trials that they are fitted on.
        explained: Share of the variance of trials that the forest predicts out of the bag; may be below 0.
        forest: Fitted on values that are better when higher.
        refits: The same over resamples.
        side: What turns its predictions into values: 1 or -1.
    """

    space: SearchSpace
    used: int
    explained: float
    forest: RandomForestRegressor
    refits: Sequence[RandomForestRegressor]
    side: float

    def path(self, before: Params, after: Params) -> Path:
        """Change one thing after the other, at each step what is predicted to bring most.

        Source: Fawcett and Hoos, "Analysing differences between algorithm configurations through ablation" (2016);
        Biedenkapp et al., "Efficient parameter importance analysis via ablation with surrogates" (2017).
        """
        left, ways = units(before, after, self.space), [dict(before)]
        first = [_moved(before, after, unit) for unit in left]
        taken = []
        while left:
            tried = [_moved(ways[-1], after, unit) for unit in left]
            best = int(np.argmax(self._predict(self.forest, tried)))
            ways.append(tried[best])
            taken.append(left.pop(best))
        values = self.side * self._predict(self.forest, ways)
        refits = np.array([self.side * self._predict(forest, ways) for forest in self.refits])
        errors = refits.std(axis=0, ddof=1)
        gains, gain_errors = np.diff(values), np.diff(refits, axis=1).std(axis=0, ddof=1)
        numbers = zip(taken, values[1:], errors[1:], gains, gain_errors, strict=True)
        steps = [
            Step(tuple(Change(name, before.get(name), after.get(name)) for name in unit), *map(float, each))
            for unit, *each in numbers
        ]
        return Path(float(values[0]), float(errors[0]), tuple(steps), self._agreed(first, ways))

    def _agreed(self, first: list[dict[str, ParamValue]], ways: list[dict[str, ParamValue]]) -> float:
        if not first:
            return 1.0
        taken = first.index(ways[1])
        return float(np.mean([np.argmax(self._predict(forest, first)) == taken for forest in self.refits]))

    def _predict(self, forest: RandomForestRegressor, configs: Sequence[Params]) -> np.ndarray:
        return np.asarray(forest.predict(_features(configs, self.space)), dtype=np.float64)


def surrogate(trials: pd.DataFrame, space: SearchSpace, direction: Direction) -> Surrogate:
    """Random forests over complete trials with finite values, of all arms together.

    Pruned trials are left out: their values belong to another budget. The same trials give the same forests in any
    order, and negated values with the other direction the same predictions, negated.
    Source: Breiman, "Random forests" (2001), for the forest and for its error out of the bag.

    Args:
        trials: Rows with `number`, `value` and `param.NAME`; more than `LIMIT` of them are thinned by `evenly`.
        space: Of the configs.
        direction: Which values are better.
    """
    used = evenly(trials)
    side = 1.0 if direction == "maximize" else -1.0
    features = _features([params_of(row, space) for row in used.to_dict("records")], space)
    values = side * used["value"].to_numpy(dtype=np.float64)
    forest = _forest(TREES, _SEED, oob_score=True).fit(features, values)
    rng = np.random.default_rng([_SEED, len(used)])
    draws = (rng.integers(0, len(used), len(used)) for _ in range(REFITS))
    refits = [_forest(_FEWER, _SEED + 1 + place).fit(features[at], values[at]) for place, at in enumerate(draws)]
    apart = float(((values - forest.oob_prediction_) ** 2).mean())
    whole = float(values.var())
    return Surrogate(space, len(used), 1 - apart / whole if whole else 0.0, forest, refits, side)


def params_of(row: Mapping[Any, Any], space: SearchSpace) -> dict[str, ParamValue]:
    """A trial's params, without those that do not apply or are not in the space."""
    domains = {name: parameter.domain for name, parameter in space.parameters.items()}
    cells = {name: row[f"param.{name}"] for name in domains}
    return {name: domains[name].cast(as_param(cell)) for name, cell in cells.items() if is_in(domains[name], cell)}


def units(before: Params, after: Params, space: SearchSpace) -> list[tuple[str, ...]]:
    """What differs between two configs, in the order of the space; what comes or goes does so with what decides it."""
    group = {name: name for name in space.parameters if not _alike(before, after, name)}
    for name in list(group):
        if (name in before) == (name in after):
            continue
        for decides in space.parameters[name].when:
            if decides in group:
                joined = group[decides]
                group = {each: joined if of == group[name] else of for each, of in group.items()}
    return [tuple(name for name, of in group.items() if of == each) for each in dict.fromkeys(group.values())]


def _alike(before: Params, after: Params, name: str) -> bool:
    if name not in before or name not in after:
        return (name in before) == (name in after)
    return is_same(before[name], after[name])


def _moved(config: Params, after: Params, unit: Sequence[str]) -> dict[str, ParamValue]:
    kept = {name: value for name, value in config.items() if name not in unit}
    return kept | {name: after[name] for name in unit if name in after}


def _features(configs: Sequence[Params], space: SearchSpace) -> np.ndarray:
    """Numbers as they are searched, in logarithms or not, and far below them where they do not apply; lists apart."""
    columns = [
        column
        for name, parameter in space.parameters.items()
        for column in _columns([config.get(name) for config in configs], parameter.domain)
    ]
    return np.array(columns, dtype=np.float64).reshape(len(columns), len(configs)).T


def _columns(values: Sequence[ParamValue | None], domain: Domain) -> list[list[float]]:
    if isinstance(domain, Choice):
        return [[float(value is not None and is_same(value, listed)) for value in values] for listed in domain.values]
    scale = math.log if domain.log else float
    low, high = scale(domain.low), scale(domain.high)
    return [[low - (high - low) - 1.0 if value is None else scale(float(value)) for value in values]]


def _forest(trees: int, seed: int, **more: bool) -> RandomForestRegressor:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=trees, min_samples_leaf=2, n_jobs=1, random_state=seed, **more)
