"""Numbers and counts as a reader in a hurry wants them."""

from __future__ import annotations

import math


def number(value: float | None) -> str:
    """A measured number: four decimals where that suits its size, four digits elsewhere, a dash for nothing."""
    if value is None or math.isnan(value):
        return "–"
    return minus(f"{value:.4f}" if 0.1 <= abs(value) < 1e3 else f"{value:.4g}")


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{100 * share:.0f} %"


def minus(text: str) -> str:
    """A formatted number with a minus sign, which is no hyphen."""
    return text.replace("-", "−")


def count(many: int, thing: str) -> str:
    """A count with its noun, in the plural where it is not one."""
    return f"{many:,} {thing}" if many == 1 else f"{many:,} {thing}s"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits their size."""
    size, unit = time_unit(seconds)
    return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:,.0f} {unit}"


def time_unit(seconds: float) -> tuple[float, str]:
    """The unit for times up to `seconds`: how many seconds it has, and its name."""
    if seconds < 300:
        return 1.0, "s"
    if seconds < 3 * 3600:
        return 60.0, "min"
    return (3600.0, "h") if seconds < 72 * 3600 else (86400.0, "days")


def listed(parts: list[str]) -> str:
    """A, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "none"


def brief(text: object, most: int = 80) -> str:
    """The beginning of a string of a run, whose length is not harmless in a heading or a sentence."""
    return str(text) if len(str(text)) <= most else f"{str(text)[: most - 1]}…"


def p_value(p: float | None) -> str:
    """A p with two digits, never as 0."""
    return "–" if p is None else "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"
