"""The trials of a search that no other beats in both score and seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.rollup import ranked
from reports.statistics import hypervolume, pareto_front
from reports.theme import Look
from sweeps.records import Direction


@dataclass(frozen=True)
class Point:
    """A trial on a front."""

    number: int
    score: float
    seconds: float


@dataclass(frozen=True)
class Front:
    """One arm's front.

    Attributes:
        arm: The arm.
        n: Its complete trials.
        front: Those that none of its trials beats, the fastest first.
        hypervolume: The area that they beat, up to the reference.
        on_joint: How many of them no trial of any arm beats.
    """

    arm: str
    n: int
    front: list[Point]
    hypervolume: float
    on_joint: int


@dataclass(frozen=True)
class Fronts:
    """The fronts of all arms.

    Attributes:
        name: What the score is called on the axis.
        direction: Its better direction.
        n: Complete trials with a time.
        worst: The worst score of them all, one half of the reference point.
        longest: The longest time of them all, the other half.
        joint: How many trials none of any arm beats.
        arms: One each.
    """

    name: str
    direction: Direction
    n: int
    worst: float
    longest: float
    joint: int
    arms: list[Front]


def scored(search: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Complete trials with `score`, an error where the metric is an accuracy, and their `seconds`."""
    trials = ranked(search, direction=look.direction)
    trials = trials.loc[np.isfinite(trials["seconds"]) & (trials["seconds"] > 0)]
    score = 1 - trials["value"] if is_accuracy(look) else trials["value"]
    found: pd.DataFrame = trials.assign(score=score)
    return found


def is_accuracy(look: Look) -> bool:
    """Whether 1 less the metric is an error."""
    return look.direction == "maximize" and look.metric.endswith(("accuracy", "acc"))


def fronts(search: pd.DataFrame, look: Look) -> Fronts | None:
    """The front of each arm and of all together; None without a complete trial."""
    trials = scored(search, look)
    if trials.empty:
        return None
    direction: Direction = "minimize" if is_accuracy(look) else look.direction
    worst = trials["score"].max() if direction == "minimize" else trials["score"].min()
    corner = (float(worst), float(trials["seconds"].max()))
    joint = set(trials["number"].iloc[_front(trials, direction)])
    arms = [_arm(trials[trials["arm"] == arm], arm, direction, corner, joint) for arm in look.styles]
    name = f"error (1 − {look.metric})" if is_accuracy(look) else look.metric
    return Fronts(name, direction, len(trials), *corner, len(joint), arms)


def _arm(trials: pd.DataFrame, arm: str, direction: Direction, corner: tuple[float, float], joint: set[int]) -> Front:
    best = trials.iloc[_front(trials, direction)]
    columns = (best[name].tolist() for name in ("number", "score", "seconds"))
    points = [Point(*row) for row in zip(*columns, strict=True)]
    pairs = [(each.score, each.seconds) for each in points]
    area = hypervolume(pairs, corner, directions=(direction, "minimize")) if pairs else 0.0
    return Front(arm, len(trials), points, area, sum(each.number in joint for each in points))


def _front(trials: pd.DataFrame, direction: Direction) -> npt.NDArray[np.intp]:
    """Places of the trials on the front, the fastest first; of twins the one with the lowest number."""
    scores, seconds = trials["score"].to_numpy(), trials["seconds"].to_numpy()
    if not len(scores):
        return np.array([], dtype=np.intp)
    lower = scores if direction == "minimize" else -scores
    order = np.lexsort((trials["number"].to_numpy(), lower, seconds))
    before = np.concatenate(([np.inf], np.minimum.accumulate(lower[order])[:-1]))
    # Whoever is no better than one that was no slower is beaten: comparing all with all would take n² steps.
    left = order[lower[order] < before]
    kept = pareto_front(np.column_stack((scores, seconds))[left], directions=(direction, "minimize"))
    return np.asarray(left[list(kept)])
