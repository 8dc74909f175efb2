"""The sweep file: one YAML document that says what is asked, of which model and data, and with which means.

`sweep` joins the sections that the other modules hold, one for each part of the question; `document` reads YAML, puts
files together and replaces single keys. Every key is checked before anything is started, and an unknown one is refused
with the known ones listed. What needs a library to be checked (a sampler's settings, a model's metrics) is checked by
the part that owns the library.
"""

from sweeps.config.machine import FaultsConfig, WorkersConfig
from sweeps.config.objective import COSTS, Bound, ObjectiveConfig, Target
from sweeps.config.phases import ConfirmConfig, ControlsConfig, Rule, SwapConfig
from sweeps.config.question import DatasetConfig, ModelConfig
from sweeps.config.search import SearchConfig
from sweeps.config.section import Named
from sweeps.config.shifts import Shift, ShiftsConfig
from sweeps.config.sweep import SweepConfig
from sweeps.config.training import Schedule, TrainingConfig

__all__ = [
    "COSTS",
    "Bound",
    "ConfirmConfig",
    "ControlsConfig",
    "DatasetConfig",
    "FaultsConfig",
    "ModelConfig",
    "Named",
    "ObjectiveConfig",
    "Rule",
    "Schedule",
    "SearchConfig",
    "Shift",
    "ShiftsConfig",
    "SwapConfig",
    "SweepConfig",
    "Target",
    "TrainingConfig",
    "WorkersConfig",
]
