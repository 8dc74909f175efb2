"""Files that workers send: whole or not there, named by an event, and checkpoints gone when nobody needs them."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.artifacts import Artifacts, read_artifact, usable_checkpoints
from sweeps.errors import RunError
from sweeps.history import History, read_run
from sweeps.records import ArtifactWritten, AttemptStarted, SweepStarted, TrialEnded, TrialSpec
from sweeps.runlog import RunDirectory, RunLog, read_events


@pytest.fixture
def log(tmp_path: Path, make_spec: Callable[..., TrialSpec]) -> Iterator[RunLog]:
    """Two trials under way."""
    log = RunLog.create(RunDirectory(tmp_path / "run"))
    fields: dict[str, Any] = {"sweep": "0", "name": "n", "config": {}, "config_digest": "", "data": {}, "versions": {}}
    log.append(SweepStarted(**{**fields, "commit": None, "dirty": None}))
    for number in (0, 1):
        log.append(make_spec(number))
        log.append(AttemptStarted(number=number, attempt=1, worker="w", wait_seconds=0, concurrency=1))
    yield log
    log.close()


def files(log: RunLog) -> list[str]:
    return sorted(path.name for path in log.directory.artifacts.iterdir())


def written(log: RunLog) -> list[ArtifactWritten]:
    return [event for event, _ in read_events(log.directory) if isinstance(event, ArtifactWritten)]


def again(log: RunLog) -> tuple[Artifacts, History]:
    history = read_run(log.directory.path)
    return Artifacts.of(log, history, cap=100), history


def test_a_model_is_kept_whole_with_its_digest(log: RunLog) -> None:
    payload = bytes(range(256)) * 100
    Artifacts(log, cap=0).keep_model(7, payload)
    (event,) = written(log)
    assert (event.number, event.kind, event.path) == (7, "model", "artifacts/trial-00007-model.keras")
    assert (event.digest, event.bytes) == (hashlib.sha256(payload).hexdigest(), 25600)
    assert (log.directory.path / event.path).read_bytes() == payload
    assert files(log) == ["trial-00007-model.keras"]


@pytest.mark.parametrize(("number", "name"), [(1, "predictions.npz"), (None, "disputed.npz")])
def test_a_file_that_is_made_again_leaves_the_one_that_the_log_names(
    log: RunLog, monkeypatch: pytest.MonkeyPatch, number: int | None, name: str
) -> None:
    def killed(*events: object) -> None:
        raise KeyboardInterrupt

    artifacts = Artifacts(log, cap=0)
    artifacts.keep_file(number, name, b"first")
    monkeypatch.setattr(log, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        artifacts.keep_file(number, name, b"second")
    monkeypatch.undo()
    (event,) = written(log)
    assert read_artifact(log.directory, event) == b"first"
    artifacts.keep_file(number, name, b"second")
    assert [read_artifact(log.directory, event) for event in written(log)] == [b"first", b"second"]
    assert {event.kind for event in written(log)} == {name.partition(".")[0]}


def test_nothing_is_put_into_a_run_that_another_driver_has_taken_over(log: RunLog) -> None:
    artifacts = Artifacts(log, cap=100)
    artifacts.keep_checkpoint(0, b"old", epochs=1)
    other = RunLog.open(log.directory, take_over=True)
    for put in (lambda: artifacts.keep_checkpoint(0, b"new", epochs=2), lambda: artifacts.keep_model(0, b"new")):
        with pytest.raises(RunError, match="another driver has taken this run over"):
            put()
    assert files(log) == ["trial-00000-epoch-0001.checkpoint"]
    other.close()


def test_a_run_taken_over_while_the_disk_was_full_is_left_alone(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = Artifacts(log, cap=100)
    artifacts.keep_checkpoint(0, b"old", epochs=1)

    def full(path: Path, payload: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def take_over(error: OSError) -> None:
        taken.append(RunLog.open(log.directory, take_over=True))
        monkeypatch.undo()

    taken: list[RunLog] = []
    log.on_full = take_over
    monkeypatch.setattr("sweeps.artifacts.write_whole", full)
    with pytest.raises(RunError, match="another driver has taken this run over"):
        artifacts.keep_checkpoint(0, b"new", epochs=2)
    assert files(log) == ["trial-00000-epoch-0001.checkpoint"]
    taken[0].close()


def test_what_a_kill_left_half_written_goes_at_the_next_resume(log: RunLog) -> None:
    Artifacts(log, cap=100).keep_checkpoint(0, b"old", epochs=1)
    (log.directory.artifacts / ".trial-00000-epoch-0002.checkpoint.4711").write_bytes(b"ha")
    again(log)
    assert files(log) == ["trial-00000-epoch-0001.checkpoint"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_event(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = Artifacts(log, cap=100)
    artifacts.keep_checkpoint(0, b"old", epochs=1)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        artifacts.keep_checkpoint(0, b"new", epochs=2)
    monkeypatch.undo()
    assert files(log) == ["trial-00000-epoch-0001.checkpoint"]
    assert artifacts.checkpoint(0) == b"old"
    assert len(written(log)) == 1


def test_a_trial_has_one_checkpoint_and_none_when_it_has_ended(log: RunLog) -> None:
    artifacts = Artifacts(log, cap=100)
    artifacts.keep_checkpoint(0, b"one", epochs=1)
    artifacts.keep_checkpoint(1, b"other", epochs=1)
    artifacts.keep_checkpoint(0, b"two", epochs=2)
    assert files(log) == ["trial-00000-epoch-0002.checkpoint", "trial-00001-epoch-0001.checkpoint"]
    assert artifacts.checkpoint(0) == b"two"
    artifacts.forget(0)
    assert files(log) == ["trial-00001-epoch-0001.checkpoint"]
    artifacts.forget(0)


def test_a_checkpoint_beyond_the_cap_is_left_out_and_said_so(log: RunLog) -> None:
    artifacts = Artifacts(log, cap=8)
    assert artifacts.keep_checkpoint(0, b"12345", epochs=5)
    assert not artifacts.keep_checkpoint(1, b"1234", epochs=5)
    assert artifacts.keep_checkpoint(0, b"12345678", epochs=10), "its own last one makes room"
    (left_out,) = read_run(log.directory.path).resources
    assert (left_out.kind, left_out.number) == ("checkpoint_cap", 1)
    assert left_out.detail == "4 bytes after epoch 5 not kept: 5 of 8 are in use"
    artifacts.forget(0)
    assert artifacts.keep_checkpoint(1, b"1234", epochs=10)


def test_the_next_driver_takes_up_what_is_whole_and_removes_the_rest(
    log: RunLog, make_spec: Callable[..., TrialSpec]
) -> None:
    log.append(make_spec(2))
    artifacts = Artifacts(log, cap=100)
    for number in (0, 1, 2):
        artifacts.keep_checkpoint(number, b"good", epochs=3)
    (log.directory.artifacts / "trial-00001-epoch-0003.checkpoint").write_bytes(b"bad!")
    (log.directory.artifacts / "trial-00000-epoch-0006.checkpoint").write_bytes(b"written, but never named")
    ended = TrialEnded(
        number=2, attempt=1, state="failed", value=None, epochs=3, step=3, last={}, best_value=None, best_epoch=None
    )
    log.append(ended)
    taken, history = again(log)
    assert {number: event.epochs for number, event in usable_checkpoints(history).items()} == {0: 3}
    assert files(log) == ["trial-00000-epoch-0003.checkpoint"]
    assert taken.checkpoint(0) == b"good"


def test_a_checkpoint_changed_while_a_sweep_runs_is_not_used(log: RunLog) -> None:
    artifacts = Artifacts(log, cap=100)
    artifacts.keep_checkpoint(0, b"good", epochs=3)
    (log.directory.artifacts / "trial-00000-epoch-0003.checkpoint").write_bytes(b"bad!")
    with pytest.raises(RunError, match=r"trial-00000-epoch-0003.checkpoint: is gone or was changed; resume"):
        artifacts.checkpoint(0)
