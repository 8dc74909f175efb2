"""How large the space of each arm is: equal trials in a larger space are a thinner search."""

from __future__ import annotations

from dataclasses import dataclass

from reports.tables import arm_names
from reports.words import brief, count, listed
from sweeps.config import SweepConfig


@dataclass(frozen=True)
class Space:
    """What an arm's search chooses from.

    Attributes:
        arm: Its name.
        params: How many it chooses, the compared one not among them.
        size: Configs; None where a real number makes them endless.
    """

    arm: str
    params: int
    size: int | None

    @property
    def words(self) -> str:
        """`capsule (4 params, endless configs)`."""
        return f"{brief(self.arm)} ({count(self.params, 'param')}, {_configs(self.size)})"


def spaces_of(config: SweepConfig) -> list[Space]:
    """One an arm, in the order of the sweep file."""
    spaces = {
        name: config.space if config.compare is None or arm is None else config.space.fix(config.compare, arm)
        for arm, name in arm_names(config).items()
    }
    fixed = 0 if config.compare is None else 1
    return [Space(name, len(space.parameters) - fixed, space.size()) for name, space in spaces.items()]


def space_words(spaces: list[Space]) -> str:
    """All of them as the beginning of a sentence."""
    return f"Searched were: {listed([space.words for space in spaces])}"


def _configs(size: int | None) -> str:
    return "endless configs" if size is None else count(size, "config")
