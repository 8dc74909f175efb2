"""What needs a process of its own: what the import loads, and the other backend."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import need

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BACKEND_MODULES = (
    *("test_routing.py", "test_gradient.py", "test_numerics.py", "test_windows.py", "test_compile.py"),
    *("test_pooling.py", "test_soft_pooling.py", "test_saving.py"),
)
# Call by call, JAX compiles every operation for every shape; compiled as a whole the same cases are tried there too. Of
# the dtypes that are neither float32 nor left to Keras only the narrowest precision.
SLOW_THERE = "not every_case and not finite_differences and not float64 and (bfloat16 or not float16)"


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def imported(node: ast.AST) -> set[str]:
    """Top-level names of the packages imported anywhere below a node."""
    found = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            found |= {alias.name.split(".")[0] for alias in child.names}
        elif isinstance(child, ast.ImportFrom):
            found.add((child.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "capsule_layer").glob("*.py")), ids=lambda path: path.name)
def test_only_keras_and_numpy_are_imported_and_backends_in_one_place(path):
    allowed = {"keras", "numpy", "capsule_layer", *sys.stdlib_module_names}
    backends = {"tensorflow", "jax"} if path.name == "compile.py" else set()
    assert imported(ast.parse(path.read_text())) - allowed == backends


def test_import_loads_nothing_else_of_the_project():
    code = (
        "import sys, capsule_layer\n"
        "others = {'ray', 'optuna', 'plotly', 'sweeps', 'search_spaces', 'reports'}\n"
        "print(sorted(others & {name.split('.')[0] for name in sys.modules}), 'keras' in sys.modules)"
    )
    result = python("-c", code, TF_CPP_MIN_LOG_LEVEL="3")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split("\n")[0] == "[] True"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_everything_that_touches_the_backend_passes_under(backend):
    if importlib.util.find_spec(backend) is None:
        # The test extra brings JAX; torch is tested where somebody installed it.
        need(backend != "jax", "the package jax")
        pytest.skip(f"needs the package {backend}")
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        pytest.skip("another backend runs these tests in this process already")
    modules = [str(HERE / name) for name in BACKEND_MODULES]
    # The shapes are tiny and compiled once each: the time is the compiler's.
    environment = {
        "KERAS_BACKEND": backend,
        "JAX_ENABLE_X64": "1",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    result = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", SLOW_THERE, *modules, **environment)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
