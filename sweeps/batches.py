"""How many optimizer steps an epoch has, by the batches that a sweep asks for and the examples that there are."""

from __future__ import annotations

from search_spaces import SearchSpace
from sweeps.config import SweepConfig
from sweeps.errors import ConfigError


def steps_per_epoch(config: SweepConfig, space: SearchSpace) -> int:
    """Optimizer steps of the trials that make the fewest an epoch; 1 until the data is known."""
    return -(-(config.dataset.train or 1) // largest_batch(space, config.training.batch_size))


def largest_batch(space: SearchSpace, default: int) -> int:
    """The batch of the trials that make the fewest steps an epoch: no trial is stopped before its share of them."""
    parameter = space.parameters.get("batch_size")
    sizes = [int(size) for size in parameter.domain.corners()] if parameter else [default]
    return max(*sizes, default) if parameter and parameter.when else max(sizes)


def check_batches(config: SweepConfig) -> None:
    """Refuse a batch that the data cannot fill: it would be a smaller one under another name.

    Args:
        config: The sweep, its data's sizes written out.

    Raises:
        ConfigError: If there is one.
    """
    examples, batch = config.dataset.train or 1, largest_batch(config.space, config.training.batch_size)
    if batch > examples:
        key = "training.batch_size" if batch == config.training.batch_size else "space: batch_size"
        raise ConfigError(f"{key}: must be at most {examples:,}, the examples to train on, got {batch:,}")
