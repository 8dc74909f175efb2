"""One driver keeps a thousand workers busy: the short form of `tests/benchmarks/simulation.py`."""

from __future__ import annotations

from tests.benchmarks.simulation import simulate


def test_a_thousand_workers_never_wait_for_the_driver() -> None:
    outcome = simulate(workers=1000, trials=1200, epochs=15, seconds=20.0)
    assert outcome.states.total() == 1200
    assert outcome.states["pruned"] > 50
    assert outcome.events["trial_ended"] == outcome.events["trial_started"] == 1200
    assert outcome.busy_until_last_start >= 0.95
