"""Exact shares of the parameters in the differences between configs, where every combination was run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.statistics import functional_anova

_CELLS, _FACTORS = 4_096, 6


@dataclass(frozen=True)
class Shares:
    """Exact shares of a full factorial.

    Attributes:
        factors: The parameters, in the order of the space.
        trials: How many trials the cells are means of.
        cells: How many cells there are.
        shares: Each set of factors with its share in the variance of the cells, largest first.
    """

    factors: list[str]
    trials: int
    cells: int
    shares: list[tuple[list[str], float]]


def factorial_shares(trials: pd.DataFrame, names: Sequence[str]) -> Shares | None:
    """Exact shares where every combination of the values seen was run; None where one is missing, or there are many.

    Cells are means of the trials in them, so with one trial a cell its noise is in the highest interaction.
    """
    columns = {name: trials[f"param.{name}"] for name in names}
    if trials.empty or any(column.isna().any() for column in columns.values()):
        return None
    codes = {name: pd.factorize(column, sort=False) for name, column in columns.items()}
    varied = {name: (code, len(levels)) for name, (code, levels) in codes.items() if len(levels) > 1}
    sizes = [size for _, size in varied.values()]
    cells = math.prod(sizes)
    if not 2 <= len(varied) <= _FACTORS or cells > min(_CELLS, len(trials)):
        return None
    values = trials["value"].to_numpy(dtype=np.float64)
    place = np.ravel_multi_index([code for code, _ in varied.values()], sizes)
    table = [np.sort(values[place == cell]) for cell in range(cells)]
    if not all(map(len, table)):
        return None
    means = np.array([math.fsum(cell.tolist()) / len(cell) for cell in table]).reshape(sizes)
    return Shares(list(varied), len(trials), cells, _ordered(functional_anova(means), list(varied)))


def _ordered(shares: Mapping[tuple[int, ...], float], names: list[str]) -> list[tuple[list[str], float]]:
    ordered = sorted(shares.items(), key=lambda entry: (-round(entry[1], 12), entry[0]))
    return [([names[factor] for factor in factors], float(share)) for factors, share in ordered]
