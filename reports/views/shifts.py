"""Whether the difference changes on test pictures that are moved or turned, and what that costs each arm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.evidence import Evidence
from reports.matching import matched, opponents
from reports.statistics import holm, mean_interval, paired_change
from reports.verdict import RunVerdict
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views import shifts_words as words
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.views.shifts_figure import figure

KEY = "shifts"
TITLE = "Moved and turned pictures"
QUESTION = "Does the difference hold when the pictures are moved or turned?"
_SEED = 20_260_106


@dataclass(frozen=True)
class Mean:
    """A mean over replicates or pairs with its t-interval; None where there are too few."""

    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Level:
    """An arm on one copy of the test pictures.

    Attributes:
        arm: The arm.
        shift: What the copy is called.
        score: The metric.
        change: From each replicate's own score on the pictures as they are.
    """

    arm: str
    shift: str
    score: Mean
    change: Mean


@dataclass(frozen=True)
class Contrast:
    """An arm minus the baseline on one copy of the test pictures, beside the same pairs on the pictures as they are.

    Attributes:
        arm: The arm.
        shift: What the copy is called.
        difference: Of the metric, over pairs of one seed that have a score on the pictures as they are as well.
        change: Of the difference, from that on the pictures as they are, over the same pairs; None of these.
        p: Exact sign-flip p of the change; 1 without a pair.
        adjusted_p: Holm's over all arms and shifts.
    """

    arm: str
    shift: str
    difference: Mean
    change: Mean | None
    p: float | None
    adjusted_p: float | None

    def is_told(self, alpha: float) -> bool:
        """Whether the change is told from none within its family, by the interval and by the exact test."""
        if self.change is None or self.change.low is None or self.change.high is None:
            return False
        clear = self.change.low > 0 or self.change.high < 0
        return clear and self.adjusted_p is not None and self.adjusted_p <= alpha


@dataclass(frozen=True)
class Result:
    """The first champions on shifted test pictures; whether their differences change is a family beside the verdict's.

    Attributes:
        why: What is missing; empty where nothing is.
        pictures: Whether the examples are any.
        baseline: What the arms are compared with.
        alpha: One minus the coverage of every interval, and the level of the family.
        margin: Differences up to it are too small to matter.
        claim: What the differences may be used for.
        shifts: The copies, the pictures as they are first.
        levels: One for each arm and copy.
        contrasts: One for each arm but the baseline, and copy.
        failed: Pairs left out for a failure.
        open: Pairs not yet whole.
    """

    why: str
    pictures: bool
    baseline: str | None
    alpha: float
    margin: float
    claim: Claim
    shifts: tuple[str, ...]
    levels: tuple[Level, ...]
    contrasts: tuple[Contrast, ...]
    failed: int
    open: int


def analyse(evidence: Evidence, verdict: RunVerdict) -> Result:
    """Compare the arms on every copy and what becomes of their difference, and each arm with its own score."""
    alpha, names, arms = alpha_of(evidence), asked(evidence), opponents(evidence)
    trials = evidence.confirmed()
    trials = trials.reindex(columns=list(dict.fromkeys([*trials.columns, *map(_column, names)])))
    shifts, baseline = (words.NONE, *names), str(evidence.baseline)
    every = evidence.arms.values() if arms else ()
    levels = [_level(trials[trials["arm"] == arm], arm, shift, alpha) for arm in every for shift in shifts]
    contrasts = [_contrast(trials, arm, baseline, shift, alpha) for arm in arms for shift in shifts]
    whole = [matched(trials, arm, baseline, ("test",)) for arm in arms]
    known = any(each.difference.n for each in contrasts if each.shift != words.NONE)
    return Result(
        why="" if known else words.why(evidence, asked=bool(names), compared=bool(arms)),
        pictures=len(evidence.facts.get("data", {}).get("shape", (0, 0))) in (2, 3),
        baseline=evidence.baseline,
        alpha=alpha,
        margin=evidence_margin(evidence),
        claim=claim(*estimates_of(verdict, "E1")),
        shifts=shifts,
        levels=tuple(levels) if known else (),
        contrasts=_corrected(contrasts) if known else (),
        failed=sum(each.failed for each in whole),
        open=sum(each.open for each in whole),
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Every arm on every copy; what asks for them where there are none, but not of examples that are no pictures."""
    if not result.why:
        caption, table = words.caption(result, evidence), words.table(result, evidence)
        yield View(KEY, TITLE, caption, figure(result, evidence), table, question=QUESTION)
    elif result.pictures:
        command = words.command(evidence, asked=len(result.shifts) > 1)
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=command)


def asked(evidence: Evidence) -> tuple[str, ...]:
    """The copies that the plan names, or before it the sweep file; a plan of before there were any names none."""
    if evidence.plan is None:
        return tuple(map(str, evidence.config.confirm.shifts.each))
    return tuple(map(str, evidence.plan.get("shifts", ())))


def _column(shift: str) -> str:
    return "test" if shift == words.NONE else f"shift.{shift}"


def _level(trials: pd.DataFrame, arm: str, shift: str, alpha: float) -> Level:
    complete = trials[trials["state"] == "complete"]
    own, score = (complete[_column(name)].to_numpy(dtype=float) for name in (words.NONE, shift))
    return Level(arm, shift, _mean(score, alpha), _mean(score - own, alpha))


def _mean(scores: npt.NDArray[np.float64], alpha: float) -> Mean:
    known = scores[np.isfinite(scores)]
    if not len(known):
        return Mean(0, None, None, None)
    found = mean_interval(known, alpha=alpha)
    return Mean(found.n, found.value, found.low, found.high)


def _contrast(trials: pd.DataFrame, arm: str, baseline: str, shift: str, alpha: float) -> Contrast:
    pairs = matched(trials, arm, baseline, tuple(dict.fromkeys(("test", _column(shift))))).pairs
    before, after = (_sides(pairs, name) for name in (words.NONE, shift))
    difference = _mean(after[0] - after[1], alpha)
    if shift == words.NONE:
        return Contrast(arm, shift, difference, None, None, None)
    found = paired_change(after, before, alpha=alpha, rng=np.random.default_rng(_SEED))
    return Contrast(arm, shift, difference, Mean(found.n, found.mean, found.low, found.high), found.p, None)


def _sides(pairs: pd.DataFrame, shift: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    a, b = (pairs[f"{_column(shift)}_{side}"].to_numpy(dtype=float) for side in "ab")
    return a, b


def _corrected(contrasts: Sequence[Contrast]) -> tuple[Contrast, ...]:
    """With p adjusted over all shifts and arms; a comparison without a pair counts as well."""
    adjusted = iter(holm([each.p for each in contrasts if each.p is not None]).tolist())
    return tuple(each if each.p is None else replace(each, adjusted_p=next(adjusted)) for each in contrasts)
