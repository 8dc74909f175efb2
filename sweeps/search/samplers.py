"""Samplers by the names that a sweep file uses, with their settings written out in full."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

import optuna
from pydantic import BaseModel, ConfigDict, Field

from sweeps.search.tpe import RememberingTpe


@contextlib.contextmanager
def asked_for() -> Iterator[None]:
    """What Optuna calls experimental was asked for by name: nobody need be warned of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


class Settings(BaseModel):
    """Of a sampler or a pruner: known keys, of the right type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sampler(Settings):
    """Chooses params at random, with a seed of its own for every suggestion. The others differ from it.

    Attributes:
        learns: What a draw is called that is not at random: of a `model`, or of a `plan`. None where all are.
        remembers: Whether suggesting leaves something in the study that the next suggestion needs; a replay must ask
            such a sampler again, where it puts the params of the others back.
        several: Whether it takes several objectives.
        hears: Whether it learns from trials that it did not suggest, as those of earlier runs.
        package: What it needs beside Optuna.
    """

    learns: ClassVar[str | None] = None
    remembers: ClassVar[bool] = False
    several: ClassVar[bool] = True
    hears: ClassVar[bool] = False
    package: ClassVar[str | None] = None

    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """Optuna's sampler.

        Args:
            seed: Of the next suggestion.
            last: What was made for the study's last one; it may be given the new seed and come back.
        """
        return optuna.samplers.RandomSampler(seed=seed)

    @property
    def startup(self) -> int:
        """Trials drawn at random before a model guides the search; 0 where none ever does."""
        return 0

    @property
    def grid(self) -> int | None:
        """Points of each number in a plan that is made before the search begins; None where there is no plan."""
        return None


class Tpe(Sampler):
    """Tree-structured Parzen estimator, with the settings that Optuna 5 would choose written out."""

    learns: ClassVar[str | None] = "model"
    hears: ClassVar[bool] = True
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

    @property
    def startup(self) -> int:
        """As set."""
        return self.startup_trials


class Grid(Sampler):
    """Every point of a grid, in a random order.

    Attributes:
        points: Values of each number of the space, evenly over its scale; all where it has no more.
    """

    points: int = Field(5, ge=2, le=1000)

    @property
    def grid(self) -> int | None:
        """As set."""
        return self.points


class BruteForce(Sampler):
    """Every config of a space that has an end, in a random order."""

    @property
    def grid(self) -> int | None:
        """More than a plan may hold, so that no value is left out."""
        return 2**31


class Qmc(Sampler):
    """A sequence that fills the space more evenly than chance; the first trial is drawn at random.

    Attributes:
        sequence: Which one.
        scramble: Whether the sequence depends on the sweep's seed.
    """

    learns: ClassVar[str | None] = "plan"
    remembers: ClassVar[bool] = True
    sequence: Literal["sobol", "halton"] = "sobol"
    scramble: bool = True

    @asked_for()
    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """Optuna's sampler, whose sequence has one seed for all suggestions."""
        return last or optuna.samplers.QMCSampler(
            qmc_type=self.sequence, scramble=self.scramble, seed=seed, warn_independent_sampling=False
        )


class CmaEs(Sampler):
    """Covariance matrix adaptation, for numbers without conditions; everything else it draws at random.

    Attributes:
        startup_trials: Complete trials before the first generation.
        population: Trials of a generation; by the number of params if not given.
        sigma: Spread of the first generation; a sixth of the narrowest range if not given.
        with_margin: Whether whole numbers are kept from getting stuck.
        consider_pruned: Whether pruned trials count, by their last value.
    """

    learns: ClassVar[str | None] = "model"
    remembers: ClassVar[bool] = True
    several: ClassVar[bool] = False
    package: ClassVar[str | None] = "cmaes"
    startup_trials: int = Field(1, ge=1)
    population: int | None = Field(None, ge=4)
    sigma: float | None = Field(None, gt=0)
    with_margin: bool = False
    consider_pruned: bool = False

    @asked_for()
    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """Optuna's sampler."""
        return optuna.samplers.CmaEsSampler(
            n_startup_trials=self.startup_trials,
            popsize=self.population,
            sigma0=self.sigma,
            with_margin=self.with_margin,
            consider_pruned_trials=self.consider_pruned,
            warn_independent_sampling=False,
            independent_sampler=optuna.samplers.RandomSampler(seed=seed),
            seed=seed,
        )

    @property
    def startup(self) -> int:
        """As set."""
        return self.startup_trials


class Gp(Sampler):
    """A Gaussian process. It needs PyTorch.

    Attributes:
        startup_trials: Complete trials before it guides the search.
        deterministic: Whether a config has the same value at every seed, which none that is trained has.
    """

    learns: ClassVar[str | None] = "model"
    hears: ClassVar[bool] = True
    package: ClassVar[str | None] = "torch"
    startup_trials: int = Field(10, ge=1)
    deterministic: bool = False

    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """Optuna's sampler."""
        return optuna.samplers.GPSampler(
            n_startup_trials=self.startup_trials,
            deterministic_objective=self.deterministic,
            warn_independent_sampling=False,
            independent_sampler=optuna.samplers.RandomSampler(seed=seed),
            seed=seed,
        )

    @property
    def startup(self) -> int:
        """As set."""
        return self.startup_trials


class Nsga2(Sampler):
    """Non-dominated sorting genetic algorithm II.

    Attributes:
        population: Complete trials of a generation; the first is drawn at random.
        mutation: The chance that a param is drawn anew; one in the number of params if not given.
        crossover: The chance that a trial has two parents.
        swapping: The chance that a param comes from the second of them.
    """

    learns: ClassVar[str | None] = "model"
    remembers: ClassVar[bool] = True
    population: int = Field(50, ge=2)
    mutation: float | None = Field(None, ge=0, le=1)
    crossover: float = Field(0.9, ge=0, le=1)
    swapping: float = Field(0.5, ge=0, le=1)

    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """Optuna's sampler."""
        return optuna.samplers.NSGAIISampler(
            population_size=self.population,
            mutation_prob=self.mutation,
            crossover_prob=self.crossover,
            swapping_prob=self.swapping,
            seed=seed,
        )

    @property
    def startup(self) -> int:
        """The first generation."""
        return self.population


class Imported(Sampler):
    """Any sampler of Optuna's kind, by its class; made once for a study, with its settings as arguments.

    Attributes:
        replayable: Whether it takes a seed, so that a resumed search goes on as it would have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    learns: ClassVar[str | None] = "model"
    hears: ClassVar[bool] = True
    remembers: ClassVar[bool] = True
    factory: type[optuna.samplers.BaseSampler] = Field(exclude=True)
    arguments: dict[str, Any]
    replayable: bool

    @classmethod
    def of(cls, factory: type[optuna.samplers.BaseSampler], arguments: Mapping[str, Any]) -> Imported:
        """With the arguments of a sweep file."""
        seeded = "seed" in inspect.signature(factory).parameters
        return cls(factory=factory, arguments=dict(arguments), replayable=seeded or "seed" in arguments)

    @asked_for()
    def make(self, seed: int, last: optuna.samplers.BaseSampler | None = None) -> optuna.samplers.BaseSampler:
        """The sampler of the study."""
        if last is not None:
            return last
        own = {"seed": seed} if self.replayable and "seed" not in self.arguments else {}
        return self.factory(**self.arguments, **own)


SAMPLERS: Mapping[str, type[Sampler]] = {
    "random": Sampler,
    "tpe": Tpe,
    "grid": Grid,
    "brute_force": BruteForce,
    "qmc": Qmc,
    "cmaes": CmaEs,
    "gp": Gp,
    "nsgaii": Nsga2,
}


def lacks(sampler: Sampler) -> str | None:
    """The package that a sampler needs and that is not installed; None if all is there."""
    return sampler.package if sampler.package and find_spec(sampler.package) is None else None
