"""What follows the search: the same champions over fresh seeds, swaps, controls and costs. All of it off by default."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from search_spaces import Float, Params, ParamValue, SearchSpace, read_number
from sweeps.config.fields import ParamValues, Real, Scalar, Whole
from sweeps.config.section import Section
from sweeps.config.shifts import ShiftsConfig

Rule = Literal["best", "best_mean"]


class ConfirmConfig(Section):
    """Fresh paired seeds for the champions of each arm, tested on data that no choice has seen; the verdict's rules."""

    seeds: Whole = Field(0, ge=0, description="Fresh seeds of each champion, the same for every arm; 0 for no verdict.")
    champions: Whole = Field(1, ge=1, description="Configs of each arm that are confirmed, best first.")
    rule: Rule = Field(
        "best",
        description="How they are chosen: best by the objective's value, or best_mean over the replicates of a config.",
    )
    baseline: Scalar | None = Field(
        None, description="The arm that the others are compared with; of two arms the second if not given."
    )
    margin: Real = Field(0.001, gt=0, description="Differences up to it are too small to matter, in the metric's unit.")
    alpha: Real = Field(
        0.05,
        gt=0,
        lt=0.5,
        description="The share of false claims that the family of each question, E1, E2 or E3, may make.",
    )
    runs: Whole | None = Field(
        None,
        description="Runs of this file, each with another seed, that will be put together to compare the tuned arms.",
    )
    shifts: ShiftsConfig = Field(
        ShiftsConfig(),
        description="Moved and turned copies of the test pictures, on which each replicate is tested too.",
    )

    def fewest_seeds(self, comparisons: int) -> int:
        """The fewest with which the exact test can claim anything: the smallest n with 2/2**n <= alpha/comparisons.

        A seed of E1 makes one pair, a run one of E2, a setting one of E3.
        """
        return math.ceil(math.log2(2 * comparisons / self.alpha))


class SwapConfig(Section):
    """Settings of the params that all arms share, drawn once, in which only the compared param is replaced."""

    settings: Whole = Field(0, ge=0, description="How many; 0 for none.")
    seeds: Whole = Field(1, ge=1, description="Of each setting, the same for every arm.")


class ControlsConfig(Section):
    """Comparisons that must show nothing: what they show is the error of the method."""

    pairs: Whole = Field(0, ge=0, description="Of the baseline's champion with itself, by other seeds; 0 for none.")
    sources: Whole = Field(
        0,
        ge=0,
        description="Replicates of the baseline's champion for each source of chance alone: initial weights, order, "
        "dropout, and the device, with all seeds the same; 0 for none.",
    )
    same: tuple[tuple[ParamValues, ParamValues], ...] = Field(
        (),
        description="Pairs of params, each on top of the baseline's champion, that should train the same network.",
    )

    @model_validator(mode="after")
    def _needs_several(self) -> Self:
        if self.sources == 1:
            raise ValueError("sources: must be at least 2, for one replicate has no deviation, or 0 for none, got 1")
        if self.same and not self.pairs:
            raise ValueError("same: needs pairs, the number of seeds of each comparison")
        return self


def same_network(space: SearchSpace, *, compare: str, base: Params, given: Params) -> dict[str, ParamValue]:
    """What a side of `controls.same` trains with: the baseline's champion with some params replaced.

    Params that do not apply then are left out. Values need not lie in the space: a window of 1 pools nothing.

    Args:
        space: The sweep's.
        compare: The compared param.
        base: The champion's params.
        given: Those that replace them.
    """
    values, params = {**base, **given}, dict[str, ParamValue]()
    for name, parameter in space.fix(compare, values[compare]).parameters.items():
        if name in values and parameter.applies(params):
            is_real = isinstance(parameter.domain, Float)
            params[name] = float(read_number(values[name])) if is_real else values[name]  # type: ignore[arg-type]
    return params


def check_same_network(space: SearchSpace, *, compare: str, baseline: ParamValue, given: Params) -> None:
    """Refuse a side of `controls.same` that cannot be trained, whichever config the baseline's champion is.

    Raises:
        ValueError: Naming the param, the rule and the value.
    """
    arm = given.get(compare, baseline)
    for name, value in given.items():
        if name not in space.parameters:
            raise ValueError(f"{name}: is no parameter of the space, which has {', '.join(space.parameters)}")
        domain = space.parameters[name].domain
        if isinstance(domain, Float) and (isinstance(value, bool) or isinstance(read_number(value), str)):
            raise ValueError(f"{name}: must be a number, got {value!r}")
    if not space.parameters[compare].domain.contains(arm):
        known = ", ".join(map(str, space.parameters[compare].domain.corners()))
        raise ValueError(f"{compare}: must be one of {known}, got {arm!r}")
    of_baseline = space.fix(compare, baseline).parameters
    for name, parameter in space.fix(compare, arm).parameters.items():
        if name not in of_baseline and name not in given and set(parameter.when) <= {compare}:
            raise ValueError(f"{name}: is needed for {compare} {arm}, and the champion of {baseline} has none; give it")


def default_baseline(arms: tuple[ParamValue, ...]) -> ParamValue | None:
    """Of two arms the second: the first is the one in question."""
    return arms[1] if len(arms) == 2 else None
