"""What a training process must find around it: our code and the user's, the backend's choice, threads, GPUs."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sweeps.errors import WorkerError

_PACKAGES = ("capsule_layer", "search_spaces", "sweeps")
_PASSED_ON = ("KERAS_BACKEND", "KERAS_HOME")
_NOT_CODE = [".git", ".venv", "venv", "__pycache__", "node_modules", "runs", "*.npz", "*.keras", "*.parquet"]
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def job_environment(*, same_disk: bool, backend: str | None = None) -> dict[str, Any]:
    """Ray's runtime environment of a sweep.

    Args:
        same_disk: Whether every worker runs on this machine; nothing is copied then, whatever the current directory
            holds. On a cluster, our packages and the current directory are uploaded.
        backend: Of Keras, as the preflight found it here; None passes on what the environment says.
    """
    variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if backend:
        variables["KERAS_BACKEND"] = backend
    if same_disk:
        # Ours come first: a user's file may be called as one of our packages is.
        places = filter(None, (str(_folder_of("sweeps").parent), os.getcwd(), os.environ.get("PYTHONPATH")))
        return {"env_vars": variables | {"PYTHONPATH": os.pathsep.join(places)}}
    packages = [str(_folder_of(name)) for name in _PACKAGES]
    return {"env_vars": variables, "working_dir": os.getcwd(), "excludes": _NOT_CODE, "py_modules": packages}


def process_environment(*, cpus: float, gpus: float) -> dict[str, str]:
    """What must be set before a backend is imported: a thread for each core asked for, no GPU unless one was."""
    variables = dict.fromkeys(_THREADS, str(max(1, int(cpus)))) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    return variables if gpus else variables | {"CUDA_VISIBLE_DEVICES": ""}


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise WorkerError(f"the package {package} is not installed; install capsweep again")
    return Path(spec.origin).parent
