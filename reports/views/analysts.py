"""The choices that another analyst might make: the plan's rule on other numbers, and other rules on the plan's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from reports.evidence import Evidence
from reports.statistics import (
    PairedComparison,
    bootstrap,
    fewest_pairs,
    median_interval,
    paired_comparison,
    paired_t,
    verdict,
)
from reports.statistics.checks import FloatArray
from reports.verdict import Estimate, Rules, estimates, rules_of
from reports.verdict.controls import against_itself
from reports.verdict.estimates import swaps_compared
from reports.verdict.outcomes import Outcome, confirm_outcomes

PLAN = "the plan's rule (mean, t, sign flips and Holm)"
LEFT_OUT = "the plan's rule with failures left out"
WORST = "the plan's rule with failures at their worst"
LAST = "the plan's rule on validation data at the last epoch"
BEST = "the plan's rule on validation data at the best epoch"
SWAPPED = "only the compared param replaced, validation data"
CONTROL = "the baseline against itself, validation data"
MARGINS = (0.5, 1.0, 2.0)
_SEED = 20_260_104


@dataclass(frozen=True)
class Choice:
    """One way to look at one comparison: how the centre and its interval are had, and how wide the margin is.

    Attributes:
        arm: Of the comparison.
        how: The way.
        margin: How many times the plan's.
        low: Lower end of the interval, arm - baseline in the metric's unit.
        high: Upper end.
        verdict: What it says.
        planned: Whether it is the plan's own, which has the verdict of the first page.
    """

    arm: str
    how: str
    margin: float
    low: float
    high: float
    verdict: str
    planned: bool


def as_planned(evidence: Evidence, champions: Sequence[Estimate]) -> Iterator[Choice]:
    """The plan's rule with all arms in its family: as it is, on whatever else the run has, and at other margins."""
    plan = evidence.plan
    if plan is None:
        return
    rules, judged = rules_of(evidence, "E1"), {each.arm: each for each in champions}
    for how, outcomes in _inputs(evidence).items():
        for factor in MARGINS:
            wider = replace(rules, margin=rules.margin * factor)
            for each in estimates("E1", outcomes, wider, planned=int(plan["seeds"])):
                planned = (how, factor) == (PLAN, 1.0)
                if each.arm in judged and each.low is not None and each.high is not None:
                    said = judged[each.arm].verdict if planned else each.verdict
                    yield Choice(each.arm, how, factor, each.low, each.high, said, planned)


def swapped(evidence: Evidence, champions: Sequence[Estimate]) -> Iterator[Choice]:
    """The other question that one run answers, where it is answered: nothing but the compared param replaced."""
    arms, rules = {each.arm for each in champions}, rules_of(evidence, "E3")
    for factor in MARGINS:
        for each in swaps_compared(evidence, replace(rules, margin=rules.margin * factor)):
            if each.arm in arms and each.is_over and each.low is not None and each.high is not None:
                yield Choice(each.arm, SWAPPED, factor, each.low, each.high, each.verdict, False)


def against_nothing(evidence: Evidence) -> Iterator[Choice]:
    """The baseline against itself, by the plan's rule for one comparison: whatever it tells is an error."""
    differences, rules = against_itself(evidence), rules_of(evidence, "E1")
    if len(differences) < fewest_pairs(alpha=rules.alpha):
        return
    for factor in MARGINS:
        wider = replace(rules, margin=rules.margin * factor)
        found = compared(differences, np.zeros(len(differences)), wider)
        if found.low is not None and found.high is not None:
            yield Choice(str(evidence.baseline), CONTROL, factor, found.low, found.high, str(found.verdict), False)


def otherwise(each: Estimate, rules: Rules) -> Iterator[Choice]:
    """Other rules on the plan's pairs, each comparison by itself."""
    a, b = np.array(each.scores_arm), np.array(each.scores_baseline)
    differences = np.sort(a - b)
    t, exact = paired_t(a, b, alpha=rules.alpha), "mean by t and sign flips"
    centre = bootstrap(_mean, differences, rng=np.random.default_rng(_SEED), alpha=rules.alpha)
    middle = bootstrap(_middle_mean, differences, rng=np.random.default_rng(_SEED), alpha=rules.alpha)
    median = median_interval(differences, alpha=rules.alpha)
    ways = {
        "mean by t": (t.low, t.high),
        exact: (t.low, t.high),
        "mean by bootstrap": (centre.low, centre.high),
        "mean of the middle half by bootstrap": (middle.low, middle.high),
        "median by order statistics": (median.low, median.high),
    }
    for how, (low, high) in ways.items():
        if low is None or high is None:
            continue
        for factor in MARGINS:
            wider = replace(rules, margin=rules.margin * factor)
            by_interval = verdict(float(low), float(high), wider.margin, direction=rules.direction)
            said = compared(a, b, wider).verdict if how == exact else by_interval
            yield Choice(each.arm, how, factor, float(low), float(high), str(said), False)


def compared(a: npt.ArrayLike, b: npt.ArrayLike, rules: Rules) -> PairedComparison:
    """A comparison by the plan's rules, as a family of one."""
    return paired_comparison(
        a,
        b,
        margin=rules.margin,
        alpha=rules.alpha,
        direction=rules.direction,
        rng=np.random.default_rng(_SEED),
    )


def _inputs(evidence: Evidence) -> dict[str, list[Outcome]]:
    """What the plan's rule is applied to."""
    found = {PLAN: confirm_outcomes(evidence)}
    if any(each.pairs_worst for each in found[PLAN]):
        found[LEFT_OUT] = [replace(each, pairs_worst=None) for each in found[PLAN]]
        found[WORST] = [replace(each, pairs=each.pairs_worst or each.pairs, pairs_worst=None) for each in found[PLAN]]
    last, best = _by_epoch(evidence)
    confirmed = evidence.confirmed()
    complete = confirmed.index[confirmed["state"] == "complete"]
    if len(complete) and np.isfinite(last[complete]).all() and np.isfinite(best[complete]).all():
        found |= {LAST: _on(last, evidence), BEST: _on(best, evidence)}
    return found


def _by_epoch(evidence: Evidence) -> tuple[pd.Series, pd.Series]:
    """Every trial's value on validation data at its last epoch and at its best; missing where it was not logged."""
    objective, trials, epochs = evidence.config.objective, evidence.frames.trials, evidence.frames.epochs
    logged = f"metric.{objective.metric}"
    if objective.at == "last":
        return trials["value"], trials["best_value"]
    if logged not in epochs:
        return pd.Series(np.nan, trials.index), trials["best_value"]
    last = epochs.sort_values("epoch").groupby("number")[logged].last()
    return trials["number"].map(last).astype("float64"), trials["best_value"]


def _on(values: pd.Series, evidence: Evidence) -> list[Outcome]:
    """The outcomes of other numbers than the test set's."""
    trials = evidence.frames.trials.assign(test=values)
    return confirm_outcomes(replace(evidence, frames=replace(evidence.frames, trials=trials)))


def _mean(values: FloatArray, axis: int = -1) -> FloatArray:
    return np.asarray(np.mean(values, axis=axis))


def _middle_mean(values: FloatArray, axis: int = -1) -> FloatArray:
    """The mean of the middle half, along an axis; see `statistics.iqm`."""
    return np.asarray(stats.trim_mean(values, 0.25, axis=axis))
