"""How large each difference is, and how sure: points with their intervals, the margin and zero behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go

from reports.evidence import Evidence
from reports.statistics import relative_reduction
from reports.theme import layout, plain
from reports.verdict import Estimate, RunVerdict, measured
from reports.verdict.measure import evidence_margin
from reports.view import View, missing
from reports.views.claims import claim, estimates_of
from reports.views.marks import ends, landmarks, lower_is_better, whiskers
from reports.words import minus

_ROW = 56
TITLES = {
    "E1": ("Champion against champion", "Is the best config of one arm better than the best of another?"),
    "E2": ("Tuned against tuned", "If each arm is tuned anew with this budget, which one comes out better?"),
    "E3": ("Nothing else replaced", "Is one arm better where everything else stays the same?"),
}
_MISSING = {
    "E1": (
        "The champions have not been trained with fresh seeds.",
        "capsweep resume RUN --set confirm.seeds=10 --set confirm.baseline=ARM",
    ),
    "E2": (
        "One run tunes each arm once, and says nothing of the luck of tuning. Several runs of one sweep file, each "
        "with its own seed, do.",
        "capsweep launch SWEEP --set seed=1 --run-dir RUN-1; capsweep report RUN RUN-1 ...",
    ),
    "E3": (
        "No setting was trained with only the compared param replaced.",
        "capsweep resume RUN --set swap.settings=12",
    ),
}


def draw(verdict: RunVerdict, evidence: Evidence) -> Iterator[View]:
    """One forest for each estimand, or what gets it."""
    for estimand in ("E1", "E3"):
        rows = estimates_of(verdict, estimand)
        if rows:
            said = [s for each, s in zip(verdict.estimates, verdict.sentences, strict=True) if each in rows]
            yield view_of(rows, said, evidence)
        elif evidence.config.compare is not None:
            title, question = TITLES[estimand]
            why, command = _MISSING[estimand]
            yield missing(f"forest-{estimand.lower()}", title, question, why=why, command=command)
        if estimand == "E1" and evidence.config.compare is not None:
            title, question = TITLES["E2"]
            yield missing("forest-e2", title, question, why=_MISSING["E2"][0], command=_MISSING["E2"][1])


def view_of(rows: Sequence[Estimate], sentences: Sequence[str], evidence: Evidence) -> View:
    """The forest of one estimand."""
    estimand = rows[0].estimand
    title, question = TITLES[estimand]
    figure = forest(rows, evidence, margin=evidence_margin(evidence))
    return View(
        f"forest-{estimand.lower()}",
        title,
        f"{' '.join(sentences)} The band is the margin.",
        figure,
        table(rows, evidence),
        question=question,
    )


def forest(rows: Sequence[Estimate], evidence: Evidence, *, margin: float) -> go.Figure:
    """Every comparison a row: the mean difference with its interval, in the measure's unit."""
    measure, look = measured(rows[0], evidence), evidence.look
    better = "lower" if lower_is_better(measure, look.direction) else "higher"
    unit = f" ({measure.difference_unit.strip()})" if measure.difference_unit else ""
    figure = go.Figure(
        layout=layout(
            x=f"difference in {plain(measure.name)}{unit}, {better} is better",
            y="",
            height=120 + _ROW * len(rows),
        )
    )
    landmarks(figure, abs(measure.difference(margin)), along="x")
    for place, each in enumerate(rows):
        if each.difference is None:
            continue
        middle = measure.difference(each.difference)
        style, said = look.styles[each.arm], measure.difference_text(each.difference, signed=True)
        saved = saving(each, evidence)
        less = "" if saved is None else f", saves {minus(f'{saved:.3g}')} % of the baseline's {plain(measure.name)}"
        hover, interval = [f"{plain(each.arm)}: {said}{less}"], [ends(measure, each.low, each.high)]
        figure.add_trace(whiskers([middle], [place], interval, style, hover=hover, along="x", showlegend=False))
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{plain(each.arm)}<br>against {plain(each.baseline)}" for each in rows],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
    )
    return figure


def saving(estimate: Estimate, evidence: Evidence) -> float | None:
    """Per cent of the baseline's mean error that the arm saves; None for a metric that is no error, or none of it."""
    measure = measured(estimate, evidence)
    if not lower_is_better(measure, evidence.look.direction):
        return None
    if estimate.mean_arm is None or estimate.mean_baseline is None:
        return None
    arm, baseline = measure.value(estimate.mean_arm), measure.value(estimate.mean_baseline)
    return 100 * relative_reduction(arm, baseline) if baseline > 0 else None


def table(rows: Sequence[Estimate], evidence: Evidence) -> pd.DataFrame:
    """The numbers of a forest, one comparison a row."""
    measure = measured(rows[0], evidence)
    unit = measure.difference_unit.strip() or measure.name

    def shown(value: float | None) -> float | None:
        return None if value is None else measure.difference(value)

    level = f"{100 * (1 - rows[0].alpha):g} %"
    of_each = f"{100 * (1 - rows[0].alpha / rows[0].comparisons):.3g} %, of each of {rows[0].comparisons}"
    failed = any(each.verdict_worst for each in rows)
    found = []
    for each in rows:
        may, (low, high) = claim(each), ends(measure, each.low, each.high)
        least, most = ends(measure, each.size_low, each.size_high)
        found.append(
            {
                "arm": each.arm,
                "baseline": each.baseline,
                "n": each.n,
                "planned": each.planned,
                f"mean difference ({unit})": None if each.difference is None else measure.difference(each.difference),
                f"{level} from": low,
                f"{level} to": high,
                **({f"{of_each}, from": least, f"{of_each}, to": most} if each.comparisons > 1 else {}),
                f"{measure.name} saved (%)": saving(each, evidence),
                "exact p": may.of(each.p),
                f"adjusted p ({each.comparisons} comparisons)": may.of(each.adjusted_p),
                "equivalence p (two one-sided tests)": may.of(each.equivalence_p),
                "Hedges' g of pairs": each.effect_size,
                "pairs won": each.won,
                "left out": each.unpaired + each.failed_arm + each.failed_baseline,
                "verdict": each.verdict,
            }
            | (_both_ways(each, f"mean difference ({unit})", shown(each.difference_worst)) if failed else {})
        )
    return pd.DataFrame(found)


def _both_ways(estimate: Estimate, name: str, difference: float | None) -> dict[str, object]:
    """What failures would change: the verdicts without them and in the worst case, and the difference there."""
    return {
        "verdict, failures left out": estimate.verdict_survivors,
        "verdict, failures at worst": estimate.verdict_worst,
        f"{name}, failures at worst": difference,
    }
