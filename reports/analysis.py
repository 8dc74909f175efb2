"""A run's report before it is drawn: every number of it as JSON, and the views in reading order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reports.evidence import Evidence
from reports.verdict import RunVerdict, verdict_of
from reports.view import View
from reports.views import (
    all_arms,
    budget_curves,
    chance,
    cost,
    diagnostics,
    dynamics,
    equal_seconds,
    errors,
    forest,
    importance,
    pairs,
    pictures,
    robustness,
    search,
    selection_honesty,
    shifts,
    sources,
    surface,
    swap_map,
    variance,
)

Analyse = Callable[[Evidence, RunVerdict], Any]
Draw = Callable[[Any, Evidence, RunVerdict], Iterator[View]]


@dataclass(frozen=True)
class Chapter:
    """Part of a report: what it computes, if it computes anything of its own, and what it draws of that."""

    key: str
    part: str
    analyse: Analyse
    draw: Draw


VERDICT, WHERE, COST, DOUBT, PICTURES, SEARCH = (
    "The verdict",
    "Under which settings",
    "At what cost",
    "How far to trust it",
    "What they see",
    "How the search went",
)


def _of(module: Any, part: str) -> Chapter:
    """A chapter of a module that looks at the evidence alone."""
    return Chapter(module.KEY, part, lambda e, v: module.analyse(e), lambda r, e, v: module.draw(r, e))


def _judged(module: Any, part: str) -> Chapter:
    """A chapter of a module that says no more than the verdict allows."""
    return Chapter(module.KEY, part, module.analyse, lambda r, e, v: module.draw(r, e))


CHAPTERS = (
    Chapter("forest", VERDICT, lambda e, v: None, lambda r, e, v: forest.draw(v, e)),
    Chapter("pairs", VERDICT, lambda e, v: None, lambda r, e, v: pairs.draw(v, e)),
    _judged(chance, VERDICT),
    _judged(all_arms, VERDICT),
    _of(budget_curves, WHERE),
    _judged(swap_map, WHERE),
    _of(importance, WHERE),
    _of(surface, WHERE),
    _of(cost, COST),
    _judged(equal_seconds, COST),
    _of(dynamics, COST),
    _judged(errors, DOUBT),
    _judged(shifts, DOUBT),
    _of(selection_honesty, DOUBT),
    _judged(variance, DOUBT),
    _of(sources, DOUBT),
    _judged(robustness, DOUBT),
    Chapter("pictures", PICTURES, lambda e, v: None, lambda r, e, v: pictures.draw(e)),
    Chapter("search", SEARCH, lambda e, v: None, lambda r, e, v: search.views(e.config, e.frames)),
    _of(diagnostics, SEARCH),
)


@dataclass(frozen=True)
class Analysis:
    """What a run shows, computed once.

    Attributes:
        evidence: What it was computed from.
        verdict: What may be said.
        results: Of every chapter that computes something, by its key.
    """

    evidence: Evidence
    verdict: RunVerdict
    results: Mapping[str, Any]

    def views(self) -> Iterator[tuple[str, View]]:
        """Every view in reading order, with the part of the report it belongs to."""
        for chapter in CHAPTERS:
            for view in chapter.draw(self.results.get(chapter.key), self.evidence, self.verdict):
                yield chapter.part, view

    def statistics(self) -> dict[str, Any]:
        """Every number that the report states, as JSON; nothing in it tells when or where it was computed."""
        found = {key: asdict(result) for key, result in sorted(self.results.items())}
        return {"sweep": self.evidence.facts["sweep"], "verdict": asdict(self.verdict), **found}

    def statistics_text(self) -> str:
        """The same as text, byte for byte the same for the same events."""
        return json.dumps(self.statistics(), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=True) + "\n"


def analyse(evidence: Evidence) -> Analysis:
    """Compute everything that a report of one run says."""
    verdict = verdict_of(evidence)
    found = ((chapter.key, chapter.analyse(evidence, verdict)) for chapter in CHAPTERS)
    return Analysis(evidence, verdict, {key: result for key, result in found if result is not None})
