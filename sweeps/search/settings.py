"""Samplers and pruners by the names that a sweep file uses, with their settings checked and written down in full."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

import optuna
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sweeps.config import Named
from sweeps.errors import ConfigError
from sweeps.messages import explain
from sweeps.search.tpe import RememberingTpe

Settings = TypeVar("Settings", bound=BaseModel)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sampler(_Settings):
    """Chooses params, with a seed of its own for every suggestion."""

    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """Optuna's sampler.

        Args:
            seed: Of the next suggestion.
            last: What was made for the study's last one; it may be given the new seed and come back.
        """
        return optuna.samplers.RandomSampler(seed=seed)

    def phase(self, judged: int) -> str:
        """What kind of draw the next one is, with `judged` complete or pruned trials of the study behind it."""
        return "random"

    @property
    def startup(self) -> int:
        """Trials drawn at random before a model guides the search; 0 where none ever does."""
        return 0


class Tpe(Sampler):
    """Tree-structured Parzen estimator, with the settings that Optuna 5 would choose written out."""

    startup_trials: int = Field(10, ge=1)
    candidates: int = Field(24, ge=1)
    multivariate: bool = True
    constant_liar: bool = True

    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """Optuna's sampler."""
        if isinstance(last, RememberingTpe):
            last.reseed(seed)
            return last
        return RememberingTpe(
            n_startup_trials=self.startup_trials,
            n_ei_candidates=self.candidates,
            multivariate=self.multivariate,
            constant_liar=self.constant_liar,
            seed=seed,
        )

    def phase(self, judged: int) -> str:
        """Random until enough trials are complete or pruned."""
        return "startup" if judged < self.startup_trials else "model"

    @property
    def startup(self) -> int:
        """As set."""
        return self.startup_trials


class Pruner(_Settings):
    """Stops trials that fall behind; this one never does."""

    def make(self, *, steps_per_epoch: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner, whose steps are epochs."""
        return optuna.pruners.NopPruner()


class Median(Pruner):
    """Stops a trial whose best epoch so far is worse than the median of the others at the same epoch.

    Attributes:
        startup_trials: Trials that run to their end before any is stopped.
        warmup_steps: Optimizer steps that every trial gets. Batch normalisation needs about 60 before a validation
            metric means anything.
    """

    startup_trials: int = Field(5, ge=1)
    warmup_steps: int = Field(64, ge=0)

    def make(self, *, steps_per_epoch: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner."""
        first = max(0, math.ceil(self.warmup_steps / steps_per_epoch) - 1)
        return optuna.pruners.MedianPruner(n_startup_trials=self.startup_trials, n_warmup_steps=first)


SAMPLERS: Mapping[str, type[Sampler]] = {"random": Sampler, "tpe": Tpe}
PRUNERS: Mapping[str, type[Pruner]] = {"none": Pruner, "median": Median}


def read_sampler(named: Named) -> Sampler:
    """The sampler that a sweep file names.

    Raises:
        ConfigError: If the name or a setting is not known, or a setting breaks a rule.
    """
    return _read(named, SAMPLERS, key="search.sampler")


def read_pruner(named: Named) -> Pruner:
    """The pruner that a sweep file names.

    Raises:
        ConfigError: If the name or a setting is not known, or a setting breaks a rule.
    """
    return _read(named, PRUNERS, key="search.pruner")


def _read(named: Named, known: Mapping[str, type[Settings]], *, key: str) -> Settings:
    if named.name not in known:
        raise ConfigError(f"{key}.name: must be one of {', '.join(known)}, got {named.name!r}")
    try:
        return known[named.name].model_validate(named.settings)
    except ValidationError as error:
        raise ConfigError(explain(error, known[named.name], source=f"{key} ({named.name})")) from None
