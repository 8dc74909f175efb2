"""Ends the process of a worker on Ray, for tests of what happens then."""

from __future__ import annotations

from contextlib import suppress

import ray
from ray.exceptions import RayActorError

from sweeps.workers.actor import Slot


def kill(slot: Slot) -> None:
    """End a worker's process; its death is known when this returns."""
    ray.kill(slot.actor)
    with suppress(RayActorError):
        while True:
            ray.get(slot.actor.place.remote())
