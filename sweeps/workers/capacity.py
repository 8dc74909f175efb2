"""How many workers fit on nodes, and why some still wait: plain arithmetic on what a cluster says of itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Resources = Mapping[str, float]

_LITTLE = 1e-6


@dataclass(frozen=True)
class Need:
    """What one worker takes.

    Attributes:
        cpus: Cores.
        gpus: GPUs, or a share of one.
    """

    cpus: float
    gpus: float

    def __str__(self) -> str:
        return f"{self.cpus:g} CPU and {self.gpus:g} GPU"

    def fits(self, resources: Resources) -> int:
        """Workers that one node with these resources holds; a share of a GPU does not span two."""
        by_cpu = int(resources.get("CPU", 0.0) / self.cpus + _LITTLE)
        if not self.gpus:
            return by_cpu
        whole = int(resources.get("GPU", 0.0) + _LITTLE)
        by_gpu = whole * int(1 / self.gpus + _LITTLE) if self.gpus < 1 else int(whole / self.gpus + _LITTLE)
        return min(by_cpu, by_gpu)


@dataclass(frozen=True)
class NodeType:
    """A kind of node that an autoscaler may start, `most` of them at a time; None for any number."""

    name: str
    resources: Resources
    most: int | None

    def __str__(self) -> str:
        has = f"{self.resources.get('CPU', 0):g} CPU and {self.resources.get('GPU', 0):g} GPU"
        return f"{self.name} ({has}, {'any number' if self.most is None else f'{self.most} at most'})"

    def room(self, need: Need) -> float:
        """Workers that all of them together hold."""
        each = need.fits(self.resources)
        return each * (math.inf if self.most is None else self.most) if each else 0


@dataclass(frozen=True)
class Supply:
    """What a cluster has: its living nodes, what is free on them together, what its autoscaler may start."""

    nodes: Sequence[Resources]
    free: Resources
    types: Sequence[NodeType] = ()

    def room(self, need: Need) -> int:
        """Workers that the living nodes hold, whoever else uses them."""
        return sum(map(need.fits, self.nodes))

    def ever(self, need: Need) -> float:
        """Workers that the cluster holds once its autoscaler, if it tells of itself, has started all that it may."""
        return max(self.room(need), sum(kind.room(need) for kind in self.types))

    def wanted(self, need: Need, *, autoscale_to: int, trials: int) -> int:
        """Workers to have, some of which may wait for nodes that an autoscaler will start for them.

        Args:
            need: Of each.
            autoscale_to: That were asked for, whatever there is; 0 where nobody said how many.
            trials: That could be trained at once: where nobody said how many, an autoscaler that tells what it may
                start is asked for twice as many workers as there is room for, but for no more than one a trial.
        """
        room = self.room(need)
        more = min(self.ever(need), 2 * room, trials) if self.types and not autoscale_to else 0
        return max(1, room, int(more), autoscale_to)

    def total(self, name: str) -> float:
        """Of one resource, on all nodes."""
        return sum(node.get(name, 0.0) for node in self.nodes)

    def explain(self, waiting: int, need: Need) -> str:
        """Why `waiting` workers have not started: what they need against what is free, and where they could run."""
        each = " each" if waiting > 1 else ""
        who = f"{waiting} workers wait" if waiting > 1 else "1 worker waits"
        free = f"{self.free.get('CPU', 0):g} CPU and {self.free.get('GPU', 0):g} GPU"
        return f"{who} for {need}{each}; free are {free} of all nodes together; {self._where(need)}"

    def _where(self, need: Need) -> str:
        nodes = sum(bool(need.fits(node)) for node in self.nodes)
        kinds = _listed(kind for kind in self.types if need.fits(kind.resources))
        if kinds:
            return f"the autoscaler may start {kinds}"
        if nodes:
            return f"{nodes} of {len(self.nodes)} nodes could hold one, once others leave them"
        return "no node that is there could hold one"


def _listed(kinds: Iterable[NodeType]) -> str:
    return " or ".join(map(str, kinds))
