"""Spends the search budget: equal for every arm, one Optuna study each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sweeps.attempts import Assignment, Attempts, Ending
from sweeps.breaker import CircuitBreaker
from sweeps.codec import config_hash
from sweeps.config import SweepConfig
from sweeps.judging import patience_of
from sweeps.records import (
    BUDGET_MET,
    EXHAUSTED,
    AnyEvent,
    AttemptLost,
    AttemptStarted,
    EpochEnded,
    ResourceEvent,
    StudyCreated,
    TrialEnded,
    TrialFailed,
    TrialKnown,
    TrialStarted,
    TrialTested,
    WorkerEvent,
    WorkerStarted,
)
from sweeps.search.budget import Budget
from sweeps.search.studies import describe, make_arms
from sweeps.search.verdict import judge
from sweeps.seeds import trial_seeds
from sweeps.selection import better
from sweeps.sharing import shared_params


class Search:
    """The source of the search phase.

    Args:
        config: The sweep.

    Raises:
        ConfigError: If the sampler or the pruner, or a setting of theirs, is not known or does not fit the sweep.
    """

    def __init__(self, config: SweepConfig) -> None:
        self._config = config
        self._arms = make_arms(config)
        self._budget = Budget(config.search, self._arms)
        self._attempts = Attempts(config.faults)
        self._breaker = CircuitBreaker(config.faults.same_error)
        self._leaders: dict[str, float] = {}
        self._seeds_used = 0
        self._ended = 0

    def studies(self) -> list[StudyCreated]:
        """What each study is, for the log."""
        return [describe(arm, self._config) for arm in self._arms.values()]

    def know(self, trials: Iterable[TrialKnown]) -> None:
        """Learn from trials of earlier runs, before the first of this one; no seed of theirs is used again."""
        for known in trials:
            self._arms[known.study].know(known)
            self._seeds_used = max(self._seeds_used, known.seed_index + 1)

    def ask(self) -> Assignment | None:
        """The next trial, of the arm that has spent least; one that lost its worker comes first.

        Raises:
            SweepHaltedError: If one error ends trial after trial.
        """
        self._breaker.check()
        if (again := self._attempts.again()) is not None:
            self._budget.repeat(again.spec, again.epoch)
            return again
        study = self._budget.poorest(name for name, arm in self._arms.items() if not arm.exhausted())
        if study is None:
            return None
        arm = self._arms[study]
        order, proposal = arm.asked, arm.ask()
        seed_index = self._seeds_used + order
        spec = TrialStarted(
            number=len(self._attempts.specs),
            study=study,
            arm=arm.value,
            order=order,
            params=proposal.params,
            config_hash=config_hash(proposal.params),
            shared_hash=config_hash(shared_params(proposal.params, self._config)),
            sampler_phase=proposal.phase,
            replicate=proposal.replicate,
            epochs=self._config.search.epochs,
            seeds=trial_seeds(self._config.seed, "search", seed_index, split=self._config.dataset.split_seed),
            seed_index=seed_index,
        )
        self._budget.begin(spec)
        return self._attempts.begin(spec)

    def observe(self, event: WorkerEvent) -> TrialEnded | ResourceEvent | None:
        """Take note of what a worker reports; the trial's result if it ends here, or what it ran short of."""
        if isinstance(event, WorkerStarted | TrialTested):
            return None
        outcome = self._note(event)
        if not isinstance(outcome, Ending):
            return outcome
        result = self._conclude(event.number, outcome)
        self._tell(result)
        is_wrong = outcome.is_wrong or (outcome.state == "complete" and result.state == "failed")
        wrong = result.reason if is_wrong else None
        self._breaker.note(self._attempts.specs[event.number].study, event, wrong=wrong)
        return result

    def expects(self, event: WorkerEvent) -> bool:
        """Whether the event is of the attempt that was assigned last."""
        return self._attempts.expects(event)

    def until(self, number: int, epoch: int) -> int:
        """The next epoch after which the trial may be stopped or saved, or its last."""
        spec = self._attempts.specs[number]
        if self._arms[spec.study].prunes or patience_of(spec, self._config.training):
            return epoch + 1
        return self._attempts.next_checkpoint(number, epoch)

    def wants_checkpoint(self, event: EpochEnded, *, stopping: bool) -> bool:
        """Every so many epochs, and at a stop."""
        return self._attempts.wants_checkpoint(event, stopping=stopping)

    def note_checkpoint(self, number: int, epochs: int) -> None:
        """A trial that is lost goes on from there."""
        self._attempts.note_checkpoint(number, epochs)

    def wants_test(self, event: EpochEnded) -> bool:
        """Never: a search must not know the test set."""
        return False

    def keeps(self, result: TrialEnded) -> bool:
        """Whether the trial is the best of its study so far."""
        study = self._attempts.specs[result.number].study
        if result.state != "complete" or result.value is None or not result.feasible:
            return False
        if not better(result.value, self._leaders.get(study), direction=self._config.objective.direction):
            return False
        self._leaders[study] = result.value
        return True

    def finished(self) -> bool:
        """Whether every trial has ended, and every arm has spent its budget or tried every config."""
        if self._ended < len(self._attempts.specs):
            return False
        return all(not self._budget.allows(study) or arm.exhausted() for study, arm in self._arms.items())

    def reason(self) -> str:
        """Why the search has ended for good."""
        return EXHAUSTED if any(map(self._budget.allows, self._arms)) else BUDGET_MET

    def remarks(self) -> list[str]:
        """What must be said of a search that has ended: arms that ran out of configs before their budget."""
        return [
            f"{study}: every config of its space has been tried, after {arm.asked:,} trials; search.repeats: replicate "
            "would train other seeds of them"
            for study, arm in self._arms.items()
            if arm.exhausted() and self._budget.allows(study)
        ]

    def replay(self, events: Iterable[AnyEvent], *, checkpoints: Mapping[int, int] | None = None) -> list[TrialEnded]:
        """Rebuild the state that a log left; trials that had not ended are asked for again, first of all.

        Every event is judged as it was then, so that studies and budgets come out the same.

        Args:
            events: The log.
            checkpoints: Epochs behind the checkpoint of each trial that still has one.

        Returns:
            Results that the log lacks: the driver died between an event and what followed from it.
        """
        unfinished: dict[int, None] = {}
        due: dict[int, Ending] = {}
        for event in events:
            match event:
                case AttemptStarted():
                    self._attempts.replay(event)
                    self._budget.repeat(self._attempts.specs[event.number], event.epoch)
                case TrialKnown():
                    self.know([event])
                case TrialStarted():
                    self._arms[event.study].restore(event.params, event.sampler_phase)
                    self._budget.begin(event)
                    self._attempts.specs[event.number] = event
                    unfinished[event.number] = None
                case EpochEnded() | TrialFailed() | AttemptLost():
                    outcome = self._note(event)
                    if isinstance(outcome, Ending):
                        due[event.number] = outcome
                case TrialEnded():
                    del unfinished[event.number]
                    due.pop(event.number, None)
                    self._tell(event)
                    self.keeps(event)
                case _:
                    self._attempts.replay(event)
        results = [self._conclude(number, ending) for number, ending in due.items()]
        for result in results:
            del unfinished[result.number]
            self._tell(result)
            self.keeps(result)
        self._attempts.resume(unfinished, checkpoints or {})
        return results

    def _note(self, event: EpochEnded | TrialFailed | AttemptLost) -> Ending | ResourceEvent | None:
        """Take note of an event, live or from a log: what it cost, and what follows from it."""
        spec = self._attempts.specs[event.number]
        self._budget.charge(spec, event)
        if isinstance(event, TrialFailed):
            return self._attempts.fail(event)
        if isinstance(event, AttemptLost):
            return self._attempts.lose(event)
        self._attempts.note(event)
        return judge(
            event,
            spec,
            course=self._attempts.course(event.number),
            objective=self._config.objective,
            patience=patience_of(spec, self._config.training),
            arm=self._arms[spec.study],
        )

    def _conclude(self, number: int, ending: Ending) -> TrialEnded:
        return self._attempts.conclude(number, ending, self._config.objective)

    def _tell(self, ended: TrialEnded) -> None:
        spec = self._attempts.specs[ended.number]
        self._arms[spec.study].tell(spec.order, ended)
        self._budget.end(spec)
        self._attempts.end(ended.number)
        self._ended += 1
