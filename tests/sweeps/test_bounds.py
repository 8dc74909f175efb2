"""Bounds that nothing can keep are refused before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest

from sweeps.bounds import check_bounds
from sweeps.errors import ConfigError
from sweeps.training.inspection import Corner
from tests.sweeps.search_world import make_config

CORNERS = [
    Corner({"pooling": "capsule"}, 900, None),
    Corner({"pooling": "capsule"}, 500, 30),
    Corner({"pooling": "max"}, 100, 10),
]


def check(name: str, bound: dict[str, Any]) -> list[str]:
    return list(check_bounds(make_config(objective__constraints={name: bound}), CORNERS))


def test_a_bound_that_no_network_keeps_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"objective\.constraints\.parameters: no network .* have 100 to 900"):
        check("parameters", {"at_most": 99})
    with pytest.raises(ConfigError, match=r"objective\.constraints\.macs: no network .* have 10 to 30"):
        check("macs", {"at_least": 31})


def test_an_arm_that_cannot_keep_it_is_named() -> None:
    assert check("parameters", {"at_most": 100}) == [
        "objective.constraints.parameters: no network at the extremes of pooling capsule keeps it"
    ]
    assert check("parameters", {"at_most": 500}) == []
    assert check("train_seconds", {"at_most": 0.0}) == []


@pytest.mark.parametrize("bound", [{"at_least": 1.5}, {"at_most": -0.1}])
def test_an_accuracy_lies_between_0_and_1(bound: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"objective\.constraints\.val_accuracy: can never be kept"):
        make_config(objective__constraints={"val_accuracy": bound})
    make_config(objective__constraints={"val_accuracy": {"at_least": 1.0, "at_most": 1.0}})
