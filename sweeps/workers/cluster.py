"""Starts Ray here or joins a cluster, and settles how many workers there is room for.

On a cluster our packages, the current directory and the choice of the Keras backend travel in Ray's runtime
environment.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray
from ray._private.state import state as ray_state

from sweeps.config import WorkersConfig
from sweeps.environment import cluster_environment, local_environment, set_for_a_while
from sweeps.errors import WorkerError
from sweeps.hardware import count_cpus, count_gpus
from sweeps.words import counted
from sweeps.workers.capacity import Need, NodeType, Supply


@dataclass(frozen=True)
class Cluster:
    """Where workers will run, and how many: what the first lines of a launch say.

    Attributes:
        address: As given; None for a Ray of our own on this machine.
        count: Number of workers.
        cpus: Cores of each.
        gpus: GPUs of each.
    """

    address: str | None
    count: int
    cpus: float
    gpus: float

    def __str__(self) -> str:
        where = f"Ray at {self.address}" if self.address else "Ray on this machine"
        gpus = f" and {self.gpus:g} GPU" if self.gpus else ""
        return f"{counted(self.count, 'worker')} with {self.cpus:g} CPU{gpus} each, {where}"


def connect(workers: WorkersConfig, *, address: str | None, backend: str | None = None) -> Cluster:
    """Start Ray here, or join one, and settle how many workers it can hold.

    Args:
        workers: What the sweep asks for.
        address: Of a running cluster; None starts one on this machine.
        backend: That every worker's Keras must use; None leaves it to each node.

    Raises:
        WorkerError: If there is no cluster at the address, or not room for a single worker.
    """
    options: dict[str, Any] = {"configure_logging": True, "logging_level": logging.ERROR, "log_to_driver": False}
    variables: dict[str, str] = {}
    if address is None:
        gpus = count_gpus() if workers.gpus != 0 else 0
        options |= {"num_cpus": count_cpus(), "num_gpus": gpus, "include_dashboard": False}
        # Processes that Ray has started by then can be used as they are: quicker than a runtime environment.
        each = min(gpus, 1) if workers.gpus == "auto" else workers.gpus
        variables = local_environment(cpus=workers.cpus, gpus=each, backend=backend)
    else:
        options["runtime_env"] = cluster_environment(backend=backend)
    on_terminate = signal.getsignal(signal.SIGTERM)
    try:
        with set_for_a_while(variables):
            ray.init(address=address or "local", **options)
    except Exception as error:  # of any type: a slow machine's is a bare Exception
        what = f"--address {address}: cannot join a Ray cluster there" if address else "Ray cannot be started here"
        raise WorkerError(f"{what}: {' '.join(str(error).split())[:500]}") from None
    # Ray's own handler would end the driver without a word on how to go on.
    signal.signal(signal.SIGTERM, on_terminate)
    try:
        return settle(workers, address, supply())
    except WorkerError:
        disconnect()
        raise


def settle(workers: WorkersConfig, address: str | None, found: Supply) -> Cluster:
    """How many workers of the size asked for to begin with; those that only an autoscaler could make room for too.

    Raises:
        WorkerError: If not one will ever fit, or fewer than asked for, unless nodes that nobody knows of will come.
    """
    has_gpus = any(each.get("GPU", 0) >= 1 for each in (*found.nodes, *(kind.resources for kind in found.types)))
    need = Need(workers.cpus, float(has_gpus) if workers.gpus == "auto" else float(workers.gpus))
    least = 1 if workers.count == "auto" else workers.count
    autoscale_to = workers.autoscale_to if address else 0
    if found.ever(need) < least and (found.types or not autoscale_to):
        hint = "; if it starts nodes when they are wanted, say how many workers to ask it for: workers.autoscale_to"
        raise WorkerError(
            f"workers: {least} with {need} each do not fit: {'the cluster' if address else 'this machine'} has "
            f"{found.total('CPU'):g} CPU and {found.total('GPU'):g} GPU on {len(found.nodes)} nodes, room for "
            f"{found.ever(need)}; ask for fewer or smaller workers{hint if address else ''}"
        )
    count = max(1, found.room(need), autoscale_to) if workers.count == "auto" else workers.count
    return Cluster(address, count, need.cpus, need.gpus)


def supply() -> Supply:
    """What the cluster has at this moment."""
    # Ray's own typing leaves these out.
    nodes: Callable[[], list[dict[str, Any]]] = ray.nodes
    free: Callable[[], dict[str, float]] = ray.available_resources
    return Supply([node["Resources"] for node in nodes() if node["Alive"]], free(), _node_types())


def _node_types() -> list[NodeType]:
    """What the cluster's autoscaler may start, where it tells: few do, and nothing of Ray's public interface has it."""
    config = ray_state.get_cluster_config()
    if config is None:
        return []
    groups = config.node_group_configs
    return [
        NodeType(each.name, dict(each.resources), each.max_count if each.max_count >= 0 else None) for each in groups
    ]


def disconnect() -> None:
    """Leave the cluster; a Ray of our own ends."""
    ray.shutdown()
