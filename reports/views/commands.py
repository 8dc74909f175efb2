"""What a reader types for more trials of the search."""

from __future__ import annotations

from reports.evidence import Evidence

ANEW = "capsweep launch SWEEP"
"""Trains everything again, in another run: for what was lost of one and cannot be had again from it."""


def more_search(evidence: Evidence) -> str:
    """The command that has more of the search run.

    A search that still has budget goes on; one that has met it needs more; one whose champions are frozen is over, and
    only another sweep has more.
    """
    search = evidence.config.search
    twice = f"--set search.{search.budget}={2 * search.amount:g}"
    if evidence.plan is not None:
        return f"capsweep launch SWEEP {twice}"
    return f"capsweep resume RUN {twice}" if evidence.facts["standing"]["final"] else "capsweep resume RUN"
