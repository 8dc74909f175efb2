"""What follows the search: the same champions over fresh seeds, swaps, controls and costs. All of it off by default."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from search_spaces import ParamValue
from sweeps.config.fields import Plain, Real, Whole
from sweeps.config.section import Section

Rule = Literal["best", "best_mean"]


class ConfirmConfig(Section):
    """Fresh paired seeds for the champions of each arm, tested on data that no choice has seen; the verdict's rules."""

    seeds: Whole = Field(0, ge=0, description="Fresh seeds of each champion, the same for every arm; 0 for no verdict.")
    champions: Whole = Field(1, ge=1, description="Configs of each arm that are confirmed, best first.")
    rule: Rule = Field(
        "best",
        description="How they are chosen: best by the objective's value, or best_mean over the replicates of a config.",
    )
    baseline: str | int | float | bool | None = Field(
        None, description="The arm that the others are compared with; of two arms the second if not given."
    )
    margin: Real = Field(0.001, gt=0, description="Differences up to it are too small to matter, in the metric's unit.")
    alpha: Real = Field(0.05, gt=0, lt=0.5, description="The share of false claims that the whole family may make.")

    def fewest_seeds(self, comparisons: int) -> int:
        """The fewest with which the exact test can claim anything: the smallest n with 2/2**n <= alpha/comparisons."""
        return math.ceil(math.log2(2 * comparisons / self.alpha))


class SwapConfig(Section):
    """Settings of the params that all arms share, drawn once, in which only the compared param is replaced."""

    settings: Whole = Field(0, ge=0, description="How many; 0 for none.")
    seeds: Whole = Field(1, ge=1, description="Of each setting, the same for every arm.")


class ControlsConfig(Section):
    """Comparisons that must show nothing: what they show is the error of the method."""

    pairs: Whole = Field(0, ge=0, description="Of the baseline's champion with itself, by other seeds; 0 for none.")
    same: tuple[tuple[Plain, Plain], ...] = Field(
        (),
        description="Pairs of params, each on top of the baseline's champion, that should train the same network.",
    )

    @model_validator(mode="after")
    def _needs_pairs(self) -> Self:
        if self.same and not self.pairs:
            raise ValueError("same: needs pairs, the number of seeds of each comparison")
        return self


def default_baseline(arms: tuple[ParamValue, ...]) -> ParamValue | None:
    """Of two arms the second: the first is the one in question."""
    return arms[1] if len(arms) == 2 else None
