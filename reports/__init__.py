"""The reading side: what a run's log says, as tables, figures, one HTML page, a live dashboard and exported configs.

It reads a run directory and nothing else, so it works on a running sweep, after a crash, and on a machine without
Ray, Keras or Optuna. `import reports` loads neither pandas nor Plotly nor Dash: every name is fetched on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.dashboard import create_app, serve
    from reports.export import export_best, trials_without_model
    from reports.page import build_page, write_report
    from reports.tables import Tables

__all__ = [
    "Tables",
    "build_page",
    "create_app",
    "export_best",
    "serve",
    "trials_without_model",
    "write_report",
]

_HOMES = {
    "Tables": "reports.tables",
    "build_page": "reports.page",
    "create_app": "reports.dashboard",
    "export_best": "reports.export",
    "serve": "reports.dashboard",
    "trials_without_model": "reports.export",
    "write_report": "reports.page",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
