"""Whether every arm was tuned alike: by as much, and with a like share of it cut short."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from reports.evidence import Evidence
from reports.verdict.gate import Gate
from reports.words import percent

UNEQUAL = 1.5
"""From this ratio on, budgets that are equal in one unit are unequal enough in the other to warn of it."""


def alike(evidence: Evidence) -> Gate:
    """Equal in the unit of the budget, or a space was at its end; far apart in the other unit it is said."""
    name = "Every arm was tuned with the same budget"
    search = evidence.trials("search")
    arms = list(evidence.arms.values())
    if len(arms) < 2 or search.empty:
        return Gate("budgets", name, "not run", "there is nothing to compare")
    trials = search.groupby("arm")["number"].size().reindex(arms, fill_value=0)
    seconds = search.groupby("arm")["spent"].sum().reindex(arms, fill_value=0.0)
    detail = "; ".join(f"{arm} {trials[arm]} trials, {seconds[arm]:,.0f} worker seconds" for arm in arms)
    unit = evidence.config.search.budget
    other = ("worker seconds", seconds) if unit == "trials" else ("trials", trials)
    detail += f"; the budget is in {unit}{_apart(*other)}"
    spent, most = (trials, 1.0) if unit == "trials" else (seconds, float(search["spent"].max()))
    # Exhausted spaces end an arm's search before its budget: every config of it was tried.
    sizes = {str(study["arm"]): study["size"] for study in evidence.facts["studies"]}
    short = [arm for arm in arms if spent[arm] < spent.max() - most and not _exhausted(sizes.get(arm), trials[arm])]
    if short:
        why = f"{' and '.join(short)} had a smaller tuning budget than the other arms"
        return Gate("budgets", name, "fail", detail, why)
    return Gate("budgets", name, "warn" if _ratio(other[1]) >= UNEQUAL else "pass", detail)


def alike_pruned(evidence: Evidence) -> Gate:
    """Pruned trials are the shares of a search that were not seen to their end."""
    name = "Pruning took a like share of every arm"
    search = evidence.trials("search")
    ended = search[search["state"] != "running"]
    if ended.empty or len(evidence.arms) < 2:
        return Gate("pruned", name, "not run", "there is nothing to compare")
    shares = ended.assign(pruned=ended["state"] == "pruned").groupby("arm")["pruned"].mean()
    detail = ", ".join(f"{arm} {percent(share)}" for arm, share in shares.items())
    return Gate("pruned", name, "pass" if shares.max() - shares.min() <= 0.5 else "warn", detail)


def _apart(name: str, spent: pd.Series) -> str:
    """How far apart the arms are in the unit that the budget is not in: nobody promised that they would be alike."""
    if not spent.min() > 0:
        return f", and an arm took no {name}" if spent.max() > 0 else ""
    return f", and the most {name} are {_ratio(spent):.2f} times the fewest"


def _ratio(spent: pd.Series) -> float:
    """The most by the fewest; without end where an arm took nothing and another something, 1 where none did."""
    if spent.min() > 0:
        return float(spent.max() / spent.min())
    return math.inf if spent.max() > 0 else 1.0


def _exhausted(size: Any, trials: int) -> bool:
    return size is not None and trials >= size
