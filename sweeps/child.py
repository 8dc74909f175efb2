"""Runs one function in a child process of its own, with its own environment: Keras stays out of the driver's."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from sweeps.environment import process_environment, quick_imports
from sweeps.errors import WorkerError


class Child:
    """A fresh process that imports a function while its caller does something else. As a context it ends with it.

    Args:
        function: `module:function`, importable there.
        cpus: Cores of the process, one thread each.
        gpus: GPUs that it may see; 0 hides all.
    """

    def __init__(self, function: str, *, cpus: float = 1, gpus: float = 0) -> None:
        self._function = function
        self._environment = process_environment(cpus=cpus, gpus=gpus)

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
            self._pid: Future[int] = self._pool.submit(os.getpid)
            self._pool.submit(_import, self._function)
            self._stack = stack.pop_all()
        return self

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function there, and return what it returns.

        Raises:
            WorkerError: If the process dies or exits; the last lines it printed are in the message.
            Exception: Whatever the function raises.
        """
        try:
            return self._pool.submit(_call, self._function, args, kwargs).result()
        except BrokenProcessPool:
            tail = " ".join(self._output.read_text(errors="replace").split()[-60:]) if self._output.exists() else ""
            raise WorkerError(f"the process that runs {self._function} died: {tail or 'it printed nothing'}") from None

    def __exit__(self, *_: object) -> None:
        # It may still import, or be about to tear a backend down: nobody waits for either.
        with contextlib.suppress(BrokenProcessPool, ProcessLookupError):
            os.kill(self._pid.result(), signal.SIGKILL)
        self._stack.close()


def run_in_child(function: str, *args: Any, cpus: float = 1, gpus: float = 0, **kwargs: Any) -> Any:
    """Call `module:function` in a `Child` that lives for nothing else.

    Raises:
        WorkerError: If the process dies or exits; the last lines it printed are in the message.
        Exception: Whatever the function raises.
    """
    with Child(function, cpus=cpus, gpus=gpus) as child:
        return child.call(*args, **kwargs)


def _prepare(environment: Mapping[str, str], output: str) -> None:
    os.environ.update(environment)
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
    except SystemExit as error:
        raise WorkerError(f"{function}: something it calls has left by sys.exit({error.code!r})") from None
