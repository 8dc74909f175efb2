"""Where an arm wins (E3): the same settings with only the compared param replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.matching import opponents
from reports.verdict import Estimate, Measure, RunVerdict, measure_of
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views import swap_figures as figures
from reports.views import swap_tables as tables
from reports.views import swap_words as words
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.views.marks import lower_is_better
from reports.views.matched import how_to_get
from reports.views.swap_strata import Cell, Contrast, Setting, cells, contrasts, corrected, few
from reports.views.swap_trends import Trend, told, trends
from search_spaces import Domain, ParamValue
from sweeps.sharing import shared_names

KEY = "swap"
TITLE = "Drop-in swap"
QUESTION = "If only this one thing is replaced, under which settings is it better?"


@dataclass(frozen=True)
class ArmMap:
    """One arm against the baseline over the settings.

    Attributes:
        arm: The arm.
        overall: The verdict's own comparison, which the first page states.
        claim: What it may be used for, and all that is below with it.
        settings: Its settings, one by one.
        contrasts: See `swap_strata`.
        trends: See `swap_trends`.
        cells: See `swap_strata`.
    """

    arm: str
    overall: Estimate
    claim: Claim
    settings: list[Setting]
    contrasts: list[Contrast]
    trends: list[Trend]
    cells: list[Cell]


@dataclass(frozen=True)
class Result:
    """The swap map; `why` says what is missing, and is empty where there is a whole setting.

    Differences of settings, contrasts, trends and cells, and the margin, are in the unit of the measure: of an accuracy
    they are those of the error in percentage points. The `overall` is in the metric's unit, as the verdict has it.
    """

    why: str
    measure: Measure
    lower: bool
    baseline: str | None
    margin: float
    alpha: float
    params: list[str]
    crossed: list[str]
    arms: list[ArmMap]


def analyse(evidence: Evidence, verdict: RunVerdict) -> Result:
    """Take the verdict's comparison of every arm with the baseline apart by setting."""
    config, domains = evidence.config, _shared(evidence)
    measure = measure_of(config.objective.metric, "validation")
    maps = [_arm(evidence, each, measure) for each in estimates_of(verdict, "E3")]
    alpha = alpha_of(evidence, "E3")
    strata, lines = corrected([each.contrasts for each in maps]), told([each.trends for each in maps], alpha=alpha)
    return Result(
        why=words.why(evidence.trials("swap"), opponents(evidence), any(each.settings for each in maps)),
        measure=measure,
        lower=lower_is_better(measure, config.objective.direction),
        baseline=evidence.baseline,
        margin=abs(measure.difference(evidence_margin(evidence))),
        alpha=alpha,
        params=list(domains),
        crossed=few(domains),
        arms=[replace(each, contrasts=c, trends=t) for each, c, t in zip(maps, strata, lines, strict=True)],
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """All differences, each shared param against them, and the cells of two params with few values."""
    if result.why:
        command = how_to_get(evidence, "swap.settings", 12)
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=command)
        return
    look, domains = evidence.look, _shared(evidence)
    rows = tables.settings(result)
    yield View(KEY, TITLE, words.overall(result), figures.strip(result, look), rows, question=QUESTION)
    for place, name in enumerate(result.params):
        if not any(name in each.params for arm in result.arms for each in arm.settings):
            continue
        yield View(
            f"{KEY}-param-{place}",
            name,
            words.param(result, name),
            figures.param(result, look, name, domains[name]),
            tables.param(result, name),
            group="Drop-in swap against each shared parameter",
            question=f"Does it depend on {name}?",
        )
    if result.crossed:
        yield View(
            f"{KEY}-cells",
            "Drop-in swap where two parameters meet",
            words.cells(result),
            figures.heatmap(result, domains),
            tables.cells(result),
            question=f"Which combinations of {' and '.join(result.crossed)} favour it?",
        )


def _shared(evidence: Evidence) -> dict[str, Domain]:
    names = shared_names(evidence.config)
    return {name: p.domain for name, p in evidence.config.space.parameters.items() if name in names}


def _arm(evidence: Evidence, overall: Estimate, measure: Measure) -> ArmMap:
    alpha, domains = overall.alpha, _shared(evidence)
    settings = _settings(evidence, overall, measure, list(domains))
    return ArmMap(
        arm=overall.arm,
        overall=overall,
        claim=claim(overall),
        settings=settings,
        contrasts=contrasts(settings, domains, alpha=alpha),
        trends=trends(settings, domains, alpha=alpha),
        cells=cells(settings, few(domains), alpha=alpha) if few(domains) else [],
    )


def _settings(evidence: Evidence, overall: Estimate, measure: Measure, names: list[str]) -> list[Setting]:
    """The settings that the verdict compared, with the params that both arms were trained with."""
    trials = evidence.trials("swap")
    mine = trials[(trials["arm"] == overall.baseline) & trials["pair_id"].notna()].sort_values("number")
    params: Any = mine[[f"param.{name}" for name in names]].set_axis(names, axis=1).to_dict("records")
    rows = dict(zip(mine["pair_id"].str.rsplit(":", n=1).str[0], params, strict=True))
    scores = zip(map(_number, overall.ids), overall.ids, overall.scores_arm, overall.scores_baseline, strict=True)
    return [
        Setting(
            number,
            measure.difference(arm - baseline),
            {name: _plain(value) for name, value in rows[setting].items() if not pd.isna(value)},
        )
        for number, setting, arm, baseline in sorted(scores)
    ]


def _number(setting: str) -> int:
    return int(setting.rpartition(":")[2])


def _plain(value: object) -> ParamValue:
    found: ParamValue = value.item() if isinstance(value, np.generic) else value  # type: ignore[assignment]
    return found
