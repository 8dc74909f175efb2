"""Where a run stands, in a few numbers: for the terminal. Plain Python: it must answer at once on any machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from search_spaces import ParamValue
from sweeps.history import History, Trial
from sweeps.phases import trials_of
from sweeps.records import LATER, Unit
from sweeps.selection import rank
from sweeps.utilisation import Shares


@dataclass(frozen=True)
class ArmSummary:
    """One arm: how its budget was spent, and its best trial so far.

    Attributes:
        arm: Value of the compared parameter; None in a joint search.
        budget: What it may spend, in `unit`.
        states: Trials by state: complete, pruned, failed, running.
        seconds: Worker seconds spent, on attempts that came to nothing too.
        best: Number, value and params of the leader; None before any trial is complete.
    """

    arm: ParamValue | None
    budget: int | float
    unit: Unit
    states: dict[str, int]
    seconds: float
    best: tuple[int, float, dict[str, ParamValue]] | None

    @property
    def name(self) -> str:
        """The arm as a word."""
        return "all" if self.arm is None else str(self.arm)


@dataclass(frozen=True)
class PhaseSummary:
    """A phase after the search: how many of its trials have ended, and how many there are to be."""

    phase: str
    ended: int
    planned: int


@dataclass(frozen=True)
class Summary:
    """A run as a whole.

    Attributes:
        name: The sweep's.
        state: `running` (a driver holds it), `ended`, or `interrupted` (resumable).
        metric: What is compared.
        arms: In the order of the sweep file.
        notes: What the reader must know before any number.
        shares: What became of the workers' time; None before any.
        waiting: Why workers wait to be started; None if none does.
        phases: Those after the search that are asked for or were run.
    """

    name: str
    state: str
    metric: str
    arms: tuple[ArmSummary, ...]
    notes: tuple[str, ...]
    shares: Shares | None
    waiting: str | None = None
    phases: tuple[PhaseSummary, ...] = ()


def summarise(history: History) -> Summary:
    """Count a run's trials by arm and state, and find each arm's leader."""
    state = "ended" if history.ended else "running" if history.directory.is_driven() else "interrupted"
    by_study: dict[str, list[Trial]] = {study.study: [] for study in history.studies}
    for trial in history.searched:
        by_study[trial.spec.study].append(trial)
    direction = history.config.objective.direction
    arms = []
    for study in history.studies:
        trials = by_study[study.study]
        ranked = rank([trial.ended for trial in trials if trial.ended], direction=direction)
        best = None
        if ranked and ranked[0].value is not None:
            best = (ranked[0].number, ranked[0].value, history.trials[ranked[0].number].spec.params)
        states = Counter(trial.state for trial in trials)
        arms.append(
            ArmSummary(study.arm, study.budget, study.unit, dict(states), sum(trial.spent for trial in trials), best)
        )
    return Summary(
        history.header.name,
        state,
        history.config.objective.metric,
        tuple(arms),
        history.header.notes,
        history.utilisation.shares(),
        history.waiting if state == "running" else None,
        _phases(history),
    )


def _phases(history: History) -> tuple[PhaseSummary, ...]:
    ended = Counter(trial.spec.phase for trial in history.trials.values() if trial.ended)
    planned = trials_of(history.config)
    return tuple(
        PhaseSummary(phase, ended[phase], max(ended[phase], planned.get(phase, 0)))
        for phase in LATER
        if ended[phase] or phase in planned
    )
