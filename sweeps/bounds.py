"""Whether any network of a sweep can keep its bounds, as far as that can be told before one is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from search_spaces import is_same
from sweeps.config import SweepConfig
from sweeps.errors import ConfigError
from sweeps.training.inspection import Corner

_COUNTED = ("parameters", "macs")


def check_bounds(config: SweepConfig, corners: Sequence[Corner]) -> Iterator[str]:
    """Refuse a bound that no network built keeps; a warning for each arm that has none that does.

    Args:
        config: The sweep.
        corners: Networks at the extremes of its space.

    Raises:
        ConfigError: If all the trials would be in vain.
    """
    for name in (each for each in _COUNTED if each in config.objective.constraints):
        bound = config.objective.constraints[name]
        known = [(corner, count) for corner in corners if (count := getattr(corner, name)) is not None]
        kept = [corner for corner, count in known if bound.excess(count) <= 0]
        counts = sorted(count for _, count in known)
        if known and not kept:
            raise ConfigError(
                f"objective.constraints.{name}: no network of this space keeps it; those at its extremes have "
                f"{counts[0]:,} to {counts[-1]:,}"
            )
        for arm in config.arms if config.compare else ():
            if not any(is_same(corner.params[config.compare or ""], arm) for corner in kept):
                yield f"objective.constraints.{name}: no network at the extremes of {config.compare} {arm} keeps it"
