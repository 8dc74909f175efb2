"""The actors of a sweep: as many as were asked for, or as the cluster has room for. One that dies is replaced."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from dataclasses import replace
from typing import Any

import ray

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.environment import process_environment
from sweeps.records import ResourceEvent, WorkerEnded
from sweeps.workers.actor import Actor, Slot
from sweeps.workers.capacity import Need
from sweeps.workers.cluster import Cluster, supply
from sweeps.workers.protocol import Saved

_LOOK_EVERY = 2.0
_PATIENT = 15.0

_MANY = 1_000_000  # trials of an arm whose budget is not counted in them


class Crew:
    """Persistent actors, and the calls under way on them.

    With `workers.count: auto` on a cluster it follows the cluster: more actors once nodes have come, fewer once they
    have gone. Actors beyond that wait, and an autoscaler makes room for those that do: `autoscale_to` of them, or as
    many again as there are while all of them are busy, where it tells what it may start; `Supply.wanted` has the rule.

    Attributes:
        slots: Every actor.
        calls: What is under way on them.
        reserved: The device that a trial gets for itself as soon as nothing else runs there.
        news: What happened to actors, for the log.

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
        self._trials = (config.search.trials or _MANY) * len(config.arms)
        self._data = ray.put(data)
        self._made = 0
        self._next_look = time.perf_counter() + _LOOK_EVERY
        self._explained = ""
        self.slots: list[Slot] = []
        self.calls: dict[Any, Slot] = {}
        self._shares = 0
        self.reserved: tuple[str, str] | None = None
        self._reserved_at = 0.0
        self.news: deque[ResourceEvent | WorkerEnded | Saved] = deque()
        for _ in range(cluster.count):
            self._add()

    def free(self, *, alone: bool) -> list[Slot]:
        """Idle actors, but for those beside a trial that wants its device for itself."""
        if 0 < self._need.gpus < 1:
            return [slot for slot in self.slots if slot.idle and slot.whole == alone]
        taken = {slot.place for slot in self.slots if slot.busy and (alone or slot.alone)}
        if not alone and self.reserved is not None:
            taken.add(self.reserved)
        return [slot for slot in self.slots if slot.idle and slot.place not in taken]

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
        would take what comes free. One that was opening by then has its device already, nobody knows yet which.
        """
        if any(slot.placed and slot.whole for slot in self.slots):
            return
        self.reserve_a_device()
        leaving = [slot for slot in self.slots if slot.ready and slot.place == self.reserved]
        for slot in leaving:
            slot.leaving = True
        opening = any(slot.placed and not slot.ready and slot.idle_since <= self._reserved_at for slot in self.slots)
        if opening or any(slot.busy for slot in leaving):
            return
        for slot in (*leaving, *(slot for slot in self.slots if not (slot.placed or slot.whole))):
            self._drop(slot, "makes room for a trial that needs its GPU alone")
            self._shares += 1
        whole = next((slot for slot in self.slots if slot.whole), None)
        if leaving and whole:
            whole.idle_since = time.perf_counter()
        if self._shares and not whole:
            self._add(whole=True)

    def reserve_a_device(self) -> None:
        """Begin nothing more on the device with the fewest trials; on another, once nothing of that one is left.

        It may have gone with its node, or somebody else may have taken it.
        """
        now = time.perf_counter()
        whole = next((slot for slot in self.slots if slot.whole), None)
        if whole.idle_since > now - _PATIENT if whole else self._shares:
            return  # the device is on its way to the one that needs it
        if not any(slot.ready and slot.place == self.reserved for slot in self.slots):
            self.reserved, self._reserved_at = self._least_busy(), now

    def share_again(self, slot: Slot, reason: str = "its GPU is shared again") -> None:
        """Put processes that share a GPU in the place of the one that had it whole."""
        self._drop(slot, reason)
        for _ in range(self._shares):
            self._add()
        self._shares, self.reserved = 0, None
        for other in self.slots:
            other.leaving = False

    def share_what_nobody_took(self) -> None:
        """Have a whole GPU shared again once it was offered and no trial needed it."""
        if self._shares:
            for slot in [slot for slot in self.slots if slot.whole and slot.idle]:
                self.share_again(slot)

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
        waiting = [slot for slot in self.slots if not slot.placed and slot.idle_since < now - _PATIENT]
        whole = any(slot.whole for slot in waiting)
        need = replace(self._need, gpus=1.0) if whole else self._need
        reason = supply().explain(len(waiting), need) if waiting else ""
        if reason and reason != self._explained:
            self.news.append(ResourceEvent(kind="workers_pending", number=None, worker=None, detail=reason))
        self._explained = reason

    def close(self) -> None:
        """End the actors."""
        for slot in list(self.slots):
            self._drop(slot, "the sweep has ended")

    def _adjust(self) -> None:
        if self._shares or any(slot.leaving for slot in self.slots):
            return  # whatever is added now could take what they leave
        unused = any(slot.idle and slot.idle_since < time.perf_counter() - _LOOK_EVERY for slot in self.slots)
        trials = 0 if unused else self._trials
        wanted = supply().wanted(self._need, autoscale_to=self._autoscale_to, trials=trials)
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
        actor_class: Any = ray.remote(Actor)
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
