"""The estimands with their comparisons: champion against champion, and the swap of nothing but the compared param."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import (
    Judgement,
    PairedComparison,
    Pairs,
    Verdict,
    hedges_gz,
    judge,
    paired_comparison,
    pairing_gain,
    tost,
    wilson,
)
from reports.verdict.estimate import Estimand, Estimate
from reports.verdict.outcomes import Outcome, confirm_outcomes, outcomes
from reports.verdict.rules import Rules, level, rules_of
from reports.verdict.worst import claimed

SEED = 20_260_101
"""Of the generator that draws sign patterns where there are too many pairs to count all."""


def champions_compared(evidence: Evidence) -> list[Estimate]:
    """E1: the champions over fresh paired seeds, on the test set; empty before a plan is frozen."""
    plan = evidence.plan
    if plan is None or not plan["seeds"]:
        return []
    return estimates("E1", confirm_outcomes(evidence), rules_of(evidence, "E1"), planned=int(plan["seeds"]))


def swaps_compared(evidence: Evidence, rules: Rules | None = None) -> list[Estimate]:
    """E3: the mean over settings of what the swap of nothing but the compared param changes, on validation data.

    Args:
        evidence: The run.
        rules: By which it is judged; the plan's if not given.
    """
    plan = evidence.plan
    if plan is None or not plan["swap"]["settings"]:
        return []
    seeds = int(plan["swap"]["seeds"])
    by_setting = [_by_setting(outcome, seeds) for outcome in outcomes(evidence, "swap", "value")]
    return estimates("E3", by_setting, rules or rules_of(evidence, "E3"), planned=int(plan["swap"]["settings"]))


def estimates(estimand: Estimand, found: Sequence[Outcome], rules: Rules, *, planned: int) -> list[Estimate]:
    """Judge a family of comparisons.

    A pair that failed will never come: it is left out, as the plan says, and what has been promised is less by it. What
    the rest shows is claimed as far as the worst case shows it too, see `worst.claimed`.
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
        rng=np.random.default_rng(SEED),
    )


def _estimate(
    estimand: Estimand, outcome: Outcome, judged: Judgement, at_worst: Judgement, rules: Rules, planned: int
) -> Estimate:
    pairs, found = outcome.pairs, judged.comparison
    a, b = np.array(pairs.a), np.array(pairs.b)
    better = a > b if rules.direction == "maximize" else a < b
    share = wilson(int(better.sum()), len(a), alpha=rules.alpha) if len(a) else None
    gain = pairing_gain(a, b) if len(a) > 1 else None
    failed_arm, failed_baseline = outcome.failed or (pairs.failed_a, pairs.failed_b)
    said, worst = judged.verdict, outcome.pairs_worst
    if worst is not None:
        said = claimed(said, at_worst.verdict, failed_arm=failed_arm, failed_baseline=failed_baseline)
    return Estimate(
        estimand=estimand,
        arm=outcome.arm,
        baseline=outcome.baseline,
        planned=planned,
        n=found.n,
        mean_arm=_mean(pairs.a),
        mean_baseline=_mean(pairs.b),
        difference=found.mean,
        low=found.low,
        high=found.high,
        deviation=found.deviation,
        p=found.p,
        adjusted_p=judged.adjusted_p,
        comparisons=judged.comparisons,
        size_low=judged.low,
        size_high=judged.high,
        alpha=rules.alpha,
        further=rules.further,
        verdict=str(said),
        pairs_needed=_needed(judged, rules, pairs) if said is judged.verdict else None,
        equivalence_p=tost(a, b, margin=rules.margin, alpha=rules.alpha).p if len(a) > 1 else None,
        effect_size=hedges_gz(a, b) if len(a) > 1 else None,
        won=int(better.sum()),
        ties=int((a == b).sum()),
        won_low=share.low if share else None,
        won_high=share.high if share else None,
        correlation=gain.correlation if gain else None,
        gain=gain.variance_ratio if gain else None,
        unpaired=len(pairs.unpaired),
        failed_arm=failed_arm,
        failed_baseline=failed_baseline,
        lost=_lost(pairs),
        unfinished=outcome.unfinished,
        verdict_survivors=None if worst is None else str(judged.verdict),
        verdict_worst=None if worst is None else str(at_worst.verdict),
        mean_arm_worst=None if worst is None else _mean(worst.a),
        mean_baseline_worst=None if worst is None else _mean(worst.b),
        ids=pairs.ids,
        scores_arm=pairs.a,
        scores_baseline=pairs.b,
    )


def _needed(judged: Judgement, rules: Rules, pairs: Pairs) -> int | None:
    """Of pairs that are added now, the next look judges; in a family, whichever comparison is told first is corrected
    for all of them.
    """
    if judged.verdict is not Verdict.UNDETERMINED:
        return judged.comparison.pairs_needed
    later = replace(rules, alpha=level(rules.alpha, 1) / judged.comparisons)
    return _compare(pairs.a, pairs.b, later).pairs_needed


def _mean(scores: Sequence[float]) -> float | None:
    return float(np.mean(scores)) if scores else None


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
