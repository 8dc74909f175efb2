"""Keeps the arms equal: in trials, or in what their trials cost the workers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sweeps.config import SearchConfig
from sweeps.records import AttemptLost, EpochEnded, TrialFailed, TrialSpec, worker_seconds


@dataclass
class _Account:
    """What one study has spent, and what its trials under way may still cost.

    `first` and `later` are the costliest first epoch of an attempt, with the model's making, and the costliest other;
    `dearest` is what the costliest trial came to that has ended.
    """

    begun: int = 0
    seconds: float = 0.0
    first: float = 0.0
    later: float = 0.0
    dearest: float = 0.0
    spent: dict[int, float] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)

    def learn(self, event: EpochEnded) -> None:
        """Note what an epoch cost, and that the trial has one less before it."""
        cost = worker_seconds(event)
        if event.is_first:
            self.first = max(self.first, cost)
        else:
            self.later = max(self.later, cost)
        self.fresh.discard(event.number)

    @property
    def reserved(self) -> float:
        """What the trials under way may still cost at the most, by what is known."""
        epoch = self.later or self.first
        return sum(left * epoch for left in self.left.values()) + len(self.fresh) * max(0.0, self.first - epoch)


class Budget:
    """Who may begin another trial, and whose turn it is.

    Under a budget of seconds every second counts that a trial took a worker, whatever became of it: epochs, those
    trained again after a loss, exceptions, time-outs. What the trials under way may still cost is set aside, and while
    nothing is known of that, a study has one trial at a time. Trials that cost more than any before them, or are
    trained again after a crash, may still take a study beyond its budget; then the others go on until none is behind
    by more than the costliest trial. So no study ends below its budget, and no two further apart than one trial.

    Args:
        search: The budget.
        studies: Their names, in the order that settles a tie.
    """

    def __init__(self, search: SearchConfig, studies: Iterable[str]) -> None:
        self._search = search
        self._accounts = {study: _Account() for study in studies}

    def begin(self, spec: TrialSpec) -> None:
        """Count a trial."""
        self._accounts[spec.study].begun += 1
        self.repeat(spec, 0)

    def repeat(self, spec: TrialSpec, epoch: int) -> None:
        """A trial is trained from an epoch on, for the first time or again."""
        account = self._accounts[spec.study]
        account.left[spec.number] = spec.epochs - epoch
        account.fresh.add(spec.number)

    def charge(self, spec: TrialSpec, event: EpochEnded | TrialFailed | AttemptLost) -> None:
        """Count what an event took its worker."""
        account = self._accounts[spec.study]
        account.seconds += worker_seconds(event)
        account.spent[spec.number] = account.spent.get(spec.number, 0.0) + worker_seconds(event)
        if isinstance(event, EpochEnded):
            account.learn(event)
            account.left[spec.number] = spec.epochs - event.epoch - 1

    def end(self, spec: TrialSpec) -> None:
        """A trial costs nothing more."""
        account = self._accounts[spec.study]
        account.left.pop(spec.number, None)
        account.fresh.discard(spec.number)
        account.dearest = max(account.dearest, account.spent.pop(spec.number, 0.0))

    def spent(self, study: str) -> float:
        """What a study has spent so far, in the budget's unit."""
        account = self._accounts[study]
        return account.begun if self._search.budget == "trials" else account.seconds

    def allows(self, study: str) -> bool:
        """Whether a study may begin another trial now."""
        account = self._accounts[study]
        if self._search.budget == "trials":
            return account.begun < self._search.amount
        if account.left and not account.first:
            return False
        most = max(other.seconds for other in self._accounts.values())
        dearest = max(other.dearest for other in self._accounts.values())
        committed = account.seconds + account.reserved
        return committed < self._search.amount or committed < most - dearest

    def poorest(self, studies: Iterable[str]) -> str | None:
        """The study whose turn it is, of those that may begin another trial; None if none may."""
        allowed = [study for study in studies if self.allows(study)]
        return min(allowed, key=self._standing, default=None)

    def _standing(self, study: str) -> tuple[float, int]:
        account = self._accounts[study]
        if self._search.budget == "trials":
            return account.begun, 0
        return account.seconds + account.reserved, account.begun
