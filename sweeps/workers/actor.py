"""One actor of a sweep: the process on a node, and what the driver knows of it."""

from __future__ import annotations

import math
import socket
import sys
import time
from dataclasses import dataclass, field, replace
from typing import Any

import ray

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.records import EpochEnded, TrialSpec, WorkerStarted, worker_seconds
from sweeps.workers.patience import Patience
from sweeps.workers.process import Worker
from sweeps.workers.protocol import Report, Reports, Saved, Tested
from sweeps.workers.usage import Usage

START_SECONDS = 600.0


@dataclass(frozen=True)
class Placed:
    """A process has been started for a worker; it has still to be opened."""


class Actor(Worker):
    """A worker inside an actor: it knows its node and its GPUs."""

    passes = ()  # Ctrl-C is the driver's; here it can only be the trial's own

    def place(self) -> Placed:
        """Answer at once."""
        return Placed()

    def open_here(self, config: SweepConfig, data: Dataset, code: str | None) -> WorkerStarted:
        """Open with what Ray gave to this process; the user's own modules lie in `code`, if not in a place it knows."""
        if code is not None:
            sys.path.append(code)
        gpus = ray.get_gpu_ids()
        device = f"gpu {','.join(map(str, gpus))}" if gpus else "cpu"
        # Several nodes may share a host, so its name is not enough.
        node = f"{socket.gethostname()}-{ray.get_runtime_context().get_node_id()[:6]}"
        return self.open(config, data, node=node, device=device)


@dataclass(eq=False)
class Slot:
    """One actor: what it trains, what it has compiled, since when it is idle, what it owes and since when.

    `used` are the seconds that its trial's epochs took it: a driver that waits for room on its disk is not among them.
    `saves` are still to come, without their payload.
    """

    name: str
    actor: Any
    placed: bool = False
    ready: bool = False
    spec: TrialSpec | None = None
    attempt: int = 0
    epochs: int = 0
    owed: int = 0
    saves: list[Saved] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    idle_since: float = field(default_factory=time.perf_counter)
    heard: float = 0.0
    used: float = 0.0
    place: tuple[str, str] = ("", "")
    alone: bool = False
    whole: bool = False
    leaving: bool = False
    usage: Usage = field(default_factory=Usage)

    @property
    def idle(self) -> bool:
        """Whether it may be given a trial."""
        return self.ready and not self.busy and not self.leaving

    @property
    def busy(self) -> bool:
        """Whether it has a trial, or something saved still to send."""
        return self.spec is not None or bool(self.saves)

    def take(self, spec: TrialSpec, *, attempt: int, epoch: int, alone: bool) -> None:
        """Take note of the trial that it is given, which has `epoch` epochs behind it."""
        self.spec, self.attempt, self.epochs, self.alone, self.used = spec, attempt, epoch, alone, 0.0

    def opened(self, started: WorkerStarted) -> WorkerStarted:
        """Take note that it is ready; the event, with the time that the process itself took to start."""
        self.ready, self.place = True, (started.node, started.device)
        took, self.idle_since = self.heard - self.idle_since, self.heard
        return replace(started, seconds=took)

    def hear(self, report: Report) -> float:
        """Take note of what it sent; how many seconds of its trial it told of."""
        told = 0.0
        for event in report.events if isinstance(report, Reports) else (report,):
            if isinstance(event, EpochEnded):
                self.usage.note(event.memory_bytes)
                told += worker_seconds(event)
                self.epochs = event.epoch + 1
            elif isinstance(event, Tested):
                told += event.event.seconds
            elif isinstance(event, Saved):
                self.saves.remove(replace(event, payload=b"", problem=None))
                self.idle_since = self.heard
        self.used += told
        return told

    def left(self, patience: Patience, now: float) -> float:
        """Seconds until it is overdue."""
        if self.placed and not self.ready:
            return self.heard + START_SECONDS - now
        if not self.busy or not self.owed:
            return math.inf
        silent = now - self.heard
        return patience.left(trial=self.used + silent if self.spec else 0.0, call=silent)
