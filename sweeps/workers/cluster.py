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
from ray.exceptions import RayError

from sweeps.config import WorkersConfig
from sweeps.environment import cluster_environment, local_environment, set_for_a_while
from sweeps.errors import WorkerError
from sweeps.hardware import count_cpus, count_gpus


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
        return f"{self.count} worker{'s' if self.count != 1 else ''} with {self.cpus:g} CPU{gpus} each, {where}"


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
        variables = local_environment(cpus=workers.cpus, gpus=gpus, backend=backend)
    else:
        options["runtime_env"] = cluster_environment(backend=backend)
    # Ray's own typing leaves this one out.
    resources: Callable[[], dict[str, float]] = ray.cluster_resources
    on_terminate = signal.getsignal(signal.SIGTERM)
    try:
        with set_for_a_while(variables):
            ray.init(address=address or "local", **options)
    except (ConnectionError, ValueError, RuntimeError, RayError) as error:
        what = f"--address {address}: cannot join a Ray cluster there" if address else "Ray cannot be started here"
        raise WorkerError(f"{what}: {error}") from None
    # Ray's own handler would end the driver without a word on how to go on.
    signal.signal(signal.SIGTERM, on_terminate)
    try:
        return settle(workers, address, resources())
    except WorkerError:
        disconnect()
        raise


def settle(workers: WorkersConfig, address: str | None, found: dict[str, float]) -> Cluster:
    """How many workers of the size asked for a cluster with the resources `found` can hold.

    Raises:
        WorkerError: If not one, or fewer than asked for.
    """
    gpus = float(found.get("GPU", 0) >= 1) if workers.gpus == "auto" else float(workers.gpus)
    room = int(found.get("CPU", 0) // workers.cpus)
    if gpus:
        room = min(room, int(found.get("GPU", 0) // gpus))
    if room < 1 or (workers.count != "auto" and workers.count > room):
        raise WorkerError(
            f"workers: {1 if workers.count == 'auto' else workers.count} with {workers.cpus:g} CPU and {gpus:g} GPU "
            f"each do not fit: {'the cluster' if address else 'this machine'} has {found.get('CPU', 0):g} CPU and "
            f"{found.get('GPU', 0):g} GPU; ask for fewer or smaller workers"
        )
    return Cluster(address, room if workers.count == "auto" else workers.count, workers.cpus, gpus)


def disconnect() -> None:
    """Leave the cluster; a Ray of our own ends."""
    ray.shutdown()
