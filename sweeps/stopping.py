"""How a sweep comes to rest before its budget is met: asked by a person, out of time, or out of room on the disk."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from typing import Literal, Self, TypeAlias

Reason: TypeAlias = Literal["interrupted", "time limit"]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_AGAIN, _REMIND = 5.0, 600.0


@contextlib.contextmanager
def handled(handler: Callable[..., object]) -> Iterator[None]:
    """Have the signals that end a process handled, but for those that it was started to ignore, as by `nohup`."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = {number: old for number, old in before.items() if old is not signal.SIG_IGN}
    for number in heard:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in heard.items():
            signal.signal(number, old)


class Stop:
    """Says whether a sweep should stop. As a context it listens to Ctrl-C, SIGTERM and SIGHUP: the
    first asks, the second ends.

    Args:
        seconds: After which the sweep should stop by itself; None for never.
        say: Told when it is asked to.

    Attributes:
        reason: Why it should stop; None while it should not.
    """

    def __init__(self, seconds: float | None = None, *, say: Callable[[str], None] = lambda line: None) -> None:
        self.reason: Reason | None = None
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._say = say
        self._say_again = 0.0

    def __call__(self) -> bool:
        """Whether nothing should be begun any more."""
        if self.reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self._ask("time limit")
        return self.reason is not None

    def __enter__(self) -> Self:
        self._handled = handled(self._on_signal)
        self._handled.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._handled.__exit__(None, None, None)

    def wait_for_room(self, error: OSError) -> None:
        """Pause because the disk is full; raise the error once the sweep is asked to stop."""
        if self():
            raise error
        if time.monotonic() >= self._say_again:
            self._say(
                f"{error.strerror}: paused, nothing is lost; the sweep goes on once there is room, or ends with Ctrl-C"
            )
            self._say_again = time.monotonic() + _REMIND
        time.sleep(_LOOK_AGAIN)

    def _on_signal(self, *_: object) -> None:
        if self.reason == "interrupted":
            raise KeyboardInterrupt
        self._ask("interrupted")

    def _ask(self, reason: Reason) -> None:
        self.reason = reason
        more = "again" if reason == "interrupted" else "twice"
        self._say(f"stopping ({reason}): the epochs under way are finished and kept; Ctrl-C {more} ends at once")
