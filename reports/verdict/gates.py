"""What must hold before a number may be believed: gates that pass, warn, fail, or had nothing to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.evidence import Evidence
from reports.statistics import fewest_pairs
from reports.verdict import budgets, controls, faith
from reports.verdict.estimate import Estimate
from reports.verdict.gate import Gate
from reports.verdict.outcomes import broken
from reports.verdict.remarks import planned_runs
from reports.words import listed

RUNS = "The luck of tuning was counted"


def gates(evidence: Evidence, estimates: Sequence[Estimate]) -> list[Gate]:
    """Every gate, in reading order."""
    return list(_gates(evidence, estimates))


def _gates(evidence: Evidence, estimates: Sequence[Estimate]) -> Iterator[Gate]:
    yield faith.plan(evidence)
    yield budgets.alike(evidence)
    yield _planned(evidence, estimates)
    yield _complete(evidence, estimates)
    yield faith.fresh_seeds(evidence)
    yield faith.sealed(evidence)
    yield _failures(evidence)
    yield budgets.alike_pruned(evidence)
    yield _environment(evidence)
    yield controls.same_arm(evidence)
    yield controls.same_network(evidence)
    yield _runs(evidence, estimates)
    yield _rows(evidence)


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


def _runs(evidence: Evidence, estimates: Sequence[Estimate]) -> Gate:
    """Tuned against tuned is a question to several runs, whatever this one says."""
    champions = sum(each.estimand == "E1" for each in estimates)
    if not champions:
        return Gate("runs", RUNS, "not run", "nothing is confirmed")
    alpha = evidence.config.confirm.alpha
    least = planned_runs(evidence) or fewest_pairs(alpha=alpha, comparisons=champions)
    return Gate(
        "runs", RUNS, "not run", f"a run tunes each arm once; tuned against tuned takes {least} runs on one page"
    )


def _rows(evidence: Evidence) -> Gate:
    """What a report is computed from can be known again, and what is read of exported tables is what was written."""
    name = "Every number is computed from the run's own rows"
    frames, digests = evidence.frames, evidence.digests
    what = {"trials": len(frames.trials), "epochs": len(frames.epochs)}
    detail = ", ".join(f"{rows:,} {table} (sha256 {digests[table][:12]})" for table, rows in what.items())
    if evidence.altered is None:
        return Gate("rows", name, "not run", f"{detail}; the tables do not say how they were written")
    if evidence.altered:
        changed = [*evidence.altered[:3]] + [f"{len(evidence.altered) - 3} more"] * (len(evidence.altered) > 3)
        why = f"the exported {listed(changed)} {'is' if len(changed) == 1 else 'are'} not as written"
        return Gate("rows", name, "fail", f"{detail}; {why}", why)
    return Gate("rows", name, "pass", detail)
