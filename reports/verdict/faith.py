"""Whether the run kept faith with its plan: the plan is the one that was frozen, and nothing was seen before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.verdict.gate import Gate
from reports.words import count, listed

_SOURCES = ("init", "order", "dropout", "augment")
"""What is drawn anew for every index of a phase; the split is one for the whole sweep."""

_AMOUNTS = {"swap": ("settings",), "controls": ("pairs", "sources")}
"""What a revision may change of a section of the plan."""

_TRIAL = re.compile(r"trial (\d+)$")


def plan(evidence: Evidence) -> Gate:
    """The plan came first, is the one whose digest was taken, and no revision has changed what it may not."""
    key, name = "plan", "The plan was frozen before its trials began"
    if not evidence.plans:
        return Gate(key, name, "not run", "no plan is frozen; confirm.seeds asks for one")
    if why := _broken_plan(evidence):
        return Gate(key, name, "fail", why, why)
    if len(evidence.plans) > 1:
        amounts = _grown([each.document for each in evidence.plans])
        return Gate(key, name, "warn", f"revised {count(len(evidence.plans) - 1, 'time')} since: {amounts}")
    return Gate(key, name, "pass", f"plan {evidence.plans[0].digest[:12]}")


def fresh_seeds(evidence: Evidence) -> Gate:
    """Every source of chance of every replicate is new: to the search, and to the champion's other replicates."""
    key, name = "seeds", "No seed of the confirmation was used before"
    confirm = evidence.trials("confirm")
    if confirm.empty:
        return Gate(key, name, "not run", "nothing is confirmed")
    search, champions = evidence.trials("search"), [confirm["arm"], confirm["pair_id"].str.rpartition(":")[0]]
    searched, repeated = (pd.Series(False, index=confirm.index) for _ in range(2))
    for seeds in (f"seed.{source}" for source in _SOURCES):
        searched |= confirm[seeds].isin(search[seeds])
        repeated |= confirm.groupby(champions)[seeds].transform(lambda each: each.duplicated(keep=False))
    found = {"repeat seeds of the search": int(searched.sum()), "repeat each other's": int(repeated.sum())}
    why = listed([f"{many} of its replicates {what}" for what, many in found.items() if many])
    if any(found.values()):
        return Gate(key, name, "fail", why, why)
    return Gate(key, name, "pass", f"{confirm['seed.init'].nunique()} fresh seeds")


def sealed(evidence: Evidence) -> Gate:
    """The test set was read after the plan alone, and every result on it is of a read that the log has noted before."""
    key, name = "sealed", "The test set stayed closed until the plan was frozen"
    opened = [audit for audit in evidence.facts["audits"] if str(audit["action"]).startswith("test set")]
    reads = [audit for audit in opened if audit["action"] == "test set read"]
    tested = list(_tested(evidence))
    early = sum(_is_early(evidence, audit.get("place"), audit["time"]) for audit in opened)
    early += sum(_is_early(evidence, row["tested_at"], row["time"]) for row in tested)
    unnoted = sum(not _is_noted(row, reads) for row in tested)
    why = ["the test set was read before the plan was frozen"] * (early > 0)
    why += [f"{count(unnoted, 'test')} of trials {'is' if unnoted == 1 else 'are'} not noted in the log"] * (
        unnoted > 0
    )
    if why:
        return Gate(key, name, "fail", f"{early} early reads, {unnoted} without a note", listed(why))
    if not evidence.plans:
        return Gate(key, name, "pass", "it has not been opened")
    return Gate(key, name, "pass", f"read {count(len(reads), 'time')} since, each noted in the log")


def _broken_plan(evidence: Evidence) -> str:
    """What is wrong with the plan; empty if nothing is."""
    if not all(each.is_authentic for each in evidence.plans):
        return "the plan in the log is not the one whose hash was taken"
    before = _fixed(evidence.plans[0].document)
    for other in evidence.plans[1:]:
        after = _fixed(other.document)
        changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        if changed:
            return f"revision {other.revision} of the plan changed {listed(changed)}, which must stay"
    later = evidence.frames.trials[evidence.frames.trials["phase"].isin(["confirm", "swap", "controls", "cost_probe"])]
    early = sum(
        _is_early(evidence, at, time) for at, time in zip(_places(later, "begun_at"), later["started"], strict=True)
    )
    return f"{early} trials of it began before its plan was frozen" if early else ""


def _grown(documents: Sequence[Mapping[str, Any]]) -> str:
    """Each amount that a revision changed, as it was in every plan."""
    found = {"confirm.seeds": [document["seeds"] for document in documents]}
    for section, amounts in _AMOUNTS.items():
        for key in amounts:
            found[f"{section}.{key}"] = [document.get(section, {}).get(key, 0) for document in documents]
    found["cost_probe"] = [document.get("cost_probe", 0) for document in documents]
    changed = {name: each for name, each in found.items() if len(set(each)) > 1}
    return ", ".join(f"{name} {' -> '.join(map(str, each))}" for name, each in changed.items()) or "the same amounts"


def _fixed(document: Mapping[str, Any]) -> dict[str, Any]:
    """All of a plan that a revision must leave as it was: everything but how much of each phase there is."""
    fixed = {key: value for key, value in document.items() if key not in ("seeds", "cost_probe", "swap", "controls")}
    for section, amounts in _AMOUNTS.items():
        for key, value in document.get(section, {}).items():
            if key not in amounts:
                fixed[f"{section}.{key}"] = value
    return fixed


def _is_early(evidence: Evidence, at: int | None, time: float | None) -> bool:
    """Whether something came before the first plan: by its place in the log, or by the clock where there is none."""
    if not evidence.plans:
        return True
    first = evidence.plans[0]
    if at is not None and first.place is not None:
        return at < first.place
    return time is not None and time < first.time


def _tested(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Every trial with a result on the test set."""
    trials = evidence.frames.trials
    rows = zip(
        trials["number"], trials["phase"], trials["test"], trials["ended"], _places(trials, "tested_at"), strict=True
    )
    for number, phase, test, ended, at in rows:
        if at is not None or np.isfinite(test):
            # Those of the search are tested from kept weights, long after they ended.
            yield {"number": int(number), "tested_at": at, "time": None if phase == "search" else float(ended)}


def _places(trials: pd.DataFrame, name: str) -> list[int | None]:
    if name not in trials:
        return [None] * len(trials)
    return [None if pd.isna(at) else int(at) for at in trials[name]]


def _is_noted(row: Mapping[str, Any], reads: list[Mapping[str, Any]]) -> bool:
    mine = [read for read in reads if (named := _TRIAL.search(str(read["detail"]))) and int(named[1]) == row["number"]]
    at = row["tested_at"]
    return any(at is None or read.get("place") is None or read["place"] < at for read in mine)
