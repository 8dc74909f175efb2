"""The numbers behind the figures of the swap map."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import pandas as pd

from reports.views.swap_words import unit

if TYPE_CHECKING:
    from reports.views.swap_map import Result


def settings(result: Result) -> pd.DataFrame:
    """One row a setting and arm."""
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "setting": each.setting,
                f"difference in {unit(result)}": each.difference,
                **{name: each.params.get(name) for name in result.params},
            }
            for arm in result.arms
            for each in arm.settings
        ]
    )


def param(result: Result, name: str) -> pd.DataFrame:
    """One row a contrast of the parameter, then one row a place of each line."""
    lines = [
        {
            "arm": arm.arm,
            "settings with": f"{name} = {place:.4g}, on the line",
            "n": each.n,
            f"mean difference in {unit(result)}": middle,
            "low": low,
            "high": high,
        }
        for arm in result.arms
        for each in arm.trends
        if each.param == name
        for place, middle, low, high in zip_longest(each.places, each.line, each.band_low, each.band_high)
    ]
    data = pd.DataFrame(
        [
            {
                "arm": arm.arm,
                "settings with": f"{name} {each.where}",
                "n": each.n,
                "n elsewhere": each.others,
                f"difference of differences in {unit(result)}": each.difference,
                "low": each.low,
                "high": each.high,
                "p": arm.claim.of(each.p),
                "p by Holm": arm.claim.of(each.adjusted_p),
            }
            for arm in result.arms
            for each in arm.contrasts
            if each.param == name
        ]
        + lines
    )
    return data.astype({"n elsewhere": "Int64"}) if "n elsewhere" in data else data


def cells(result: Result) -> pd.DataFrame:
    """One row a cell."""
    first, second = result.crossed
    return pd.DataFrame(
        [
            {
                "arm": arm.arm,
                first: each.values[0],
                second: each.values[1],
                "settings": each.n,
                f"difference in {unit(result)}": each.mean,
                "low": each.low,
                "high": each.high,
            }
            for arm in result.arms
            for each in arm.cells
        ]
    )
