"""Runs one function in a child process of its own, with its own environment: Keras stays out of the driver's."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from typing import Any

from sweeps.environment import process_environment
from sweeps.errors import WorkerError


def run_in_child(function: str, *args: Any, cpus: float = 1, gpus: float = 0, **kwargs: Any) -> Any:
    """Call `module:function` in a fresh process, and return what it returns.

    Args:
        function: What to call, importable there.
        args: Passed on.
        cpus: Cores of the process, one thread each.
        gpus: GPUs that it may see; 0 hides all.
        kwargs: Passed on.

    Raises:
        WorkerError: If the process dies or exits; the last lines it printed are in the message.
        Exception: Whatever the function raises.
    """
    environment = process_environment(cpus=cpus, gpus=gpus)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        with ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare,
            initargs=(environment, str(output)),
        ) as pool:
            try:
                return pool.submit(_call, function, args, kwargs).result()
            except BrokenProcessPool:
                tail = " ".join(output.read_text(errors="replace").split()[-60:]) if output.exists() else ""
                raise WorkerError(f"the process that runs {function} died: {tail or 'it printed nothing'}") from None


def _prepare(environment: Mapping[str, str], output: str) -> None:
    os.environ.update(environment)
    # What a backend prints while it starts is noise, until the process dies of it.
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)


def _call(function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    module, _, name = function.partition(":")
    target: Callable[..., Any] = getattr(import_module(module), name)
    try:
        return target(*args, **kwargs)
    except SystemExit as error:
        raise WorkerError(f"{function}: something it calls has left by sys.exit({error.code!r})") from None
