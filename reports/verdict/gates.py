"""What must hold before a number may be believed: gates that pass, warn, fail, or had nothing to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from reports.evidence import Evidence
from reports.verdict import controls, faith
from reports.verdict.estimate import Estimate
from reports.verdict.gate import Gate
from reports.verdict.outcomes import broken
from reports.words import percent


def gates(evidence: Evidence, estimates: Sequence[Estimate]) -> list[Gate]:
    """Every gate, in reading order."""
    return list(_gates(evidence, estimates))


def _gates(evidence: Evidence, estimates: Sequence[Estimate]) -> Iterator[Gate]:
    yield faith.plan(evidence)
    yield _budgets(evidence)
    yield _planned(evidence, estimates)
    yield _complete(evidence, estimates)
    yield faith.fresh_seeds(evidence)
    yield faith.sealed(evidence)
    yield _failures(evidence)
    yield _pruned(evidence)
    yield _environment(evidence)
    yield controls.same_arm(evidence)
    yield controls.same_network(evidence)


def _budgets(evidence: Evidence) -> Gate:
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
    return Gate("budgets", name, "pass", detail)


def _apart(name: str, spent: pd.Series) -> str:
    """How far apart the arms are in the unit that the budget is not in: nobody promised that they would be alike."""
    if not spent.min() > 0:
        return ""
    return f", and the most {name} are {spent.max() / spent.min():.2f} times the fewest"


def _exhausted(size: Any, trials: int) -> bool:
    return size is not None and trials >= size


def _planned(evidence: Evidence, estimates: Sequence[Estimate]) -> Gate:
    name = "The planned number of pairs is there"
    if not estimates:
        return Gate("planned", name, "not run", "nothing is confirmed")
    short = [each for each in estimates if not each.is_over]
    open_ones = [each for each in estimates if each.n < each.planned]
    detail = "; ".join(f"{each.estimand} {each.arm}: {each.n} of {each.planned}" for each in estimates)
    if not open_ones:
        return Gate("planned", name, "pass", detail)
    return Gate("planned", name, "open" if short else "warn", detail)


def _complete(evidence: Evidence, estimates: Sequence[Estimate]) -> Gate:
    name = "No pair is broken"
    if not estimates:
        return Gate("pairs", name, "not run", "nothing is confirmed")
    found = [broken(evidence, estimand) for estimand in dict.fromkeys(each.estimand for each in estimates)]
    unpaired, failed = (sum(getattr(each, kind) for each in found) for kind in ("unpaired", "failed"))
    if not unpaired and not failed:
        return Gate("pairs", name, "pass", "every replicate has its partner")
    return Gate("pairs", name, "warn", f"{unpaired} unpaired and {failed} failed replicates are left out")


def _failures(evidence: Evidence) -> Gate:
    name = "No confirmed replicate failed"
    confirm = evidence.trials("confirm")
    if confirm.empty:
        return Gate("failures", name, "not run", "nothing is confirmed")
    failed = confirm[confirm["state"] == "failed"].groupby("arm")["number"].size()
    if failed.empty:
        return Gate("failures", name, "pass", f"{len(confirm)} replicates")
    return Gate("failures", name, "warn", ", ".join(f"{arm} {many}" for arm, many in failed.items()))


def _pruned(evidence: Evidence) -> Gate:
    name = "Pruning took a like share of every arm"
    search = evidence.trials("search")
    ended = search[search["state"] != "running"]
    if ended.empty or len(evidence.arms) < 2:
        return Gate("pruned", name, "not run", "there is nothing to compare")
    shares = ended.assign(pruned=ended["state"] == "pruned").groupby("arm")["pruned"].mean()
    detail = ", ".join(f"{arm} {percent(share)}" for arm, share in shares.items())
    return Gate("pruned", name, "pass" if shares.max() - shares.min() <= 0.5 else "warn", detail)


def _environment(evidence: Evidence) -> Gate:
    name = "All arms ran on the same kind of device and the same versions"
    workers = {worker["worker"]: worker for worker in evidence.facts["workers"]}
    confirm = evidence.trials("confirm")
    if confirm.empty or not workers:
        return Gate("environment", name, "not run", "nothing is confirmed")
    kinds = {
        (str(worker["device"]).split(" ")[0], worker["backend"], tuple(sorted(worker["versions"].items())))
        for name_, worker in workers.items()
        if name_ in set(confirm["worker"].dropna())
    }
    if len(kinds) > 1:
        return Gate("environment", name, "warn", f"{len(kinds)} different environments took part")
    return Gate("environment", name, "pass", ", ".join(sorted({f"{kind[0]}, {kind[1]}" for kind in kinds})))
