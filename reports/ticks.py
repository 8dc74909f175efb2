"""Where the ticks of a logarithmic axis are: whole labels, few enough to stand beside each other on a narrow screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

MOST = 5
"""As many labels as a narrow figure has room for."""

_STEPS = ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))


def log_ticks(low: float, high: float, *, whole: bool = False) -> dict[str, Any]:
    """An axis of Plotly's from `low` to `high`, both above 0, each of its ticks with its whole value.

    Plotly's own has lone digits between the powers of ten, which read as values. Of `whole` numbers there are no
    others between two.
    """
    if whole and high - low < MOST:
        return axis(range(round(low), round(high) + 1))
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _STEPS:
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        found = [tick for tick in _inside(ticks, low, high) if not whole or tick == round(tick)]
        if len(found) <= MOST:
            break
    found = found[:: math.ceil(len(found) / MOST) or 1]
    return axis(found if len(found) > 1 else sorted({low, high}))  # one label alone gives no scale


def apart(ticks: Sequence[float], low: float, high: float, *, centre: float = 1.0) -> list[float]:
    """Of ticks from `low` to `high`, those that leave room for their labels, from the centre outwards."""
    room = math.log(high / low) / (MOST - 1) if high > low else 0.0
    kept = [centre]
    for tick in sorted(_inside(ticks, low, high), key=lambda tick: abs(math.log(tick / centre))):
        if tick not in kept and all(abs(math.log(tick / other)) >= room for other in kept):
            kept.append(tick)
    return sorted(kept)


def axis(ticks: Sequence[float], unit: str = "") -> dict[str, Any]:
    """A logarithmic axis with these ticks."""
    return {"type": "log", "tickvals": list(ticks), "ticktext": [f"{text}{unit}" for text in _texts(ticks)]}


def _texts(ticks: Sequence[float]) -> list[str]:
    """With as many digits as show where they are."""
    near = 0.02 * (max(ticks) - min(ticks)) or math.inf
    for digits in range(3, 17):
        found = [f"{tick:.{digits}g}" for tick in ticks]
        if all(abs(float(text) - tick) <= near for text, tick in zip(found, ticks, strict=True)):
            break
    return [f"{float(text):g}" if "e" in text else text for text in found]


def _inside(ticks: Sequence[float], low: float, high: float) -> list[float]:
    slack = 1 + 1e-9
    return [tick for tick in ticks if low / slack <= tick <= high * slack]
