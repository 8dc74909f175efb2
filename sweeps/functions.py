"""A user's own functions: found by the name that stands in the sweep file, and blamed by it in messages."""

from __future__ import annotations

import importlib
import multiprocessing
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sweeps.errors import ConfigError


def import_function(path: str, *, key: str) -> Callable[..., Any]:
    """The function that `package.module:function` names.

    Args:
        path: As it stands in the sweep file.
        key: Where it stands there, for messages.

    Raises:
        ConfigError: If it cannot be imported, or is no function.
    """
    module, _, name = path.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except BaseException as error:  # a user's module may do anything while it is imported
        if is_interrupt(error):
            raise
        raise ConfigError(f"{key}: cannot import {path!r}: {in_words(error)}") from None
    if not callable(function):
        raise ConfigError(f"{key}: {path!r} must be a function, got {type(function).__name__}")
    return function  # type: ignore[no-any-return]


def is_interrupt(error: BaseException) -> bool:
    """Whether this is a person's Ctrl-C: it is heard in the driver alone, so in its child a user's code has raised."""
    return isinstance(error, KeyboardInterrupt) and multiprocessing.parent_process() is None


def in_words(error: BaseException) -> str:
    """What was raised, on one line: its type and its message."""
    try:
        words = " ".join(str(error).split())
    except Exception as another:
        words = f"(its message cannot be had: {type(another).__name__})"
    return f"{type(error).__name__}: {words}".removesuffix(": ")


def place_of(error: BaseException, function: Callable[..., Any]) -> str:
    """The last line of the function's own module that an exception came through: ` (mine.py, line 12)`."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" ({Path(file).name}, line {lines[-1]})" if file and lines else ""
