"""What must hold before a number may be believed: gates that pass, warn, fail, or had nothing to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from reports.evidence import Evidence
from reports.statistics import match_pairs, sign_flip_p
from reports.verdict.estimate import Estimate
from reports.verdict.gate import Gate
from reports.words import count

_SEEDS = ["seed.init", "seed.order", "seed.dropout", "seed.augment"]


def gates(evidence: Evidence, estimates: Sequence[Estimate]) -> list[Gate]:
    """Every gate, in reading order."""
    return list(_gates(evidence, estimates))


def _gates(evidence: Evidence, estimates: Sequence[Estimate]) -> Iterator[Gate]:
    yield _plan(evidence)
    yield _budgets(evidence)
    yield _planned(evidence, estimates)
    yield _complete(estimates)
    yield _fresh_seeds(evidence)
    yield _sealed(evidence)
    yield _failures(evidence)
    yield _pruned(evidence)
    yield _environment(evidence)
    yield _same_arm(evidence)
    yield _same_network(evidence)


def _plan(evidence: Evidence) -> Gate:
    name = "The plan was frozen before its trials began"
    if not evidence.plans:
        return Gate("plan", name, "not run", "no plan is frozen; confirm.seeds asks for one")
    first = evidence.plans[0]
    later = evidence.frames.trials[evidence.frames.trials["phase"].isin(["confirm", "swap", "controls"])]
    early = int((later["started"] < first.time).sum())
    if early:
        why = f"{early} trials of it began before its plan was frozen"
        return Gate("plan", name, "fail", why, why)
    if len(evidence.plans) > 1:
        amounts = " -> ".join(str(plan.document["seeds"]) for plan in evidence.plans)
        return Gate("plan", name, "warn", f"revised {count(len(evidence.plans) - 1, 'time')} since; seeds {amounts}")
    return Gate("plan", name, "pass", f"plan {first.digest[:12]}")


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
    spent, most = (trials, 1.0) if unit == "trials" else (seconds, float(search["spent"].max()))
    # Exhausted spaces end an arm's search before its budget: every config of it was tried.
    sizes = {str(study["arm"]): study["size"] for study in evidence.facts["studies"]}
    short = [arm for arm in arms if spent[arm] < spent.max() - most and not _exhausted(sizes.get(arm), trials[arm])]
    if short:
        why = f"{' and '.join(short)} had a smaller tuning budget than the other arms"
        return Gate("budgets", name, "fail", detail, why)
    return Gate("budgets", name, "pass", f"{detail}; the budget is in {unit}")


def _exhausted(size: Any, trials: int) -> bool:
    return size is not None and trials >= size


def _planned(evidence: Evidence, estimates: Sequence[Estimate]) -> Gate:
    name = "The planned number of pairs is there"
    if not estimates:
        return Gate("planned", name, "not run", "nothing is confirmed")
    short = [each for each in estimates if each.n + each.lost < each.planned]
    open_ones = [each for each in estimates if each.n < each.planned]
    detail = "; ".join(f"{each.estimand} {each.arm}: {each.n} of {each.planned}" for each in estimates)
    if not open_ones:
        return Gate("planned", name, "pass", detail)
    return Gate("planned", name, "open" if short else "warn", detail)


def _complete(estimates: Sequence[Estimate]) -> Gate:
    name = "No pair is broken"
    if not estimates:
        return Gate("pairs", name, "not run", "nothing is confirmed")
    unpaired = sum(each.unpaired for each in estimates)
    failed = sum(each.failed_arm + each.failed_baseline for each in estimates)
    if not unpaired and not failed:
        return Gate("pairs", name, "pass", "every replicate has its partner")
    return Gate("pairs", name, "warn", f"{unpaired} unpaired and {failed} failed replicates are left out")


def _fresh_seeds(evidence: Evidence) -> Gate:
    name = "No seed of the confirmation was used in the search"
    confirm = evidence.trials("confirm")
    if confirm.empty:
        return Gate("seeds", name, "not run", "nothing is confirmed")
    used = {tuple(row) for row in evidence.trials("search")[_SEEDS].itertuples(index=False)}
    shared = sum(tuple(row) in used for row in confirm[_SEEDS].itertuples(index=False))
    if shared:
        why = f"{shared} of its replicates repeat seeds of the search"
        return Gate("seeds", name, "fail", why, why)
    return Gate("seeds", name, "pass", f"{confirm['seed.init'].nunique()} fresh seeds")


def _sealed(evidence: Evidence) -> Gate:
    name = "The test set stayed closed until the plan was frozen"
    opened = [audit for audit in evidence.facts["audits"] if str(audit["action"]).startswith("test set")]
    reads = sum(audit["action"] == "test set read" for audit in opened)
    tested = evidence.frames.trials["test"].notna()
    if not evidence.plans:
        early = len(opened) + int(tested.sum())
    else:
        frozen = evidence.plans[0].time
        early = sum(audit["time"] < frozen for audit in opened)
        early += int((tested & (evidence.frames.trials["ended"] < frozen) & _not_incumbent(evidence)).sum())
    if early:
        why = "the test set was read before the plan was frozen"
        return Gate("sealed", name, "fail", f"{early} early reads", why)
    if not evidence.plans:
        return Gate("sealed", name, "pass", "it has not been opened")
    return Gate("sealed", name, "pass", f"read {reads} times since, each noted in the log")


def _not_incumbent(evidence: Evidence) -> pd.Series:
    """Trials but the search's: those are tested from kept weights, long after they ended."""
    return evidence.frames.trials["phase"] != "search"


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
    detail = ", ".join(f"{arm} {share:.0%}" for arm, share in shares.items())
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


def _same_arm(evidence: Evidence) -> Gate:
    """The A/A control: the baseline's champion against itself, by other seeds."""
    name = "An arm compared with itself shows nothing"
    pairs = _control(evidence, "aa:")
    if pairs is None:
        return Gate("aa", name, "not run", "controls.pairs asks for it")
    a, b = pairs
    alpha = evidence.config.confirm.alpha
    p = sign_flip_p([x - y for x, y in zip(a, b, strict=True)])
    detail = f"{len(a)} pairs, p {p:.3g}"
    if p <= alpha:
        why = f"the baseline compared with itself differs (p {p:.3g})"
        return Gate("aa", name, "warn", f"{detail}; by chance this happens in {alpha:.0%} of all sweeps: {why}")
    return Gate("aa", name, "pass", detail)


def _same_network(evidence: Evidence) -> Gate:
    """Networks that should be one: with the same seeds they must give the same numbers."""
    name = "Networks that should be one give the same numbers"
    pairs = _control(evidence, "same:")
    if pairs is None:
        return Gate("same", name, "not run", "controls.same names such networks")
    a, b = pairs
    largest = max(abs(x - y) for x, y in zip(a, b, strict=True))
    detail = f"{len(a)} pairs, the largest difference {largest:.3g}"
    if largest > evidence.config.confirm.margin:
        why = "two networks that should be one give different numbers, so a layer does not do what it says"
        return Gate("same", name, "fail", detail, why)
    return Gate("same", name, "pass", detail)


def _control(evidence: Evidence, prefix: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    trials = evidence.trials("controls")
    mine = trials[trials["pair_id"].str.startswith(prefix, na=False) & (trials["state"] == "complete")]
    sides = [
        [(str(pair), float(value)) for pair, value in zip(side["pair_id"], side["value"], strict=True)]
        for side in (mine[mine["side"] == "a"], mine[mine["side"] == "b"])
    ]
    found = match_pairs(*sides)
    return (found.a, found.b) if found.ids else None
