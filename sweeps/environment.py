"""What a training process must find around it: our code and the user's, the backend's choice, threads, GPUs."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sweeps.errors import WorkerError

_PACKAGES = ("capsule_layer", "search_spaces", "sweeps")
_PASSED_ON = ("KERAS_BACKEND", "KERAS_HOME")
_NOT_CODE = [".git", ".venv", "venv", "__pycache__", "node_modules", "runs", "*.npz", "*.keras", "*.parquet"]
# The rest is for what a process takes beside its arrays: contexts, kernels, libraries.
USED_OF_A_SHARE = 0.9
_UNUSED = ("pandas", "sklearn")
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")  # the last: JAX


def local_environment(*, cpus: float, gpus: float, backend: str | None = None) -> dict[str, str]:
    """Variables of Ray's processes on this machine.

    The current directory is not among the places where they look for code: what a user's file is called there is
    nothing to Ray. Workers add it behind all others, as the driver does.

    Args:
        cpus: Of each worker.
        gpus: Of each worker.
        backend: Of Keras, as the preflight found it; None leaves it to what the environment says.
    """
    places = filter(None, (str(_folder_of("sweeps").parent), os.environ.get("PYTHONPATH")))
    variables = process_environment(cpus=cpus, gpus=gpus) | {"PYTHONPATH": os.pathsep.join(places)}
    return variables | {"KERAS_BACKEND": backend} if backend else variables


def cluster_environment(*, backend: str | None = None) -> dict[str, Any]:
    """Ray's runtime environment of a sweep on a cluster, to which our packages and the current directory are uploaded.

    Args:
        backend: Of Keras, as the preflight found it here; None passes on what the environment says.
    """
    variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if backend:
        variables["KERAS_BACKEND"] = backend
    packages = [str(_folder_of(name)) for name in _PACKAGES]
    return {"env_vars": variables, "working_dir": os.getcwd(), "excludes": _NOT_CODE, "py_modules": packages}


def process_environment(*, cpus: float, gpus: float, all_memory: bool = False) -> dict[str, str]:
    """What must be set before a backend is imported: a thread for each core, no GPU or a share of one's memory.

    Args:
        cpus: Of the process.
        gpus: Of the process.
        all_memory: Whether to say so where a whole GPU has no limit, because the process would inherit one.
    """
    variables = dict.fromkeys(_THREADS, str(max(1, int(cpus)))) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if not gpus:
        return variables | {"CUDA_VISIBLE_DEVICES": ""}
    if gpus < 1 or all_memory:
        return variables | {"XLA_PYTHON_CLIENT_MEM_FRACTION": f"{gpus * USED_OF_A_SHARE:.3f}"}
    return variables


@contextlib.contextmanager
def set_for_a_while(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, for processes that are started in the meantime."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import a backend in two thirds of its time.

    Python's collector is kept from walking through a million objects again and again. And libraries stay out that
    Keras imports, if they are there, only to know their tables and estimators when it meets them.
    """
    hidden = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: "not to be imported"
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        gc.freeze()
        for name in hidden:
            sys.modules.pop(name, None)


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise WorkerError(f"the package {package} is not installed; install capsweep again")
    return Path(spec.origin).parent
