"""Evidence made by hand: what a run would have logged, without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import EllipsisType
from typing import Any

import pandas as pd
import pytest

from reports.evidence import Evidence, Plan
from reports.tables import Tables
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
    controls: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    audits: Sequence[tuple[float, str]] = ((FROZEN + 1, "test set opened"),),
    plans: Sequence[float] = (FROZEN,),
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
        audits: When the test set was opened or read.
        plans: When each revision was frozen.
        rows: What else is to be done to the trials.
        scores: Of each arm in the confirmation.
    """
    arms = [arm for arm in ARMS if arm in scores or arm in (swap or {}) or arm in ("capsule", "max")]
    seeds = max((len(each) for each in scores.values()), default=0) if planned is None else planned
    settings = max((len(each) for each in (swap or {}).values()), default=0) // swap_seeds
    config = _config(arms, metric, direction, margin)
    trials = [
        *_search(searched or dict.fromkeys(arms, 8)),
        *_pairs("confirm", scores, lambda place: f"confirm:0:{place}"),
        *_pairs("swap", swap or {}, lambda place: f"swap:{place // swap_seeds}:{place % swap_seeds}"),
        *_controls(controls or {}),
    ]
    frame = pd.DataFrame([{"number": number, **trial} for number, trial in enumerate(trials)])
    document = {
        "seeds": seeds,
        "swap": {"settings": settings, "seeds": swap_seeds},
        "margin": margin,
        "alpha": 0.05,
        "comparisons": len(arms) - 1,
        "direction": direction,
    }
    none = pd.DataFrame()
    return Evidence(
        config,
        _facts(arms, audits),
        Tables(rows(frame), none, none, none, none),
        tuple(Plan(1 + place, "d" * 64, time, document) for place, time in enumerate(plans)),
    )


def _config(arms: Sequence[str], metric: str, direction: str, margin: float) -> SweepConfig:
    document: dict[str, Any] = {
        "space": {"pooling": list(arms), "learning_rate": {"float": [1e-4, 1e-2], "log": True}},
        "compare": "pooling",
        "objective": {"metric": metric, "direction": direction},
        "search": {"trials": 8, "epochs": 2},
        "confirm": {"baseline": "max", "margin": margin},
    }
    return SweepConfig.from_mapping(document, source="test")


def _facts(arms: Sequence[str], audits: Sequence[tuple[float, str]]) -> dict[str, Any]:
    worker = {"worker": "w0", "device": "CPU 1", "backend": "formula", "versions": {"keras": "3"}}
    return {
        "studies": [{"arm": arm, "size": None} for arm in arms],
        "audits": [{"time": time, "action": action, "detail": ""} for time, action in audits],
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


def _controls(controls: Mapping[str, tuple[Iterable[float], Iterable[float]]]) -> Iterator[dict[str, object]]:
    for name, both in controls.items():
        for side, each in zip("ab", both, strict=True):
            for place, score in enumerate(each):
                row = _row("controls", "max", score, seed=4000 + place, started=FROZEN + 2, pair=f"{name}:{place}")
                yield {**row, "side": side}


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
        **{f"seed.{source}": seed for source in ("init", "order", "dropout", "augment")},
    }
