"""The log, folded: what each trial came to. Resume, status, reports and the dashboard all read a run through this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from sweeps.config import SweepConfig
from sweeps.drift import apply_changes
from sweeps.errors import RunError
from sweeps.records import (
    FOR_GOOD,
    AnyEvent,
    ArtifactWritten,
    AttemptLost,
    AttemptStarted,
    Audited,
    DriverStarted,
    EpochEnded,
    ModelFacts,
    PlanFrozen,
    ResourceEvent,
    StudyCreated,
    SweepEnded,
    SweepStarted,
    TrialEnded,
    TrialFailed,
    TrialKnown,
    TrialSpec,
    TrialStarted,
    TrialTested,
    WorkerEnded,
    WorkerStarted,
    worker_seconds,
)
from sweeps.runlog import RunDirectory, read_events
from sweeps.utilisation import Utilisation


@dataclass
class Trial:
    """One trial as far as the log tells; `epochs` are those that count, of whichever attempt.

    `spent` are worker seconds of all attempts, those included that came to nothing. `begun_at` and `tested_at` are
    places in the log, which no clock can put out of order.
    """

    spec: TrialSpec
    attempts: list[AttemptStarted] = field(default_factory=list)
    epochs: list[EpochEnded] = field(default_factory=list)
    failure: TrialFailed | None = None
    tested: TrialTested | None = None
    ended: TrialEnded | None = None
    artifacts: dict[str, ArtifactWritten] = field(default_factory=dict)
    model: ModelFacts | None = None
    spent: float = 0.0
    begun_at: int | None = None
    tested_at: int | None = None

    @property
    def number(self) -> int:
        """The trial's number in the sweep, from 0."""
        return self.spec.number

    @property
    def state(self) -> str:
        """`complete`, `pruned`, `failed` or `running` (which an interrupted one is too, until it is resumed)."""
        return self.ended.state if self.ended else "running"

    @property
    def seconds(self) -> float:
        """Worker seconds of the epochs that count: getting the model ready, training and validating."""
        return sum(epoch.seconds for epoch in self.epochs) + (self.model.build_seconds if self.model else 0.0)


@dataclass
class History:
    """A run, folded event by event in the order of the log: `ended` for good, or `stopped` in good order.

    `plans_at` and `audits_at` are the places of `plans` and `audits` in the log, `place` that of the next event.
    """

    directory: RunDirectory
    started: SweepStarted | None = None
    studies: list[StudyCreated] = field(default_factory=list)
    drivers: list[DriverStarted] = field(default_factory=list)
    workers: list[WorkerStarted] = field(default_factory=list)
    trials: dict[int, Trial] = field(default_factory=dict)
    lost: list[AttemptLost] = field(default_factory=list)
    artifacts: dict[str, ArtifactWritten] = field(default_factory=dict)
    plans: list[PlanFrozen] = field(default_factory=list)
    plans_at: list[int] = field(default_factory=list)
    audits: list[Audited] = field(default_factory=list)
    audits_at: list[int] = field(default_factory=list)
    resources: list[ResourceEvent] = field(default_factory=list)
    ended: SweepEnded | None = None
    stopped: SweepEnded | None = None
    waiting: str | None = None
    last_time: float = 0.0
    offset: int = 0
    place: int = 0
    utilisation: Utilisation = field(default_factory=Utilisation)
    _config: SweepConfig | None = None

    def refresh(self, each: Callable[[AnyEvent], object] | None = None) -> bool:
        """Read what was appended since the last reading, and show `each` event of it; whether there was anything."""
        before = self.offset
        for event, offset in read_events(self.directory, offset=self.offset):
            self.fold(event)
            self.offset = offset
            if each is not None:
                each(event)
        return self.offset != before

    def fold(self, event: AnyEvent) -> None:
        """Take in one more event."""
        if not isinstance(event, Audited):  # an export weeks later is no part of the run's time
            self.last_time = max(self.last_time, event.time)
        self.utilisation.fold(event)
        match event:
            case SweepStarted():
                self.started = event
            case StudyCreated():
                self.studies.append(event)
            case DriverStarted():
                self._fold_driver(event)
            case WorkerStarted():
                self.workers.append(event)
                self.waiting = None
            case AttemptLost():
                self.lost.append(event)
                if event.number in self.trials:
                    self.trials[event.number].spent += event.seconds
            case Audited():
                self.audits.append(event)
                self.audits_at.append(self.place)
            case SweepEnded():
                self.ended, self.stopped = (event, None) if event.reason in FOR_GOOD else (None, event)
            case TrialStarted():
                self.trials[event.number] = Trial(event, begun_at=self.place)
            case ResourceEvent():
                self.resources.append(event)
                if event.kind == "workers_pending":
                    self.waiting = event.detail
            case PlanFrozen():
                self.plans.append(event)
                self.plans_at.append(self.place)
            case WorkerEnded() | TrialKnown():
                pass
            case ArtifactWritten() if event.number is None:
                self.artifacts[event.kind] = event
            case _:
                self._fold_into_trial(event)
        self.place += 1

    def _fold_driver(self, event: DriverStarted) -> None:
        self.drivers.append(event)
        self.ended = self.stopped = self.waiting = None
        if event.changes:
            self._config = None
            self.studies = [replace(study, budget=self.config.search.amount) for study in self.studies]

    def _fold_into_trial(
        self, event: AttemptStarted | EpochEnded | TrialFailed | TrialTested | TrialEnded | ArtifactWritten
    ) -> None:
        trial = self.trials.get(event.number)  # type: ignore[arg-type]
        if trial is None:
            raise RunError(f"{self.directory.events}: {event.event} of trial {event.number}, which never started")
        match event:
            case AttemptStarted():
                trial.attempts.append(event)
                trial.failure = None
                del trial.epochs[event.epoch :]
            case EpochEnded():
                trial.epochs.append(event)
                trial.spent += worker_seconds(event)
                trial.model = event.model or trial.model
            case TrialFailed():
                trial.failure = event
                trial.spent += event.seconds
            case TrialTested():
                trial.tested, trial.tested_at = event, self.place
                trial.spent += event.seconds if event.attempt else 0.0  # a kept model is tested by no worker
            case TrialEnded():
                trial.ended = event
            case ArtifactWritten():
                trial.artifacts[event.kind] = event

    @property
    def searched(self) -> list[Trial]:
        """The trials of the search, by number."""
        return [trial for _, trial in sorted(self.trials.items()) if trial.spec.phase == "search"]

    @property
    def config(self) -> SweepConfig:
        """The sweep as it was asked for, with what was changed at a resume."""
        if self._config is None:
            document = dict(self.header.config)
            if document.get("controls") == 0:  # until schema 5 the key was a number, of which only 0 was allowed
                del document["controls"]
            launched = SweepConfig.from_mapping(document, source=str(self.directory.events))
            changes = {key: value for driver in self.drivers for key, value in driver.changes.items()}
            self._config = apply_changes(launched, changes)
        return self._config

    @property
    def header(self) -> SweepStarted:
        """The first line of the log.

        Raises:
            RunError: If the log is empty: the driver died before it began.
        """
        if self.started is None:
            raise RunError(
                f"{self.directory.events}: empty: nothing was started; delete the directory and launch again"
            )
        return self.started


def read_run(path: Path) -> History:
    """Read a run as it stands, finished or not.

    Raises:
        RunError: If there is no run, or if its log cannot be read.
    """
    history = History(RunDirectory(path))
    history.refresh()
    history.header  # noqa: B018  an empty log is refused here rather than at the first use
    return history
