"""What a preflight finds out, in a form that the driver can hold: nothing here imports Keras."""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces import ParamValue
from sweeps.child import Child
from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.errors import ConfigError
from sweeps.training.corners import COUNTED

_EXAMPLES = 8


@dataclass(frozen=True)
class Corner:
    """The network of one corner of the space."""

    params: dict[str, ParamValue]
    parameters: int
    macs: int | None

    @property
    def size(self) -> int:
        """What its training costs, roughly: multiply-accumulates where they can be counted."""
        return self.macs or self.parameters


@dataclass(frozen=True)
class Inspection:
    """What the sweep's models are like.

    Attributes:
        metrics: Names in the epoch reports of every model, validation included.
        runtime_values: Params that need no new graph.
        corners: The corners of the space that were built; equal networks appear once.
        backend: What Keras computes with here.
        networks: How many different networks the corners have; None where there are more corners than are counted.
        example_seconds: Of training the smallest and the largest network on one example of a batch, on one thread of
            this CPU; empty if not measured.
        warnings: What the models can do and will hardly be meant to, one sentence each.
    """

    metrics: tuple[str, ...]
    runtime_values: frozenset[str]
    corners: tuple[Corner, ...]
    backend: str | None = None
    networks: int | None = 0
    example_seconds: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def left_out(self) -> str | None:
        """How many networks the corners have, in words, where not all of them were built."""
        if self.networks is None:
            return f"more than {COUNTED:,} corners"
        return f"{self.networks:,} different networks" if self.networks > len(self.corners) else None


def child_for(config: SweepConfig) -> Child:
    """A process to inspect a space in, which blames the build function if it dies."""

    def died(words: str) -> ConfigError:
        return ConfigError(f"model.build: {config.model.build} ended the process that built its models: {words}")

    return Child("sweeps.training.preflight:inspect_space", on_death=died)


def inspect(child: Child, config: SweepConfig, data: Dataset, *, limit: int, measure: bool = False) -> Inspection:
    """Build corners of a space in a child process; see `sweeps.training.preflight.inspect_space`.

    Raises:
        ConfigError: If a corner cannot be built or trained.
    """
    found: Inspection = child.call(config, data.few(_EXAMPLES), limit=limit, measure=measure)
    return found
