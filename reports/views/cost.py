"""What an arm costs beside the baseline, and what a better score costs in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from reports.costs import MEASURES, ArmCost, Ratio, arm_cost
from reports.evidence import Evidence
from reports.matching import opponents
from reports.placing import DRAWN
from reports.theme import Look
from reports.view import View, missing
from reports.views import cost_figures as figures
from reports.views.cost_fronts import Fronts, fronts, scored
from reports.views.marks import short
from reports.views.matched import how_to_get, left_out
from reports.words import count, duration, listed

KEY = "cost"
TITLE = "What each arm costs"
QUESTION = "How many times the baseline's time, memory and size does it take?"


@dataclass(frozen=True)
class Result:
    """Ratios of costs, and fronts of the search.

    Attributes:
        why: Why there are no ratios; empty where there are.
        source: The phase that they are from: `cost_probe`, or `confirm` with other trials beside.
        at_once: The most trials that trained at once there.
        baseline: What the costs are divided by.
        alpha: One minus the coverage of the intervals.
        arms: One each.
        fronts: See `cost_fronts`; None without a complete trial.
    """

    why: str
    source: str
    at_once: int | None
    baseline: str | None
    alpha: float
    arms: list[ArmCost]
    fronts: Fronts | None


def analyse(evidence: Evidence) -> Result:
    """Costs in pairs from the probe, or from the confirm phase without one; fronts from the search."""
    arms, alpha = opponents(evidence), evidence.config.confirm.alpha
    phases = {"cost_probe": evidence.trials("cost_probe"), "confirm": evidence.confirmed()}
    timed = {
        name: [arm_cost(trials, arm, str(evidence.baseline), alpha) for arm in arms] for name, trials in phases.items()
    }
    known = [name for name, found in timed.items() if any(ratio.n for each in found for ratio in each.ratios)]
    source = known[0] if known else ""
    used = phases[source]["concurrency"] if source else pd.Series(dtype="Int64")
    return Result(
        why="" if source else _why(arms),
        source=source,
        at_once=int(used.max()) if used.notna().any() else None,
        baseline=evidence.baseline,
        alpha=alpha,
        arms=timed.get(source, []),
        fronts=fronts(evidence.trials("search"), evidence.look),
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """The ratios, and the error of the search's trials against their seconds."""
    look = evidence.look
    if result.why:
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=how_to_get(evidence, "cost_probe", 3))
    else:
        yield View(
            KEY, TITLE, _caption(result, evidence), figures.forest(result, look), _table(result), question=QUESTION
        )
    if result.fronts is not None:
        points = scored(evidence.trials("search"), look)
        yield View(
            f"{KEY}-front",
            "Error against seconds",
            _front_caption(result.fronts, look),
            figures.front(result.fronts, points, look),
            _front_table(result.fronts),
            question="Is there a cheaper config that is as good?",
        )


def _why(arms: list[str]) -> str:
    if not arms:
        return "No arm is compared with a baseline in this run, so no cost is divided by another."
    return "No pair of trials has been timed: this run has neither a cost probe nor a confirm phase with a whole pair."


def _caption(result: Result, evidence: Evidence) -> str:
    level = f"{100 * (1 - result.alpha):g} %"
    known = [_said(each, level) for each in result.arms if each.pairs]
    measured = {ratio.measure for arm in result.arms for ratio in arm.ratios if ratio.n}
    absent = [name for name in MEASURES.values() if name not in measured]
    failed, unfinished = (sum(getattr(each, name) for each in result.arms) for name in ("failed", "open"))
    where = "Trained alone on their machine" if result.source == "cost_probe" else _contended(result, evidence)
    return (
        f"{where}, against {short(result.baseline)}: {'; '.join(known)}. Geometric means with t-intervals over "
        "pairs, not corrected for how many they are; an epoch is the median without the first, and memory the peak of "
        "the worker's process, earlier trials in it included."
        + (f" Not measured: {listed(absent)}." if absent else "")
        + left_out(failed, unfinished)
    )


def _contended(result: Result, evidence: Evidence) -> str:
    many = "" if result.at_once is None else f", up to {count(result.at_once, 'trial')} at once"
    command = how_to_get(evidence, "cost_probe", 3)
    return f"Timed under contention, in the confirm phase{many} (`{command}` gets honest times)"


def _said(arm: ArmCost, level: str) -> str:
    parts = [
        f"{ratio.ratio:.3g} times the {ratio.measure}{_interval(ratio, level)}"
        for ratio in arm.ratios
        if ratio.ratio is not None
    ]
    return f"{short(arm.arm)} takes {listed(parts)}, n = {arm.pairs}"


def _interval(ratio: Ratio, level: str) -> str:
    if ratio.low is None or ratio.high is None or ratio.low == ratio.high:
        return ""
    return f" [{level}: {ratio.low:.3g} to {ratio.high:.3g}]"


def _front_caption(found: Fronts, look: Look) -> str:
    parts = [
        f"{short(each.arm)} {len(each.front)} of {count(each.n, 'trial')} (area {each.hypervolume:.3g})"
        for each in found.arms
        if each.n
    ]
    drawn = f" Showing {DRAWN:,} of {found.n:,}." if found.n > DRAWN else ""
    best = [f"{short(each.arm)} {each.on_joint}" for each in found.arms if each.on_joint]
    joint = f" Of {count(found.joint, 'trial')} that none of any arm beats: {listed(best)}."
    return (
        f"Complete trials of the search that none of their arm beats in both: {listed(parts)}."
        f"{joint if len(found.arms) > 1 else ''} The area is that beaten up to the worst score and longest time of "
        f"all, {found.worst:.4g} and {duration(found.longest)}. "
        "Optimistic: a front of many trials is made of lucky ones, and the times were taken under contention; it "
        f"compares no arms.{drawn}"
    )


def _table(result: Result) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "cost": ratio.measure,
                "times the baseline": ratio.ratio,
                "low": ratio.low,
                "high": ratio.high,
                "pairs": ratio.n,
            }
            for arm in result.arms
            for ratio in arm.ratios
        ]
    )


def _front_table(found: Fronts) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"arm": arm.arm, "trial": each.number, found.name: each.score, "worker seconds": each.seconds}
            for arm in found.arms
            for each in arm.front
        ],
        columns=["arm", "trial", found.name, "worker seconds"],
    )
