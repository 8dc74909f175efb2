"""Executes on Ray: warm actors, at most one trial on each; the images travel to them once, through the object store."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from search_spaces import CapsweepError
from sweeps.codec import config_hash
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset, TestSet
from sweeps.errors import WorkerError
from sweeps.records import AttemptLost, AttemptStarted, EpochEnded, ResourceEvent, TrialSpec, WorkerStarted
from sweeps.workers.actor import START_SECONDS, Placed, Slot
from sweeps.workers.cluster import Cluster
from sweeps.workers.crew import Crew
from sweeps.workers.patience import Patience
from sweeps.workers.process import DEFAULT_TRAINER
from sweeps.workers.protocol import Kind, Report, Reports, Saved, opened

_START_FAILURES = 3
_MOMENT = 1.0
_NODE_LOST = "its node has died"  # Ray's words; nothing else of the error tells


class RayWorkers:
    """Persistent actors, at most one call under way on each.

    Args:
        config: The sweep.
        data: Its images.
        cluster: From `connect`.
        architecture: Names the compiled model that params need, so that a trial goes where it is warm.
        trainer: `module:class` of the trainer.
    """

    overlap = True

    def __init__(
        self,
        config: SweepConfig,
        data: Dataset,
        *,
        cluster: Cluster,
        architecture: Callable[[TrialSpec], str] = lambda spec: config_hash(spec.params),
        trainer: str = DEFAULT_TRAINER,
    ) -> None:
        self.count, self.cpus, self.gpus = cluster.count, cluster.cpus, cluster.gpus
        self._limits = config.workers
        self._architecture = architecture
        self._patience = Patience.of(config.faults)
        self._crew = Crew(config, data, cluster=cluster, trainer=trainer)
        self._slots: dict[int, Slot] = {}
        self._answers: list[Any] = []
        self._test: Any = None
        self._failed_starts: Counter[bool] = Counter()
        self._next_check = math.inf

    def has_room(self, *, alone: bool = False) -> bool:
        """Whether a worker is ready and idle; `alone`: whether all that share its device are idle too."""
        return bool(self._free(alone=alone))

    def clear(self) -> None:
        """Have a device come free for a trial that is to run `alone`; to be called until there is room for it."""
        if 0 < self.gpus < 1:
            self._crew.clear_a_device()
        else:
            self._crew.reserve_a_device()

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
        """Give a trial to an idle worker, one that holds its architecture if there is one."""
        idle = self._free(alone=alone)
        if not idle:
            raise RuntimeError("no worker is idle; ask has_room first")
        architecture = self._architecture(spec)
        slot = next((slot for slot in idle if architecture in slot.held), idle[0])
        slot.held.add(architecture)
        if alone and not slot.whole:
            self._crew.reserved = None
        slot.take(spec, attempt=attempt, epoch=epoch, alone=alone)
        self._slots[spec.number] = slot
        last = epoch + 1 if until is None else until
        self._call(slot, slot.actor.train_on.remote(spec, epoch, until=last, attempt=attempt, checkpoint=checkpoint))
        return AttemptStarted(
            number=spec.number,
            attempt=attempt,
            worker=slot.name,
            wait_seconds=time.perf_counter() - slot.idle_since,
            concurrency=len(self._slots),
            epoch=epoch,
        )

    def train(self, number: int, epoch: int, *, until: int | None = None) -> None:
        """Let a trial go on with its next epoch, where it is."""
        slot = self._slot_of(number)
        last = epoch + 1 if until is None else until
        self._call(slot, slot.actor.go_on.remote(epoch, until=last, attempt=slot.attempt))

    def open_test(self, test: TestSet) -> None:
        """Put the test set into the object store, once."""
        self._test = ray.put(test)

    def test(self, number: int) -> None:
        """Have a trial's model shown the test set, where it is."""
        slot = self._slot_of(number)
        self._call(slot, slot.actor.test.remote(number, opened(self._test), attempt=slot.attempt))

    def save(self, number: int, kind: Kind) -> None:
        """Have a trial's model or checkpoint sent, through the object store."""
        slot = self._slot_of(number)
        slot.saves.append(Saved(number, slot.name, kind, slot.epochs, b""))
        self._call(slot, slot.actor.save.remote(number, kind, epochs=slot.epochs))

    def wait(self) -> Report | None:
        """The next thing that happened on any worker; None if nothing did for a moment."""
        self._crew.share_what_nobody_took()
        if self._crew.news:
            return self._crew.news.popleft()
        calls = self._crew.calls
        if not calls:
            raise RuntimeError("nothing is under way; start a trial first")
        while self._answers and self._answers[-1] not in calls:
            self._answers.pop()  # of a worker that has been replaced since
        if not self._answers:
            self._answers = self._look(calls)
            if (lost := self._end_overdue()) is not None:
                return lost
        reference = self._answers.pop() if self._answers else None
        report = self._collect(self._crew.calls.pop(reference), reference) if reference is not None else None
        self._crew.look_around()
        return report

    def _look(self, calls: Iterable[Any]) -> list[Any]:
        """Every answer that has come, the first one last; if there is none, what comes within a moment."""
        calls = list(calls)
        ready, _ = ray.wait(calls, num_returns=len(calls), timeout=0)
        if not ready:
            left = max(0.0, min(_MOMENT, self._next_check - time.perf_counter()))
            ready, _ = ray.wait(calls, num_returns=1, timeout=left)
        return ready[::-1]

    def release(self, number: int) -> None:
        """Let go of a trial."""
        slot = self._slot_of(number)
        del self._slots[number]
        slot.spec, slot.idle_since = None, time.perf_counter()
        slot.usage.end_trial()
        self._recycle_if_due(slot)

    def busy(self) -> bool:
        """Whether a trial is on a worker, or something saved still to come, if only as the news that it is lost."""
        lost = any(isinstance(news, Saved) for news in self._crew.news)
        return lost or any(slot.busy for slot in self._crew.slots)

    def close(self) -> None:
        """End the actors."""
        self._crew.close()

    def _free(self, *, alone: bool) -> list[Slot]:
        return self._crew.free(alone=alone) if len(self._slots) < len(self._crew.slots) else []

    def _recycle_if_due(self, slot: Slot) -> None:
        reason = None if slot.busy else slot.usage.too_much(self._limits)
        if reason:
            self._crew.news.append(ResourceEvent(kind="recycled", number=None, worker=slot.name, detail=reason))
            self._crew.replace(slot, "recycled")

    def _call(self, slot: Slot, reference: Any) -> None:
        self._crew.call(slot, reference)
        now = time.perf_counter()
        self._next_check = min(self._next_check, now + slot.left(self._patience, now))

    def _end_overdue(self) -> AttemptLost | None:
        """End the first worker that is overdue; what is still under way on it is never heard of again.

        One whose answer has come is not, however long the driver took to look.
        """
        now = time.perf_counter()
        if now < self._next_check:
            return None
        heard = {self._crew.calls[reference] for reference in self._answers}
        left = {slot: _MOMENT if slot in heard else slot.left(self._patience, now) for slot in self._crew.slots}
        slot = min(left, key=left.__getitem__, default=None)
        if slot is None or left[slot] > 0:
            self._next_check = now + min(left.values(), default=math.inf)
            return None
        if not slot.ready:
            self._count_failed_start(slot, f"{slot.name} was not ready {START_SECONDS:g} s after its process began")
        silent, lost = time.perf_counter() - slot.heard, None
        if slot.spec:
            trial = slot.used + silent
            lost = self._patience.lost(slot.spec, slot.attempt, slot.name, trial=trial, untold=silent)
        self._replace(slot, lost.reason if lost else "it said nothing any more")
        return lost

    def _collect(self, slot: Slot, reference: Any) -> Report | None:
        slot.owed, slot.heard = slot.owed - 1, time.perf_counter()
        try:
            report: Report | Placed = ray.get(reference)
        except RayTaskError as error:
            raise self._refusal(slot, error) from error
        except RayError as error:  # its process or its node died, or what it had sent went with them
            return self._note_death(slot, error)
        if isinstance(report, Placed):
            slot.placed = True
            self._next_check = min(self._next_check, slot.heard + START_SECONDS)
            return None
        if isinstance(report, WorkerStarted):
            self._failed_starts[slot.whole] = 0
            return slot.opened(report)
        told = slot.hear(report)
        if isinstance(report, EpochEnded | Reports):
            return self._give_up_if_slow(slot, told) or report
        if isinstance(report, Saved):
            self._recycle_if_due(slot)
        return report

    def _give_up_if_slow(self, slot: Slot, told: float) -> AttemptLost | None:
        """End a trial that took too long; its worker has just answered, and is kept, but what it told is not."""
        if slot.spec is None or self._patience.left(trial=slot.used, call=0.0) > 0:
            return None
        lost = self._patience.lost(slot.spec, slot.attempt, slot.name, trial=slot.used, untold=told)
        self.release(lost.number)
        return lost

    def _note_death(self, slot: Slot, error: RayError) -> AttemptLost | None:
        """Put a new worker in the place of one that died; its trial, if it had one, has lost an attempt."""
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if not slot.ready and _NODE_LOST not in str(error):
            self._count_failed_start(slot, reason)
        self._replace(slot, reason)
        if slot.spec is None:
            return None
        silent = time.perf_counter() - slot.heard if slot.owed else 0.0
        return AttemptLost(
            number=slot.spec.number, attempt=slot.attempt, worker=slot.name, reason=reason, seconds=silent
        )

    def _count_failed_start(self, slot: Slot, reason: str) -> None:
        """Those with a whole GPU where it is shared are counted apart: others may start well between them."""
        self._failed_starts[slot.whole] += 1
        if self._failed_starts[slot.whole] >= _START_FAILURES:
            raise WorkerError(f"{_START_FAILURES} workers in a row died while they started: {reason}")

    def _replace(self, slot: Slot, reason: str) -> None:
        self._crew.replace(slot, reason)
        self._crew.news.extend(replace(save, problem=f"model: {reason}") for save in slot.saves if save.kind == "model")
        if slot.spec is not None:
            del self._slots[slot.spec.number]

    def _refusal(self, slot: Slot, error: RayTaskError) -> Exception:
        """An exception outside a trial: the trainer could not be opened, or a model not be saved."""
        if isinstance(error.cause, CapsweepError):
            return error.cause
        if slot.ready:
            return error
        return WorkerError(f"{slot.name} could not start: {type(error.cause).__name__}: {error.cause}")

    def _slot_of(self, number: int) -> Slot:
        if number not in self._slots:
            raise RuntimeError(f"trial {number} is not on a worker; start it first")
        return self._slots[number]
