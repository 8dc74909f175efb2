"""How long a worker or a trial is waited for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from sweeps.config import FaultsConfig
from sweeps.records import AttemptLost, TrialSpec


@dataclass(frozen=True)
class Patience:
    """How long workers are waited for, in seconds; None for ever.

    Attributes:
        trial: For a whole attempt.
        call: For a single answer.
    """

    trial: float | None
    call: float | None

    @classmethod
    def of(cls, faults: FaultsConfig) -> Self:
        """As a sweep file has it."""
        return cls(faults.trial_timeout, faults.no_progress)

    def left(self, *, trial: float, call: float) -> float:
        """Seconds left to an attempt that has taken `trial` seconds, `call` of them without a word."""
        limits = ((self.trial, trial), (self.call, call))
        return min((limit - taken for limit, taken in limits if limit is not None), default=math.inf)

    def lost(self, spec: TrialSpec, attempt: int, worker: str, *, trial: float, untold: float) -> AttemptLost:
        """What to report of an attempt that took `trial` seconds, too long; `untold` of them are in no epoch report."""
        too_slow = self.trial is not None and trial >= self.trial
        reason = f"took longer than {self.trial:g} s" if too_slow else f"no word from its worker for {self.call:g} s"
        return AttemptLost(
            number=spec.number, attempt=attempt, worker=worker, reason=reason, retry=not too_slow, seconds=untold
        )
