"""The reading side must work where the machine's libraries are absent, and `import reports` must cost nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

MACHINE = ("ray", "keras", "tensorflow", "optuna", "jax", "torch", "sweeps.cli", "sweeps.loop")
MODULES = (
    "captions dashboard export figures grids guard page parallel placing rollup summary tables theme traces views words"
)


def loaded(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_module_loads_the_machine() -> None:
    modules = loaded("import " + ", ".join(f"reports.{name}" for name in MODULES.split()))
    assert "reports.dashboard" in modules
    assert modules.isdisjoint(MACHINE)


def test_importing_the_package_is_light() -> None:
    assert loaded("import reports").isdisjoint({*MACHINE, "pandas", "plotly", "dash", "numpy", "jinja2"})


def test_every_public_name_is_found() -> None:
    import reports

    for name in reports.__all__:
        assert getattr(reports, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    import reports

    with pytest.raises(AttributeError, match="no attribute 'pie_chart'"):
        _ = reports.pie_chart
