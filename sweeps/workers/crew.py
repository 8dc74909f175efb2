"""The actors of a sweep: as many as were asked for, or as the cluster has room for. One that dies is replaced."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import ray

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.environment import process_environment
from sweeps.records import ResourceEvent, TrialSpec, WorkerEnded, WorkerStarted
from sweeps.workers.capacity import Need
from sweeps.workers.cluster import Cluster, supply
from sweeps.workers.process import Worker
from sweeps.workers.usage import Usage

_LOOK_EVERY = 2.0
_PATIENT = 15.0


@dataclass(frozen=True)
class Placed:
    """A process has been started for a worker; it has still to be opened."""


class _Actor(Worker):
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
    """

    name: str
    actor: Any
    placed: bool = False
    ready: bool = False
    spec: TrialSpec | None = None
    attempt: int = 0
    epochs: int = 0
    owed: int = 0
    saves: int = 0
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
        return self.spec is not None or self.saves > 0


class Crew:
    """Persistent actors, and the calls under way on them.

    With `workers.count: auto` on a cluster it follows the cluster: more actors once nodes have come, fewer once they
    have gone. Actors beyond that wait, and an autoscaler makes room for those that do: `autoscale_to` of them, or as
    many again as there are, where it tells what it may start; `Supply.wanted` has the rule.

    Args:
        config: The sweep.
        data: Its images; they travel once, through the object store.
        cluster: From `connect`.
        trainer: `module:class` of the trainer.
    """

    def __init__(self, config: SweepConfig, data: Dataset, *, cluster: Cluster, trainer: str) -> None:
        self._config, self._cluster, self._trainer = config, cluster, trainer
        self._need = Need(cluster.cpus, cluster.gpus)
        self._follows = cluster.address is not None and config.workers.count == "auto"
        self._autoscale_to = config.workers.autoscale_to
        self._trials = config.search.trials * len(config.arms)
        self._data = ray.put(data)
        self._made = 0
        self._next_look = time.perf_counter() + _LOOK_EVERY
        self._explained = ""
        self.slots: list[Slot] = []
        self.calls: dict[Any, Slot] = {}
        self._shares = 0
        self._clearing: tuple[str, str] | None = None
        self.news: deque[ResourceEvent | WorkerEnded] = deque()
        for _ in range(cluster.count):
            self._add()

    def call(self, slot: Slot, reference: Any) -> None:
        """Expect an answer from an actor."""
        self.calls[reference] = slot
        slot.owed += 1
        if slot.owed == 1:
            slot.heard = time.perf_counter()

    def replace(self, slot: Slot, reason: str) -> None:
        """Put a fresh actor in the place of one; what is still under way on it is never heard of again."""
        if slot.whole:
            self.share_again(slot, reason)
            return
        self._drop(slot, reason)
        if slot.leaving:
            self._shares += 1  # it would take of the device what is being cleared there
        elif self._follows:
            self._adjust()
        else:
            self._add()

    def clear_a_device(self) -> None:
        """Put one process with a whole GPU in the place of those that share it, as soon as they have nothing to do.

        A process cannot have more memory than the share that it was started with. Those that wait for room go too: they
        would take what comes free. One that has just been started has its device already, nobody knows yet which.
        """
        if any(slot.placed and (slot.whole or not slot.ready) for slot in self.slots):
            return
        if self._clearing is None:
            self._clearing = self._least_busy()
        leaving = [slot for slot in self.slots if slot.ready and slot.place == self._clearing]
        for slot in leaving:
            slot.leaving = True
        if any(slot.busy for slot in leaving):
            return
        for slot in (*leaving, *(slot for slot in self.slots if not (slot.placed or slot.whole))):
            self._drop(slot, "makes room for a trial that needs its GPU alone")
            self._shares += 1
        if self._shares and not any(slot.whole for slot in self.slots):
            self._add(whole=True)

    def share_again(self, slot: Slot, reason: str = "its GPU is shared again") -> None:
        """Put processes that share a GPU in the place of the one that had it whole."""
        self._drop(slot, reason)
        for _ in range(self._shares):
            self._add()
        self._shares, self._clearing = 0, None

    def _least_busy(self) -> tuple[str, str] | None:
        """The device with the fewest trials."""
        trials: Counter[tuple[str, str]] = Counter()
        for slot in self.slots:
            if slot.ready:
                trials[slot.place] += slot.busy
        return min(trials, key=trials.__getitem__, default=None)

    def look_around(self) -> None:
        """Now and then: follow the cluster, and say why workers still wait for room, whenever the reason is new."""
        now = time.perf_counter()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY
        if self._follows:
            self._adjust()
        waiting = sum(not slot.placed and slot.idle_since < now - _PATIENT for slot in self.slots)
        reason = supply().explain(waiting, self._need) if waiting else ""
        if reason and reason != self._explained:
            self.news.append(ResourceEvent(kind="workers_pending", number=None, worker=None, detail=reason))
        self._explained = reason

    def close(self) -> None:
        """End the actors."""
        for slot in list(self.slots):
            self._drop(slot, "the sweep has ended")

    def _adjust(self) -> None:
        if self._clearing is not None:
            return  # whatever is added now could take what they leave
        wanted = supply().wanted(self._need, autoscale_to=self._autoscale_to, trials=self._trials)
        while len(self.slots) < wanted:
            self._add()
        surplus = [slot for slot in self.slots if not slot.placed][: max(0, len(self.slots) - wanted)]
        for slot in surplus:
            self._drop(slot, "there is no room for it")

    def _add(self, *, whole: bool = False) -> None:
        name = f"worker-{self._made}"
        self._made += 1
        gpus = 1.0 if whole else self._need.gpus
        options: dict[str, Any] = {"num_cpus": self._need.cpus, "num_gpus": gpus}
        elsewhere = self._cluster.address is not None
        if elsewhere or whole:  # on this machine, Ray itself was started with these
            variables = process_environment(cpus=self._need.cpus, gpus=gpus, all_memory=whole)
            options["runtime_env"] = {"env_vars": variables}
        actor_class: Any = ray.remote(_Actor)
        slot = Slot(name, actor_class.options(**options).remote(name, self._trainer), whole=whole)
        self.slots.append(slot)
        self.call(slot, slot.actor.place.remote())
        code = None if elsewhere else os.getcwd()
        config = self._config.having(gpus=1.0) if whole else self._config
        self.call(slot, slot.actor.open_here.remote(config, self._data, code))

    def _drop(self, slot: Slot, reason: str) -> None:
        ray.kill(slot.actor)
        if slot.ready:
            self.news.append(WorkerEnded(worker=slot.name, reason=reason))
        self.calls = {reference: other for reference, other in self.calls.items() if other is not slot}
        self.slots.remove(slot)
