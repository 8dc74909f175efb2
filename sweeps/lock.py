"""Who drives a run: the process that holds its lock file. The lock goes with the process, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import AbstractContextManager
from pathlib import Path

from sweeps.errors import RunError

_TRIES, _PAUSE = 20, 0.05


_DRIVEN = (
    "another driver is running this sweep; wait for it, stop it first, or take the run from it with "
    "`capsweep resume --take-over`"
)


def take(path: Path, *, refusal: str = _DRIVEN) -> int:
    """Take a lock that nobody holds; a handle that holds it until it is closed.

    Raises:
        RunError: If a living process holds it, saying the `refusal`.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)  # whoever looks whether the run is driven holds the lock for an instant
        else:
            return lock
    os.close(lock)
    raise RunError(f"{path.parent}: {refusal}")


def take_over_from(path: Path, between_events: AbstractContextManager[object]) -> int:
    """Put a new lock in the place of one, whoever holds that.

    Args:
        path: Of the lock.
        between_events: In which nobody writes to the run's log.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    lock = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o666)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with between_events:
        fresh.replace(path)
    return lock


def check_held(path: Path, lock: int) -> None:
    """Refuse to go on once another driver has put a lock of its own in the place of ours.

    Raises:
        RunError: If so.
    """
    try:
        is_ours = os.path.samestat(path.stat(), os.fstat(lock))
    except FileNotFoundError:
        is_ours = False
    if not is_ours:
        raise RunError(f"{path.parent}: another driver has taken this run over; nothing more is written here")


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        lock = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
