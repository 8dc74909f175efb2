"""Where an arm wins (E3): the same settings with only the compared param replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import judge, paired_comparison, wilson
from reports.verdict.estimates import swaps_compared
from reports.view import View, missing
from reports.views import swap_figures as figures
from reports.views import swap_words as words
from reports.views.matched import Matched, how_to_get, matched, opponents
from reports.views.swap_strata import Cell, Contrast, Setting, Trend, cells, contrasts, corrected, few, shared, trends
from search_spaces import ParamValue

KEY = "swap"
TITLE = "Drop-in swap"
QUESTION = "If only this one thing is replaced, under which settings is it better?"


@dataclass(frozen=True)
class ArmMap:
    """One arm against the baseline over the settings.

    Attributes:
        arm: The arm.
        settings: The settings with a complete pair.
        pairs: Complete pairs over all of them.
        failed: Pairs left out for a failure.
        open: Pairs not yet whole.
        mean: Mean of the settings' differences, arm minus baseline.
        low: Lower end of its t-interval over settings.
        high: Upper end.
        p: Exact sign-flip p over settings.
        adjusted_p: Holm's among the arms.
        verdict: What may be said.
        won: Settings in which the arm is the better one.
        tied: Settings without a difference.
        share: won / settings.
        share_low: Lower end of Wilson's interval.
        share_high: Upper end.
        contrasts: See `swap_strata`.
        trends: See `swap_strata`.
        cells: See `swap_strata`.
    """

    arm: str
    settings: list[Setting]
    pairs: int
    failed: int
    open: int
    mean: float | None
    low: float | None
    high: float | None
    p: float
    adjusted_p: float
    verdict: str
    won: int
    tied: int
    share: float | None
    share_low: float | None
    share_high: float | None
    contrasts: list[Contrast]
    trends: list[Trend]
    cells: list[Cell]


@dataclass(frozen=True)
class Result:
    """The swap map; `why` says what is missing, and is empty where there is a complete pair."""

    why: str
    metric: str
    direction: str
    baseline: str | None
    margin: float
    alpha: float
    planned: int
    comparisons: int
    params: list[str]
    crossed: list[str]
    arms: list[ArmMap]


def analyse(evidence: Evidence) -> Result:
    """Weigh every arm against the baseline in the settings of the swap phase."""
    config, domains = evidence.config, shared(evidence)
    arms, trials = opponents(evidence), evidence.trials("swap")
    pairs = {arm: matched(trials, arm, str(evidence.baseline)) for arm in arms}
    planned = max(1, config.swap.settings, *(_settings(each) for each in pairs.values()))
    maps = _judged([_arm(evidence, arm, pairs[arm]) for arm in arms], evidence, planned)
    return Result(
        why=words.why(trials, arms, any(each.settings for each in maps)),
        metric=config.objective.metric,
        direction=config.objective.direction,
        baseline=evidence.baseline,
        margin=config.confirm.margin,
        alpha=_alpha(evidence),
        planned=planned,
        comparisons=len(arms),
        params=list(domains),
        crossed=few(domains),
        arms=maps,
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """All differences, each shared param against them, and the cells of two params with few values."""
    if result.why:
        command = how_to_get(evidence, "swap.settings", 12)
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=command)
        return
    look, domains = evidence.look, shared(evidence)
    rows = words.table(result)
    yield View(KEY, TITLE, words.overall(result), figures.strip(result, look), rows, question=QUESTION)
    for place, name in enumerate(result.params):
        if not any(name in each.params for arm in result.arms for each in arm.settings):
            continue
        yield View(
            f"{KEY}-param-{place}",
            name,
            words.param(result, name),
            figures.param(result, look, name, domains[name]),
            words.params_table(result, name),
            group="Drop-in swap against each shared parameter",
            question=f"Does it depend on {name}?",
        )
    if result.crossed:
        yield View(
            f"{KEY}-cells",
            "Drop-in swap where two parameters meet",
            words.cells(result),
            figures.heatmap(result, domains),
            words.cells_table(result),
            question=f"Which combinations of {' and '.join(result.crossed)} favour it?",
        )


def _alpha(evidence: Evidence) -> float:
    """The level of the family, which settings that were added after a look have made less."""
    return next((each.alpha for each in swaps_compared(evidence)), evidence.config.confirm.alpha)


def _settings(pairs: Matched) -> int:
    return int(pairs.pairs["place"].nunique())


def _arm(evidence: Evidence, arm: str, found: Matched) -> ArmMap:
    config = evidence.config
    alpha, direction, domains = _alpha(evidence), config.objective.direction, shared(evidence)
    settings = list(_differences(found.pairs, list(domains)))
    gains = np.array([each.difference for each in settings]) * (1 if direction == "maximize" else -1)
    won, tied = int((gains > 0).sum()), int((gains == 0).sum())
    share = wilson(won, len(settings), alpha=alpha) if settings else None
    return ArmMap(
        arm=arm,
        settings=settings,
        pairs=len(found.pairs),
        failed=found.failed,
        open=found.open,
        mean=None,
        low=None,
        high=None,
        p=1.0,
        adjusted_p=1.0,
        verdict="",
        won=won,
        tied=tied,
        share=share.value if share else None,
        share_low=share.low if share else None,
        share_high=share.high if share else None,
        contrasts=contrasts(settings, domains, alpha=alpha),
        trends=trends(settings, domains, alpha=alpha),
        cells=cells(settings, few(domains), alpha=alpha) if few(domains) else [],
    )


def _judged(maps: list[ArmMap], evidence: Evidence, planned: int) -> list[ArmMap]:
    """With the intervals over settings, for pairs within one are no settings of their own."""
    confirm, direction = evidence.config.confirm, evidence.config.objective.direction
    family = {
        each.arm: paired_comparison(
            [setting.difference for setting in each.settings],
            [0.0] * len(each.settings),
            margin=confirm.margin,
            alpha=_alpha(evidence),
            direction=direction,
            rng=np.random.default_rng(len(each.settings)),
        )
        for each in maps
    }
    judged = judge(family, planned=planned, alpha=_alpha(evidence)) if family else {}
    said = {each.arm: each.verdict for each in swaps_compared(evidence)}
    strata = corrected([each.contrasts for each in maps])
    return [
        replace(
            each,
            mean=family[each.arm].mean,
            low=family[each.arm].low,
            high=family[each.arm].high,
            p=family[each.arm].p,
            adjusted_p=judged[each.arm].adjusted_p,
            verdict=said.get(each.arm, str(judged[each.arm].verdict)),
            contrasts=found,
        )
        for each, found in zip(maps, strata, strict=True)
    ]


def _differences(pairs: pd.DataFrame, names: list[str]) -> Iterator[Setting]:
    pairs = pairs.assign(difference=pairs["value_a"] - pairs["value_b"])
    for place, group in pairs.groupby("place", sort=True):
        first = group.iloc[0]
        drawn = {name: first[f"param.{name}_b"] for name in names}
        params = {name: _plain(value) for name, value in drawn.items() if not pd.isna(value)}
        yield Setting(int(str(place)), float(group["difference"].mean()), len(group), params)


def _plain(value: object) -> ParamValue:
    found: ParamValue = value.item() if isinstance(value, np.generic) else value  # type: ignore[assignment]
    return found
