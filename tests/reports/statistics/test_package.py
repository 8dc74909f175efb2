"""What holds for all of the package: what it imports, what it lists, and that it leaves numpy's own dice alone."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reports import statistics

HERE = Path(statistics.__file__).parent


def test_nothing_but_numpy_and_scipy_is_imported() -> None:
    for path in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
                for name in names:
                    known = name.partition(".")[0] in {*sys.stdlib_module_names, "numpy", "scipy"}
                    assert known or name.startswith("reports.statistics."), f"{path.name} imports {name}"


def test_it_loads_without_the_rest() -> None:
    code = "import reports.statistics, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"pandas", "plotly", "optuna", "sweeps", "dash", "ray", "keras", "sklearn"})


def test_the_contents_are_complete() -> None:
    assert sorted(statistics.__all__) == sorted(set(statistics.__all__))
    for name in statistics.__all__:
        assert hasattr(statistics, name)


@pytest.mark.parametrize("name", [name for name in statistics.__all__ if inspect.isfunction(getattr(statistics, name))])
def test_every_function_says_what_it_computes_and_refuses(name) -> None:
    text = inspect.getdoc(getattr(statistics, name)) or ""
    assert "Raises:" in text
    housekeeping = {"match_pairs", "fewest_pairs", "relative_reduction", "detectable_difference"}
    assert "Source:" in text or name in housekeeping


def test_numpys_own_dice_are_left_alone(a, b) -> None:
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    rng = np.random.default_rng(0)
    statistics.bootstrap(np.mean, a, rng=rng, draws=50)
    statistics.sign_flip_p(np.arange(60), rng=rng, draws=50)
    statistics.shuffled_best_by_cost(a, b, budgets=[1, 2], rng=rng, draws=50)
    statistics.crossed_bootstrap([a, b], rng=rng, draws=50)
    statistics.paired_comparison(a, b, margin=0.001)
    assert (np.random.get_state()[1] == before).all()
