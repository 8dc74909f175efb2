"""Tests the weights that a search kept of its best trials so far: what following the validation set was worth."""

from __future__ import annotations

from collections.abc import Callable
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


def incumbents_due(plan: PlanFrozen, history: History) -> list[int]:
    """Past incumbents that the plan names and whose kept model nobody has yet tried to test."""
    incumbents: Any = plan.plan["incumbents"]
    tried = {audit.detail for audit in history.audits}
    named = [number for arm in incumbents for number in arm["trials"]]
    return [number for number in named if _read_of(number) not in tried]


def judge_incumbents(
    config: SweepConfig,
    plan: PlanFrozen,
    history: History,
    log: RunLog,
    *,
    test: TestSet,
    say: Callable[[str], None],
) -> None:
    """Show the test set to every past incumbent that is due, once, after the champions are confirmed."""
    due = incumbents_due(plan, history)
    if not due:
        return
    with Child("sweeps.training.testing:test_kept", cpus=config.workers.cpus) as child:
        for number in due:
            log.append(Audited(action="test set read", detail=_read_of(number)))
            model = read_artifact(history.directory, history.trials[number].artifacts["model"])
            if model is None:
                say(f"trial {number}: its kept model is gone or was changed, so it is not tested")
                continue
            try:
                metrics, scores, seconds = child.call(config.model.build, model, test, classes=_classes(history))
            except Exception as error:  # a user's layers may raise anything, and take the process with them
                words = " ".join(str(error).split())[:300]
                say(f"trial {number}: its kept model cannot be tested: {type(error).__name__}: {words}")
                if isinstance(error, WorkerError):
                    return
                continue
            log.append(
                TrialTested(
                    number=number,
                    attempt=0,
                    worker=NOBODY,
                    metrics=metrics,
                    examples=len(test.y),
                    seconds=seconds,
                    nll=scores.get("nll"),
                    brier=scores.get("brier"),
                    ece=scores.get("ece"),
                )
            )


def _read_of(number: int) -> str:
    """What the audit says of a kept model, by which it is known again."""
    return f"kept model of trial {number}"


def _classes(history: History) -> int | None:
    found = history.header.data.get("classes")
    return found if isinstance(found, int) else None
