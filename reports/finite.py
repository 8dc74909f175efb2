"""Numbers as JSON has them: what is not finite is null."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def finite(value: float | None) -> float | None:
    """The value as a plain number; None where it is missing or infinite."""
    return None if value is None or not math.isfinite(value) else float(value)


def finites(values: npt.ArrayLike) -> list[float | None]:
    """The same for every value."""
    return [finite(value) for value in np.asarray(values, dtype=np.float64).tolist()]
