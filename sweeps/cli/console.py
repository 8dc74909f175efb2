"""What a person sees while a sweep runs: progress bars on a terminal, one line an event where output is piped."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from typing import Self

from rich.box import SIMPLE
from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sweeps.records import (
    AnyEvent,
    AttemptLost,
    EpochEnded,
    ResourceEvent,
    StudyCreated,
    TrialEnded,
    TrialFailed,
    TrialStarted,
    WorkerStarted,
    worker_seconds,
)
from sweeps.selection import better
from sweeps.summary import Summary
from sweeps.words import counted

_LONGEST_REASON = 400
_STATES = ("complete", "pruned", "failed", "running")


class Console:
    """Shows the events of one driver; a context manager, because a progress bar must be put away."""

    def __init__(self) -> None:
        self._out = RichConsole(soft_wrap=True, highlight=False, emoji=False)
        self._bars: Progress | None = None
        if self._out.is_terminal:
            columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
            self._bars = Progress(*columns, TextColumn("{task.fields[best]}"), console=self._out)
        self._studies: dict[str, StudyCreated] = {}
        self._study_of: dict[int, str] = {}
        self._phase_of: dict[int, str] = {}
        self._done: Counter[str] = Counter()
        self._tasks: dict[str, int] = {}
        self._best: dict[str, float] = {}
        self._ended, self._seconds = 0, 0.0

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    def say(self, line: str) -> None:
        """Print one line, above the bars if there are any; a terminal that is gone ends no sweep."""
        with contextlib.suppress(OSError, ValueError):
            self._out.print(line.encode("utf-8", "backslashreplace").decode(), markup=False)

    def show(self, event: AnyEvent) -> None:
        """Take note of an event, and show it if a person would want to know."""
        match event:
            case StudyCreated():
                self._studies[event.study] = event
                if self._bars:
                    name = escape(event.study if event.arm is None else str(event.arm))
                    self._tasks[event.study] = self._bars.add_task(name, total=event.budget, best="")
            case WorkerStarted():
                self.say(f"{event.worker} ready on {event.node} ({event.device}) after {event.seconds:.1f} s")
            case TrialStarted() if event.phase != "search":
                self._phase_of[event.number] = event.phase
            case TrialStarted():
                self._study_of[event.number] = event.study
            case EpochEnded() | TrialFailed():
                self._charge(event)
            case AttemptLost():
                self._charge(event)
                self.say(f"trial {event.number} left its worker: {event.reason}")
            case ResourceEvent():
                who = event.worker if event.number is None else f"trial {event.number}"
                self.say(": ".join(filter(None, (event.kind.replace("_", " "), who, event.detail))))
            case TrialEnded():
                self._show_end(event)

    def replay(self, event: AnyEvent) -> None:
        """Take note of an event of an earlier driver without a line for it."""
        match event:
            case StudyCreated() | TrialStarted():
                self.show(event)
            case EpochEnded() | TrialFailed() | AttemptLost():
                self._charge(event)
            case TrialEnded():
                self._count(event)

    def _charge(self, event: EpochEnded | TrialFailed | AttemptLost) -> None:
        """Count the seconds of a study whose budget is in seconds."""
        if event.number in self._phase_of:
            return
        study = self._studies[self._study_of[event.number]]
        if study.unit == "seconds":
            self._seconds += worker_seconds(event)
            self._advance(study, worker_seconds(event))

    def _advance(self, study: StudyCreated, by: float) -> None:
        if self._bars:
            leader = self._best.get(study.study)
            best = "" if leader is None else f"best {leader:.4f}"
            self._bars.update(self._tasks[study.study], advance=by, best=best)  # type: ignore[arg-type]

    def _show_end(self, event: TrialEnded) -> None:
        if (phase := self._phase_of.get(event.number)) is not None:
            self._count(event)
            shown = event.value if event.test is None else event.test
            words = "" if shown is None else f" {shown:.4f}{' on the test set' if event.test is not None else ''}"
            reason = f": {_one_line(event.reason)}" if event.reason else ""
            self.say(f"[{phase} {self._done[phase]}] trial {event.number} {event.state}{words}{reason}")
            return
        study = self._studies[self._study_of[event.number]]
        self._count(event)
        total = sum(each.budget for each in self._studies.values())
        spent = f"{self._ended}/{total}"
        if study.unit == "seconds":
            spent = f"{self._ended}, {self._seconds:.0f}/{total:.0f} s"
        value = "" if event.value is None else f" {event.value:.4f}"
        arm = "" if study.arm is None else f" {study.arm}"
        words = f"[{spent}] trial {event.number}{arm} {event.state}{value} after {event.epochs}"
        if not self._bars or event.state == "failed":
            reason = _one_line(event.reason)
            self.say(f"{words} epochs{f': {reason}' if reason else ''}")

    def _count(self, event: TrialEnded) -> None:
        if event.number in self._phase_of:
            self._done[self._phase_of[event.number]] += 1
            return
        self._ended += 1
        study = self._studies[self._study_of[event.number]]
        leader = self._best.get(study.study)
        value = math.nan if event.value is None or event.state != "complete" or not event.feasible else event.value
        if better(value, leader, direction=study.direction):
            leader = self._best[study.study] = value
        self._advance(study, 1 if study.unit == "trials" else 0)

    def table(self, summary: Summary) -> None:
        """Print the arms side by side, and the params of each arm's best trial below."""
        table = Table(
            title=escape(f"{summary.name}: best {summary.metric} that the search of each arm found"), box=SIMPLE
        )
        for heading in ("arm", *_STATES, "worker s", "best", "trial"):
            table.add_column(heading, justify="left" if heading == "arm" else "right", no_wrap=True)
        for arm in summary.arms:
            counts = [str(arm.states.get(state, 0)) for state in _STATES]
            best = ("-", "-") if arm.best is None else (f"{arm.best[1]:.4f}", str(arm.best[0]))
            of = f"/{arm.budget:g}" if arm.unit == "seconds" else ""
            table.add_row(escape(arm.name), *counts, f"{arm.seconds:.0f}{of}", *best)
        self._out.print(table)
        for each in summary.phases:
            self.say(f"  {each.phase}: {each.ended} of {counted(each.planned, 'trial')}")
        for arm in summary.arms:
            if arm.best:
                params = ", ".join(f"{name} {_short(value)}" for name, value in arm.best[2].items())
                self.say(f"  trial {arm.best[0]}: {params}")


def _one_line(reason: str | None) -> str:
    return " ".join((reason or "").split())[:_LONGEST_REASON]


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
