"""How an arm's score goes with the parameters that it has to itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from reports.evidence import Evidence
from reports.finite import finite
from reports.statistics import mean_interval, welch
from reports.tables import arm_names
from reports.view import View
from reports.views import surface_figures
from reports.views.bins import Bins, bins_of
from search_spaces import Domain
from sweeps.config import SweepConfig
from sweeps.sharing import shared_names

KEY = "surface"

_PAIRS = 3
_FEWEST = 4


@dataclass(frozen=True)
class Cell:
    """Trials whose two parameters lie in these bins; a cell without a trial is not there.

    Attributes:
        x: Place of the first parameter's bin.
        y: Of the second's.
        n: Trials.
        mean: Of their values.
        error: Standard error of the mean; None for one trial.
    """

    x: int
    y: int
    n: int
    mean: float
    error: float | None


@dataclass(frozen=True)
class Surface:
    """Cell means over two parameters."""

    arm: str
    x: Bins
    y: Bins
    n: int
    cells: list[Cell]


@dataclass(frozen=True)
class Point:
    """The mean over the trials of one bin, with its 95 % t-interval where there are two."""

    bin: int
    n: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Trend:
    """Spearman's rank correlation with an approximate 95 % interval, as of trials that are independent."""

    rho: float
    low: float
    high: float


@dataclass(frozen=True)
class Limit:
    """The trials at one end of a domain beside all others, where the parameter may hardly do anything any more.

    Attributes:
        bin: The end's.
        n: Trials in it.
        others: Trials in all other bins.
        difference: Mean of the others - mean of those in it.
        low: Lower end of Welch's 95 % interval.
        high: Upper end.
    """

    bin: int
    n: int
    others: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """Means over one parameter, and whether more of it goes with more of the metric.

    Attributes:
        arm: The arm's name.
        bins: Of the parameter.
        n: Trials.
        points: Of bins with a trial.
        trend: None for a list, for fewer than four trials, or where either is constant.
        limits: The lowest bin and the highest, where two trials are in it and two are not; none for a list.
    """

    arm: str
    bins: Bins
    n: int
    points: list[Point]
    trend: Trend | None
    limits: list[Limit]


@dataclass(frozen=True)
class Left:
    """Trials of an arm that are in no mean, by how they ended."""

    arm: str
    pruned: int
    failed: int
    other: int


@dataclass(frozen=True)
class Result:
    """Surfaces and lines of every arm that has parameters to itself.

    Attributes:
        why: Why there is nothing; empty where there is something.
        applies: Whether any arm has such parameters.
        surfaces: Of every two of them, the first three pairs of an arm.
        lines: Of each of them.
        left: One an arm that has such parameters.
    """

    why: str
    applies: bool
    surfaces: list[Surface]
    lines: list[Line]
    left: list[Left]


def analyse(evidence: Evidence) -> Result:
    """Means of complete trials of the search over bins of the parameters that not all arms have."""
    search, own = evidence.trials("search").sort_values("number"), _own(evidence.config)
    scored = search[(search["state"] == "complete") & np.isfinite(search["value"])]
    surfaces: list[Surface] = []
    lines: list[Line] = []
    for arm, domains in own.items():
        rows = scored[scored["arm"] == arm]
        lines += [line for name, domain in domains.items() if (line := _line(arm, name, domain, rows)).points]
        pairs = list(combinations(domains.items(), 2))[:_PAIRS]
        surfaces += [surface for pair in pairs if (surface := _surface(arm, pair, rows)).cells]
    why = "" if lines else "No trial of an arm with parameters of its own is complete yet."
    if not own:
        why = "No arm has parameters that not all arms have."
    return Result(why, bool(own), surfaces, lines, [_left(arm, search, scored) for arm in own])


def draw(result: Result, evidence: Evidence) -> Iterator[View]:
    """Surfaces, then lines; nothing where no arm has parameters of its own."""
    yield from surface_figures.views(result, evidence)


def _own(config: SweepConfig) -> dict[str, dict[str, Domain]]:
    """Arm -> its parameters that not all arms have, of arms that have any."""
    if config.compare is None:
        return {}
    shared = {config.compare, *shared_names(config)}
    found = {
        name: {
            param: parameter.domain
            for param, parameter in config.space.fix(config.compare, arm).parameters.items()
            if param not in shared
        }
        for arm, name in arm_names(config).items()
        if arm is not None
    }
    return {arm: domains for arm, domains in found.items() if domains}


def _surface(arm: str, pair: Sequence[tuple[str, Domain]], rows: pd.DataFrame) -> Surface:
    (second, of_second), (first, of_first) = pair
    x, y = bins_of(first, of_first), bins_of(second, of_second)
    places = pd.DataFrame(
        {
            "x": x.place(rows[f"param.{first}"], of_first),
            "y": y.place(rows[f"param.{second}"], of_second),
            "value": rows["value"].to_numpy(dtype=np.float64),
        }
    )
    inside = places[(places["x"] >= 0) & (places["y"] >= 0)]
    grouped = inside.groupby(["x", "y"])["value"].agg(["size", "mean", "std"])
    cells = [
        Cell(int(at_x), int(at_y), int(n), float(mean), finite(deviation / math.sqrt(n)))
        for (at_x, at_y), (n, mean, deviation) in zip(grouped.index, grouped.to_numpy(), strict=True)
    ]
    return Surface(arm, x, y, len(inside), cells)


def _line(arm: str, name: str, domain: Domain, rows: pd.DataFrame) -> Line:
    bins = bins_of(name, domain)
    places, values = bins.place(rows[f"param.{name}"], domain), rows["value"].to_numpy(dtype=np.float64)
    points = [_point(place, values[places == place]) for place in range(len(bins.labels)) if (places == place).any()]
    inside = places >= 0
    if not bins.ordered:
        return Line(arm, bins, int(inside.sum()), points, None, [])
    trend = _trend(rows[f"param.{name}"][inside], values[inside])
    return Line(arm, bins, int(inside.sum()), points, trend, _limits(places[inside], values[inside], len(bins.labels)))


def _limits(places: np.ndarray, values: np.ndarray, bins: int) -> list[Limit]:
    found = []
    for end in sorted({0, bins - 1}):
        mine, others = values[places == end], values[places != end]
        if len(mine) > 1 and len(others) > 1:
            apart = welch(others, mine)
            found.append(Limit(end, len(mine), len(others), apart.difference, apart.low, apart.high))
    return found


def _point(place: int, values: np.ndarray) -> Point:
    estimate = mean_interval(values)
    return Point(place, estimate.n, estimate.value, finite(estimate.low), finite(estimate.high))


def _trend(given: pd.Series, values: np.ndarray) -> Trend | None:
    """Spearman's ρ with tanh(artanh ρ ± 1.96 · √((1 + ρ²/2) / (n - 3))).

    Source: Bonett and Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations"
    (2000).
    """
    numbers, n = given.to_numpy(dtype=np.float64), len(given)
    if n < _FEWEST or np.ptp(numbers) == 0 or np.ptp(values) == 0:
        return None
    rho = float(stats.spearmanr(numbers, values).statistic)
    if 1 - abs(rho) < 1e-12:
        return Trend(rho, rho, rho)
    half = float(stats.norm.ppf(0.975)) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    return Trend(rho, math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half))


def _left(arm: str, search: pd.DataFrame, scored: pd.DataFrame) -> Left:
    mine = search[search["arm"] == arm]
    states = mine["state"].value_counts()
    pruned, failed = int(states.get("pruned", 0)), int(states.get("failed", 0))
    return Left(arm, pruned, failed, len(mine) - pruned - failed - int((scored["arm"] == arm).sum()))
