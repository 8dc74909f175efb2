"""From the baseline's champion to each arm's: which change is predicted to bring how much."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from reports.ablation import Path, params_of, surrogate
from reports.evidence import Evidence
from reports.importance import FEWEST
from reports.words import brief
from sweeps.selection import Candidate, Champion, select_champions

LEAST = 0.1
"""A surrogate that explains less of the variance than this share of it says nothing."""


@dataclass(frozen=True)
class ArmPath:
    """The way to an arm's champion.

    Attributes:
        arm: Its name.
        baseline: Whose champion it starts from.
        trial: The champion's best trial.
        baseline_trial: The same of the baseline's.
        reached: The champion's value in the search, which chose it for that: optimistic.
        baseline_reached: The same of the baseline's.
        path: What is predicted between them.
    """

    arm: str
    baseline: str
    trial: int
    baseline_trial: int
    reached: float
    baseline_reached: float
    path: Path


@dataclass(frozen=True)
class Ablations:
    """Ways to the champions, and the surrogate that they are predicted by.

    Attributes:
        why: What is missing for any of them; empty where nothing is.
        trials: Complete trials with a finite value, of all arms.
        used: Those that the surrogate is fitted on.
        explained: The share of their variance that it predicts out of the bag, None without a surrogate.
        arms: One way an arm that has a champion and trials enough; none where the surrogate explains too little.
    """

    why: str
    trials: int
    used: int
    explained: float | None
    arms: tuple[ArmPath, ...]


def ablations(evidence: Evidence, rows: pd.DataFrame) -> Ablations | None:
    """Ways from the baseline's champion, by complete trials with finite values; None where nothing is compared."""
    config, baseline = evidence.config, evidence.baseline
    if config.compare is None or baseline is None:
        return None
    champions = {arm: _champion(evidence, rows[rows["arm"] == arm]) for arm in evidence.arms.values()}
    many = rows["arm"].value_counts()
    ready = {arm: each for arm, each in champions.items() if each and many.get(arm, 0) >= FEWEST}
    others = [arm for arm in ready if arm != baseline]
    if baseline not in ready or not others:
        why = (
            f"A way from the champion of {brief(baseline)} to another arm's takes {FEWEST} complete trials of both, "
            "a champion among them."
        )
        return Ablations(why, len(rows), 0, None, ())
    model = surrogate(rows, config.space, evidence.look.direction)
    if model.explained < LEAST:
        why = (
            f"A random forest over {model.used:,} of {len(rows):,} complete trials {_explains(model.explained)} of "
            f"those that it was not fitted on: too little to say what a single change brings."
        )
        return Ablations(why, len(rows), model.used, model.explained, ())
    params = rows.set_index("number")
    ends = {arm: params_of(params.loc[each.numbers[0]].to_dict(), config.space) for arm, each in ready.items()}
    start = ready[baseline]
    paths = tuple(
        ArmPath(
            arm=arm,
            baseline=baseline,
            trial=ready[arm].numbers[0],
            baseline_trial=start.numbers[0],
            reached=ready[arm].value,
            baseline_reached=start.value,
            path=model.path(ends[baseline], ends[arm]),
        )
        for arm in others
    )
    return Ablations("", len(rows), model.used, model.explained, paths)


def _champion(evidence: Evidence, rows: pd.DataFrame) -> Champion | None:
    """As the confirm phase chooses it."""
    columns = (rows[name] for name in ("number", "config_hash", "state", "value", "feasible"))
    candidates = [Candidate(int(n), str(c), s, float(v), bool(f)) for n, c, s, v, f in zip(*columns, strict=True)]
    rule, direction = evidence.config.confirm.rule, evidence.config.objective.direction
    found = select_champions(candidates, direction=direction, rule=rule, count=1)
    return found[0] if found else None


def _explains(share: float) -> str:
    return f"explains {100 * share:.0f} % of the variance" if share > 0 else "explains none of the variance"
