"""The estimands with their comparisons: champion against champion, and the swap of nothing but the compared param."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import (
    Direction,
    Judgement,
    PairedComparison,
    Pairs,
    hedges_gz,
    judge,
    paired_comparison,
    pairing_gain,
    tost,
    wilson,
)
from reports.verdict.outcomes import Outcome, confirm_outcomes, outcomes

Estimand = Literal["E1", "E2", "E3"]
_SEED = 20_260_101
"""Of the generator that draws sign patterns where there are too many pairs to count all."""


@dataclass(frozen=True)
class Estimate:
    """One comparison of an estimand; differences are arm - baseline in the metric's unit.

    Attributes:
        estimand: E1 champion against champion, E2 tuned against tuned over runs, E3 only the compared param replaced.
        arm: In question.
        baseline: What it is compared with.
        planned: Pairs that the plan promised.
        n: Complete pairs.
        mean_arm: Mean score of the arm over them; None without a pair.
        mean_baseline: The same of the baseline.
        difference: Their mean difference.
        low: Lower end of its interval; None below two pairs.
        high: Upper end.
        deviation: Standard deviation of the differences.
        p: Exact two-sided sign-flip p.
        adjusted_p: Holm's, within the family.
        comparisons: Size of the family.
        verdict: In the words of `statistics.Verdict`.
        pairs_needed: More pairs that an undetermined question takes; None where no number is of use.
        equivalence_p: Of the two one-sided tests against the margin; None below two pairs.
        effect_size: Hedges' g of the pairs; None below two pairs or without spread.
        won: Pairs in which the arm is better.
        ties: Pairs in which it is neither better nor worse.
        won_low: Lower end of Wilson's interval of the share won; None without a pair.
        won_high: Upper end.
        correlation: Of the arms' scores over the pairs; None below two pairs or without spread.
        gain: How many times the variance of separate arms is that of the pairs; as above.
        unpaired: Pairs that only one arm has.
        failed_arm: Replicates of the arm that failed.
        failed_baseline: Replicates of the baseline that failed.
        lost: Planned pairs that failures have left nothing of.
        unfinished: Replicates that have not ended.
        verdict_worst: The verdict with every failure as the worst score seen; None where nothing failed.
        ids: Of the pairs.
        scores_arm: At their places.
        scores_baseline: At their places.
    """

    estimand: Estimand
    arm: str
    baseline: str
    planned: int
    n: int
    mean_arm: float | None
    mean_baseline: float | None
    difference: float | None
    low: float | None
    high: float | None
    deviation: float | None
    p: float
    adjusted_p: float
    comparisons: int
    verdict: str
    pairs_needed: int | None
    equivalence_p: float | None
    effect_size: float | None
    won: int
    ties: int
    won_low: float | None
    won_high: float | None
    correlation: float | None
    gain: float | None
    unpaired: int
    failed_arm: int
    failed_baseline: int
    lost: int
    unfinished: int
    verdict_worst: str | None
    ids: tuple[str, ...]
    scores_arm: tuple[float, ...]
    scores_baseline: tuple[float, ...]


@dataclass(frozen=True)
class Rules:
    """What the plan says of how a comparison is judged."""

    margin: float
    alpha: float
    comparisons: int
    direction: Direction

    @classmethod
    def of(cls, plan: Mapping[str, object]) -> Rules:
        """From a frozen plan."""
        numbers = {key: plan[key] for key in ("margin", "alpha", "comparisons", "direction")}
        return cls(**numbers)  # type: ignore[arg-type]


def champions_compared(evidence: Evidence) -> list[Estimate]:
    """E1: the champions over fresh paired seeds, on the test set; empty before a plan is frozen."""
    plan = evidence.plan
    if plan is None or not plan["seeds"]:
        return []
    return estimates("E1", confirm_outcomes(evidence), Rules.of(plan), planned=int(plan["seeds"]))


def swaps_compared(evidence: Evidence) -> list[Estimate]:
    """E3: the mean over settings of what the swap of nothing but the compared param changes, on validation data."""
    plan = evidence.plan
    if plan is None or not plan["swap"]["settings"]:
        return []
    seeds = int(plan["swap"]["seeds"])
    by_setting = [_by_setting(outcome, seeds) for outcome in outcomes(evidence, "swap", "value")]
    return estimates("E3", by_setting, Rules.of(plan), planned=int(plan["swap"]["settings"]))


def estimates(estimand: Estimand, found: Sequence[Outcome], rules: Rules, *, planned: int) -> list[Estimate]:
    """Judge a family of comparisons.

    A pair that failed will never come: it is left out, as the plan says, and what has been promised is less by it.
    """
    if not found:
        return []
    judged = _judge({outcome.arm: outcome.pairs for outcome in found}, rules, planned)
    worst = judged
    if any(outcome.pairs_worst for outcome in found):
        worst = _judge({outcome.arm: outcome.pairs_worst or outcome.pairs for outcome in found}, rules, planned)
    return [_estimate(estimand, each, judged[each.arm], worst[each.arm], rules, planned) for each in found]


def _judge(family: Mapping[str, Pairs], rules: Rules, planned: int) -> dict[str, Judgement]:
    return judge(
        {arm: _compare(pairs.a, pairs.b, rules) for arm, pairs in family.items()},
        planned={arm: planned - _lost(pairs) for arm, pairs in family.items()},
        alpha=rules.alpha,
        comparisons=max(rules.comparisons, len(family)),
    )


def _lost(pairs: Pairs) -> int:
    return len(set(pairs.failed) - set(pairs.ids))


def _compare(a: Sequence[float], b: Sequence[float], rules: Rules) -> PairedComparison:
    return paired_comparison(
        a,
        b,
        margin=rules.margin,
        alpha=rules.alpha,
        direction=rules.direction,
        rng=np.random.default_rng(_SEED),
    )


def _estimate(
    estimand: Estimand, outcome: Outcome, judged: Judgement, at_worst: Judgement, rules: Rules, planned: int
) -> Estimate:
    pairs, found = outcome.pairs, judged.comparison
    a, b = np.array(pairs.a), np.array(pairs.b)
    better = a > b if rules.direction == "maximize" else a < b
    share = wilson(int(better.sum()), len(a), alpha=rules.alpha) if len(a) else None
    gain = pairing_gain(a, b) if len(a) > 1 else None
    return Estimate(
        estimand=estimand,
        arm=outcome.arm,
        baseline=outcome.baseline,
        planned=planned,
        n=found.n,
        mean_arm=float(a.mean()) if len(a) else None,
        mean_baseline=float(b.mean()) if len(b) else None,
        difference=found.mean,
        low=found.low,
        high=found.high,
        deviation=found.deviation,
        p=found.p,
        adjusted_p=judged.adjusted_p,
        comparisons=judged.comparisons,
        verdict=str(judged.verdict),
        pairs_needed=found.pairs_needed,
        equivalence_p=tost(a, b, margin=rules.margin, alpha=rules.alpha).p if len(a) > 1 else None,
        effect_size=hedges_gz(a, b) if len(a) > 1 else None,
        won=int(better.sum()),
        ties=int((a == b).sum()),
        won_low=share.low if share else None,
        won_high=share.high if share else None,
        correlation=gain.correlation if gain else None,
        gain=gain.variance_ratio if gain else None,
        unpaired=len(pairs.unpaired),
        failed_arm=pairs.failed_a,
        failed_baseline=pairs.failed_b,
        lost=_lost(pairs),
        unfinished=outcome.unfinished,
        verdict_worst=str(at_worst.verdict) if outcome.pairs_worst else None,
        ids=pairs.ids,
        scores_arm=pairs.a,
        scores_baseline=pairs.b,
    )


def _by_setting(outcome: Outcome, seeds: int) -> Outcome:
    """The outcome with the mean over its seeds for each setting: settings are what was drawn, not replicates."""
    worst = None if outcome.pairs_worst is None else _grouped(outcome.pairs_worst, seeds)
    return replace(outcome, pairs=_grouped(outcome.pairs, seeds), pairs_worst=worst)


def _grouped(pairs: Pairs, seeds: int) -> Pairs:
    """A setting counts once all its pairs have ended, and is lost if none of them is complete."""
    ended = Counter(map(_setting, {*pairs.ids, *pairs.failed}))
    over = {name for name, count in ended.items() if count >= seeds}
    frame = pd.DataFrame({"setting": [_setting(name) for name in pairs.ids], "a": pairs.a, "b": pairs.b})
    means = frame[frame["setting"].isin(over)].groupby("setting", sort=False)[["a", "b"]].mean()
    return replace(
        pairs,
        ids=tuple(means.index),
        a=tuple(means["a"].tolist()),
        b=tuple(means["b"].tolist()),
        failed=tuple(sorted(over & set(map(_setting, pairs.failed)))),
    )


def _setting(pair: str) -> str:
    return pair.rpartition(":")[0]
