"""What a view says of the trials that `reports.matching` puts together, and of those that it leaves out."""

from __future__ import annotations

import pandas as pd

from reports.evidence import Evidence


def searched(evidence: Evidence, *columns: str) -> pd.DataFrame:
    """Some columns of the search's trials; of many trials, choosing rows of all columns would take seconds."""
    trials = evidence.frames.trials
    return trials[list(columns)][trials["phase"] == "search"]


def left_out(failed: int, unfinished: int) -> str:
    """What is said of pairs that are not there; nothing where all are."""
    parts = [f"{failed} left out for a failure"] * (failed > 0) + [f"{unfinished} not yet whole"] * (unfinished > 0)
    return f" Pairs {' and '.join(parts)}." if parts else ""


def how_to_get(evidence: Evidence, key: str, amount: int) -> str:
    """The command that gets a phase: `RUN`, `FILE`, `PARAM` and `ARM` stand for what the reader knows.

    Args:
        evidence: The run.
        key: The amount in the sweep file that asks for the phase, such as `swap.settings`.
        amount: How much of it to ask for.
    """
    config = evidence.config
    if config.compare is None or len(config.arms) < 2:
        return f"capsweep launch FILE --set compare=PARAM --set {key}={amount}"
    if config.later_amounts[key]:
        return "capsweep resume RUN"
    baseline = "" if evidence.baseline is not None else " --set confirm.baseline=ARM"
    return f"capsweep resume RUN --set {key}={amount}{baseline}"
