"""What every event has, and the words that several of them use."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SCHEMA = 5
BUDGET_MET = "budget met"
EXHAUSTED = "every config tried"
FOR_GOOD = (BUDGET_MET, EXHAUSTED)

Phase: TypeAlias = Literal["search", "random_cohort", "confirm", "swap", "controls", "cost_probe"]
LATER: tuple[Phase, ...] = ("confirm", "swap", "controls", "cost_probe")
"""The phases after the search, in their order: each trains configs that are fixed before it begins."""

State: TypeAlias = Literal["complete", "pruned", "failed"]
Unit: TypeAlias = Literal["trials", "seconds"]
Direction: TypeAlias = Literal["maximize", "minimize"]


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """One seed per source of randomness, each a whole number below 2**31."""

    init: int
    order: int
    dropout: int
    augment: int
    split: int


@dataclass(frozen=True, kw_only=True)
class Event:
    """Anything that happened, at `time` (seconds since 1970, UTC)."""

    time: float = field(default_factory=time.time)
