"""Rules of the layers' arguments: each returns the value in its normal form, or says which rule it breaks."""

from __future__ import annotations

import numbers
from typing import Any

import keras
import numpy as np

DATA_FORMATS = ("channels_last", "channels_first")

_SMALLEST, _LARGEST = (float(bound) for bound in (np.finfo("float32").tiny, np.finfo("float32").max))


def window_size(value: int | tuple[int, int]) -> tuple[int, int]:
    """Normalise a window given as an integer or a pair.

    Raises:
        ValueError: It is neither, or not positive.
    """
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"pool_size must be an integer or a pair of integers; received {value!r}.")
    height, width = (positive_integer("pool_size", item) for item in pair)
    return height, width


def data_format(value: str | None) -> str:
    """Name a data format; None takes Keras's own setting.

    Raises:
        ValueError: There is no such format.
    """
    return one_of("data_format", keras.config.image_data_format() if value is None else value, DATA_FORMATS)


def positive_integer(name: str, value: Any) -> int:
    """Accept an integer of at least 1.

    Raises:
        ValueError: It is not one.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"{name} must hold integers of at least 1; received {value!r}.")
    return int(value)


def positive_number(name: str, value: Any) -> float:
    """Accept a number that a float32 holds as positive and finite.

    Raises:
        ValueError: It is not one.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    # What a float32 would round to zero or infinity divides no score.
    if not number or not _SMALLEST <= float(value) <= _LARGEST:
        raise ValueError(f"{name} must be positive and finite in float32; received {value!r}.")
    return float(value)


def three_rates(value: float | tuple[float, float, float]) -> tuple[float, float, float]:
    """Normalise the rates of dropout in three places, given as one number for all or as three.

    Raises:
        ValueError: It is neither, or a rate does not lie in 0..1, 1 excluded.
    """
    rates = tuple(value) if isinstance(value, (tuple, list)) else (value,) * 3
    fits = all(isinstance(rate, numbers.Real) and not isinstance(rate, bool) and 0 <= rate < 1 for rate in rates)
    if len(rates) != 3 or not fits:
        raise ValueError(f"dropout must be a rate of at least 0 and less than 1, or three; received {value!r}.")
    first, second, third = (float(rate) for rate in rates)
    return first, second, third


def truth(name: str, value: Any) -> bool:
    """Accept True or False.

    Raises:
        ValueError: It is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False; received {value!r}.")
    return value


def one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    """Accept one of the known names.

    Raises:
        ValueError: It is none of them.
    """
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; received {value!r}.")
    return str(value)
