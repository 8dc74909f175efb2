"""The controls: comparisons that must show nothing, for what they show is the error of the method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.evidence import Evidence
from reports.statistics import fewest_pairs, match_pairs, sign_flip_p
from reports.verdict.estimates import SEED
from reports.verdict.gate import Gate
from reports.words import count, percent


@dataclass(frozen=True)
class _Control:
    """The differences of a control's whole pairs, under the name of each comparison; its replicates, and those lost."""

    differences: Mapping[str, Sequence[float]]
    replicates: int
    failed: int
    is_deterministic: bool

    @property
    def pairs(self) -> int:
        return sum(map(len, self.differences.values()))

    @property
    def left_out(self) -> str:
        return f", {count(self.failed, 'failed replicate')} left out" if self.failed else ""


def same_arm(evidence: Evidence) -> Gate:
    """The A/A control: the baseline's champion against itself, by other seeds."""
    key, name = "aa", "An arm compared with itself shows nothing"
    found = _control(evidence, "aa:")
    if found is None:
        return Gate(key, name, "not run", "controls.pairs asks for it")
    if found.failed == found.replicates:
        return Gate(key, name, "warn", _all_failed(found))
    alpha = evidence.config.confirm.alpha
    least = fewest_pairs(alpha=alpha)
    if found.pairs < least:
        return Gate(key, name, "not run", f"too few pairs to show anything (at least {least}){found.left_out}")
    (differences,) = found.differences.values()
    p = sign_flip_p(differences, rng=np.random.default_rng(SEED))
    detail = f"{found.pairs} pairs, p {p:.3g}{found.left_out}"
    if p <= alpha:
        why = f"the baseline compared with itself differs (p {p:.3g})"
        return Gate(key, name, "warn", f"{detail}; by chance this happens in {percent(alpha)} of all sweeps: {why}")
    return Gate(key, name, "pass", detail)


def against_itself(evidence: Evidence) -> tuple[float, ...]:
    """The differences of the A/A control's whole pairs; none without one."""
    return tuple(_differences(_rows(evidence, "aa:")))


def same_network(evidence: Evidence) -> Gate:
    """Networks that should be one: with the same seeds they must give the same numbers.

    A deterministic device repeats every number, so each pair must agree within the margin. Another adds noise to each
    training, of which a mean over pairs holds less.
    """
    key, name = "same", "Networks that should be one give the same numbers"
    found = _control(evidence, "same:")
    if found is None:
        return Gate(key, name, "not run", "controls.same names such networks")
    if found.failed == found.replicates:
        return Gate(key, name, "warn", _all_failed(found))
    if not found.pairs:
        return Gate(key, name, "not run", "no pair is whole yet")
    if found.is_deterministic:
        largest = max(float(np.abs(each).max()) for each in found.differences.values())
        what = f"the largest difference {largest:.3g}"
    else:
        largest = max(float(abs(np.mean(each))) for each in found.differences.values())
        what = f"the largest mean difference {largest:.3g}; the device is not deterministic"
    detail = f"{count(found.pairs, 'pair')}, {what}{found.left_out}"
    if largest > evidence.config.confirm.margin:
        why = "two networks that should be one give different numbers, so a layer does not do what it says"
        return Gate(key, name, "fail", detail, why)
    return Gate(key, name, "pass", detail)


def _all_failed(found: _Control) -> str:
    return f"all {count(found.replicates, 'replicate')} failed"


def _control(evidence: Evidence, prefix: str) -> _Control | None:
    mine = _rows(evidence, prefix)
    if mine.empty:
        return None
    comparisons = mine["pair_id"].str.rpartition(":")[0]
    differences = {str(each): _differences(rows) for each, rows in mine.groupby(comparisons, sort=True)}
    return _Control(
        differences={each: found for each, found in differences.items() if found},
        replicates=len(mine),
        failed=int((mine["state"] == "failed").sum()),
        is_deterministic=_is_deterministic(evidence, mine),
    )


def _rows(evidence: Evidence, prefix: str) -> pd.DataFrame:
    trials = evidence.trials("controls")
    return trials[trials["pair_id"].str.startswith(prefix, na=False)]


def _differences(rows: pd.DataFrame) -> list[float]:
    """Of side a from side b, over the whole pairs of one comparison."""
    whole = rows[rows["state"] == "complete"]
    sides = [whole[whole["side"] == side] for side in "ab"]
    a, b = ([(str(pair), float(value)) for pair, value in zip(s["pair_id"], s["value"], strict=True)] for s in sides)
    found = match_pairs(a, b)
    return [x - y for x, y in zip(found.a, found.b, strict=True)]


def _is_deterministic(evidence: Evidence, trials: pd.DataFrame) -> bool:
    """Whether every worker that trained these promises to repeat its numbers."""
    promises = {worker["worker"]: bool(worker["deterministic"]) for worker in evidence.facts["workers"]}
    workers = trials["worker"].dropna().unique()
    return len(workers) > 0 and all(promises.get(worker, False) for worker in workers)
