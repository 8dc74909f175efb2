"""The test examples on which the champions of two arms disagree most, kept for the report to show."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweeps.artifacts import Artifacts, read_artifact
from sweeps.config import SweepConfig
from sweeps.datasets import TestSet
from sweeps.history import History, Trial
from sweeps.records import AnyEvent, ArtifactWritten, TrialEnded

SHOWN = 24
_KIND = "disputed"
_LARGEST = 128


def pictures_due(config: SweepConfig, history: History, events: Sequence[AnyEvent]) -> bool:
    """Whether there is something to show, and no whole file that is newer than the last confirmed replicate."""
    if not _are_pictures(history):
        return False
    written = _latest(history, events)
    is_there = written is not None and read_artifact(history.directory, written) is not None
    return not is_there and _right(config, history) is not None


def keep_disputed(config: SweepConfig, history: History, artifacts: Artifacts, test: TestSet) -> None:
    """Write `disputed.npz`, if there are predictions of two arms at least.

    It holds `images`, (n, height, width) or with channels behind; `places` in the test set; `labels`; and `right`,
    (n, arms): the share of the confirmed replicates of each arm's first champion that are right, in the order of the
    sweep's arms. n is 0 where the arms dispute nothing.
    """
    right = _right(config, history)
    if right is None:
        return
    spread = np.nanmax(right, axis=1) - np.nanmin(right, axis=1)
    chosen = np.lexsort((np.arange(len(spread)), -spread))[:SHOWN]
    chosen = chosen[spread[chosen] > 0]
    file = io.BytesIO()
    np.savez_compressed(file, images=test.x[chosen], places=chosen, labels=test.y[chosen], right=right[chosen])
    artifacts.keep_file(None, f"{_KIND}.npz", file.getvalue())


def _are_pictures(history: History) -> bool:
    """Whether the examples are images, and small enough to be shown in a report."""
    shape: Any = history.header.data.get("shape") or ()
    return len(shape) in (2, 3) and max(shape[:2]) <= _LARGEST


def _latest(history: History, events: Sequence[AnyEvent]) -> ArtifactWritten | None:
    """The last file; None if a replicate has been confirmed since."""
    for event in reversed(events):
        if isinstance(event, ArtifactWritten) and event.number is None and event.kind == _KIND:
            return event
        if isinstance(event, TrialEnded) and _is_confirmed(history.trials[event.number]):
            return None
    return None


def _right(config: SweepConfig, history: History) -> NDArray[np.float64] | None:
    """How often each arm, (examples, arms), is right; None with fewer than two arms that predict."""
    shares = [_share_right(history, arm) for arm in config.arms]
    known = [share for share in shares if share is not None]
    if len(known) < 2:
        return None
    nothing = np.full(len(known[0]), np.nan)
    return np.stack([nothing if share is None else share for share in shares], axis=1)


def _share_right(history: History, arm: Any) -> NDArray[np.float64] | None:
    rows = list(_rows_right(history, arm))
    return np.mean(rows, axis=0) if rows else None


def _rows_right(history: History, arm: Any) -> Iterator[NDArray[np.bool_]]:
    for trial in history.trials.values():
        written = trial.artifacts.get("predictions")
        if trial.spec.arm != arm or not _is_confirmed(trial) or written is None:
            continue
        payload = read_artifact(history.directory, written)
        if payload is not None:
            with np.load(io.BytesIO(payload), allow_pickle=False) as file:
                yield file["predicted"] == file["label"]


def _is_confirmed(trial: Trial) -> bool:
    """Whether it is a whole replicate of its arm's first champion, which the verdict is about."""
    return trial.state == "complete" and (trial.spec.pair_id or "").startswith("confirm:0:")
