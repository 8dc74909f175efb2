"""Reads what a sweep file says of its sampler and its pruner."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from itertools import islice
from typing import Any, TypeVar

import optuna
from pydantic import ValidationError

from search_spaces import ParamValue, SearchSpace
from sweeps.config import Named, SweepConfig
from sweeps.errors import ConfigError
from sweeps.messages import explain
from sweeps.search import pruners, samplers
from sweeps.search.draw import WholeDraw
from sweeps.search.pruners import PRUNERS, Pruner
from sweeps.search.samplers import SAMPLERS, Sampler, Settings, lacks

Kind = TypeVar("Kind", bound=Settings)

_LARGEST_PLAN = 100_000


def read_sampler(config: SweepConfig) -> Sampler:
    """The sampler that a sweep file names.

    Raises:
        ConfigError: If the name or a setting is not known, breaks a rule, or does not fit the sweep's objectives.
    """
    named, key = config.search.sampler, "search.sampler"
    if ":" in named.name:
        factory = _import(named.name, optuna.samplers.BaseSampler, key=key)
        sampler: Sampler = samplers.Imported.of(factory, named.settings)
    else:
        sampler = _read(named, SAMPLERS, key=key)
    if (package := lacks(sampler)) is not None:
        raise ConfigError(f"{key}: {named.name} needs {package}, which is not installed; pip install {package}")
    if len(config.objective.directions) > 1 and not _takes_several(sampler):
        raise ConfigError(
            f"{key}: {named.name} takes one objective, and objective.also names {len(config.objective.also)} more; "
            "choose tpe, nsgaii or random"
        )
    if isinstance(sampler, samplers.Imported):
        _try(lambda: _suggest_once(sampler, config), named.name, key=key)
    return sampler


def read_pruner(config: SweepConfig) -> Pruner:
    """The pruner that a sweep file names.

    Raises:
        ConfigError: If the name or a setting is not known, or a setting breaks a rule.
    """
    named, key = config.search.pruner, "search.pruner"
    if ":" not in named.name:
        return _read(named, PRUNERS, key=key)
    factory = _import(named.name, optuna.pruners.BasePruner, key=key)
    imported = pruners.Imported(factory=factory, arguments=named.settings)
    _try(lambda: imported.make(steps_per_epoch=1, epochs=1), named.name, key=key)
    return imported


def plan_of(sampler: Sampler, config: SweepConfig) -> int | None:
    """Points of each number in the sampler's plan; None where it has none.

    Raises:
        ConfigError: If the plan has no end, or one that nobody would live to see.
    """
    if sampler.grid is None:
        return None
    name = config.search.sampler.name
    if isinstance(sampler, samplers.BruteForce) and config.space.size() is None:
        endless = [key for key, parameter in config.space.parameters.items() if parameter.domain.count() is None]
        raise ConfigError(
            f"search.sampler: {name} needs a space with an end, and {endless[0]} is a real number; "
            "choose grid, or give it a list of values"
        )
    size = config.space.size() if isinstance(sampler, samplers.BruteForce) else 0
    if (size or 0) > _LARGEST_PLAN or len(
        list(islice(config.space.grid(sampler.grid), _LARGEST_PLAN + 1))
    ) > _LARGEST_PLAN:
        raise ConfigError(
            f"search.sampler: {name} plans more than {_LARGEST_PLAN:,} configs of this space; ask for fewer points, or "
            "choose qmc or random"
        )
    return sampler.grid


def _suggest_once(sampler: Sampler, config: SweepConfig) -> None:
    """Have a sampler suggest and hear of one trial of each arm: what fails then would fail once a sweep has begun."""
    for value in config.arms:
        space = space_of(config, value)
        drawing = WholeDraw(sampler.make(0), space, lambda draw: draw())
        study = optuna.create_study(directions=config.objective.directions, sampler=drawing)
        trial = study.ask()
        space.suggest(trial)
        study.tell(trial, [0.0] * len(config.objective.directions))


def space_of(config: SweepConfig, value: ParamValue | None) -> SearchSpace:
    """What the study of an arm searches."""
    return config.space if config.compare is None or value is None else config.space.fix(config.compare, value)


def _takes_several(sampler: Sampler) -> bool:
    if isinstance(sampler, samplers.Imported):
        return not issubclass(sampler.factory, optuna.samplers.CmaEsSampler)
    return sampler.several


def _read(named: Named, known: Mapping[str, type[Kind]], *, key: str) -> Kind:
    if named.name not in known:
        raise ConfigError(f"{key}.name: must be one of {', '.join(known)}, or package.module:Class, got {named.name!r}")
    try:
        return known[named.name].model_validate(named.settings)
    except ValidationError as error:
        raise ConfigError(explain(error, known[named.name], source=f"{key} ({named.name})")) from None


def _import(path: str, base: Any, *, key: str) -> Any:
    module, _, name = path.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (Exception, SystemExit) as error:  # a user's module may do anything while it is imported
        raise ConfigError(f"{key}.name: cannot import {path!r}: {type(error).__name__}: {error}") from None
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ConfigError(f"{key}.name: {path!r} must be a subclass of optuna's {base.__name__}")
    return found


def _try(make: Any, path: str, *, key: str) -> None:
    try:
        make()
    except Exception as error:
        raise ConfigError(f"{key}: {path} cannot be made: {type(error).__name__}: {error}") from None
