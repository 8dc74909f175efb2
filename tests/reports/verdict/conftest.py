"""Evidence made by hand: what a run would have logged, without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import EllipsisType
from typing import Any

import pandas as pd
import pytest

from reports.evidence import Evidence, Plan
from reports.tables import Tables
from sweeps.codec import digest
from sweeps.config import SweepConfig

Score = float | EllipsisType | None
"""None for a replicate that failed, ... for one that has not ended."""
FROZEN = 100.0
ARMS = ("capsule", "max", "average")


@pytest.fixture
def make_evidence() -> Callable[..., Evidence]:
    """`make_evidence(capsule=[...], max=[...])`: a search of 8 trials an arm, and the scores of its confirmation."""
    return evidence


def evidence(
    *,
    planned: int | None = None,
    direction: str = "maximize",
    metric: str = "val_accuracy",
    margin: float = 0.001,
    searched: Mapping[str, int] | None = None,
    swap: Mapping[str, Sequence[Score]] | None = None,
    swap_seeds: int = 1,
    controls: Mapping[str, tuple[Sequence[Score], Sequence[Score]]] | None = None,
    costs: Mapping[str, Sequence[float]] | None = None,
    audits: Sequence[tuple[float, str]] = ((FROZEN + 1, "test set opened"),),
    notes: bool = True,
    plans: Sequence[float] = (FROZEN,),
    revised: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
    runs: int | None = None,
    classes: int | None = 10,
    deterministic: bool = True,
    rows: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
    **scores: Sequence[Score],
) -> Evidence:
    """See `make_evidence`.

    Args:
        planned: Pairs that the plan promises; as many as the longest arm has if not given.
        direction: Of the objective.
        metric: Of the objective.
        margin: Of the plan.
        searched: Trials of each arm's search.
        swap: Scores of the swaps, the seeds of a setting beside each other.
        swap_seeds: Seeds of a setting.
        controls: Scores of both sides by the beginning of their pairs' ids: `aa` or `same:0`.
        costs: Seconds of an epoch of each arm in the cost probe.
        audits: When the test set was opened or read.
        notes: Whether the log has a note of each test of a confirmed replicate.
        plans: When each revision was frozen.
        revised: What each revision changes of the plan before it; nothing if not given.
        seed: Of the sweep.
        runs: That the plan will put together.
        classes: Of the data; None where the data do not say.
        deterministic: Whether the workers repeat their numbers.
        rows: What else is to be done to the trials.
        scores: Of each arm in the confirmation.
    """
    arms = [arm for arm in ARMS if arm in scores or arm in (swap or {}) or arm in ("capsule", "max")]
    seeds = max((len(each) for each in scores.values()), default=0) if planned is None else planned
    settings = max((len(each) for each in (swap or {}).values()), default=0) // swap_seeds
    config = _config(arms, metric, direction, margin, seed)
    trials = [
        *_search(searched or dict.fromkeys(arms, 8)),
        *_pairs("confirm", scores, lambda place: f"confirm:0:{place}"),
        *_pairs("swap", swap or {}, lambda place: f"swap:{place // swap_seeds}:{place % swap_seeds}"),
        *_controls(controls or {}),
        *_costs(costs or {}),
    ]
    frame = pd.DataFrame([{"number": number, **trial} for number, trial in enumerate(trials)])
    document = {
        "seeds": seeds,
        "swap": {"settings": settings, "seeds": swap_seeds},
        "margin": margin,
        "alpha": 0.05,
        "comparisons": len(arms) - 1,
        "direction": direction,
        "baseline": "max",
        "rule": "best",
        "runs": runs,
    }
    documents = [document]
    for changes in revised:
        documents.append({**documents[-1], **changes})
    none, epochs, frame = pd.DataFrame(), pd.DataFrame(columns=["number", "epoch"]), rows(frame)
    tested = frame.loc[frame["test"].notna() & (frame["phase"] == "confirm"), "number"]
    read = [(FROZEN + 1, "test set read", f"trial {number}") for number in tested] if notes else []
    return Evidence(
        config,
        _facts(arms, [*((*audit, "") for audit in audits), *read], classes, deterministic),
        Tables(frame, epochs, none, none, none),
        tuple(
            Plan(1 + place, digest(each), time, each)
            for place, (time, each) in enumerate(zip(plans, documents + documents[-1:] * len(plans), strict=False))
        ),
    )


def _config(arms: Sequence[str], metric: str, direction: str, margin: float, seed: int) -> SweepConfig:
    document: dict[str, Any] = {
        "seed": seed,
        "space": {"pooling": list(arms), "learning_rate": {"float": [1e-4, 1e-2], "log": True}},
        "compare": "pooling",
        "objective": {"metric": metric, "direction": direction},
        "search": {"trials": 8, "epochs": 2},
        "confirm": {"baseline": "max", "margin": margin},
    }
    return SweepConfig.from_mapping(document, source="test")


def _facts(
    arms: Sequence[str], audits: Sequence[tuple[float, str, str]], classes: int | None, deterministic: bool
) -> dict[str, Any]:
    worker = {"worker": "w0", "device": "CPU 1", "backend": "formula", "versions": {"keras": "3"}}
    worker["deterministic"] = deterministic
    return {
        "data": {"classes": classes, "digest": "d" * 64},
        "studies": [{"arm": arm, "size": None} for arm in arms],
        "audits": [{"time": time, "action": action, "detail": detail} for time, action, detail in audits],
        "workers": [worker, {**worker, "worker": "w1", "device": "CPU 2"}],
        "standing": {"state": "ended", "final": True, "sentence": "Ended."},
    }


def _search(searched: Mapping[str, int]) -> Iterator[dict[str, object]]:
    for arm, trials in searched.items():
        for place in range(trials):
            yield _row("search", arm, 0.98, seed=1000 + place, started=float(place), pair=None)


def _pairs(
    phase: str, scores: Mapping[str, Sequence[Score]], pair: Callable[[int], str]
) -> Iterator[dict[str, object]]:
    base = {"confirm": 2000, "swap": 3000}[phase]
    for arm, each in scores.items():
        for place, score in enumerate(each):
            yield _row(phase, arm, score, seed=base + place, started=FROZEN + 2 + place, pair=pair(place))


def _controls(controls: Mapping[str, tuple[Iterable[Score], Iterable[Score]]]) -> Iterator[dict[str, object]]:
    for name, both in controls.items():
        for side, each in zip("ab", both, strict=True):
            for place, score in enumerate(each):
                row = _row("controls", "max", score, seed=4000 + place, started=FROZEN + 2, pair=f"{name}:{place}")
                yield {**row, "side": side}


def _costs(costs: Mapping[str, Sequence[float]]) -> Iterator[dict[str, object]]:
    for arm, each in costs.items():
        for place, seconds in enumerate(each):
            row = _row("cost_probe", arm, 0.9, seed=5000 + place, started=FROZEN + 2, pair=f"cost:{place}")
            yield {**row, "epoch_seconds": seconds}


def _row(phase: str, arm: str, score: Score, *, seed: int, started: float, pair: str | None) -> dict[str, object]:
    state = "complete" if isinstance(score, float) else "failed" if score is None else "running"
    value = score if isinstance(score, float) else float("nan")
    return {
        "phase": phase,
        "arm": arm,
        "state": state,
        "value": value,
        "test": value if phase == "confirm" else float("nan"),
        "feasible": state == "complete",
        "worker": "w0",
        "spent": 10.0,
        "started": started,
        "ended": started + 1,
        "pair_id": pair,
        "side": None,
        "epoch_seconds": float("nan"),
        "inference_seconds": float("nan"),
        "memory_bytes": float("nan"),
        "parameters": float("nan"),
        "macs": float("nan"),
        **{f"seed.{source}": seed for source in ("init", "order", "dropout", "augment")},
    }
