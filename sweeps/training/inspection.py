"""What a preflight finds out, in a form that the driver can hold: nothing here imports Keras."""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces import ParamValue


@dataclass(frozen=True)
class Corner:
    """The network of one corner of the space."""

    params: dict[str, ParamValue]
    parameters: int
    macs: int | None


@dataclass(frozen=True)
class Inspection:
    """What the sweep's models are like.

    Attributes:
        metrics: Names in the epoch reports, validation included.
        runtime_values: Params that need no new graph.
        corners: The corners of the space that were built; equal networks appear once.
        backend: What Keras computes with here.
        skipped: Different networks among the corners that were not built, for their number.
        image_seconds: Of training the largest network on one image of a batch, on one thread of this CPU; None if not
            measured.
    """

    metrics: tuple[str, ...]
    runtime_values: frozenset[str]
    corners: tuple[Corner, ...]
    backend: str | None = None
    skipped: int = 0
    image_seconds: float | None = None
