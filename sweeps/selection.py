"""Which trial is best, by one declared rule: used by the search, the report and the export alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

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


@dataclass(frozen=True)
class Candidate:
    """A trial of an arm's search, as far as the choice of a champion looks at it.

    Attributes:
        number: The trial's.
        config_hash: Equal for trials of one config.
        state: How it ended.
        value: The objective's value.
        feasible: Whether it breaks no bound.
    """

    number: int
    config_hash: str
    state: State
    value: float | None
    feasible: bool = True


@dataclass(frozen=True)
class Champion:
    """A config that stands for its arm.

    Attributes:
        config_hash: Its name.
        numbers: The trials that speak for it, best first; the first one's params are its params.
        value: By the rule: the best of them, or their mean. It is optimistic, for it was chosen.
    """

    config_hash: str
    numbers: tuple[int, ...]
    value: float


def select_champions(
    candidates: Iterable[Candidate], *, direction: Direction, rule: Literal["best", "best_mean"], count: int
) -> list[Champion]:
    """The best configs of one arm, best first, each once; fewer where there are fewer.

    Only complete trials with a finite value that break no bound count. Ties go to the config that was tried first.

    Args:
        candidates: The arm's trials.
        direction: Whether more is better.
        rule: `best` ranks a config by its best trial; `best_mean` by the mean over its trials, and puts configs that
            were trained at least twice before those that were trained once: one seed says little.
        count: How many.

    Raises:
        ValueError: If `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count: must be at least 1, got {count}")
    trials: dict[str, list[Candidate]] = {}
    for candidate in rank(candidates, direction=direction):
        trials.setdefault(candidate.config_hash, []).append(candidate)
    champions = [_champion(each, rule) for each in trials.values()]
    sign = -1.0 if direction == "maximize" else 1.0

    def key(champion: Champion) -> tuple[bool, float, int]:
        is_lone = rule == "best_mean" and len(champion.numbers) < 2
        return is_lone, sign * champion.value, min(champion.numbers)

    return sorted(champions, key=key)[:count]


def _champion(trials: Sequence[Candidate], rule: str) -> Champion:
    values = [trial.value for trial in trials if trial.value is not None]
    value = values[0] if rule == "best" else math.fsum(values) / len(values)
    return Champion(trials[0].config_hash, tuple(trial.number for trial in trials), value)
