"""Whether the arms make different mistakes, and how far their confidence can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reports.evidence import Evidence
from reports.matching import matched, opponents
from reports.statistics import benjamini_hochberg, holm
from reports.verdict import RunVerdict
from reports.view import View, missing
from reports.views import errors_figures as figures
from reports.views import errors_words as words
from reports.views.agreement import correctness
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.views.commands import ANEW
from reports.views.lost import lost_predictions
from reports.views.matched import how_to_get
from reports.views.mistakes import (
    SCORES,
    Calibration,
    ClassError,
    Discordance,
    Score,
    calibration,
    class_errors,
    discordance,
    score,
)

KEY = "errors"
TITLE = "Different mistakes"
QUESTION = "Do the arms get different examples wrong?"


@dataclass(frozen=True)
class ArmErrors:
    """One arm against the baseline on the test set.

    Attributes:
        arm: The arm.
        discordance: Pair by pair and over seeds; None without predictions of a pair.
        classes: The error by true class; p by Benjamini and Hochberg over classes and arms.
        scores: NLL, Brier and ECE; p by Holm over scores and arms.
        pairs: Whole pairs.
        failed: Pairs left out for a failure.
        open: Pairs not yet whole.
        absent: Pairs without predictions.
        mismatched: Pairs whose predictions are not of the same examples.
    """

    arm: str
    discordance: Discordance | None
    classes: list[ClassError]
    scores: list[Score]
    pairs: int
    failed: int
    open: int
    absent: int
    mismatched: int


@dataclass(frozen=True)
class Result:
    """Errors of the first champions over the confirm seeds; `why` says what is missing."""

    why: str
    baseline: str | None
    alpha: float
    claim: Claim
    arms: list[ArmErrors]
    calibrations: list[Calibration]


def analyse(evidence: Evidence, verdict: RunVerdict) -> Result:
    """Compare the first champions' predictions of the test set, pair by pair."""
    arms = _corrected([_arm(evidence, arm) for arm in opponents(evidence)])
    first = evidence.confirmed()
    calibrations = [
        calibration(arm, [evidence.predictions[number] for number in numbers if number in evidence.predictions])
        for arm in evidence.arms.values()
        if (numbers := sorted(first.loc[first["arm"] == arm, "number"].tolist()))
    ]
    known = any(each.discordance or any(part.n for part in each.scores) for each in arms)
    return Result(
        why="" if known else words.why(first, arms),
        baseline=evidence.baseline,
        alpha=alpha_of(evidence),
        claim=claim(*estimates_of(verdict, "E1")),
        arms=arms,
        calibrations=[each for each in calibrations if each is not None],
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Discordant examples, errors by class, proper scores and reliability."""
    look, without = evidence.look, lost_predictions(evidence)
    if result.why:
        command = ANEW if without else how_to_get(evidence, "confirm.seeds", 10)
        yield missing(KEY, TITLE, QUESTION, why=f"{result.why}{without}", command=command)
        return
    if any(each.discordance for each in result.arms):
        yield View(
            KEY,
            TITLE,
            f"{words.discordant(result)}{without}",
            figures.discordant(result, look),
            words.pairs_table(result),
            question=QUESTION,
        )
        yield View(
            f"{KEY}-classes",
            "Errors by class",
            f"{words.classes(result)}{without}",
            figures.classes(result, look),
            words.classes_table(result),
            question="Which classes does it get right more often?",
        )
    elif without:
        why = f"No pair has the predictions of both its replicates.{without}"
        yield missing(KEY, TITLE, QUESTION, why=why, command=ANEW)
    if any(part.n for each in result.arms for part in each.scores):
        yield View(
            f"{KEY}-scores",
            "Probabilities",
            words.scores(result),
            figures.scores(result, look),
            words.scores_table(result),
            question="Are its probabilities better, not only its classes?",
        )
    if result.calibrations:
        yield View(
            f"{KEY}-reliability",
            "Reliability",
            f"{words.reliability(result)}{without}",
            figures.reliability(result, look),
            words.reliability_table(result),
            question="Where it says 90 %, is it right nine times in ten?",
        )


def _arm(evidence: Evidence, arm: str) -> ArmErrors:
    first, baseline, alpha = evidence.confirmed(), str(evidence.baseline), alpha_of(evidence)
    whole = matched(first, arm, baseline, ())
    seen = correctness(whole.pairs, evidence.predictions)
    return ArmErrors(
        arm=arm,
        discordance=discordance(seen, alpha=alpha) if seen.seeds and len(seen.labels) else None,
        classes=class_errors(seen, alpha=alpha),
        scores=[score(matched(first, arm, baseline, (column,)).pairs, column, alpha=alpha) for column in SCORES],
        pairs=len(whole.pairs),
        failed=whole.failed,
        open=whole.open,
        absent=seen.absent,
        mismatched=seen.mismatched,
    )


def _corrected(arms: list[ArmErrors]) -> list[ArmErrors]:
    """With p adjusted over all arms: classes explore, scores are few enough to be told apart surely."""
    of_classes = iter(benjamini_hochberg([each.p for arm in arms for each in arm.classes]).tolist())
    of_scores = iter(holm([each.p for arm in arms for each in arm.scores if each.p is not None]).tolist())
    return [
        replace(
            arm,
            classes=[replace(each, adjusted_p=next(of_classes)) for each in arm.classes],
            scores=[each if each.p is None else replace(each, adjusted_p=next(of_scores)) for each in arm.scores],
        )
        for arm in arms
    ]
