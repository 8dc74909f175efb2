"""Who may import whom: each heavy library has one place, and nothing reads it on the way to something else."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("capsule_layer", "search_spaces", "sweeps", "reports")
HEAVY = {"ray", "optuna", "sqlalchemy", "keras", "tensorflow", "jax", "torch", "sklearn", "plotly", "dash"}
FRAMES = {"pandas", "scipy", "pyarrow"}


def loaded_by(statement: str) -> set[str]:
    """Every top-level module in memory after the statement, in a process of its own."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "never"),
    [
        ("import sweeps", HEAVY | FRAMES | {"numpy", "pydantic", "yaml"}),
        ("import search_spaces", HEAVY | FRAMES | {"numpy", "pydantic", "yaml", "sweeps"}),
        ("import sweeps.config, sweeps.records, sweeps.runlog, sweeps.history", HEAVY | FRAMES | {"numpy"}),
        ("import sweeps.selection, sweeps.summary, sweeps.cli.console", HEAVY | FRAMES | {"numpy"}),
        ("import sweeps.cli", HEAVY | FRAMES | {"numpy"}),
        ("import sweeps.child, sweeps.environment, sweeps.hardware", HEAVY | FRAMES | {"numpy"}),
        ("import sweeps.search", HEAVY - {"optuna"}),
        ("import sweeps.driver, sweeps.plan, sweeps.retraining", HEAVY - {"optuna"}),
        ("import sweeps.workers.inline, sweeps.loop, sweeps.datasets", HEAVY),
        ("import sweeps.workers.on_ray", HEAVY - {"ray"}),
        ("import sweeps.training.inspection", HEAVY),
        ("import reports", {"ray", "keras", "tensorflow", "jax", "torch", "sklearn"}),
    ],
)
def test_an_import_loads_nothing_it_does_not_need(statement: str, never: set[str]) -> None:
    assert loaded_by(statement) & never == set()


def test_a_leaf_lives_on_the_standard_library() -> None:
    ours = loaded_by("import search_spaces") - loaded_by("pass")
    assert ours - set(sys.stdlib_module_names) == {"search_spaces"}


def test_an_import_has_no_side_effect_on_the_environment() -> None:
    code = "import os; before = dict(os.environ); import sweeps.cli, sweeps.search; print(before == dict(os.environ))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


@cache
def modules() -> dict[str, frozenset[str]]:
    """Each source file of ours, with every module that it imports anywhere."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): frozenset(_imports(path)) for path in sorted(paths)}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(library: str) -> set[str]:
    return {path for path, names in modules().items() if any(f"{name}.".startswith(f"{library}.") for name in names)}


def outside(library: str, *places: str) -> set[str]:
    """Files that import the library though they lie in none of the places."""
    return {path for path in importers(library) if not path.startswith(places)}


def test_the_files_are_found() -> None:
    assert len(modules()) > 50
    assert {path.partition("/")[0] for path in modules()} == set(PACKAGES)


def test_only_the_workers_on_ray_import_it() -> None:
    assert importers("ray") == {f"sweeps/workers/{name}.py" for name in ("actor", "cluster", "crew", "on_ray")}


def test_only_the_search_and_the_importances_import_optuna() -> None:
    assert importers("optuna") - {"reports/importance.py"} == {
        "sweeps/search/arm.py",
        "sweeps/search/draw.py",
        "sweeps/search/mirror_copy.py",
        "sweeps/search/mirror_rows.py",
        "sweeps/search/mirror_storage.py",
        "sweeps/search/mirror_trials.py",
        "sweeps/search/proposals.py",
        "sweeps/search/pruners.py",
        "sweeps/search/samplers.py",
        "sweeps/search/settings.py",
        "sweeps/search/tpe.py",
    }


@pytest.mark.parametrize("library", ["keras", "tensorflow", "jax", "torch"])
def test_only_training_and_the_layer_import_a_backend(library: str) -> None:
    assert outside(library, "capsule_layer/", "sweeps/training/") == set()


def test_only_the_command_line_imports_the_reports_and_only_inside_its_commands() -> None:
    places = outside("reports", "reports/")
    assert places == {"sweeps/cli/commands.py", "sweeps/cli/ending.py"}
    for place in places:
        tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
        at_the_top = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        assert not [name for name in at_the_top if name and name.startswith("reports")]


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("pandas", ("reports/",)),
        ("plotly", ("reports/",)),
        ("dash", ("reports/",)),
        ("scipy", ("reports/", "sweeps/datasets/digits.py")),
        ("sklearn", ("sweeps/datasets/", "reports/ablation.py")),
        ("yaml", ("sweeps/config/document.py", "reports/")),
        ("typer", ("sweeps/cli/",)),
        ("rich", ("sweeps/cli/console.py",)),
        ("sqlalchemy", ("sweeps/search/mirror",)),
    ],
)
def test_each_library_has_its_place(library: str, places: tuple[str, ...]) -> None:
    assert outside(library, *places) == set()


def test_the_leaves_import_none_of_ours() -> None:
    for leaf in ("capsule_layer", "search_spaces"):
        for other in PACKAGES:
            if other != leaf:
                assert not {path for path in importers(other) if path.startswith(f"{leaf}/")}, (leaf, other)


def test_the_reports_read_the_record_and_not_the_machine() -> None:
    read = {
        name
        for path, names in modules().items()
        if path.startswith("reports/")
        for name in names
        if name.startswith("sweeps.")
    }
    allowed = {
        "artifacts",
        "codec",
        "config",
        "errors",
        "history",
        "records",
        "runlog",
        "selection",
        "sharing",
        "summary",
    }
    assert {name.split(".")[1] for name in read} <= allowed


def test_the_loop_knows_none_of_the_libraries() -> None:
    names = {name.partition(".")[0] for name in modules()["sweeps/loop.py"]}
    assert names <= {"__future__", "collections", "dataclasses", "typing", "sweeps"}
