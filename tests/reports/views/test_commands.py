"""What to type for more of a search."""

from __future__ import annotations

from reports.views.commands import more_search
from tests.reports.views.conftest import evidence


def test_a_search_goes_on_gets_more_or_is_over() -> None:
    assert more_search(evidence([])) == "capsweep resume RUN"
    assert more_search(evidence([], final=True)) == "capsweep resume RUN --set search.trials=10"
    assert more_search(evidence([], final=True, plan={})) == "capsweep launch SWEEP --set search.trials=10"
    seconds = {"search": {"seconds": 90.5}}
    assert more_search(evidence([], sweep=seconds, final=True)) == "capsweep resume RUN --set search.seconds=181"
