"""Where differences come from: configs or seeds, seeds or test examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.evidence import Evidence
from reports.matching import matched, opponents
from reports.verdict import RunVerdict
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views import variance_figures as figures
from reports.views import variance_words as words
from reports.views.agreement import correctness
from reports.views.claims import Claim, alpha_of, claim, estimates_of
from reports.views.commands import ANEW
from reports.views.components import Component, Crossed, Difference, component, crossed, difference
from reports.views.lost import lost_predictions
from reports.views.matched import how_to_get, searched

KEY = "variance"
TITLE = "Where the variance comes from"
QUESTION = "Is the difference larger than what seeds do?"


@dataclass(frozen=True)
class Result:
    """Standard deviations beside the differences that they blur.

    Attributes:
        why: Why there is no component; empty where there is one.
        metric: What the components and the differences are of.
        baseline: What the differences are to.
        margin: Differences up to it are too small to matter.
        alpha: One minus the coverage of the intervals.
        claim: What the differences of the confirm phase may be used for.
        components: One each phase and arm with replicates, and one over all champions of the confirm phase.
        differences: Of the first champions to the baseline's.
        crossed: Of the same, seeds by test examples; empty without predictions.
        mismatched: Pairs whose predictions are not of the same examples.
    """

    why: str
    metric: str
    baseline: str | None
    margin: float
    alpha: float
    claim: Claim
    components: list[Component]
    differences: list[Difference]
    crossed: list[Crossed]
    mismatched: int


def analyse(evidence: Evidence, verdict: RunVerdict) -> Result:
    """Variance components of what was trained more than once, and of the confirm pairs' predictions."""
    config = evidence.config
    first = evidence.confirmed()
    search = searched(evidence, "number", "arm", "state", "config_hash", "replicate", "value")
    parts = [
        component(trials[trials["arm"] == arm], phase, arm, "value")
        for phase, trials in (("search", search), ("swap", evidence.trials("swap")))
        for arm in evidence.arms.values()
    ]
    tested = first["test"].notna().any()
    column = "test" if tested else "value"
    parts.append(component(evidence.trials("confirm"), "confirm", None, column))
    pairs = {arm: matched(first, arm, str(evidence.baseline), (column,)).pairs for arm in opponents(evidence)}
    tables = {arm: correctness(found, evidence.predictions) for arm, found in pairs.items()}
    known = [each for each in parts if each is not None]
    return Result(
        why="" if known else words.why(evidence.frames.trials),
        metric=config.objective.metric,
        baseline=evidence.baseline,
        margin=evidence_margin(evidence),
        alpha=alpha_of(evidence),
        claim=claim(*estimates_of(verdict, "E1")),
        components=known,
        differences=[difference(found, arm, column) for arm, found in pairs.items() if len(found)],
        crossed=[
            found
            for arm, table in tables.items()
            if (found := crossed(table.differences, arm, alpha=alpha_of(evidence))) is not None
        ],
        mismatched=sum(table.mismatched for table in tables.values()),
    )


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Components of configs and seeds, then errors over seeds and examples, each beside the difference."""
    look = evidence.look
    if result.why:
        command = how_to_get(evidence, "confirm.seeds", 10)
        yield missing(KEY, TITLE, QUESTION, why=result.why, command=command)
    else:
        yield View(
            KEY,
            TITLE,
            words.components(result),
            figures.components(result, look),
            words.components_table(result),
            question=QUESTION,
        )
    key, title = f"{KEY}-crossed", "Seeds or test examples"
    question = "Would more seeds or more test examples make the difference surer?"
    without = lost_predictions(evidence)
    if result.crossed:
        caption = f"{words.crossed(result)}{without}"
        table = words.crossed_table(result)
        yield View(key, title, caption, figures.crossed(result, look), table, question=question)
    elif without:
        yield missing(key, title, question, why=f"Too few pairs have their predictions.{without}", command=ANEW)
