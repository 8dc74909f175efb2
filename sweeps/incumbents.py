"""Tests the weights that a search kept of its best trials so far: what following the validation set was worth."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sweeps.artifacts import read_artifact
from sweeps.child import Child
from sweeps.config import SweepConfig
from sweeps.datasets import TestSet
from sweeps.errors import WorkerError
from sweeps.history import History
from sweeps.records import Audited, PlanFrozen, TrialTested
from sweeps.runlog import RunLog

NOBODY = "driver"
"""In the place of a worker: a process of the driver's own does this, without a GPU."""

_READ, _IN_VAIN = "test set read", "not tested"
_TRIES = 3


def incumbents_due(plan: PlanFrozen, history: History) -> list[int]:
    """Past incumbents that the plan names, whose kept model is whole and has come to no result yet.

    A read of the test set that was announced and came to nothing is repeated, and announced again: a driver died in it.
    """
    return [number for number in _untested(plan, history) if _model_of(history, number) is not None]


def judge_incumbents(
    config: SweepConfig,
    plan: PlanFrozen,
    history: History,
    log: RunLog,
    *,
    test: TestSet,
    say: Callable[[str], None],
) -> None:
    """Show the test set to every past incumbent that is due, after the champions are confirmed."""
    due = deque(incumbents_due(plan, history))
    for number in _untested(plan, history):
        if number not in due:
            say(f"trial {number}: its kept model is gone or was changed, so it is not tested")
    judge = _Judge(config, history, log, test, say)
    while due:  # a model that takes its process with it costs the others a new one
        with Child("sweeps.training.testing:test_kept", cpus=config.workers.cpus) as child:
            while due and judge.outlives(child, due.popleft()):
                pass


@dataclass(frozen=True)
class _Judge:
    """Shows the test set to one kept model after the other."""

    config: SweepConfig
    history: History
    log: RunLog
    test: TestSet
    say: Callable[[str], None]

    def outlives(self, child: Child, number: int) -> bool:
        """Test a trial's kept model, and say whether the process can test another."""
        self.log.append(Audited(action=_READ, detail=_name(number)))
        model = _model_of(self.history, number)
        classes = self.history.header.data.get("classes")
        try:
            metrics, scores, seconds = child.call(self.config.model.build, model, self.test, classes=classes)
        except Exception as error:  # a user's layers may raise anything, and take the process with them
            words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            self.say(f"trial {number}: its kept model cannot be tested: {words}")
            is_dead = isinstance(error, WorkerError)
            if not is_dead:  # of a process that died nobody knows whether the model was to blame
                self.log.append(Audited(action=_IN_VAIN, detail=f"{_name(number)}: {words}"))
            return not is_dead
        self.log.append(
            TrialTested(
                number=number,
                attempt=0,
                worker=NOBODY,
                metrics=metrics,
                examples=len(self.test.y),
                seconds=seconds,
                nll=scores.get("nll"),
                brier=scores.get("brier"),
                ece=scores.get("ece"),
            )
        )
        return True


def _untested(plan: PlanFrozen, history: History) -> Iterator[int]:
    """Incumbents without a result, but those that raised, or were read so often that they will not come to one."""
    incumbents: Any = plan.plan["incumbents"]
    reads = Counter(audit.detail for audit in history.audits if audit.action == _READ)
    raised = {audit.detail.partition(":")[0] for audit in history.audits if audit.action == _IN_VAIN}
    for number in (number for arm in incumbents for number in arm["trials"]):
        is_open = history.trials[number].tested is None and _name(number) not in raised
        if is_open and reads[_name(number)] < _TRIES:
            yield number


def _model_of(history: History, number: int) -> bytes | None:
    written = history.trials[number].artifacts.get("model")
    return None if written is None else read_artifact(history.directory, written)


def _name(number: int) -> str:
    """What audits call a kept model, by which it is known again."""
    return f"kept model of trial {number}"
