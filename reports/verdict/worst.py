"""What a failed replicate counts as where it is not left out, and what of a claim stands both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import Verdict
from reports.verdict.measure import is_accuracy

_WITHIN = (Verdict.EQUIVALENT, Verdict.IDENTICAL, Verdict.BETTER_NEGLIGIBLE, Verdict.WORSE_NEGLIGIBLE)
_SIDES = {1: Verdict.BETTER_SIZE_UNCERTAIN, -1: Verdict.WORSE_SIZE_UNCERTAIN}


@dataclass(frozen=True)
class WorstCase:
    """A failed replicate's score, in the metric's unit, and how a sentence names it."""

    score: float
    words: str


def worst_case(evidence: Evidence) -> WorstCase | None:
    """What a failure counts as: who left out the worst replicates would have a better arm than there is.

    An accuracy is that of a guess, one over the number of classes, or 0 where the data do not say how many there are.
    Another metric has no such level: it is the worst finite value that any trial of the run has shown in any phase and
    epoch; None where there is no value at all.
    """
    objective = evidence.config.objective
    if is_accuracy(objective.metric) and objective.direction == "maximize":
        classes = evidence.facts.get("data", {}).get("classes")
        return WorstCase(1 / classes, "at chance level") if classes else WorstCase(0.0, "at an accuracy of 0")
    seen = np.concatenate([np.zeros(0), *_seen(evidence, objective.metric)])
    finite = seen[np.isfinite(seen)]
    if not len(finite):
        return None
    worst = finite.min() if objective.direction == "maximize" else finite.max()
    return WorstCase(float(worst), "at the worst score that the run has shown")


def claimed(survivors: Verdict, at_worst: Verdict, *, failed_arm: int, failed_baseline: int) -> Verdict:
    """What may be claimed: what is so with every failure left out, and in the worst case as well.

    Failures that are all of the arm that comes out worse take nothing from a claim, for they speak for it. Of two
    verdicts on one side of 0 whose sizes differ the side is left, of two within the margin that they are; any other
    claim that the worst case does not share is not made.

    Args:
        survivors: With every failure left out.
        at_worst: With every failure as `worst_case` says.
        failed_arm: Replicates of the arm that failed.
        failed_baseline: The same of the baseline.
    """
    if survivors is at_worst or not (survivors.claims or survivors in _WITHIN):
        return survivors
    if survivors.claims and not (failed_arm if survivors.claims > 0 else failed_baseline):
        return survivors
    if survivors.claims and survivors.claims == at_worst.claims:
        return _SIDES[survivors.claims]
    return Verdict.EQUIVALENT if survivors in _WITHIN and at_worst in _WITHIN else Verdict.UNDETERMINED


def _seen(evidence: Evidence, metric: str) -> Iterator[np.ndarray]:
    for frame, names in (
        (evidence.frames.trials, ("value", "best_value", "test")),
        (evidence.frames.epochs, (f"metric.{metric}",)),
    ):
        yield from (pd.to_numeric(frame[name]).to_numpy(float, na_value=np.nan) for name in names if name in frame)
