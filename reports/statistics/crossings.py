"""How the difference of two arms changes along a numeric parameter that both share, and where it changes sides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.statistics.checks import FloatArray, complete, sample, share
from reports.statistics.location import moments

Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Crossing:
    """Where the line through the differences passes 0.

    Attributes:
        at: The crossing in the unit of the parameter; None where the line may as well be level and pass nowhere.
        low: Lower end of its interval, which may lie outside all settings; None without a crossing.
        high: Upper end, likewise.
        inside: Whether the crossing lies among the settings; elsewhere it is a guess about what nobody tried.
        slope: Of the difference, per unit of the parameter or of its natural logarithm.
        p: Two-sided, of no slope.
        n: Settings.
    """

    at: float | None
    low: float | None
    high: float | None
    inside: bool
    slope: float
    p: float
    n: int


@dataclass(frozen=True)
class LineBand:
    """The line through the differences at some places, with the interval of the mean difference at each by itself."""

    line: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class _Line:
    """height + slope · (x - centre), with the variance around it and that of the slope."""

    centre: float
    height: float
    slope: float
    variance: float
    slope_variance: float


def crossing(
    settings: npt.ArrayLike, differences: npt.ArrayLike, *, scale: Scale = "linear", alpha: float = 0.05
) -> Crossing:
    """The setting at which a straight line through the differences changes sign, with Fieller's interval.

    x₀ = x̄ - d̄/b with the slope b. The interval is every x at which the line is not clear of 0:
    (d̄ + b (x - x̄))² ≤ t² s² (1/n + (x - x̄)² / Σ(x - x̄)²), t = t(1 - alpha/2, n - 2), s² = Σ residuals² / (n - 2).
    It has two ends only where the slope is clear of 0 at the same level: else it holds settings as far off as one
    likes. A trend that bends is no line, so the differences belong beside it.
    Source: Fieller, "Some problems in interval estimation" (1954), for the intercept and slope of a line.

    Args:
        settings: The parameter, once for each setting.
        differences: The mean paired difference at each; pairs within a setting are no settings of their own.
        scale: Whether the line is drawn over the parameter or over its logarithm.
        alpha: One minus the coverage.

    Raises:
        ValueError: If there are fewer than three settings or all are the same, there is not one difference for each,
            a value is not finite, a setting on the log scale is not above 0, or `scale` is unknown.
    """
    numbers, effects = sample("settings", settings, least=3), sample("differences", differences)
    complete(numbers, effects)
    line = _fitted(_scaled(numbers, scale), effects)
    n, quantile = len(numbers), float(stats.t.ppf(1 - share("alpha", alpha) / 2, len(numbers) - 2))
    p = _no_slope(line, n)
    if line.slope**2 <= quantile**2 * line.slope_variance:
        return Crossing(None, None, None, False, line.slope, p, n)
    at, low, high = (_unscaled(place, scale) for place in _passes(line, n, quantile))
    return Crossing(at, low, high, bool(numbers.min() <= at <= numbers.max()), line.slope, p, n)


def line_band(
    settings: npt.ArrayLike,
    differences: npt.ArrayLike,
    *,
    places: npt.ArrayLike,
    scale: Scale = "linear",
    alpha: float = 0.05,
) -> LineBand:
    """The straight line through the differences, as in `crossing`, with its pointwise band for the mean.

    d̄ + b (x - x̄) ± t(1 - alpha/2, n - 2) · s · √(1/n + (x - x̄)² / Σ(x - x̄)²): at each place by itself, of the mean
    over settings and not of a setting, and true as far as the mean is a line. It passes 0 where the interval of
    `crossing` ends. Source: Draper and Smith, "Applied Regression Analysis" (1998), section 3.1.

    Args:
        settings: The parameter, once for each setting.
        differences: The mean paired difference at each.
        places: Where the band is wanted.
        scale: Whether the line is drawn over the parameter or over its logarithm.
        alpha: One minus the coverage at each place.

    Raises:
        ValueError: As `crossing`, or if a place lies outside the settings, of which the line says nothing there.
    """
    numbers, effects = sample("settings", settings, least=3), sample("differences", differences)
    complete(numbers, effects)
    wanted = sample("places", places)
    if wanted.min() < numbers.min() or wanted.max() > numbers.max():
        raise ValueError(
            f"places: must lie within the settings, {numbers.min()} to {numbers.max()}, got {wanted.min()} to "
            f"{wanted.max()}"
        )
    line = _fitted(_scaled(numbers, scale), effects)
    n, across = len(numbers), (np.log(wanted) if scale == "log" else wanted) - line.centre
    quantile = float(stats.t.ppf(1 - share("alpha", alpha) / 2, n - 2))
    half = quantile * np.sqrt(line.variance / n + line.slope_variance * across**2)
    middle = line.height + line.slope * across
    return LineBand(middle, middle - half, middle + half)


def _scaled(settings: FloatArray, scale: Scale) -> FloatArray:
    if scale not in ("linear", "log"):
        raise ValueError(f"scale: must be 'linear' or 'log', got {scale!r}")
    if settings.min() == settings.max():
        raise ValueError(f"settings: must take at least two values, got only {settings[0]}")
    if scale == "linear":
        return settings
    if settings.min() <= 0:
        raise ValueError(f"settings: must be above 0 on the log scale, got {settings.min()}")
    return np.log(settings)


def _unscaled(place: float, scale: Scale) -> float:
    # A slope that is barely clear of 0 has an end further off than the exponential can say.
    with np.errstate(over="ignore"):
        return float(np.exp(place)) if scale == "log" else place


def _fitted(x: FloatArray, d: FloatArray) -> _Line:
    (centre, _), (height, _) = moments(x), moments(d)
    across, up = x - centre, d - height
    spread = math.fsum((across**2).tolist())
    slope = math.fsum((across * up).tolist()) / spread
    variance = math.fsum(((up - slope * across) ** 2).tolist()) / (len(x) - 2)
    return _Line(centre, height, slope, variance, variance / spread)


def _no_slope(line: _Line, n: int) -> float:
    if not line.slope_variance:
        return float(line.slope == 0)
    return float(2 * stats.t.sf(abs(line.slope) / math.sqrt(line.slope_variance), n - 2))


def _passes(line: _Line, n: int, quantile: float) -> tuple[float, float, float]:
    """The crossing and the two roots of Fieller's quadratic, its discriminant written as a sum of what is positive."""
    loose = quantile**2 * line.slope_variance
    firm = line.slope**2 - loose
    root = math.sqrt(quantile**2 * line.variance / n * firm + loose * line.height**2)
    middle, at = -line.height * line.slope / firm, -line.height / line.slope
    return line.centre + at, line.centre + middle - root / firm, line.centre + middle + root / firm
