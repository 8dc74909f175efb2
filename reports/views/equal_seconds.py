"""What the champions come to in the same training time, and what a better score costs in seconds.

Seconds are whole epochs at their usual length, the first epoch with its tracing and compiling left aside: as the cost
probe timed them alone, or else the median epoch of each training, beside whatever else trained then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.matching import Matched, matched, opponents
from reports.statistics import Estimate, mean_interval, price
from reports.statistics.checks import sign
from reports.verdict import RunVerdict
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views import equal_seconds_words as words
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.views.matched import how_to_get

KEY = "equal-seconds"
TITLE = "At equal seconds"
QUESTION = "Is the arm still ahead where both train for the same time, and what does its lead cost?"
_LITTLE = 1e-9
"""Of an epoch: what two ways to multiply the same seconds may differ by."""


@dataclass(frozen=True)
class Equal:
    """One arm against the baseline, over the pairs of the confirm phase.

    Attributes:
        arm: The arm.
        pairs: Complete pairs with their epochs in the log.
        alone: Whether the cost probe has timed both arms; else each training's own epochs are the measure.
        without: Pairs of which one had no epoch behind it when the other was over; they leave no difference.
        seconds: Median training time of the faster of each pair.
        equal: Arm - baseline on validation data, both at the faster one's time; None with a pair in `without`.
        own: The same at the end of both.
        extra: Arm - baseline in training seconds; without an interval where the cost probe's are taken for all pairs.
        price: Extra seconds for each margin that the arm gains on the test set; None unless it is claimed to be better
            and the price has a lower and an upper end.
        failed: Pairs left out for a failure.
        open: Pairs not yet whole.
    """

    arm: str
    pairs: int
    alone: bool
    without: int
    seconds: float
    equal: Estimate | None
    own: Estimate
    extra: Estimate
    price: Estimate | None
    failed: int
    open: int


@dataclass(frozen=True)
class Result:
    """See the module; `why` says what is missing.

    Attributes:
        why: Empty where there is something.
        claim: What the comparison of champions may be used for.
        better: The arms that are claimed to be better.
        alpha: One minus the coverage of each interval: the plan's, by the number of arms that are compared.
        at_once: The most trials that trained at once.
        margin: Of the plan.
        arms: One each.
    """

    why: str
    claim: Claim
    better: list[str]
    alpha: float
    at_once: int | None
    margin: float
    arms: list[Equal]


def analyse(evidence: Evidence, verdict: RunVerdict) -> Result:
    """Cut the longer training of each pair where the shorter one ends."""
    first, arms = evidence.confirmed(), opponents(evidence)
    champions = estimates_of(verdict, "E1")
    may = claim(*champions)
    better = [each.arm for each in champions if each.verdict.startswith("better") and not claim(each).withheld]
    alpha = alpha_of(evidence) / max(1, len(arms))
    found = [_equal(evidence, first, arm, alpha, is_better=arm in better) for arm in arms]
    known = [each for each in found if each is not None]
    used = first["concurrency"]
    return Result(
        why="" if known else "No pair of champions has been trained with fresh seeds, and for more than one epoch.",
        claim=may,
        better=better,
        alpha=alpha,
        at_once=int(used.max()) if used.notna().any() else None,
        margin=evidence_margin(evidence),
        arms=known,
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Both differences of each arm, and the price in words."""
    if result.why:
        command = how_to_get(evidence, "confirm.seeds", 10)
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=command)
        return
    figure, table = words.figure(result, evidence), words.table(result, evidence)
    yield View(KEY, TITLE, words.caption(result, evidence), figure, table, question=QUESTION)


def _equal(evidence: Evidence, first: pd.DataFrame, arm: str, alpha: float, *, is_better: bool) -> Equal | None:
    whole = matched(first, arm, str(evidence.baseline), ("value", "test"))
    curves, alone = _curves(evidence, whole), _alone(evidence, arm, str(evidence.baseline))
    sides = [_trainings(whole.pairs, side, curves, alone) for side in "ab"]
    known = [None not in both for both in zip(*sides, strict=True)]
    pairs = whole.pairs[known]
    if pairs.empty:
        return None
    trainings = [[each for each, there in zip(side, known, strict=True) if each and there] for side in sides]
    spent = np.array([[each.seconds for each in side] for side in trainings])
    limits = spent.min(axis=0)
    cut = np.array([[each.at(end) for each, end in zip(side, limits, strict=True)] for side in trainings])
    extra, without = spent[0] - spent[1], int(np.isnan(cut).any(axis=0).sum())
    gain = sign(evidence.look.direction) * _apart(pairs, "test") / evidence_margin(evidence)
    dear = price(extra, gain, alpha=alpha) if is_better else None
    return Equal(
        arm=arm,
        pairs=len(pairs),
        alone=alone is not None,
        without=without,
        seconds=float(np.median(limits)),
        equal=None if without else mean_interval(cut[0] - cut[1], alpha=alpha),
        own=mean_interval(_apart(pairs, "value"), alpha=alpha),
        extra=mean_interval(extra, alpha=alpha)
        if alone is None
        else Estimate(float(extra.mean()), None, None, len(pairs)),
        price=None if dear is None or dear.low is None else dear,
        failed=whole.failed,
        open=whole.open,
    )


@dataclass(frozen=True, eq=False)
class _Training:
    """What a training came to after each epoch, and how long one took."""

    values: np.ndarray
    epoch_seconds: float

    @property
    def seconds(self) -> float:
        return len(self.values) * self.epoch_seconds

    def at(self, seconds: float) -> float:
        """The value by then, between two epochs on a straight line; NaN before the first."""
        epochs = seconds / self.epoch_seconds + _LITTLE
        return float(np.interp(epochs, np.arange(1, len(self.values) + 1), self.values, left=np.nan))


def _trainings(
    pairs: pd.DataFrame, side: str, curves: Mapping[int, np.ndarray], alone: Mapping[str, float] | None
) -> list[_Training | None]:
    """Of one side of the pairs, in their order; None where there is no curve or no length of an epoch."""
    own = pairs[f"epoch_seconds_{side}"].to_numpy(dtype=float, na_value=np.nan)
    seconds = own if alone is None else np.full(len(pairs), alone[side])
    return [
        _Training(curves[number], each) if number in curves and each > 0 else None
        for number, each in zip(pairs[f"number_{side}"].tolist(), seconds.tolist(), strict=True)
    ]


def _apart(pairs: pd.DataFrame, column: str) -> np.ndarray:
    return (pairs[f"{column}_a"] - pairs[f"{column}_b"]).to_numpy(dtype=np.float64)


def _alone(evidence: Evidence, arm: str, baseline: str) -> Mapping[str, float] | None:
    """Seconds of an epoch of either arm as the cost probe timed them, its geometric mean; None where it did not."""
    probe = evidence.trials("cost_probe")
    found = {}
    for side, name in (("a", arm), ("b", baseline)):
        seconds = probe.loc[(probe["arm"] == name) & (probe["state"] == "complete"), "epoch_seconds"]
        known = seconds[np.isfinite(seconds) & (seconds > 0)]
        if known.empty:
            return None
        found[side] = float(np.exp(np.log(known.sort_values()).mean()))
    return found


def _curves(evidence: Evidence, whole: Matched) -> dict[int, np.ndarray]:
    """What the objective has come to after each epoch, of every trial of the pairs that logged it."""
    objective, epochs = evidence.config.objective, evidence.frames.epochs
    metric = f"metric.{objective.metric}"
    if metric not in epochs:
        return {}
    mine = epochs[epochs["number"].isin([*whole.pairs["number_a"], *whole.pairs["number_b"]])]
    best = np.maximum.accumulate if objective.direction == "maximize" else np.minimum.accumulate
    found = {}
    for trial, rows in mine.sort_values(["number", "epoch"]).groupby("number"):
        values = rows[metric].to_numpy(dtype=np.float64)
        if np.isfinite(values).all():
            found[int(str(trial))] = best(values) if objective.at == "best" else values
    return found
