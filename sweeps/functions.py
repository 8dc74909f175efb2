"""A user's own functions: found by the name that stands in the sweep file, and blamed by it in messages."""

from __future__ import annotations

import filecmp
import importlib.util
import multiprocessing
import sys
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


def check_not_hidden(path: str, *, key: str) -> None:
    """Refuse a function whose name seems to mean a file of the current directory, and does not.

    Not for workers, where that directory is a copy. A file that is equal to the imported one is a copy too.

    Raises:
        ConfigError: If another module of that name is found first: one of Python's, an installed one, one of ours.
    """
    module = path.partition(":")[0]
    top = module.partition(".")[0]
    tops, deeper = _files_of(top), _files_of(module.replace(".", "/"))
    own = next((file for file in (*tops, *deeper) if file.is_file()), None)
    known = sys.modules.get(top)
    spec = known.__spec__ if known else importlib.util.find_spec(top)
    if own is None or spec is None or spec.origin is None:  # nothing to hide, nothing found, or folders side by side
        return
    found = Path(spec.origin) if spec.has_location else None
    if found and (found.resolve() in tops or filecmp.cmp(found, own, shallow=False)):
        return
    raise ConfigError(
        f"{key}: {path!r} must be in a module that no other hides, got {own}, hidden by {found or 'one of Python'}; "
        "rename the first"
    )


def _files_of(module: str) -> tuple[Path, Path]:
    """Where the code of a module of the current directory may lie."""
    stem = Path.cwd().resolve() / module
    return stem.with_name(f"{stem.name}.py"), stem / "__init__.py"


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
