"""One arm's Optuna study: in memory, fed by the loop, rebuilt from the log."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from search_spaces import ParamValue, SearchSpace
from sweeps.records import Direction, TrialEnded, TrialKnown
from sweeps.search.draw import distributions
from sweeps.search.proposals import Proposal, Proposals

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


@dataclass
class _Running:
    """A trial under way, and the one by which it is judged, which is the same where there is one objective."""

    trial: optuna.Trial
    judged_by: optuna.Trial
    reported: set[int]


class Arm:
    """One study: what to try next, and when to stop.

    Optuna does not prune where there are several objectives. There a second study, of the deciding metric alone, holds
    the epochs and is asked by the pruner; trial by trial it goes along with the first.

    Args:
        name: Of the study; pruners that hash it see the same name at resume.
        value: Of the compared parameter; None in a joint search.
        space: What may be suggested.
        proposals: Chooses params.
        pruner: Named by the sweep file, made for this sweep's epochs.
        directions: Of the deciding metric, and of the objectives beside it.
    """

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        *,
        value: ParamValue | None,
        proposals: Proposals,
        pruner: optuna.pruners.BasePruner,
        directions: Sequence[Direction],
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.name, self.value, self.space = name, value, space
        self._proposals = proposals
        nothing = optuna.samplers.RandomSampler(seed=0)
        self._study = optuna.create_study(study_name=name, directions=directions, sampler=nothing, pruner=pruner)
        self._judges = self._study
        if len(directions) > 1:
            self._judges = optuna.create_study(study_name=name, direction=directions[0], sampler=nothing, pruner=pruner)
        self._running: dict[int, _Running] = {}
        self.asked = 0

    @property
    def prunes(self) -> bool:
        """Whether a trial may be stopped before its last epoch."""
        return not isinstance(self._study.pruner, optuna.pruners.NopPruner)

    def exhausted(self) -> bool:
        """Whether every config has been run, and none is to be run again."""
        return self._proposals.exhausted()

    def ask(self) -> Proposal:
        """Params for the next trial of the study, whose order is the number of those asked for before it."""
        trial, proposal = self._proposals.propose(self._study)
        self._begin(trial)
        return proposal

    def restore(self, params: Mapping[str, ParamValue], phase: str) -> None:
        """Take up a trial from the log, with the params it was given then."""
        trial = self._proposals.restore(self._study, params, phase)
        self._begin(trial)

    def know(self, known: TrialKnown) -> None:
        """Take up a trial of an earlier run: it is learned from, and spends nothing."""
        self._proposals.know(known.params)
        pruned, course = known.state == "pruned", dict(enumerate(known.course))
        several = self._judges is not self._study
        frozen = optuna.trial.create_trial(
            state=_STATES[known.state],
            values=None if pruned else list(known.values),
            params=dict(known.params),
            distributions=distributions(self.space, known.params),
            intermediate_values=None if several else course,
            constraints=known.constraints or None,
        )
        self._study.add_trial(frozen)
        if several:
            value = None if pruned else known.values[0]
            self._judges.add_trial(
                optuna.trial.create_trial(state=_STATES[known.state], value=value, intermediate_values=course)
            )

    def report(self, order: int, epoch: int, value: float) -> None:
        """Note a metric; one already noted (by an attempt that was lost) stays."""
        running = self._running[order]
        if epoch not in running.reported:
            running.reported.add(epoch)
            running.judged_by.report(value, epoch)

    def should_prune(self, order: int, epoch: int) -> bool:
        """Whether the trial has fallen behind; up to the epoch that a lost attempt reached, that is decided already."""
        running = self._running[order]
        return epoch >= max(running.reported, default=0) and running.judged_by.should_prune()

    def tell(self, order: int, ended: TrialEnded) -> None:
        """End a trial; one whose value is not finite ends as failed, which is how Optuna has it too."""
        running = self._running.pop(order)
        for name, excess in ended.constraints.items():
            running.trial.set_constraint(name, excess)
        values = [math.nan if value is None else value for value in (ended.value, *ended.also.values())]
        complete = ended.state == "complete" and all(map(math.isfinite, values))
        state = TrialState.FAIL if ended.state == "complete" and not complete else _STATES[ended.state]
        self._study.tell(running.trial, values if complete else None, state=state)
        if running.judged_by is not running.trial:
            self._judges.tell(running.judged_by, values[0] if complete else None, state=state)

    def trials(self) -> list[FrozenTrial]:
        """The study as Optuna sees it."""
        return self._study.get_trials()

    def judged_trials(self) -> list[FrozenTrial]:
        """The study that the pruner sees."""
        return self._judges.get_trials()

    def _begin(self, trial: optuna.Trial) -> None:
        self.space.suggest(trial)  # a trial whose params were given has them only once they are asked for
        judge = trial if self._judges is self._study else self._judges.ask()
        self._running[self.asked] = _Running(trial, judge, set())
        self.asked += 1
