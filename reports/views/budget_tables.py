"""The numbers behind the figures of `budget_curves`, one row a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.views.against_words import (
    CHANCE_COLUMNS,
    CROSSING_COLUMNS,
    SHOWN_COLUMN,
    chance_cells,
    crossing_cells,
    shown_at,
)

if TYPE_CHECKING:
    from reports.views.against import Crossover
    from reports.views.budget_curves import Result
    from reports.views.spending import SpendCurve


def by_draws(result: Result) -> pd.DataFrame:
    """The curves of random draws, with what is known of each arm against the baseline."""
    columns = ("arm", "random draws", "median best", "band low", "band high", "expected best")
    rows = [
        (*row, *crossing_cells(result.crossings, c.arm), *chance_cells(result.chances, c.arm))
        for c in result.curves
        for row in zip([c.arm] * len(c.draws), c.draws, c.median, c.low, c.high, c.expected, strict=True)
    ]
    every = [*columns, *CROSSING_COLUMNS, *CHANCE_COLUMNS]
    data = pd.DataFrame(rows, columns=every).astype(dict.fromkeys(every[2:], "float64"))
    data[SHOWN_COLUMN] = [shown_at(result.crossings, row[0], row[1]) for row in rows]
    return data


def by_spend(curves: list[SpendCurve], crossings: list[Crossover], by: str) -> pd.DataFrame:
    """The search and its random draws by what was spent."""
    unit = "ended trials" if by == "trials" else "worker seconds"
    rows = [
        (curve.arm, line, spent, best, *(crossing_cells(crossings, curve.arm if xs is curve.by_chance else "")))
        for curve in curves
        for line, xs, ys in (
            ("search", curve.spent, curve.best),
            ("random draws, median", curve.by_chance, curve.median),
        )
        for spent, best in zip(xs, ys, strict=True)
    ]
    columns = ["arm", "line", unit, "best", *CROSSING_COLUMNS]
    data = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], "float64"))
    return data if by == "seconds" else data[columns[:4]]
