"""How a command ends that did not come to its end: one line for whoever sits at the terminal, and an exit code."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from collections.abc import Iterator

from search_spaces import CapsweepError
from sweeps.errors import SweepHaltedError, SweepStoppedError
from sweeps.runlog import DISK_FULL, RunDirectory
from sweeps.stopping import handled

INTERRUPTED = 130
_FAILED, _REFUSED, _OUT_OF_TIME = 1, 2, 3


def complain(line: str) -> None:
    """Write a line where errors go."""
    with contextlib.suppress(OSError):  # whoever should read it has closed the terminal
        print(line, file=sys.stderr)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """End with one message and exit code 2 for a user's error, 1 for a full disk; with a traceback for one of ours."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    except CapsweepError as error:
        _fail(str(error), code=_REFUSED)
    except OSError as error:
        if error.errno in DISK_FULL:
            full = error.filename or "nothing more can be written"
            _fail(f"{full}: {error.strerror}; make room and try again", code=_FAILED)
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}", code=_REFUSED)


@contextlib.contextmanager
def interruptible(directory: RunDirectory) -> Iterator[None]:
    """End a sweep that has not met its budget with a line that says how to go on.

    Exit code 130 after Ctrl-C, SIGTERM or SIGHUP, 3 after the time limit, 1 after a sweep has halted itself.
    """
    try:
        with handled(signal.default_int_handler):
            yield
    except KeyboardInterrupt:
        if directory.events.exists():
            complain(f"interrupted; `capsweep resume {directory.path}` goes on")
        raise SystemExit(INTERRUPTED) from None
    except SweepStoppedError as stopped:
        complain(f"stopped ({stopped}); `capsweep resume {directory.path}` goes on")
        raise SystemExit(INTERRUPTED if str(stopped) == "interrupted" else _OUT_OF_TIME) from None
    except OSError as error:
        if error.errno in DISK_FULL and directory.events.exists():
            complain(f"once there is room, `capsweep resume {directory.path}` goes on")
        raise
    except SweepHaltedError as error:
        _fail(f"{error}\n`capsweep resume {directory.path}` goes on", code=_FAILED)


def _fail(message: str, *, code: int) -> None:
    complain(f"capsweep: {message}")
    sys.exit(code)
