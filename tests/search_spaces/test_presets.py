"""The sweep files that come with the package."""

from __future__ import annotations

import pytest

from search_spaces import SpaceError, preset_names, read_preset
from sweeps.config import SweepConfig


def test_there_are_a_first_look_and_the_real_question() -> None:
    assert preset_names() == ["full", "quickstart"]


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_valid_sweep_file_that_compares_the_poolings(name: str) -> None:
    config = SweepConfig.from_text(read_preset(name), source=name)
    assert config.compare == "pooling"
    assert config.arms[:2] == ("capsule", "max")
    for corner in config.space.corners():
        assert ("temperature" in corner) == ("routing_steps" in corner) == (corner["pooling"] == "capsule")


@pytest.mark.parametrize("name", ["fulll", "", "full.yaml", "../presets/full", "__init__"])
def test_an_unknown_preset_lists_the_known_ones(name: str) -> None:
    with pytest.raises(SpaceError, match=r"no preset named .*; there are full, quickstart"):
        read_preset(name)
