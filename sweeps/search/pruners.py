"""Pruners by the names that a sweep file uses, with their settings written out in full. Their steps are epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import optuna
from pydantic import ConfigDict, Field, ValidationError, model_validator

from sweeps.messages import explain
from sweeps.search.samplers import Settings, asked_for

WARMUP_STEPS = 64
"""Optimizer steps before a validation metric means anything where batch normalisation is short of about 60."""


class Pruner(Settings):
    """Stops trials that fall behind; this one never does.

    Attributes:
        later: The setting that has it begin later; None if it has none.
    """

    later: ClassVar[str | None] = None

    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner.

        Args:
            steps_per_epoch: Optimizer steps, at the largest batch of the space.
            epochs: Of a trial that is not stopped.
        """
        return optuna.pruners.NopPruner()

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """Epochs that every trial gets before it may be stopped."""
        return epochs

    def written_out(self, *, steps_per_epoch: int, epochs: int) -> Pruner:
        """The same, with what was left open as it is for this sweep."""
        return self

    @property
    def inner(self) -> Pruner:
        """The one that decides: itself, or the one that it asks."""
        return self


class Percentile(Pruner):
    """Stops a trial whose best epoch so far is not among the best share of the others at the same epoch.

    Attributes:
        percentile: That share, in per cent.
        startup_trials: Trials that run to their end before any is stopped.
        warmup_steps: Optimizer steps that every trial gets.
    """

    later: ClassVar[str | None] = "warmup_steps"
    percentile: float = Field(25.0, gt=0, lt=100)
    startup_trials: int = Field(5, ge=1)
    warmup_steps: int = Field(WARMUP_STEPS, ge=0)

    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner."""
        return optuna.pruners.PercentilePruner(
            self.percentile, n_startup_trials=self.startup_trials, n_warmup_steps=self._warmup(steps_per_epoch)
        )

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """Those of the warm-up."""
        return self._warmup(steps_per_epoch) + 1

    def _warmup(self, steps_per_epoch: int) -> int:
        return max(0, math.ceil(self.warmup_steps / steps_per_epoch) - 1)


class Median(Pruner):
    """Stops a trial whose best epoch so far is worse than the median of the others at the same epoch.

    Attributes:
        startup_trials: Trials that run to their end before any is stopped.
        warmup_steps: Optimizer steps that every trial gets.
    """

    later: ClassVar[str | None] = "warmup_steps"
    startup_trials: int = Field(5, ge=1)
    warmup_steps: int = Field(WARMUP_STEPS, ge=0)

    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner."""
        return self._half().make(steps_per_epoch=steps_per_epoch, epochs=epochs)

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """Those of the warm-up."""
        return self._half().first_judged(steps_per_epoch=steps_per_epoch, epochs=epochs)

    def _half(self) -> Percentile:
        return Percentile(percentile=50.0, startup_trials=self.startup_trials, warmup_steps=self.warmup_steps)


class SuccessiveHalving(Pruner):
    """Lets one in `reduction_factor` go on at each rung, without waiting for the others.

    A trial comes to a rung once it has had more epochs than `min_resource`, times the factor at each rung after it.

    Attributes:
        min_resource: Epochs before the first rung; as many as hold 64 optimizer steps if not given.
        reduction_factor: Also what the epochs before a rung grow by.
        skipped_rungs: Rungs at the beginning that stop nobody.
    """

    later: ClassVar[str | None] = "min_resource"
    min_resource: int | None = Field(None, ge=1)
    reduction_factor: int = Field(3, ge=2)
    skipped_rungs: int = Field(0, ge=0)

    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner."""
        return optuna.pruners.SuccessiveHalvingPruner(
            min_resource=_least(self.min_resource, steps_per_epoch),
            reduction_factor=self.reduction_factor,
            min_early_stopping_rate=self.skipped_rungs,
        )

    def written_out(self, *, steps_per_epoch: int, epochs: int) -> Pruner:
        """With the epochs before its first rung."""
        return self.model_copy(update={"min_resource": _least(self.min_resource, steps_per_epoch)})

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """One more than before the first rung."""
        return _least(self.min_resource, steps_per_epoch) * int(self.reduction_factor**self.skipped_rungs) + 1


class Hyperband(Pruner):
    """Successive halving in several brackets, which differ in when they begin to stop trials.

    Attributes:
        min_resource: Epochs before the first rung of the strictest bracket; as many as hold 64 optimizer steps if not
            given.
        max_resource: Epochs of a trial that is never stopped; those of the sweep if not given.
        reduction_factor: As of successive halving.
    """

    later: ClassVar[str | None] = "min_resource"
    min_resource: int | None = Field(None, ge=1)
    max_resource: int | None = Field(None, ge=1)
    reduction_factor: int = Field(3, ge=2)

    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner."""
        longest = self.max_resource or epochs
        return optuna.pruners.HyperbandPruner(
            min_resource=min(_least(self.min_resource, steps_per_epoch), longest),
            max_resource=longest,
            reduction_factor=self.reduction_factor,
        )

    def written_out(self, *, steps_per_epoch: int, epochs: int) -> Pruner:
        """With both resources."""
        longest = self.max_resource or epochs
        least = min(_least(self.min_resource, steps_per_epoch), longest)
        return self.model_copy(update={"min_resource": least, "max_resource": longest})

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """One more than before the first rung of the strictest bracket."""
        return _least(self.min_resource, steps_per_epoch) + 1

    def shares(self, *, steps_per_epoch: int, epochs: int) -> list[float]:
        """Which part of the trials each bracket gets, the strictest first, as Optuna deals them."""
        longest = self.max_resource or epochs
        shortest = min(_least(self.min_resource, steps_per_epoch), longest)
        brackets = 1
        while shortest * self.reduction_factor**brackets <= longest:
            brackets += 1
        weights = [math.ceil(brackets * self.reduction_factor**rungs / (rungs + 1)) for rungs in range(brackets)][::-1]
        return [weight / sum(weights) for weight in weights]


class Patient(Pruner):
    """Asks another pruner only once a trial has not got better for a while.

    Attributes:
        patience: Epochs without getting better.
        min_delta: What counts as better.
        then: The other pruner by name, with its settings.
    """

    patience: int = Field(3, ge=0)
    min_delta: float = Field(0.0, ge=0)
    then: dict[str, Any] | str = "median"

    @model_validator(mode="after")
    def _asks_another(self) -> Self:
        if self._other["name"] not in set(PRUNERS) - {"patient"}:
            others = ", ".join(name for name in PRUNERS if name != "patient")
            raise ValueError(f"then: must be one of {others}, got {self._other['name']!r}")
        try:
            _ = self.inner
        except ValidationError as error:
            raise ValueError(explain(error, PRUNERS[self._other["name"]], source="then")) from None
        return self

    @asked_for()
    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner."""
        inner = self.inner.make(steps_per_epoch=steps_per_epoch, epochs=epochs)
        return optuna.pruners.PatientPruner(inner, patience=self.patience, min_delta=self.min_delta)

    @property
    def inner(self) -> Pruner:
        """The pruner that is asked then."""
        settings = {key: value for key, value in self._other.items() if key != "name"}
        return PRUNERS[self._other["name"]].model_validate(settings)

    @property
    def _other(self) -> dict[str, Any]:
        return {"name": self.then} if isinstance(self.then, str) else {"name": None, **self.then}

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """As the other pruner has it, and no fewer than the patience needs."""
        return max(self.patience + 2, self.inner.first_judged(steps_per_epoch=steps_per_epoch, epochs=epochs))


class Wilcoxon(Pruner):
    """Stops a trial whose epochs are worse than those of the best trial, by a signed-rank test over them.

    It is made for values of one trial that may come in any order, as of the folds of a cross-validation.

    Attributes:
        p_threshold: Below which a trial is stopped.
        startup_steps: Epochs that every trial gets.
    """

    later: ClassVar[str | None] = "startup_steps"
    p_threshold: float = Field(0.1, gt=0, le=1)
    startup_steps: int = Field(2, ge=0)

    @asked_for()
    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """Optuna's pruner."""
        return optuna.pruners.WilcoxonPruner(p_threshold=self.p_threshold, n_startup_steps=self.startup_steps)

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """As set."""
        return max(1, self.startup_steps)


class Imported(Pruner):
    """Any pruner of Optuna's kind, by its class, with its settings as arguments."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    factory: type[optuna.pruners.BasePruner] = Field(exclude=True)
    arguments: dict[str, Any]

    @asked_for()
    def make(self, *, steps_per_epoch: int, epochs: int) -> optuna.pruners.BasePruner:
        """The pruner."""
        return self.factory(**self.arguments)

    def first_judged(self, *, steps_per_epoch: int, epochs: int) -> int:
        """Nobody knows, so the first."""
        return 1


PRUNERS: Mapping[str, type[Pruner]] = {
    "none": Pruner,
    "median": Median,
    "percentile": Percentile,
    "successive_halving": SuccessiveHalving,
    "hyperband": Hyperband,
    "patient": Patient,
    "wilcoxon": Wilcoxon,
}


def _least(asked: int | None, steps_per_epoch: int) -> int:
    return asked or max(1, math.ceil(WARMUP_STEPS / steps_per_epoch))
