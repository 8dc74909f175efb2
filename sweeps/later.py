"""Runs what comes after the search, phase by phase; whatever opens the test set is in the log first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sweeps.artifacts import Artifacts, usable_checkpoints
from sweeps.config import SweepConfig
from sweeps.datasets import TestSet, open_test_set
from sweeps.disputed import keep_disputed, pictures_due
from sweeps.history import History
from sweeps.incumbents import incumbents_due, judge_incumbents
from sweeps.loop import run_phase
from sweeps.phases import champions_of, plan_due, source_of, unfinished
from sweeps.records import LATER, AnyEvent, Audited, PlanFrozen
from sweeps.runlog import RunLog
from sweeps.words import counted
from sweeps.workers.protocol import Workers


def run_later(
    config: SweepConfig,
    workers: Workers,
    log: RunLog,
    artifacts: Artifacts,
    *,
    stopping: Callable[[], bool],
    say: Callable[[str], None],
) -> bool:
    """Freeze the plan, train every phase that is asked for, and say whether all of them are over.

    Raises:
        CapsweepError: If the test set is wanted and cannot be had, or one error ends trial after trial.
    """
    run = _Reading.of(log)
    new = plan_due(config, run.history)
    if new is not None and stopping():  # whoever stops a search may want more of it, which a plan forbids
        return False
    plan = _freeze(new, config, run.history, log, say)
    if plan is None:
        return True
    for phase in LATER:
        run.go_on()
        checkpoints = {number: written.epochs or 0 for number, written in usable_checkpoints(run.history).items()}
        source, due = source_of(phase, config, plan, run.events, checkpoints=checkpoints)
        if due:  # a driver died between an event and what followed from it
            log.append(*due)
            run.go_on()
        if stopping() and not source.finished():
            return False
        opens = source.tests and (not source.finished() or _is_owed(config, plan, run.history, run.events))
        test = _open_test_set(config, run.history, workers, log) if opens else None
        if not source.finished():
            say(f"{phase}: {counted(source.size, 'trial')}")
            run_phase(source, workers, log, artifacts, stopping=stopping)
        if not source.finished():
            return False
        if test is not None:
            run.go_on()
            judge_incumbents(config, plan, run.history, log, test=test, say=say)
            _keep_pictures(config, run, log, artifacts, test)
    return True


def _keep_pictures(config: SweepConfig, run: _Reading, log: RunLog, artifacts: Artifacts, test: TestSet) -> None:
    if pictures_due(config, run.history, run.events):
        log.append(Audited(action="test set read", detail="pictures of the examples that the arms dispute"))
        keep_disputed(config, run.history, artifacts, test)


def is_over(config: SweepConfig, history: History, events: Sequence[AnyEvent]) -> bool:
    """Whether nothing is left to do after the search."""
    is_owed = bool(history.plans) and _is_owed(config, history.plans[-1], history, events)
    return not unfinished(config, history, events) and not is_owed


def _is_owed(config: SweepConfig, plan: PlanFrozen, history: History, events: Sequence[AnyEvent]) -> bool:
    """Whether a driver died between the last confirmed replicate and what follows from all of them."""
    follows = incumbents_due(plan, history) or pictures_due(config, history, events)
    return bool(plan.plan["seeds"]) and bool(follows)


@dataclass
class _Reading:
    """A run as it stands, read on while its driver writes: a log of a million events is not read twice."""

    history: History
    events: list[AnyEvent] = field(default_factory=list)

    @classmethod
    def of(cls, log: RunLog) -> _Reading:
        run = cls(History(log.directory))
        run.go_on()
        return run

    def go_on(self) -> None:
        """Read what was appended since."""
        self.history.refresh(self.events.append)


def _freeze(
    new: PlanFrozen | None, config: SweepConfig, history: History, log: RunLog, say: Callable[[str], None]
) -> PlanFrozen | None:
    """The plan that holds from here on, put into the log if it is new; None if nothing comes after the search."""
    if new is not None:
        if new.revision > 1:
            log.append(Audited(action="plan revised", detail=f"revision {new.revision}, {new.digest[:12]}"))
        log.append(new)
        names = ", ".join(f"{each.arm}: trial {each.trials[0]}" for each in champions_of(new))
        say(f"plan {new.digest[:12]} frozen; champions: {names}")
        return new
    if not history.plans and any(config.later_amounts.values()):
        say(
            f"nothing is compared: it takes a complete trial of {config.baseline}, the baseline, and one of another arm"
        )
    return history.plans[-1] if history.plans else None


def _open_test_set(config: SweepConfig, history: History, workers: Workers, log: RunLog) -> TestSet:
    data = history.header.data
    some = f"{config.dataset.test:,} of " if config.dataset.test else ""
    shifts = ", ".join(map(str, config.confirm.shifts.each))
    copies = f", and copies of them ({shifts})" if shifts else ""
    detail = f"{some}{data.get('test'):,} examples of {data.get('name')}{copies}, for the confirm phase"
    log.append(Audited(action="test set opened", detail=detail))
    test = open_test_set(config.dataset, digest=str(data["digest"]))
    workers.open_test(test)
    return test
