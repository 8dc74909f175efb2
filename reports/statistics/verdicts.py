"""What an interval says about a difference, in words that a report may print."""

from __future__ import annotations

import math
from enum import StrEnum

from reports.statistics.checks import Direction, sign


class Verdict(StrEnum):
    """Everything that can be said of one arm against another; a failure to show a difference is never 'no difference'.

    `NOT_SHOWN` and `INTERIM` need more than an interval: see `judge`. `NOT_VALID` is a comparison whose conditions do
    not hold.
    """

    BETTER = "better, practically"
    BETTER_SIZE_UNCERTAIN = "better, size uncertain"
    BETTER_NEGLIGIBLE = "better, negligible"
    EQUIVALENT = "equivalent"
    IDENTICAL = "equivalent (identical)"
    UNDETERMINED = "undetermined"
    WORSE_NEGLIGIBLE = "worse, negligible"
    WORSE_SIZE_UNCERTAIN = "worse, size uncertain"
    WORSE = "worse, practically"
    NOT_SHOWN = "not shown after correction"
    INTERIM = "interim"
    NOT_COMPARABLE = "not comparable"
    NOT_VALID = "not valid"

    @property
    def claims(self) -> int:
        """1 for every "better", -1 for every "worse", 0 for the rest."""
        return self.value.startswith("better") - self.value.startswith("worse")

    @property
    def is_negligible(self) -> bool:
        """Whether it is better or worse by less than the margin."""
        return self in (Verdict.BETTER_NEGLIGIBLE, Verdict.WORSE_NEGLIGIBLE)


_SIZES = {
    1: (Verdict.BETTER, Verdict.BETTER_NEGLIGIBLE, Verdict.BETTER_SIZE_UNCERTAIN),
    -1: (Verdict.WORSE, Verdict.WORSE_NEGLIGIBLE, Verdict.WORSE_SIZE_UNCERTAIN),
}


def verdict(low: float, high: float, margin: float, *, direction: Direction = "maximize") -> Verdict:
    """The verdict of an interval of a - b against ±margin, the differences too small to matter.

    Clear of 0 it is better or worse: practically if it is clear of the margin as well, negligible if all of it lies
    within, else of uncertain size. Around 0 it is equivalent within the margin, else undetermined.
    Source: Kruschke, "Rejecting or accepting parameter values" (2018), with 0 as a second landmark.

    Raises:
        ValueError: If `low` or `high` is not finite, `low` is above `high`, or `margin` is below 0 or not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"low and high: must be finite and in order, got {low} and {high}")
    if not 0 <= margin < math.inf:
        raise ValueError(f"margin: must be a finite number of at least 0, got {margin}")
    side = sign(direction) * ((low > 0) - (high < 0))
    if side:
        return sized(int(side), low, high, margin, direction=direction)
    return Verdict.EQUIVALENT if is_within(low, high, margin) else Verdict.UNDETERMINED


def sized(side: int, low: float, high: float, margin: float, *, direction: Direction = "maximize") -> Verdict:
    """What an interval says of the size of a difference that is better (1) or worse (-1), whether or not it holds 0."""
    practical, negligible, uncertain = _SIZES[side]
    near = low if side * sign(direction) > 0 else -high
    if near > margin:
        return practical
    return negligible if is_within(low, high, margin) else uncertain


def is_within(low: float, high: float, margin: float) -> bool:
    """Whether all of an interval is too small to matter."""
    return -margin <= low and high <= margin
