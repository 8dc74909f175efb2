"""The run directory: who owns it, where everything in it lies, and the append-only log of what happened.

Whoever drives the sweep holds the directory's lock for as long as it lives; the lock goes with the process, however it
dies. A single append (an export notes that it happened) needs only the short lock on the log itself.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from sweeps.codec import from_line, to_line
from sweeps.errors import RunError
from sweeps.lock import check_held, is_held, take, take_over_from
from sweeps.records import AnyEvent, SweepStarted, TrialEnded

DISK_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}

Result = TypeVar("Result")


@dataclass(frozen=True)
class RunDirectory:
    """Every path of one sweep."""

    path: Path

    @property
    def events(self) -> Path:
        """The log: one line of JSON an event."""
        return self.path / "events.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the driver."""
        return self.path / "lock"

    @property
    def artifacts(self) -> Path:
        """Models and arrays that workers made, each named by an event."""
        return self.path / "artifacts"

    @property
    def report(self) -> Path:
        """The page built from the log."""
        return self.path / "report.html"

    @property
    def best(self) -> Path:
        """The exported best configs."""
        return self.path / "best"

    @property
    def again(self) -> Path:
        """Single trials that were trained again."""
        return self.path / "again"

    def mirror_lock(self, url: str) -> Path:
        """Held by whoever copies the run's studies to a storage."""
        return self.path / f"mirror-{hashlib.sha256(url.encode()).hexdigest()[:12]}.lock"

    def is_driven(self) -> bool:
        """Whether a living driver holds the run."""
        return is_held(self.lock)

    def check_exists(self) -> None:
        """Refuse a directory that holds no sweep.

        Raises:
            RunError: Saying what is missing.
        """
        if not self.events.is_file():
            raise RunError(f"{self.path}: no run here (there is no {self.events.name}); `capsweep launch` makes one")

    def check_free(self) -> None:
        """Refuse a directory that a new sweep would overwrite.

        Raises:
            RunError: If anything is there already.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            hint = f"`capsweep resume {self.path}` goes on with it, " if self.events.is_file() else ""
            raise RunError(f"{self.path}: exists already; {hint}another --run-dir starts a new one")
        nearest = next(place for place in (self.path, *self.path.absolute().parents) if place.exists())
        if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
            raise RunError(f"{self.path}: cannot be made, {nearest} does not let us write; choose another --run-dir")


class RunLog:
    """The one writer of a run directory, from `create` or `open` until `close`.

    Args:
        directory: Where the run lives.
        on_event: Called with every event after it was written.

    Attributes:
        on_full: Called when the disk is full; the write is tried again if it returns. It raises unless it is replaced.
    """

    def __init__(self, directory: RunDirectory, lock: int, on_event: Callable[[AnyEvent], None]) -> None:
        self.directory = directory
        self.on_full: Callable[[OSError], None] = _give_up
        self._lock = lock
        self._on_event = on_event

    @classmethod
    def create(cls, directory: RunDirectory, *, on_event: Callable[[AnyEvent], None] = lambda event: None) -> Self:
        """Make a new run directory and take it."""
        directory.check_free()
        directory.artifacts.mkdir(parents=True)
        return cls(directory, take(directory.lock), on_event)

    @classmethod
    def open(
        cls,
        directory: RunDirectory,
        *,
        on_event: Callable[[AnyEvent], None] = lambda event: None,
        take_over: bool = False,
    ) -> Self:
        """Take an existing run directory; with `take_over` from a driver that holds it, which can write no more.

        Raises:
            RunError: If there is none, or if a living driver holds it.
        """
        directory.check_exists()
        lock = take_over_from(directory.lock, _locked(directory)) if take_over else take(directory.lock)
        return cls(directory, lock, on_event)

    def append(self, *events: AnyEvent) -> None:
        """Write events, all or none unless the process dies in it; a trial's end is on the disk when this returns.

        Raises:
            RunError: If another driver has taken the run over.
        """
        self.patiently(lambda: append(self.directory, *events, lock=self._lock))
        for event in events:
            self._on_event(event)

    def patiently(self, write: Callable[[], Result]) -> Result:
        """Write something below the run directory, again and again while the disk is full and `on_full` wants it."""
        while True:
            try:
                return write()
            except OSError as error:
                if error.errno not in DISK_FULL:
                    raise
                self.on_full(error)

    def check_ours(self) -> None:
        """Refuse to go on once another driver has taken the run over.

        Raises:
            RunError: If so.
        """
        check_held(self.directory.lock, self._lock)

    def close(self) -> None:
        """Give the run directory back."""
        os.close(self._lock)


def _give_up(error: OSError) -> None:
    raise error


def append(directory: RunDirectory, *events: AnyEvent, lock: int | None = None) -> None:
    """Add a line for each event to a run's log, after cutting off a line that a crash has torn.

    Args:
        directory: The run.
        events: All or none of them are written; the first few if the process dies meanwhile.
        lock: Of the driver who writes; none is needed for a note.

    Raises:
        OSError: If the disk does not take the lines; the log is then as it was before.
        RunError: If the lock is no longer the run's.
    """
    lines = b"".join(map(to_line, events))
    with _locked(directory) as handle:
        if lock is not None:
            check_held(directory.lock, lock)
        _cut_torn_tail(handle)
        _write(handle, lines, durable=any(isinstance(event, SweepStarted | TrialEnded) for event in events))


@contextlib.contextmanager
def _locked(directory: RunDirectory) -> Iterator[int]:
    """The log, while nobody else writes to it."""
    handle = os.open(directory.events, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def read_events(directory: RunDirectory, *, offset: int = 0) -> Iterator[tuple[AnyEvent, int]]:
    """Every whole event from byte `offset` on, each with the offset behind it.

    A last line without its newline is still being written, or was torn by a crash: it is left for the next reading.

    Raises:
        RunError: If there is no log, if it is of a newer schema, or if a line within it is damaged.
    """
    directory.check_exists()
    with directory.events.open("rb") as lines:
        lines.seek(offset)
        for line in lines:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            try:
                event = from_line(line)
            except RunError as error:
                raise RunError(f"{directory.events}: byte {offset - len(line)}: {error}") from None
            yield event, offset


def write_whole(path: Path, payload: bytes) -> None:
    """Write a file beside its place and rename it: readers see all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _cut_torn_tail(handle: int) -> None:
    size = os.fstat(handle).st_size
    if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
        return
    step, end = 65536, size
    while end > 0:
        start = max(0, end - step)
        newline = os.pread(handle, end - start, start).rfind(b"\n")
        if newline >= 0:
            os.ftruncate(handle, start + newline + 1)
            return
        end = start
    os.ftruncate(handle, 0)


def _write(handle: int, line: bytes, *, durable: bool) -> None:
    size = os.fstat(handle).st_size
    try:
        written = os.write(handle, line)
        if written != len(line):
            raise OSError(errno.ENOSPC, "No space left on device")
        if durable:
            _sync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise


def _sync(handle: int) -> None:
    """Bring bytes and length to the disk; not when they were changed, which costs several times as much."""
    getattr(os, "fdatasync", os.fsync)(handle)
