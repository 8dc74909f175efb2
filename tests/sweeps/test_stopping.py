"""How a sweep is asked to stop; what comes of it is in the tests of the driver and of the command."""

from __future__ import annotations

import os
import signal

import pytest

from sweeps.stopping import Stop

ASKING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", ASKING)
def test_each_signal_that_ends_a_process_asks_first(number: signal.Signals) -> None:
    said: list[str] = []
    before = signal.getsignal(number)
    with Stop(say=said.append) as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        assert stop.reason == "interrupted"
        assert said
    assert signal.getsignal(number) is before


def test_a_signal_that_the_process_was_started_to_ignore_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
