"""What may be searched: domains, conditions, and the spaces and sweep files that come ready-made.

A leaf: it knows neither Optuna nor Keras nor Ray. A space asks any object with Optuna's `suggest_*` methods for
values, checks params that come from elsewhere, and lists its corners, so that a model can be tried at the extremes
before anything is started.
"""

from search_spaces.domains import Choice, Domain, Float, Int, Params, ParamValue, is_same
from search_spaces.errors import CapsweepError, SpaceError
from search_spaces.numbers import NUMBER_PATTERN, exponent_hint, read_number
from search_spaces.presets import preset_names, read_preset
from search_spaces.space import Parameter, SearchSpace

__all__ = [
    "NUMBER_PATTERN",
    "CapsweepError",
    "Choice",
    "Domain",
    "Float",
    "Int",
    "ParamValue",
    "Parameter",
    "Params",
    "SearchSpace",
    "SpaceError",
    "exponent_hint",
    "is_same",
    "preset_names",
    "read_number",
    "read_preset",
]
