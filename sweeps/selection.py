"""Which trial is best, by one declared rule: used by the search, the report and the export alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sweeps.records import Direction, State


@dataclass(frozen=True)
class Score:
    """A trial's metric over its epochs.

    Attributes:
        value: By the objective's rule: at the last or at the best epoch; NaN if the metric was never finite there.
        best_value: The best over all epochs, None if none is finite.
        best_epoch: The first epoch that reached it.
    """

    value: float
    best_value: float | None
    best_epoch: int | None


class Rankable(Protocol):
    """What `rank` needs of a trial's result."""

    @property
    def number(self) -> int:
        """The trial's number."""

    @property
    def state(self) -> State:
        """How it ended."""

    @property
    def value(self) -> float | None:
        """The objective's value."""

    @property
    def feasible(self) -> bool:
        """Whether it breaks no bound."""


T = TypeVar("T", bound=Rankable)


def better(value: float, other: float | None, *, direction: Direction) -> bool:
    """Whether `value` beats `other`; nothing beats by being NaN, anything finite beats None."""
    if math.isnan(value):
        return False
    if other is None or math.isnan(other):
        return True
    return value > other if direction == "maximize" else value < other


def score(values: Sequence[float], *, direction: Direction, at: str) -> Score:
    """Judge one trial by its metric after each epoch, in order.

    Raises:
        ValueError: If there is no epoch.
    """
    if not values:
        raise ValueError("a trial without an epoch has no score")
    best_value: float | None = None
    best_epoch: int | None = None
    for epoch, value in enumerate(values):
        if math.isfinite(value) and better(value, best_value, direction=direction):
            best_value, best_epoch = value, epoch
    at_best = math.nan if best_value is None else best_value
    return Score(values[-1] if at == "last" else at_best, best_value, best_epoch)


def rank(results: Iterable[T], *, direction: Direction) -> list[T]:
    """Complete trials with a finite value that break no bound, best first; the lower number wins a tie.

    A pruned trial was stopped at another budget and cannot be a champion, however good it looked.
    """
    sign = -1.0 if direction == "maximize" else 1.0
    ranked = [
        (sign * result.value, result.number, result)
        for result in results
        if result.state == "complete" and result.value is not None and math.isfinite(result.value) and result.feasible
    ]
    return [result for _, _, result in sorted(ranked, key=lambda entry: entry[:2])]
