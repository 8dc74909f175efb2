"""How an arm learns: curves that do not forget the pruned, the time to a goal, and the gap to the training data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.view import View, missing
from reports.views import dynamics_figures as figures
from reports.views import dynamics_words as words
from reports.views.courses import Courses, Goal, Spread, goal, horizon_of, spread, with_mean
from reports.views.matched import how_to_get, searched

KEY = "dynamics"
TITLE = "How each arm learns"
QUESTION = "Does it learn faster, or just slower to the same place?"


@dataclass(frozen=True)
class ArmCourse:
    """How the runs of one arm went.

    Attributes:
        arm: The arm.
        runs: Runs with an epoch report, complete or pruned.
        pruned: How many of them were pruned.
        curve: The metric epoch by epoch.
        gap: How much better it is on the data trained on, epoch by epoch; None without both metrics.
        goal: Epochs until the goal; None without a goal or a run.
    """

    arm: str
    runs: int
    pruned: int
    curve: Spread
    gap: Spread | None
    goal: Goal | None


@dataclass(frozen=True)
class Result:
    """Learning curves of all arms.

    Attributes:
        why: Why there are none; empty where there are.
        phase: `confirm`, or `search` where that has none.
        metric: What the curves are of.
        direction: Its better direction.
        gap_metrics: The metric on the data trained on, and the other; empty without both.
        threshold: The goal: the median final value of the complete runs of `goal_of`; None without any.
        goal_of: The baseline, or nothing for all arms.
        goal_runs: How many runs it is the median of.
        horizon: The epoch up to which mean times are taken, the same for all arms; None without a goal.
        failed: Runs that failed, which are in no curve.
        arms: One each.
    """

    why: str
    phase: str
    metric: str
    direction: str
    gap_metrics: list[str]
    threshold: float | None
    goal_of: str | None
    goal_runs: int
    horizon: float | None
    failed: int
    arms: list[ArmCourse]


def analyse(evidence: Evidence) -> Result:
    """Curves over epochs of the first champions' confirm runs, or of the search where there is none."""
    objective, alpha = evidence.config.objective, evidence.config.confirm.alpha
    every = evidence.confirmed()[["number", "arm", "state"]]
    phase = "search" if _ended(every).empty else "confirm"
    if phase == "search":
        every = searched(evidence, "number", "arm", "state")
    trials = _ended(every)
    epochs = evidence.frames.epochs[evidence.frames.epochs["number"].isin(trials["number"])]
    both = _gap_metrics(epochs, objective.metric)
    runs = {arm: Courses.of(epochs, trials[trials["arm"] == arm], objective.metric) for arm in evidence.arms.values()}
    threshold, finals = _threshold(runs, evidence.baseline)
    goals = {arm: goal(run, threshold, objective.direction, alpha=alpha) for arm, run in runs.items()}
    horizon = horizon_of(goals.values())
    arms = [
        ArmCourse(
            arm=arm,
            runs=len(run.lengths),
            pruned=int((~run.complete).sum()),
            curve=spread(run),
            gap=spread(_gap(epochs, trials[trials["arm"] == arm], both)) if both else None,
            goal=with_mean(goals[arm], horizon),
        )
        for arm, run in runs.items()
    ]
    return Result(
        why="" if any(each.curve.epochs for each in arms) else words.why(every),
        phase=phase,
        metric=objective.metric,
        direction=objective.direction,
        gap_metrics=both,
        threshold=threshold,
        goal_of=evidence.baseline,
        goal_runs=finals,
        horizon=horizon,
        failed=int((every["state"] == "failed").sum()),
        arms=arms,
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Curves with the number at risk, time to the goal, and the gap."""
    if result.why:
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=_command(evidence))
        return
    look = evidence.look
    yield View(
        KEY, TITLE, words.curves(result), figures.curves(result, look), words.curve_table(result), question=QUESTION
    )
    if result.threshold is not None:
        yield View(
            f"{KEY}-goal",
            "Epochs to a goal",
            words.goals(result),
            figures.goals(result, look),
            words.goal_table(result),
            question="How many epochs until it is as good as the baseline ends up?",
        )
    if any(arm.gap is not None and arm.gap.epochs for arm in result.arms):
        yield View(
            f"{KEY}-gap",
            "Generalisation gap",
            words.gaps(result),
            figures.gaps(result, look),
            words.gap_table(result),
            question="How much better is it on the data that it was trained on?",
        )


def _ended(trials: pd.DataFrame) -> pd.DataFrame:
    return trials[trials["state"].isin(["complete", "pruned"])]


def _command(evidence: Evidence) -> str:
    comparable = evidence.config.compare is not None and len(evidence.arms) > 1
    return how_to_get(evidence, "confirm.seeds", 10) if comparable else "capsweep resume RUN"


def _threshold(runs: dict[str, Courses], baseline: str | None) -> tuple[float | None, int]:
    chosen = runs.values() if baseline is None else [runs[baseline]]
    finals = np.concatenate([run.finals[run.complete] for run in chosen]) if chosen else np.array([])
    finals = finals[np.isfinite(finals)]
    return (float(np.median(finals)), len(finals)) if len(finals) else (None, 0)


def _gap_metrics(epochs: pd.DataFrame, metric: str) -> list[str]:
    """The pair of metrics to compare: the accuracies if both are there, else the objective's own."""
    for name in ("accuracy", metric.removeprefix("val_")):
        if {f"metric.{name}", f"metric.val_{name}"} <= set(epochs.columns):
            return [name, f"val_{name}"]
    return []


def _gap(epochs: pd.DataFrame, trials: pd.DataFrame, both: list[str]) -> Courses:
    seen, unseen = (epochs[f"metric.{name}"] for name in both)
    worse = unseen - seen if both[0].endswith("loss") else seen - unseen
    return Courses.of(epochs.assign(**{"metric.gap": worse}), trials, "gap")
