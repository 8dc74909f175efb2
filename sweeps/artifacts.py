"""The files that workers send: models that stay, and checkpoints that are kept while their trial runs.

A file is written whole before an event names it, so that an event never names what is not there. One that may be made
again with another content has its digest in its name, so that no later one takes the place of what an event names.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import Self

from sweeps.errors import RunError
from sweeps.history import History
from sweeps.records import ArtifactWritten, ResourceEvent
from sweeps.runlog import RunDirectory, RunLog, write_whole

_SUFFIX = ".checkpoint"


class Artifacts:
    """Writes below a run's `artifacts/`, and holds one checkpoint at most for each unfinished trial.

    Args:
        log: Of the run.
        cap: Bytes that all checkpoints together may take.
    """

    def __init__(self, log: RunLog, *, cap: float) -> None:
        self._log, self._cap = log, cap
        self._checkpoints: dict[int, ArtifactWritten] = {}

    @classmethod
    def of(cls, log: RunLog, history: History, *, cap: float) -> Self:
        """Take up the checkpoints that an earlier driver left; what is damaged, or of no use any more, is removed."""
        artifacts = cls(log, cap=cap)
        artifacts._checkpoints = usable_checkpoints(history)
        used = {written.path for written in artifacts._checkpoints.values()}
        for path in log.directory.artifacts.glob(f"*{_SUFFIX}*"):  # halves that a kill has left among them
            if f"{log.directory.artifacts.name}/{path.name}" not in used:
                path.unlink(missing_ok=True)
        return artifacts

    def keep_model(self, number: int, payload: bytes) -> None:
        """Keep a trial's model: for good."""
        self._write(number, "model", f"trial-{number:05d}-model.keras", payload)

    def keep_file(self, number: int | None, name: str, payload: bytes) -> None:
        """Keep what a worker made of a trial beside its model (`predictions.npz`), or of all of them: for good."""
        kind, _, suffix = name.partition(".")
        file = f"{kind}-{_digest(payload)[:12]}.{suffix}"
        self._write(number, kind, file if number is None else f"trial-{number:05d}-{file}", payload)

    def keep_checkpoint(self, number: int, payload: bytes, *, epochs: int) -> bool:
        """Keep a running trial's checkpoint in the place of its last one; False if all together would pass the cap."""
        before = self._checkpoints.get(number)
        others = sum(written.bytes for other, written in self._checkpoints.items() if other != number)
        if others + len(payload) > self._cap:
            detail = f"{len(payload):,} bytes after epoch {epochs} not kept: {others:,} of {self._cap:,.0f} are in use"
            self._log.append(ResourceEvent(kind="checkpoint_cap", number=number, worker=None, detail=detail))
            return False
        name = f"trial-{number:05d}-epoch-{epochs:04d}{_SUFFIX}"
        self._checkpoints[number] = self._write(number, "checkpoint", name, payload, epochs=epochs)
        if before and before.path != self._checkpoints[number].path:
            self._remove(before)
        return True

    def checkpoint(self, number: int) -> bytes:
        """A trial's checkpoint.

        Raises:
            RunError: If its file is gone or damaged: somebody else was at it while the sweep ran.
        """
        payload = read_artifact(self._log.directory, self._checkpoints[number])
        if payload is None:
            path = self._log.directory.path / self._checkpoints[number].path
            raise RunError(f"{path}: is gone or was changed; resume the sweep, and its trial begins anew")
        return payload

    def forget(self, number: int) -> None:
        """Remove the checkpoint of a trial that has ended, if it has one."""
        written = self._checkpoints.pop(number, None)
        if written:
            self._remove(written)

    def _write(
        self, number: int | None, kind: str, name: str, payload: bytes, *, epochs: int | None = None
    ) -> ArtifactWritten:
        folder = self._log.directory.artifacts

        def write() -> None:
            self._log.check_ours()  # each time: while the disk was full, the run may have been taken over
            write_whole(folder / name, payload)

        self._log.patiently(write)
        event = ArtifactWritten(
            number=number,
            kind=kind,
            path=f"{folder.name}/{name}",
            digest=_digest(payload),
            bytes=len(payload),
            epochs=epochs,
        )
        self._log.append(event)
        return event

    def _remove(self, written: ArtifactWritten) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._log.directory.path / written.path).unlink()


def usable_checkpoints(history: History) -> dict[int, ArtifactWritten]:
    """The checkpoints of unfinished trials whose files are what the log says."""
    found = {number: trial.artifacts.get("checkpoint") for number, trial in history.trials.items() if not trial.ended}
    return {
        number: written
        for number, written in found.items()
        if written is not None and read_artifact(history.directory, written) is not None
    }


def read_artifact(directory: RunDirectory, written: ArtifactWritten) -> bytes | None:
    """A file of the run; None if it is gone or not what was written."""
    try:
        payload = (directory.path / written.path).read_bytes()
    except OSError:
        return None
    return payload if _digest(payload) == written.digest else None


def _digest(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()
