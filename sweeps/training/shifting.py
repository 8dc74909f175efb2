"""Moves and turns pictures: the same pictures for every replicate, every arm and every run on the same test set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sweeps.config import Shift

Places: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Rows and columns of a picture from which those of another are read, each (h, w)."""

_SEED = 20_260_105
_BATCH = 500
_UP_DOWN_LEFT_RIGHT = ((-1, 0), (1, 0), (0, -1), (0, 1))


def shifted(pictures: NDArray[Any], shift: Shift) -> NDArray[Any]:
    """A copy of the pictures, (n, h, w) or (n, h, w, c), each shifted in a direction drawn for its place alone.

    Those that are moved go so many pixels up, down, left or right; those that are turned go about their centre, to
    either side, with values between pixels interpolated from the four around. One picture goes in the same direction
    by every amount of a kind. What comes in from outside repeats the pixel at the border, which is in the range of
    values whatever that is, and black where the border is. Values keep their type, and stay between the least and the
    greatest of the four they come from.
    """
    ways = [*_ways(pictures.shape[1:3], shift)]
    drawn = np.random.default_rng((_SEED, len(ways))).integers(len(ways), size=len(pictures))
    result = np.empty_like(pictures)
    for way, places in enumerate(ways):
        mine = np.flatnonzero(drawn == way)
        for begin in range(0, len(mine), _BATCH):  # what lies between is several times a batch
            batch = mine[begin : begin + _BATCH]
            result[batch] = _read(pictures[batch], places)
    return result


def _ways(shape: tuple[int, ...], shift: Shift) -> Iterator[Places]:
    """Where the pixels of a shifted picture come from, for every direction."""
    height, width = shape
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    if shift.kind == "translate":
        for down, right in _UP_DOWN_LEFT_RIGHT:
            yield rows - down * shift.amount, columns - right * shift.amount
        return
    middle = (height - 1) / 2, (width - 1) / 2
    rows, columns = rows - middle[0], columns - middle[1]
    for angle in (math.radians(shift.amount), -math.radians(shift.amount)):
        cos, sin = math.cos(angle), math.sin(angle)
        yield cos * rows + sin * columns + middle[0], cos * columns - sin * rows + middle[1]


def _read(pictures: NDArray[Any], places: Places) -> NDArray[Any]:
    """Bilinear interpolation, clipped to the picture."""
    sizes = pictures.shape[1:3]
    # Without the last digits of a sine, a quarter turn is one to the last bit on every machine.
    at = [np.clip(np.round(place, 9), 0, size - 1) for place, size in zip(places, sizes, strict=True)]
    (up, left), (low, right) = ([f(place).astype(np.intp) for place in at] for f in (np.floor, np.ceil))
    every_channel = (*sizes, *(1,) * (pictures.ndim - 3))
    down, along = (np.reshape(place % 1, every_channel).astype(np.float32) for place in at)
    upper = _between(pictures[:, up, left], pictures[:, up, right], along)
    lower = _between(pictures[:, low, left], pictures[:, low, right], along)
    value = _between(upper, lower, down)
    whole = pictures.dtype.kind in "iu"
    result: NDArray[Any] = (np.rint(value) if whole else value).astype(pictures.dtype)
    return result


def _between(first: NDArray[Any], second: NDArray[Any], share: NDArray[Any]) -> NDArray[Any]:
    """So far from the first to the second, and never beyond either."""
    value = first * (1 - share) + second * share
    clipped: NDArray[Any] = np.clip(value, np.minimum(first, second), np.maximum(first, second))
    return clipped
