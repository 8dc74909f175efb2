"""All processes of a run, those included that leave their parents, as Ray's do. Linux only: it reads /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessTree:
    """Every process whose environment holds a mark.

    Args:
        mark: A word that no other process has.

    Attributes:
        peak: Most resident bytes of all together, at any sample.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()
        self._marked: dict[tuple[str, bytes], bool] = {}
        self._cpu: dict[tuple[str, bytes], float] = {}
        self.peak = 0

    def sample(self) -> None:
        """Look once; to be called several times a second."""
        resident = sum(int((_read(f"{pid}/statm").split() or [b"0", b"0"])[1]) * _PAGE for pid in self._living())
        self.peak = max(self.peak, resident)

    def cpu_seconds(self) -> float:
        """Of all processes seen, up to the last look at each."""
        return sum(self._cpu.values())

    def end(self) -> None:
        """Have every one of them end, by force after two seconds."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._living():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), number)
            time.sleep(2)

    def _living(self) -> Iterator[str]:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            fields = _read(f"{pid}/stat").rpartition(b") ")[2].split()
            if not fields or fields[0] == b"Z":
                continue
            key = (pid, fields[19])
            # Between fork and exec a process still has the environment of its parent: look again until it has ours.
            if not self._marked.get(key):
                self._marked[key] = self._mark in _read(f"{pid}/environ")
            if self._marked[key]:
                self._cpu[key] = (int(fields[11]) + int(fields[12])) / _TICK
                yield pid


def _read(name: str) -> bytes:
    try:
        return (Path("/proc") / name).read_bytes()
    except OSError:
        return b""
