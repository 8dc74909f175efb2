"""The params that all arms have in common: what two trials must agree on to be compared as a pair."""

from __future__ import annotations

from collections.abc import Mapping

from search_spaces import ParamValue
from sweeps.config import SweepConfig


def shared_params(params: Mapping[str, ParamValue], config: SweepConfig) -> dict[str, ParamValue]:
    """Those of a config's params, without the compared one."""
    names = shared_names(config)
    return {name: value for name, value in params.items() if name in names}


def shared_names(config: SweepConfig) -> frozenset[str]:
    """Params that may apply in every arm, without the compared one; all of them in a joint search."""
    if config.compare is None:
        return frozenset(config.space.parameters)
    spaces = [config.space.fix(config.compare, arm).parameters for arm in config.arms]
    return frozenset(set.intersection(*map(set, spaces)) - {config.compare})
