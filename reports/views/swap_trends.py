"""How the difference that a swap makes changes along a parameter: a line, its band, and where it passes 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from reports.finite import finite
from reports.statistics import crossing, holm, line_band, mean_interval
from reports.views.swap_strata import Setting, numeric
from search_spaces import Domain

BANDED = 5
"""The fewest settings whose line has a band: with fewer, t of n - 2 makes one that holds everything."""

_PLACES = 25


@dataclass(frozen=True)
class Trend:
    """A straight line through the differences over a numeric parameter, and where it passes 0.

    Attributes:
        param: The parameter.
        log: Whether the line is drawn over its logarithm.
        n: Settings.
        slope: Per unit of the parameter, or of its natural logarithm.
        p: Of no slope.
        centre: Mean of the parameter on that scale.
        height: The line there.
        at: Where it passes 0; None if the slope is not clear of 0.
        low: Lower end of its interval; None also where it is too far off to say.
        high: Upper end, likewise.
        inside: Whether the crossing lies among the settings.
        places: Values of the parameter from the least to the largest of the settings.
        line: The line there.
        band_low: The interval of the mean difference there, each by itself; empty below `BANDED` settings.
        band_high: Its upper end, likewise.
    """

    param: str
    log: bool
    n: int
    slope: float
    p: float
    centre: float
    height: float
    at: float | None
    low: float | None
    high: float | None
    inside: bool
    places: list[float]
    line: list[float]
    band_low: list[float]
    band_high: list[float]


def told(families: Sequence[Sequence[Trend]], *, alpha: float) -> list[list[Trend]]:
    """The lines of all arms, of which those keep their crossing whose slope is told by Holm's p over all of them."""
    adjusted = iter(holm([each.p for family in families for each in family]).tolist())
    return [
        [each if next(adjusted) <= alpha else replace(each, at=None, low=None, high=None) for each in family]
        for family in families
    ]


def trends(settings: Sequence[Setting], domains: dict[str, Domain], *, alpha: float) -> list[Trend]:
    """A line over every numeric parameter with three settings and two values at least."""
    found = []
    for name, domain in domains.items():
        known = [each for each in settings if name in each.params]
        if numeric(domain) and len(known) >= 3 and len({each.params[name] for each in known}) > 1:
            x, d = [float(each.params[name]) for each in known], [each.difference for each in known]
            found.append(_trend(name, bool(getattr(domain, "log", False)), x, d, alpha))
    return found


def _trend(name: str, log: bool, x: list[float], d: list[float], alpha: float) -> Trend:
    scale: Literal["linear", "log"] = "log" if log else "linear"
    found = crossing(x, d, scale=scale, alpha=alpha)
    at, low, high = (finite(end) for end in (found.at, found.low, found.high))
    centre, height = mean_interval(np.log(x) if log else x).value, mean_interval(d).value
    places = np.geomspace(min(x), max(x), _PLACES) if log else np.linspace(min(x), max(x), _PLACES)
    places[[0, -1]] = min(x), max(x)  # the space between two ends may miss them by their last bits
    drawn = line_band(x, d, places=places, scale=scale, alpha=alpha)
    ends = [values.tolist() if found.n >= BANDED else [] for values in (drawn.low, drawn.high)]
    return Trend(
        name,
        log,
        found.n,
        found.slope,
        found.p,
        centre,
        height,
        at,
        low,
        high,
        found.inside,
        places.tolist(),
        drawn.line.tolist(),
        *ends,
    )
