"""What the errors say in sentences and in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.views.marks import between, short, signed
from reports.views.matched import left_out
from reports.views.mistakes import BINS, Discordance
from reports.words import count, listed, number, p_value

if TYPE_CHECKING:
    from reports.views.errors import ArmErrors, Result

DRAWN = 30
"""The most classes that the figure draws."""


def why(first: pd.DataFrame, arms: list[ArmErrors]) -> str:
    """Why there is nothing to compare."""
    if not arms:
        return "No arm is compared with a baseline in this run, so there are no errors to compare."
    if first.empty:
        return "This run has no confirm phase, which alone predicts the test set."
    if not any(each.pairs for each in arms):
        return f"No pair of the confirm phase is whole yet: {count(len(first), 'trial')} of the first champions began."
    return "The confirm phase left no predictions that can be compared."


def discordant(result: Result) -> str:
    """Who alone is right how often, over seeds."""
    parts = [_discordance(each.arm, each.discordance, result) for each in result.arms if each.discordance]
    absent, odd = (sum(getattr(each, name) for each in result.arms) for name in ("absent", "mismatched"))
    gone = f" {count(absent, 'pair')} without predictions." if absent else ""
    gone += f" {count(odd, 'pair')} left out: not of the same examples." if odd else ""
    failed, unfinished = (sum(getattr(each, name) for each in result.arms) for name in ("failed", "open"))
    return (
        f"{result.claim.clause}"
        f"Test examples that one arm alone gets right, one point a seed: {'; '.join(parts)}. Above the line the arm is "
        f"right more often{_decides(result)}.{gone}{left_out(failed, unfinished)}"
    )


def classes(result: Result) -> str:
    """Which classes are clear of 0."""
    seeds = max((len(arm.discordance.pairs) for arm in result.arms if arm.discordance), default=0)
    labels = len({each.label for arm in result.arms for each in arm.classes})
    cut = f" Showing the {DRAWN} classes of {labels} that differ most." if labels > DRAWN else ""
    return (
        f"{result.claim.clause}"
        f"Error on each true class, arm minus {short(result.baseline)} over {count(seeds, 'seed')}, below 0 is better."
        f"{'' if result.claim.withheld else _told_apart(result)}{cut}"
    )


def scores(result: Result) -> str:
    """The difference of every score."""
    parts = [
        f"{short(arm.arm)} "
        + listed(
            [
                f"{signed(each.difference)} {between(each.low, each.high)} in {each.name.split(',')[0]}"
                + ("" if result.claim.withheld else f" (by Holm {p_value(each.adjusted_p)})")
                for each in arm.scores
                if each.n
            ]
        )
        for arm in result.arms
        if any(each.n for each in arm.scores)
    ]
    tested = sum(each.p is not None for arm in result.arms for each in arm.scores)
    holm = "" if result.claim.withheld else f" Holm's p counts {count(tested, 'comparison')}."
    pairs = max(each.n for arm in result.arms for each in arm.scores)
    return (
        f"{result.claim.clause}"
        f"Scores of the probabilities on the test set, arm minus {short(result.baseline)}, below 0 is better, over up "
        f"to {count(pairs, 'pair')}: {'; '.join(parts)}.{holm} An infinite score leaves its pair out, and ECE depends "
        "on its bins."
    )


def reliability(result: Result) -> str:
    """The calibration error of every arm."""
    parts = [
        f"{short(each.arm)} {number(each.error)} ({count(each.seeds, 'seed')}, {each.examples:,} predictions)"
        for each in result.calibrations
    ]
    return (
        f"Expected calibration error over {BINS} bins of equal width, all seeds together: {listed(parts)}. Below the "
        "diagonal a model is surer than it is right; bins without an example are not drawn, and small ones swing by "
        "chance (their sizes are in the table)."
    )


def pairs_table(result: Result) -> pd.DataFrame:
    """One row a pair."""
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "seed": each.seed,
                "only the arm is right": each.only_arm,
                "only the baseline is right": each.only_baseline,
                "examples": arm.discordance.examples,
                "McNemar's exact p": result.claim.of(each.p),
            }
            for arm in result.arms
            if arm.discordance
            for each in arm.discordance.pairs
        ]
    )


def classes_table(result: Result) -> pd.DataFrame:
    """One row a class and arm."""
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "class": each.label,
                "examples": each.examples,
                "difference of the error": each.difference,
                "low": each.low,
                "high": each.high,
                "exact p": result.claim.of(each.p),
                "p by Benjamini and Hochberg": result.claim.of(each.adjusted_p),
            }
            for arm in result.arms
            for each in arm.classes
        ]
    )


def scores_table(result: Result) -> pd.DataFrame:
    """One row a score and arm."""
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "score": each.name,
                "pairs": each.n,
                "difference": each.difference,
                "low": each.low,
                "high": each.high,
                "exact p": result.claim.of(each.p),
                "p by Holm": result.claim.of(each.adjusted_p),
            }
            for arm in result.arms
            for each in arm.scores
        ]
    )


def reliability_table(result: Result) -> pd.DataFrame:
    """One row a bin and arm."""
    return pd.DataFrame(
        [
            {
                "arm": each.arm,
                "confidence above": low,
                "up to": high,
                "predictions": many,
                "mean confidence": confidence,
                "accuracy": accuracy,
            }
            for each in result.calibrations
            for low, high, many, confidence, accuracy in zip(
                each.edges, each.edges[1:], each.counts, each.confidence, each.accuracy, strict=False
            )
        ]
    )


def _discordance(arm: str, found: Discordance, result: Result) -> str:
    only_arm, only_baseline = (
        sum(getattr(pair, name) for pair in found.pairs) / len(found.pairs) for name in ("only_arm", "only_baseline")
    )
    clear = sum(pair.p <= result.alpha for pair in found.pairs)
    interval = f"{100 * (1 - result.alpha):g} %: {between(found.low, found.high).strip('[]')}"
    exact = "" if result.claim.withheld else f", exact {p_value(found.p)}"
    mcnemar = "" if result.claim.withheld else f" (McNemar's p is at most {result.alpha:g} in {clear} of them)"
    return (
        f"{short(arm)} alone {only_arm:.3g} and {short(result.baseline)} alone {only_baseline:.3g} of "
        f"{found.examples:,} on average, {signed(found.difference)} in accuracy [{interval}]{exact} over "
        f"{count(len(found.pairs), 'seed')}{mcnemar}"
    )


def _decides(result: Result) -> str:
    if result.claim.withheld:
        return ""
    return (
        "; McNemar's test knows examples but no training, so that the interval over seeds decides, not corrected here"
    )


def _told_apart(result: Result) -> str:
    parts = []
    for arm in result.arms:
        clear = [f"{each.label} ({signed(each.difference)})" for each in arm.classes if each.adjusted_p <= result.alpha]
        parts.append(f"{short(arm.arm)} {_some(clear)}")
    many = sum(len(arm.classes) for arm in result.arms)
    return (
        f" Classes that differ after Benjamini and Hochberg's correction for all {count(many, 'comparison')}: "
        f"{'; '.join(parts)}. With few seeds no exact p can be small enough: absence of a class shows nothing."
    )


def _some(parts: list[str], most: int = 10) -> str:
    left = len(parts) - most
    return "none" if not parts else listed([*parts[:most], *([f"{left} more"] if left > 0 else [])])
