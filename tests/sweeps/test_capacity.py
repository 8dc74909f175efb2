"""How many workers fit, and why some wait: arithmetic on what a cluster says of itself."""

from __future__ import annotations

import math

import pytest

from sweeps.config import SweepConfig
from sweeps.errors import WorkerError
from sweeps.workers.capacity import Need, NodeType, Supply
from sweeps.workers.cluster import settle

BIG = {"CPU": 8.0, "GPU": 2.0, "memory": 1e9}
SMALL = {"CPU": 3.0, "memory": 1e9}


@pytest.mark.parametrize(
    ("need", "node", "count"),
    [
        (Need(1, 0), SMALL, 3),
        (Need(2, 0), SMALL, 1),
        (Need(0.5, 0), SMALL, 6),
        (Need(0.1, 0), {"CPU": 0.3}, 3),
        (Need(4, 0), SMALL, 0),
        (Need(1, 1), BIG, 2),
        (Need(1, 0.5), BIG, 4),
        (Need(1, 0.6), BIG, 2),
        (Need(1, 0.1), BIG, 8),
        (Need(1, 2), BIG, 1),
        (Need(1, 1), SMALL, 0),
        (Need(1, 0), {}, 0),
    ],
)
def test_a_node_holds_so_many_workers(need: Need, node: dict[str, float], count: int) -> None:
    assert need.fits(node) == count


def test_a_worker_does_not_span_two_nodes() -> None:
    assert Supply([SMALL, SMALL], {}).room(Need(2, 0)) == 2
    assert Supply([SMALL, SMALL], {}).room(Need(4, 0)) == 0


def test_an_autoscaler_makes_room_up_to_its_limits() -> None:
    kind = NodeType("gpu", BIG, 3)
    assert Supply([], {}, [kind]).ever(Need(1, 1)) == 6
    assert Supply([], {}, [NodeType("gpu", BIG, None)]).ever(Need(1, 1)) == math.inf
    assert Supply([], {}, [NodeType("gpu", BIG, None)]).ever(Need(9, 1)) == 0
    assert Supply([BIG] * 4, {}, [kind]).ever(Need(1, 1)) == 8
    assert Supply([SMALL], {}, [kind]).ever(Need(16, 0)) == 0


def config(**workers: object) -> SweepConfig:
    return SweepConfig.from_mapping({"space": {"x": [1]}, "workers": workers}, source="test")


@pytest.mark.parametrize(
    ("asked", "found", "settled"),
    [
        ({}, Supply([SMALL, SMALL], {}), (6, 0.0)),
        ({}, Supply([SMALL, BIG], {}), (2, 1.0)),
        ({"gpus": 0}, Supply([SMALL, BIG], {}), (11, 0.0)),
        ({"gpus": 0.5, "cpus": 2}, Supply([SMALL, BIG], {}), (4, 0.5)),
        ({"count": 3}, Supply([SMALL], {}), (3, 0.0)),
        # Only the autoscaler can make room: one worker asks for it, or as many as were asked for.
        ({}, Supply([{}], {}, [NodeType("gpu", BIG, 3)]), (1, 1.0)),
        ({"count": 5}, Supply([{}], {}, [NodeType("gpu", BIG, 3)]), (5, 1.0)),
        ({"count": 500}, Supply([{}], {}, [NodeType("gpu", BIG, None)]), (500, 1.0)),
        # Most autoscalers do not tell what they may start.
        ({"autoscale_to": 9}, Supply([{}], {}), (9, 0.0)),
        ({"autoscale_to": 9}, Supply([BIG] * 5, {}), (10, 1.0)),
    ],
)
def test_workers_are_settled_by_what_there_is(
    asked: dict[str, object], found: Supply, settled: tuple[int, float]
) -> None:
    cluster = settle(config(**asked).workers, "there:1", found)
    assert (cluster.count, cluster.gpus) == settled


def test_an_autoscaler_cannot_be_asked_for_more_than_this_machine() -> None:
    assert settle(config(autoscale_to=50).workers, None, Supply([SMALL], {})).count == 3
    with pytest.raises(WorkerError, match="this machine has 3 CPU"):
        settle(config(cpus=9, autoscale_to=50).workers, None, Supply([SMALL], {}))


@pytest.mark.parametrize(
    ("nodes", "types", "autoscale_to", "trials", "wanted"),
    [
        ([], [], 0, 100, 1),
        ([SMALL], [], 0, 100, 3),
        ([SMALL], [], 9, 100, 9),
        ([SMALL], [], 2, 100, 3),
        ([SMALL], [NodeType("small", SMALL, None)], 0, 100, 6),
        ([SMALL], [NodeType("small", SMALL, 1)], 0, 100, 3),
        ([SMALL], [NodeType("small", SMALL, None)], 0, 4, 4),
        ([SMALL], [NodeType("small", SMALL, None)], 0, 2, 3),
        ([SMALL], [NodeType("small", SMALL, None)], 50, 4, 50),
        ([SMALL], [NodeType("small", SMALL, None)], 2, 100, 3),
        ([SMALL], [NodeType("small", SMALL, None)], 0, 0, 3),
    ],
)
def test_an_autoscaler_is_asked_for_no_more_than_there_is_to_do(
    nodes: list[dict[str, float]], types: list[NodeType], autoscale_to: int, trials: int, wanted: int
) -> None:
    supply = Supply(nodes, {}, types)
    assert supply.wanted(Need(1, 0), autoscale_to=autoscale_to, trials=trials) == wanted


@pytest.mark.parametrize(
    ("asked", "found", "message"),
    [
        ({"cpus": 4}, Supply([SMALL, SMALL], {}), "1 with 4 CPU and 0 GPU each do not fit: the cluster has 6 CPU and"),
        ({"count": 7}, Supply([SMALL, SMALL], {}), "7 with 1 CPU and 0 GPU each do not fit"),
        ({"count": 7}, Supply([{}], {}, [NodeType("gpu", BIG, 3)]), "on 1 nodes, room for 6; ask for fewer"),
        ({"gpus": 4}, Supply([{}], {}, [NodeType("gpu", BIG, 3)]), "1 with 1 CPU and 4 GPU each do not fit"),
        ({"gpus": 4}, Supply([{}], {}, [NodeType("gpu", BIG, None)]), "1 with 1 CPU and 4 GPU each do not fit"),
        ({"gpus": 4, "autoscale_to": 2}, Supply([], {}, [NodeType("gpu", BIG, 3)]), "on 0 nodes, room for 0"),
        ({"cpus": 9}, Supply([BIG], {}), "room for 0; .*; if it starts nodes .*: workers.autoscale_to"),
    ],
)
def test_what_can_never_fit_is_refused(asked: dict[str, object], found: Supply, message: str) -> None:
    with pytest.raises(WorkerError, match=message):
        settle(config(**asked).workers, "there:1", found)


def test_who_waits_is_told_why() -> None:
    free = {"CPU": 0.5}
    need = Need(1, 0)
    assert Supply([SMALL, {}], free).explain(2, need) == (
        "2 workers wait for 1 CPU and 0 GPU each; free are 0.5 CPU and 0 GPU of all nodes together; "
        "1 of 2 nodes could hold one, once others leave them"
    )
    assert Supply([SMALL], free, [NodeType("gpu", BIG, 3), NodeType("cpu", SMALL, 9)]).explain(1, Need(1, 1)) == (
        "1 worker waits for 1 CPU and 1 GPU; free are 0.5 CPU and 0 GPU of all nodes together; "
        "the autoscaler may start gpu (8 CPU and 2 GPU, 3 at most)"
    )
    assert Supply([{}], free).explain(1, need).endswith("no node that is there could hold one")
