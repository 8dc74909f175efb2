"""Runs what comes after the search, phase by phase; whatever opens the test set is in the log first."""

from __future__ import annotations

from collections.abc import Callable

from sweeps.artifacts import Artifacts, usable_checkpoints
from sweeps.config import SweepConfig
from sweeps.datasets import TestSet, open_test_set
from sweeps.disputed import are_pictures, keep_disputed
from sweeps.history import History, read_run
from sweeps.incumbents import judge_incumbents
from sweeps.loop import run_phase
from sweeps.phases import champions_of, plan_due, source_of
from sweeps.records import LATER, Audited, PlanFrozen
from sweeps.runlog import RunLog, read_events
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
    history = read_run(log.directory.path)
    new = plan_due(config, history)
    if new is not None and stopping():  # whoever stops a search may want more of it, which a plan forbids
        return False
    plan = _freeze(new, config, history, log, say)
    if plan is None:
        return True
    for phase in LATER:
        history = read_run(log.directory.path)
        events = [event for event, _ in read_events(log.directory)]
        checkpoints = {number: written.epochs or 0 for number, written in usable_checkpoints(history).items()}
        source, due = source_of(phase, config, plan, events, checkpoints=checkpoints)
        if due:  # a driver died between an event and what followed from it
            log.append(*due)
        if source.finished():
            continue
        if stopping():
            return False
        test = _open_test_set(config, history, workers, log) if source.tests else None
        say(f"{phase}: {counted(source.size, 'trial')}")
        run_phase(source, workers, log, artifacts, stopping=stopping)
        if not source.finished():
            return False
        if test is not None:
            history = read_run(log.directory.path)
            judge_incumbents(config, plan, history, log, test=test, say=say)
            if are_pictures(test):
                log.append(Audited(action="test set read", detail="pictures of the examples that the arms dispute"))
                keep_disputed(config, history, artifacts, test)
    return True


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
    detail = f"{data.get('test'):,} examples of {data.get('name')}, for the confirm phase"
    log.append(Audited(action="test set opened", detail=detail))
    test = open_test_set(config.dataset, digest=str(data["digest"]))
    workers.open_test(test)
    return test
