"""Whether the validation data was overfitted: what champions were chosen by, against what the test set says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.finite import finite
from reports.rollup import ranked
from reports.statistics import (
    Direction,
    KendallTau,
    Overtuning,
    mean_interval,
    overtuning,
    selection_gap,
    winners_curse,
)
from reports.view import View
from reports.views import selection_figures

KEY = "selection"


@dataclass(frozen=True)
class Choice:
    """A champion: what it was chosen by, and what its fresh replicates say. Gaps are above 0 where it disappoints.

    Attributes:
        arm: Its arm.
        place: From 0, the best of its arm.
        chosen_by: Its value in the search, by which it was chosen.
        candidates: Trials of the arm that could have been chosen.
        n: Replicates with a validation and a test value.
        validation: Their mean validation value.
        test: Their mean test value.
        low: Of the 95 % t-interval of the mean test value; None for one replicate.
        high: Of the same.
        gap: By how much it was chosen better than it tests.
        regression: The part of the gap that fresh seeds on the same data take: luck of the choice.
        shift: The rest: validation data against test data.
        curse: Expected luck, were all candidates equal but for the noise of a seed; None without a spread.
    """

    arm: str
    place: int
    chosen_by: float
    candidates: int
    n: int
    validation: float
    test: float
    low: float | None
    high: float | None
    gap: float
    regression: float
    shift: float
    curse: float | None


@dataclass(frozen=True)
class Incumbent:
    """A trial of the search that was the best of its arm for a while, and was tested after the plan was frozen."""

    number: int
    validation: float
    test: float


@dataclass(frozen=True)
class Path:
    """The incumbents of an arm in the order in which they took over; statistics need two of them.

    Attributes:
        arm: Its name.
        incumbents: Those tested.
        untested: Those that the plan names and that have no test value.
        gap: Of the best by validation; None for a single one.
        regret: By how much it tests worse than the best of them on test.
        order: Kendall's τ of validation and test.
        overtuning: How far choosing on went wrong.
    """

    arm: str
    incumbents: list[Incumbent]
    untested: int
    gap: float | None
    regret: float | None
    order: KendallTau | None
    overtuning: Overtuning | None


@dataclass(frozen=True)
class Result:
    """What was tested.

    Attributes:
        why: What is missing; empty where something was tested.
        metric: The test metric.
        choices: Champions with replicates.
        paths: Arms with tested incumbents.
    """

    why: str
    metric: str
    choices: list[Choice]
    paths: list[Path]


def analyse(evidence: Evidence) -> Result:
    """Champions over their fresh seeds, and past incumbents."""
    plan = evidence.plan or {}
    choices = list(_choices(evidence, plan))
    paths = [path for entry in plan.get("incumbents", ()) if (path := _path(evidence, entry)).incumbents]
    why = ""
    if not choices and not paths:
        why = "The test set has not been read: no champion was confirmed, and no past best was tested."
        if evidence.config.compare is None:
            why = "The test set is read for the champions of arms, and this sweep has none: it compares nothing."
        elif plan:
            why = "The plan is frozen, and nothing has been tested yet."
    return Result(why, str(plan.get("metric", _test_metric(evidence))), choices, paths)


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Champions, then incumbents."""
    yield from selection_figures.views(result, evidence)


def _test_metric(evidence: Evidence) -> str:
    return evidence.look.metric.removeprefix("val_")


def _choices(evidence: Evidence, plan: Mapping[str, Any]) -> Iterator[Choice]:
    confirm, search = evidence.trials("confirm").sort_values("number"), evidence.trials("search")
    usable = confirm[np.isfinite(confirm["value"]) & np.isfinite(confirm["test"])]
    direction = evidence.look.direction
    counts = ranked(search, direction=direction)["arm"].value_counts()
    for entry in plan.get("champions", ()):
        arm = _name(evidence, entry["arm"])
        rows = usable[(usable["arm"] == arm) & (usable["config_hash"] == entry["config_hash"])]
        if len(rows):
            yield _choice(arm, entry, rows, int(counts.get(arm, 0)), direction)


def _choice(arm: str, entry: Mapping[str, Any], rows: pd.DataFrame, candidates: int, direction: Direction) -> Choice:
    side = 1.0 if direction == "maximize" else -1.0
    validation, test = mean_interval(rows["value"].to_numpy()), mean_interval(rows["test"].to_numpy())
    chosen_by = float(entry["value"])
    spread = float(np.std(np.sort(rows["value"].to_numpy(dtype=np.float64)), ddof=1)) if len(rows) > 1 else None
    return Choice(
        arm=arm,
        place=int(entry["place"]),
        chosen_by=chosen_by,
        candidates=candidates,
        n=len(rows),
        validation=validation.value,
        test=test.value,
        low=finite(test.low),
        high=finite(test.high),
        gap=side * (chosen_by - test.value),
        regression=side * (chosen_by - validation.value),
        shift=side * (validation.value - test.value),
        curse=None if spread is None or not candidates else winners_curse(candidates) * spread,
    )


def _path(evidence: Evidence, entry: Mapping[str, Any]) -> Path:
    arm, numbers = _name(evidence, entry["arm"]), list(entry["trials"])
    search = evidence.trials("search").set_index("number")
    rows = search.loc[[number for number in numbers if number in search.index], ["value", "test"]]
    tested = rows[np.isfinite(rows["value"]) & np.isfinite(rows["test"])]
    incumbents = [
        Incumbent(int(number), float(validation), float(test))
        for number, validation, test in zip(tested.index, tested["value"], tested["test"], strict=True)
    ]
    untested, direction = len(numbers) - len(incumbents), evidence.look.direction
    if len(incumbents) < 2:
        return Path(arm, incumbents, untested, None, None, None, None)
    test = tested["test"].to_numpy(dtype=np.float64)
    gap = selection_gap(tested["value"].to_numpy(), test, direction=direction)
    order = KendallTau(None if gap.order.tau is None else finite(gap.order.tau), finite(gap.order.p))
    return Path(arm, incumbents, untested, gap.gap, gap.regret, order, overtuning(test, direction=direction))


def _name(evidence: Evidence, arm: object) -> str:
    return evidence.arms.get(arm, str(arm))  # type: ignore[call-overload, no-any-return]
