"""Runs one function in a child process of its own, with its own environment: Keras stays out of the driver's."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from sweeps.environment import process_environment, quick_imports
from sweeps.errors import WorkerError
from sweeps.functions import in_words

_SECONDS_TO_DIE = 5
# A line that TensorFlow or XLA logs, below the one that tells of a fatal error; absl's words on where its log goes.
_NOISE = re.compile(r"\d{4}-\d\d-\d\d [\d:.]+: [IWE] |[IWE]\d{4} \d\d:\d\d:|WARNING: All log messages before absl")


class Child:
    """A fresh process that imports a function while its caller does something else. As a context it ends with it.

    Args:
        function: `module:function`, importable there.
        cpus: Cores of the process, one thread each.
        gpus: GPUs that it may see; 0 hides all.
        on_death: Makes the error where the process dies, from words on how; a WorkerError that names `function` if not
            given.
    """

    def __init__(
        self, function: str, *, cpus: float = 1, gpus: float = 0, on_death: Callable[[str], Exception] | None = None
    ) -> None:
        self._function = function
        self._environment = process_environment(cpus=cpus, gpus=gpus)
        self._on_death = on_death or (lambda words: WorkerError(f"the process that runs {function} died, {words}"))

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._output = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "output"
            self._pool = stack.enter_context(
                ProcessPoolExecutor(
                    max_workers=1,
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=_prepare,
                    initargs=(self._environment, str(self._output)),
                )
            )
            others = multiprocessing.active_children()
            self._pid: Future[int] = self._pool.submit(os.getpid)
            self._process = next(process for process in multiprocessing.active_children() if process not in others)
            self._pool.submit(_import, self._function)
            self._stack = stack.pop_all()
        return self

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function there, and return what it returns.

        Raises:
            WorkerError: If the process dies, or what `on_death` makes; the last words it printed are in the message.
            Exception: Whatever the function raises.
        """
        try:
            return self._pool.submit(_call, self._function, args, kwargs).result()
        except BrokenProcessPool:
            raise self._on_death(f"{self._manner_of_death()}: {self._last_words()}") from None

    def _manner_of_death(self) -> str:
        give_up = time.monotonic() + _SECONDS_TO_DIE
        while (code := self._process.exitcode) is None and time.monotonic() < give_up:
            time.sleep(0.01)  # the pool waits for the process too, and only one of us is told
        if code is None or code >= 0:
            return "exit code unknown" if code is None else f"exit code {code}"
        return f"by {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"by signal {-code}"

    def _last_words(self) -> str:
        """What the process printed last, without the log of a backend, unless that is of what killed it."""
        text = self._output.read_text(errors="replace") if self._output.exists() else ""
        words = [word for line in text.splitlines() if not _NOISE.match(line) for word in line.split()]
        return " ".join(words[-60:]) or "it printed nothing"

    def __exit__(self, *_: object) -> None:
        # It may still import, or be about to tear a backend down: nobody waits for either.
        with contextlib.suppress(BrokenProcessPool, ProcessLookupError):
            os.kill(self._pid.result(), signal.SIGKILL)
        self._stack.close()


def run_in_child(
    function: str,
    *args: Any,
    cpus: float = 1,
    gpus: float = 0,
    on_death: Callable[[str], Exception] | None = None,
    **kwargs: Any,
) -> Any:
    """Call `module:function` in a `Child` that lives for nothing else.

    Raises:
        WorkerError: If the process dies, or what `on_death` makes; the last words it printed are in the message.
        Exception: Whatever the function raises.
    """
    with Child(function, cpus=cpus, gpus=gpus, on_death=on_death) as child:
        return child.call(*args, **kwargs)


def _prepare(environment: Mapping[str, str], output: str) -> None:
    os.environ.update(environment)
    # Ctrl-C reaches this process too: the caller hears it, and ends the process. A handler that does nothing, unlike
    # an ignored signal, is not handed on to programs that a user's code starts.
    signal.signal(signal.SIGINT, lambda *_: None)
    # What a backend prints while it starts is noise, until the process dies of it.
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)


def _import(function: str) -> None:
    with quick_imports():
        import_module(function.partition(":")[0])


def _call(function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    _import(function)
    module, _, name = function.partition(":")
    target: Callable[..., Any] = getattr(import_module(module), name)
    try:
        return target(*args, **kwargs)
    except Exception:
        raise
    except BaseException as error:  # the caller must not take it for one of its own
        raise WorkerError(f"{function}: something it calls has raised {in_words(error)}") from None
