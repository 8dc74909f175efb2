"""Listening to Ray's workers in the tests that share a GPU among them."""

from __future__ import annotations

from collections.abc import Callable

from sweeps.records import EpochEnded, TrialSpec, WorkerStarted
from sweeps.workers.on_ray import RayWorkers
from sweeps.workers.protocol import Report


def hear(workers: RayWorkers, kind: type[Report]) -> Report:
    """The next report, which must be of this kind."""
    while (report := workers.wait()) is None:
        pass
    assert isinstance(report, kind), report
    return report


def hear_of(workers: RayWorkers, kind: type[Report]) -> None:
    """Wait for the next report of a kind, whatever comes before it."""
    while not isinstance(workers.wait(), kind):
        pass


def fill(workers: RayWorkers, make_spec: Callable[..., TrialSpec]) -> None:
    """Give each of four workers a trial."""
    for _ in range(4):
        hear_of(workers, WorkerStarted)
    for number in range(4):
        workers.start(make_spec(number), attempt=1)
        hear_of(workers, EpochEnded)


def get_whole(workers: RayWorkers) -> None:
    """Clear a device, until a trial can have it alone."""
    while not workers.has_room(alone=True):
        workers.clear()
        workers.wait()
