"""How the search spends its budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sweeps.config.fields import Plain, Real, Text, Whole
from sweeps.config.section import Named, Section, named
from sweeps.words import counted

DEFAULT_TRIALS = 60


class SearchConfig(Section):
    """The budget of the search phase, per arm under `compare`, and how Optuna spends it."""

    budget: Literal["trials", "seconds"] = Field(
        "trials", description="What arms have equally much of; the amount that is given says it as well."
    )
    trials: Whole | None = Field(
        None, ge=1, description=f"Of an arm, under a budget of trials; {DEFAULT_TRIALS} if not given."
    )
    seconds: Real | None = Field(None, gt=0, description="Worker seconds of an arm, under a budget of seconds.")
    epochs: Whole = Field(15, ge=1, description="Of a trial, at most.")
    cohort: Whole | None = Field(
        None,
        ge=0,
        description="Trials of an arm that are drawn at random before the sampler is asked; the sampler's own start-up "
        "trials if not given.",
    )
    repeats: Literal["replicate", "skip"] = Field(
        "replicate", description="A config that has been run already: train another seed of it, or choose another."
    )
    sampler: Annotated[Named, BeforeValidator(named)] = Field(
        Named(name="tpe"), description="Who chooses params, by name or with settings."
    )
    pruner: Annotated[Named, BeforeValidator(named)] = Field(
        Named(name="median"), description="Who stops trials that fall behind, by name or with settings."
    )
    first: tuple[Plain, ...] = Field(
        (), description="Params to try before the sampler chooses any, in this order; part of the budget."
    )
    warm_start: tuple[Text, ...] = Field(
        (), description="Run directories of earlier runs whose trials the sampler knows from the start."
    )

    @model_validator(mode="before")
    @classmethod
    def _an_amount_says_what_the_budget_is(cls, document: Any) -> Any:
        if not isinstance(document, Mapping):
            return document
        budget = document.get("budget", "trials" if document.get("seconds") is None else "seconds")
        trials = document.get("trials")
        if budget == "trials" and trials is None:
            trials = DEFAULT_TRIALS
        return {**document, "budget": budget, "trials": trials}

    @model_validator(mode="after")
    def _has_one_budget(self) -> Self:
        amount, other = (self.trials, "seconds") if self.budget == "trials" else (self.seconds, "trials")
        if amount is None:
            raise ValueError(f"{self.budget}: is needed under budget: {self.budget}, and not given")
        if getattr(self, other) is not None:
            raise ValueError(f"{other}: does not go with budget: {self.budget}; leave it out")
        if self.trials is not None and (self.cohort or 0) > self.trials:
            raise ValueError(f"cohort: must be at most {self.trials}, the trials of an arm, got {self.cohort}")
        twice = [run for place, run in enumerate(self.warm_start) if run in self.warm_start[:place]]
        if twice:
            raise ValueError(f"warm_start: names {twice[0]} twice; its trials count once")
        return self

    @property
    def amount(self) -> int | float:
        """What an arm may spend, in the unit of the budget."""
        return self.trials or self.seconds or 0

    @property
    def budget_in_words(self) -> str:
        """`60 trials` or `3,600 worker seconds`."""
        if self.trials is not None:
            return counted(self.trials, "trial")
        return f"{self.seconds:,g} worker seconds"
