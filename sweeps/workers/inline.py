"""The in-process twin of Ray's workers: one trial at a time, in the driver's own process."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable

from search_spaces import CapsweepError
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.errors import WorkerError
from sweeps.hardware import count_cpus
from sweeps.records import AttemptStarted, EpochEnded, TrialSpec, WorkerStarted, worker_seconds
from sweeps.workers.patience import Patience
from sweeps.workers.process import DEFAULT_TRAINER, Worker
from sweeps.workers.protocol import Kind, Report, Reports, Saved, opened


class InlineWorkers:
    """One worker in the driver's own process, with all its cores: `wait` does the work.

    Args:
        config: The sweep.
        data: Its images.
        trainer: `module:class` of the trainer.
    """

    overlap = False

    def __init__(self, config: SweepConfig, data: Dataset, *, trainer: str = DEFAULT_TRAINER) -> None:
        self.count, self.cpus, self.gpus = 1, float(count_cpus()), 0.0
        self._worker = Worker("inline", trainer)
        self._work: deque[Callable[[], Report]] = deque()
        self._work.append(lambda: self._open(config.having(gpus=0.0), data))
        self._ready = False
        self._test: TestSet | None = None
        self._spec: TrialSpec | None = None
        self._attempt = self._epochs = self._saves = 0
        self._idle_since, self._used = time.perf_counter(), 0.0
        self._patience = Patience.of(config.faults)

    def has_room(self, *, alone: bool = False) -> bool:
        """Whether the worker is open and idle; it is always alone."""
        return self._ready and not self.busy()

    def clear(self) -> None:
        """Nothing is beside it."""

    def start(
        self,
        spec: TrialSpec,
        *,
        attempt: int,
        epoch: int = 0,
        checkpoint: bytes | None = None,
        alone: bool = False,
        until: int | None = None,
    ) -> AttemptStarted:
        """Begin a trial."""
        if not self.has_room():
            raise RuntimeError("no worker is idle; ask has_room first")
        self._spec, self._attempt, self._used = spec, attempt, 0.0
        last = epoch + 1 if until is None else until
        self._work.append(
            lambda: self._worker.train_on(spec, epoch, until=last, attempt=attempt, checkpoint=checkpoint)
        )
        return AttemptStarted(
            number=spec.number,
            attempt=attempt,
            worker="inline",
            wait_seconds=time.perf_counter() - self._idle_since,
            concurrency=1,
            epoch=epoch,
        )

    def train(self, number: int, epoch: int, *, until: int | None = None) -> None:
        """Go on with the trial."""
        spec, attempt, last = self._expect(number), self._attempt, epoch + 1 if until is None else until
        self._work.append(lambda: self._worker.train_on(spec, epoch, until=last, attempt=attempt))

    def open_test(self, test: TestSet) -> None:
        """Hold the test set from now on."""
        self._test = test

    def test(self, number: int) -> None:
        """Have the trial's model shown the test set."""
        self._expect(number)
        attempt, test = self._attempt, opened(self._test)
        self._work.append(lambda: self._worker.test(number, test, attempt=attempt))

    def save(self, number: int, kind: Kind) -> None:
        """Have the trial's model or checkpoint sent."""
        self._expect(number)
        self._saves += 1
        epochs = self._epochs
        self._work.append(lambda: self._save(number, kind, epochs))

    def wait(self) -> Report:
        """Do the next piece of work; only after it can be seen how long it took."""
        if not self._work:
            raise RuntimeError("nothing is under way; start a trial first")
        report = self._work.popleft()()
        told = 0.0
        for event in report.events if isinstance(report, Reports) else (report,):
            if isinstance(event, EpochEnded):
                told, self._epochs = told + worker_seconds(event), event.epoch + 1
        self._used += told
        trained = isinstance(report, EpochEnded | Reports)
        if not trained or self._spec is None or self._patience.left(trial=self._used, call=0.0) > 0:
            return report
        spec, self._spec, self._idle_since = self._spec, None, time.perf_counter()
        return self._patience.lost(spec, self._attempt, "inline", trial=self._used, untold=told)

    def release(self, number: int) -> None:
        """Let go of the trial."""
        self._expect(number)
        self._spec, self._idle_since = None, time.perf_counter()

    def busy(self) -> bool:
        """Whether there is a trial, or something saved still to come."""
        return self._spec is not None or self._saves > 0

    def close(self) -> None:
        """Drop what is not done."""
        self._work.clear()

    def _open(self, config: SweepConfig, data: Dataset) -> WorkerStarted:
        try:
            started = self._worker.open(config, data, node=socket.gethostname(), device="inline")
        except CapsweepError:
            raise
        except Exception as error:
            raise WorkerError(f"the worker could not start: {type(error).__name__}: {error}") from error
        self._ready, self._idle_since = True, time.perf_counter()
        return started

    def _save(self, number: int, kind: Kind, epochs: int) -> Saved:
        saved = self._worker.save(number, kind, epochs=epochs)
        self._saves, self._idle_since = self._saves - 1, time.perf_counter()
        return saved

    def _expect(self, number: int) -> TrialSpec:
        if self._spec is None or self._spec.number != number:
            raise RuntimeError(f"trial {number} is not on a worker; start it first")
        return self._spec
