"""Several nodes of Ray on one machine, kept apart as machines are."""

from __future__ import annotations

from itertools import count
from typing import Any

from ray.cluster_utils import Cluster

_NUMBERS = count()


class Machines(Cluster):  # type: ignore[misc]  # Ray's cluster has no types
    """A head without cores and nodes, each with a folder of its own for the code that a sweep sends.

    A node empties its folder before it unpacks code there. Nodes that share one, as Ray's cluster has it, pull the
    code away from under workers of each other that are about to import it. The head's is where the driver packs it.
    """

    def __init__(self) -> None:
        super().__init__(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})

    def add_node(self, wait: bool = True, **node: Any) -> Any:
        """Start a node, and wait until it is there."""
        own = {} if self.head_node is None else {"runtime_env_dir_name": f"code-{next(_NUMBERS)}"}
        return super().add_node(wait, **own, **node)
