"""What this machine has, asked without any framework: none of them may claim a GPU in the driver's process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess

from sweeps.config import WorkersConfig
from sweeps.errors import ConfigError
from sweeps.words import counted


def count_gpus() -> int:
    """NVIDIA GPUs that a process started here would see."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([device for device in visible.split(",") if device.strip() not in ("", "-1")])
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    listing = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False, timeout=60)
    return sum(line.startswith("GPU ") for line in listing.stdout.splitlines())


def gpu_memory() -> list[int]:
    """MiB of each GPU that this process may use, in its order; empty where nobody can tell."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"]
    listing = subprocess.run(query, capture_output=True, text=True, check=False, timeout=60).stdout
    rows = [[cell.strip() for cell in line.split(",")] for line in listing.splitlines()]
    rows = [row for row in rows if len(row) == 3 and row[2].isdigit()]
    names = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(row[0] for row in rows)).split(",")
    return [int(row[2]) for name in names for row in rows if name.strip() in row[:2]]


def count_cpus() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def check_fits(workers: WorkersConfig) -> None:
    """Refuse a worker, or a number of workers, that this machine cannot hold.

    Raises:
        ConfigError: Naming what is asked for and what there is.
    """
    count = 1 if workers.count == "auto" else workers.count
    for key, asked, found in (("cpus", workers.cpus, count_cpus()), ("gpus", workers.gpus, count_gpus())):
        if asked != "auto" and asked * count > found:
            raise ConfigError(
                f"workers.{key}: {counted(count, 'worker')} with {asked:g} {key} each need "
                f"{asked * count:g}, this machine has {found}; ask for less, or join a cluster with --address"
            )


def check_reachable(address: str) -> None:
    """Refuse the address of a cluster that nobody answers at; Ray itself would wait for minutes.

    Raises:
        ConfigError: If it is no `host:port`, or does not accept a connection within 10 seconds.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError(f"--address: must be auto or host:port, got {address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"--address: no Ray cluster answers at {address}: {error}") from None
