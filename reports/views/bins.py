"""A parameter's domain in few bins, equal on its scale, for means over the trials in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from reports.placing import positions
from search_spaces import Choice, Domain, Int

_EACH = 12
_BINS = 6


@dataclass(frozen=True)
class Bins:
    """The bins of a parameter, in order.

    Attributes:
        param: Its name.
        labels: What is in each bin.
        centres: Their places on the parameter's scale; those of a list count from 0.
        log: Whether the scale is logarithmic.
        ordered: Whether more and less mean anything: not in a list.
        edges: Between bins of numbers that have no bin each; empty elsewhere.
    """

    param: str
    labels: list[str]
    centres: list[float]
    log: bool
    ordered: bool
    edges: list[float]

    def place(self, values: pd.Series, domain: Domain) -> np.ndarray:
        """The bin of each value, -1 where the parameter does not apply or the value is outside the domain."""
        at = positions(values, domain)
        known = np.isfinite(at)
        if not self.edges:
            first = self.centres[0]
            known &= (at >= first) & (at <= self.centres[-1])
            return np.where(known, np.where(known, at, first) - first, -1).astype(np.intp)
        inside = known & (at >= self.edges[0]) & (at <= self.edges[-1])
        found = np.searchsorted(self.edges, at, side="right") - 1
        return np.where(inside, np.minimum(found, len(self.labels) - 1), -1).astype(np.intp)


def bins_of(param: str, domain: Domain) -> Bins:
    """Every value of a list or of a few whole numbers; some bins of any other domain."""
    if isinstance(domain, Choice):
        labels = [str(value) for value in domain.values]
        return Bins(param, labels, [float(place) for place in range(len(labels))], False, False, [])
    if isinstance(domain, Int) and domain.high - domain.low < _EACH:
        whole = range(domain.low, domain.high + 1)
        return Bins(param, [str(value) for value in whole], [float(value) for value in whole], domain.log, True, [])
    if domain.low == domain.high:
        return Bins(param, [f"{domain.low:.3g}"], [float(domain.low)], domain.log, True, [])
    spaced = np.geomspace if domain.log else np.linspace
    edges = spaced(domain.low, domain.high, _BINS + 1)
    edges[0], edges[-1] = domain.low, domain.high  # which the powers miss by a last bit
    between = list(pairwise(edges.tolist()))
    centres = [float(np.sqrt(low * high) if domain.log else (low + high) / 2) for low, high in between]
    return Bins(param, _labels(between), centres, domain.log, True, [float(edge) for edge in edges])


def _labels(between: Sequence[tuple[float, float]]) -> list[str]:
    return [f"{low:.2g} to {high:.2g}" for low, high in between]
