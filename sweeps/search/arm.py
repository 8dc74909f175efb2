"""One arm's Optuna study: in memory, fed by the loop, rebuilt from the log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from search_spaces import Params, ParamValue, SearchSpace
from sweeps.records import Direction, State
from sweeps.search.settings import Sampler
from sweeps.seeds import derive

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


@dataclass(frozen=True)
class Suggestion:
    """Params for the `order`-th trial of the study (from 0), and how they were drawn."""

    order: int
    params: dict[str, ParamValue]
    sampler_phase: str


class Arm:
    """One study: what to try next, and when to stop.

    Args:
        name: Of the study; samplers and pruners that hash it see the same name at resume.
        value: Of the compared parameter; None in a joint search. Suggestions are seeded by it and not by the name, so
            that a renamed sweep is the same sweep.
        space: What may be suggested.
        seed: The sweep's seed.
        sampler: Named by the sweep file.
        pruner: Named by the sweep file, made for this sweep's epochs.
        direction: Of the metric.
        first: Params to try before the sampler is asked.
    """

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        *,
        value: ParamValue | None,
        seed: int,
        sampler: Sampler,
        pruner: optuna.pruners.BasePruner,
        direction: Direction,
        first: Sequence[Params] = (),
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.name, self.value, self.space = name, value, space
        self._seed, self._sampler, self._first = seed, sampler, first
        self._study = optuna.create_study(
            study_name=name, direction=direction, sampler=sampler.make(seed), pruner=pruner
        )
        self._running: dict[int, optuna.Trial] = {}
        self._reported: dict[int, set[int]] = {}
        self.asked = 0
        self._judged = 0

    @property
    def prunes(self) -> bool:
        """Whether a trial may be stopped before its last epoch."""
        return not isinstance(self._study.pruner, optuna.pruners.NopPruner)

    def ask(self) -> Suggestion:
        """Draw params with a sampler seeded for this very suggestion, so that resume draws the same."""
        if self.asked < len(self._first):
            self._study.enqueue_trial(dict(self._first[self.asked]))
            return Suggestion(self.asked, self._begin(), "given")
        seed = derive(self._seed, self.value, self.asked, "sampler")
        self._study.sampler = self._sampler.make(seed, last=self._study.sampler)
        params = self._begin()
        return Suggestion(self.asked - 1, params, self._sampler.phase(self._judged))

    def restore(self, params: Params) -> None:
        """Take up a trial from the log, with the params it was given then."""
        self._study.enqueue_trial(dict(params))
        self._begin()

    def report(self, order: int, epoch: int, value: float) -> None:
        """Note a metric; one already noted (by an attempt that was lost) stays."""
        if epoch not in self._reported[order]:
            self._reported[order].add(epoch)
            self._running[order].report(value, epoch)

    def should_prune(self, order: int, epoch: int) -> bool:
        """Whether the trial has fallen behind; up to the epoch that a lost attempt reached, that is decided already."""
        return epoch >= max(self._reported[order], default=0) and self._running[order].should_prune()

    def tell(self, order: int, state: State, value: float | None) -> None:
        """End a trial; a value that is not finite ends it as failed, which is how the log has it too."""
        trial = self._running.pop(order)
        del self._reported[order]
        if state == "complete" and (value is None or not math.isfinite(value)):
            state = "failed"
        self._study.tell(trial, value if state == "complete" else None, state=_STATES[state])
        # Samplers learn nothing from a trial that failed.
        self._judged += state != "failed"

    def trials(self) -> list[optuna.trial.FrozenTrial]:
        """The study as Optuna sees it."""
        return self._study.get_trials()

    def _begin(self) -> dict[str, ParamValue]:
        trial = self._study.ask()
        params = self.space.suggest(trial)
        self._running[self.asked], self._reported[self.asked] = trial, set()
        self.asked += 1
        return params
