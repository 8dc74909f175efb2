"""What every function asks of its arguments, in one voice: the argument, the rule, the value received."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Direction = Literal["maximize", "minimize"]
FloatArray = npt.NDArray[np.float64]


def sample(name: str, values: npt.ArrayLike, *, least: int = 1, infinite: bool = False) -> FloatArray:
    """One-dimensional numbers in double precision, so that float32 and float64 columns give the same results.

    Raises:
        ValueError: If there are fewer than `least`, another dimension, a NaN, or an infinity where none is allowed.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"{name}: must be one-dimensional, got shape {numbers.shape}")
    if len(numbers) < least:
        raise ValueError(f"{name}: needs at least {least} values, got {len(numbers)}")
    return _without_gaps(name, numbers, infinite=infinite)


def table(name: str, values: npt.ArrayLike, *, rows: int = 2, columns: int = 2) -> FloatArray:
    """A complete table of finite numbers.

    Raises:
        ValueError: If it is no table, is smaller than `rows` by `columns`, or holds a NaN or an infinity.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 2 or numbers.shape[0] < rows or numbers.shape[1] < columns:
        raise ValueError(f"{name}: must be a table of at least {rows} by {columns}, got shape {numbers.shape}")
    return _without_gaps(name, numbers, infinite=False)


def aligned(a: npt.ArrayLike, b: npt.ArrayLike, *, least: int = 1) -> tuple[FloatArray, FloatArray]:
    """Two samples whose values belong together by position.

    Raises:
        ValueError: If either is no sample, or their lengths differ.
    """
    first, second = sample("a", a, least=least), sample("b", b, least=least)
    complete(first, second)
    return first, second


def complete(first: FloatArray, second: FloatArray) -> None:
    """Refuse pairs of which one half is missing.

    Raises:
        ValueError: If the samples differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"a and b: pairs must be complete, got {len(first)} and {len(second)} values")


def share(name: str, value: float) -> float:
    """A number strictly between 0 and 1.

    Raises:
        ValueError: If it is not.
    """
    if not 0 < value < 1:
        raise ValueError(f"{name}: must lie between 0 and 1, got {value}")
    return value


def positive(name: str, value: float) -> float:
    """A finite number above 0.

    Raises:
        ValueError: If it is not.
    """
    if not 0 < value < np.inf:
        raise ValueError(f"{name}: must be a finite number above 0, got {value}")
    return value


def count(name: str, value: int, *, least: int = 0, most: int | None = None) -> int:
    """A whole number within bounds.

    Raises:
        ValueError: If it is not whole, below `least` or above `most`.
    """
    if int(value) != value or value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}: must be a whole number {bounds}, got {value}")
    return int(value)


def sign(direction: Direction) -> float:
    """What turns a score into one that is better when higher: 1 or -1.

    Raises:
        ValueError: If the direction is neither `maximize` nor `minimize`.
    """
    if direction not in ("maximize", "minimize"):
        raise ValueError(f"direction: must be 'maximize' or 'minimize', got {direction!r}")
    return 1.0 if direction == "maximize" else -1.0


def oriented(name: str, values: npt.ArrayLike, direction: Direction) -> FloatArray:
    """Scores as higher-is-better, among them failed runs as minus infinity.

    Raises:
        ValueError: If there is none, one is NaN, or one is the infinity that would be best.
    """
    side = sign(direction)
    numbers = side * sample(name, values, infinite=True)
    if (numbers == np.inf).any():
        raise ValueError(f"{name}: a failed run is the infinity that is worst, got {side * np.inf}")
    return numbers


def _without_gaps(name: str, numbers: FloatArray, *, infinite: bool) -> FloatArray:
    bad = np.isnan(numbers) if infinite else ~np.isfinite(numbers)
    if bad.any():
        place = np.argwhere(bad)[0].tolist()
        where = place[0] if len(place) == 1 else tuple(place)
        rule = "must not hold NaN" if infinite else "must hold finite numbers"
        raise ValueError(f"{name}: {rule}, got {numbers[tuple(place)]} at {where}")
    return numbers
