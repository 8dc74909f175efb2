"""The test examples on which the champions of two arms disagree most, kept for the report to show."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeps.artifacts import Artifacts, read_artifact
from sweeps.config import SweepConfig
from sweeps.datasets import TestSet
from sweeps.history import History

SHOWN = 24
_LARGEST = 128


def are_pictures(test: TestSet) -> bool:
    """Whether the examples are images, and small enough to be shown in a report."""
    return test.x.ndim in (3, 4) and max(test.x.shape[1:3]) <= _LARGEST


def keep_disputed(config: SweepConfig, history: History, artifacts: Artifacts, test: TestSet) -> None:
    """Write `disputed.npz`, if arms disagree on any of the test images.

    It holds `images`, (n, height, width) or with channels behind; `places` in the test set; `labels`; and `right`,
    (n, arms): the share of each arm's confirmed replicates that are right, in the order of the sweep's arms.
    """
    shares = [_share_right(history, arm) for arm in config.arms]
    known = [share for share in shares if share is not None]
    if len(known) < 2:
        return
    right = np.stack([np.full(len(test.y), np.nan) if share is None else share for share in shares], axis=1)
    spread = np.nanmax(right, axis=1) - np.nanmin(right, axis=1)
    chosen = np.lexsort((np.arange(len(spread)), -spread))[:SHOWN]
    chosen = chosen[spread[chosen] > 0]
    if not len(chosen):
        return
    file = io.BytesIO()
    np.savez_compressed(file, images=test.x[chosen], places=chosen, labels=test.y[chosen], right=right[chosen])
    artifacts.keep_file(None, "disputed.npz", file.getvalue())


def _share_right(history: History, arm: Any) -> NDArray[np.float64] | None:
    rows = []
    for trial in history.trials.values():
        written = trial.artifacts.get("predictions")
        if trial.spec.phase != "confirm" or trial.spec.arm != arm or written is None:
            continue
        payload = read_artifact(history.directory, written)
        if payload is not None:
            with np.load(io.BytesIO(payload), allow_pickle=False) as file:
                rows.append(file["predicted"] == file["label"])
    return np.mean(rows, axis=0) if rows else None
