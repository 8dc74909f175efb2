"""Events of the machine: training processes, files, and what ran short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sweeps.records.basics import Event


@dataclass(frozen=True, kw_only=True)
class WorkerStarted(Event):
    """A warm training process is ready, `seconds` after it was asked for."""

    event: Literal["worker_started"] = "worker_started"
    worker: str
    node: str
    pid: int
    device: str
    backend: str
    versions: dict[str, str]
    deterministic: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class WorkerEnded(Event):
    """A training process that had been ready is no more: it died, was replaced, or was not needed."""

    event: Literal["worker_ended"] = "worker_ended"
    worker: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ArtifactWritten(Event):
    """A file below the run directory's `artifacts/`, with its sha256; `epochs` trained by then.

    A checkpoint's file goes when a later one has come, or its trial has ended.
    """

    event: Literal["artifact_written"] = "artifact_written"
    number: int | None
    kind: str
    path: str
    digest: str
    bytes: int
    epochs: int | None = None


@dataclass(frozen=True, kw_only=True)
class ResourceEvent(Event):
    """Something ran short, and this is what was done about it."""

    event: Literal["resource"] = "resource"
    kind: Literal["checkpoint_cap", "not_saved", "out_of_memory", "recycled", "workers_pending"]
    number: int | None
    worker: str | None
    detail: str
