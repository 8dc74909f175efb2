"""Where a trial goes in a figure: which ones are drawn, and at which place of an axis."""

from __future__ import annotations

import numpy as np
import pandas as pd

from search_spaces import Choice, Domain, Int
from sweeps.records import Direction

DRAWN = 1000
"""The most trials that one figure draws."""

_GOLDEN = 0.6180339887498949
_ROOT = 3**0.5 - 1  # even by itself, and not correlated with the golden one, for each step of numbers up to 12
_FEW = 12


def thinned(trials: pd.DataFrame, direction: Direction, limit: int = DRAWN) -> pd.DataFrame:
    """At most `limit` trials: the best tenth of the limit, and an even choice of all others from best to worst."""
    if len(trials) <= limit:
        return trials
    order = trials.sort_values(["value", "number"], ascending=[direction == "minimize", True])
    top = limit // 10
    rest = np.linspace(top, len(order) - 1, limit - top).round().astype(int)
    return order.iloc[[*range(top), *rest]]


def positions(values: pd.Series, domain: Domain) -> np.ndarray:
    """Values of a parameter as places on its axis: their number, or the place of a choice in its list."""
    if isinstance(domain, Choice):
        places = {value: float(place) for place, value in enumerate(domain.values)}
        return np.array([places.get(value, np.nan) for value in values], dtype=float)
    return values.to_numpy(dtype=float, na_value=np.nan)


def spread(numbers: pd.Series, width: float, *, along: bool = False) -> np.ndarray:
    """Sideways places within `width` that keep points apart; the same for the same trial each time.

    Places `along` the other axis go with those across.
    """
    return ((numbers.to_numpy(dtype=float) * (_ROOT if along else _GOLDEN)) % 1 - 0.5) * width


def room(domain: Domain) -> float:
    """How far points may be spread sideways without being taken for another value."""
    if isinstance(domain, Choice):
        return 0.5
    return 0.4 if isinstance(domain, Int) and not domain.log and domain.high - domain.low <= _FEW else 0.0
