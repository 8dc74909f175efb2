"""How much each source of chance moves one training, the others held still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.replicates import varied
from reports.statistics import Estimate, deviation_interval
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views import sources_words as words

KEY = "sources"
TITLE = "Which chance moves a training"
QUESTION = "What moves one training most: initial weights, the order of examples, dropout, or the device?"


@dataclass(frozen=True)
class Source:
    """The spread of replicates of one config that differ in one thing.

    Attributes:
        name: What they differ in, as in `sweeps.seeds.VARIED`; `all` but the split for confirmed replicates.
        n: Complete replicates with a finite value.
        failed: Ended ones without, left out.
        deviation: Standard deviation of the objective on validation data; None below two replicates, and without an
            interval where all values are one, for rounding may have made them so.
    """

    name: str
    n: int
    failed: int
    deviation: Estimate | None


@dataclass(frozen=True)
class Result:
    """Every source, in the order in which they are drawn.

    Attributes:
        planned: Replicates of each that were promised.
        baseline: Whose champion was trained.
        margin: Differences up to it are too small to matter.
        sources: Those of `controls.sources`; empty where none has begun.
        together: The confirmed replicates of the same champion, which differ in all of it.
    """

    planned: int
    baseline: str | None
    margin: float
    sources: list[Source]
    together: Source

    @property
    def is_known(self) -> bool:
        """Whether there is a deviation to show."""
        return any(each.deviation for each in self.sources)


def analyse(evidence: Evidence) -> Result:
    """Deviations of the controls of single sources, and of the baseline's confirmed replicates."""
    controls, confirmed = evidence.trials("controls"), evidence.confirmed()
    differs = varied(controls["pair_id"])
    found = [_source(name, controls[differs == name]) for name in words.NAMES]
    return Result(
        planned=_planned(evidence),
        baseline=evidence.baseline,
        margin=evidence_margin(evidence),
        sources=found if (differs != "all").any() else [],
        together=_source("all", confirmed[confirmed["arm"] == evidence.baseline]),
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """One row a source."""
    if not result.is_known:
        yield missing(KEY, TITLE, QUESTION, why=words.why(result), command=words.command(result, evidence))
        return
    caption, drawn = words.caption(result, evidence), words.figure(result, evidence)
    yield View(KEY, TITLE, caption, drawn, words.table(result), question=QUESTION)


def _source(name: str, trials: pd.DataFrame) -> Source:
    values = trials["value"].to_numpy(dtype=float, na_value=np.nan)
    whole = np.isfinite(values) & (trials["state"] == "complete").to_numpy()
    ended = trials["state"].isin(["complete", "failed"]).to_numpy()
    return Source(name, int(whole.sum()), int((ended & ~whole).sum()), _deviation(values[whole]))


def _deviation(values: np.ndarray) -> Estimate | None:
    if len(values) < 2:
        return None
    found = deviation_interval(values)
    return found if found.value else Estimate(0.0, None, None, found.n)


def _planned(evidence: Evidence) -> int:
    """By the last plan; one that was frozen before the key was there promises none."""
    if not evidence.plans:
        return evidence.config.controls.sources
    return int(evidence.plans[-1].document.get("controls", {}).get("sources", 0))
