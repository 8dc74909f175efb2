"""What the confirm phase says of single configs, for whoever takes them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from reports.evidence import evidence_of
from reports.statistics import mean_interval
from reports.verdict import verdict_of
from sweeps.history import History


def confirmed(run: History) -> Mapping[str, dict[str, object]]:
    """By `config_hash` of every confirmed config: what its replicates came to on the test set.

    `warnings` names each condition of validity that failed.
    """
    evidence = evidence_of(run)
    plan = evidence.plans[-1] if evidence.plans else None
    if plan is None:
        return {}
    failed = [gate.because for gate in verdict_of(evidence).gates if gate.status == "fail"]
    trials = evidence.trials("confirm")
    found: dict[str, dict[str, object]] = {}
    for name, replicates in trials[trials["test"].notna()].groupby("config_hash", sort=True):
        alpha = float(plan.document["alpha"])
        mean = mean_interval(replicates.sort_values("number")["test"].tolist(), alpha=alpha)
        found[str(name)] = {
            "metric": f"test {plan.document['metric']}",
            "n": mean.n,
            "mean": mean.value,
            "interval": None if mean.low is None else [mean.low, mean.high],
            "coverage": 1 - alpha,
            "planned": plan.document["seeds"],
            "plan": plan.digest,
            "warnings": failed,
        }
    return found
