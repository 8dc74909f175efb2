"""Two arms' predictions of the same test examples, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.evidence import Predictions


@dataclass(frozen=True, eq=False)
class Agreement:
    """Which examples each arm gets right, one row a pair.

    Attributes:
        labels: The true class of each example.
        a: Whether the arm in question is right.
        b: Whether the baseline is.
        seeds: Of each row.
        absent: Pairs of which a prediction is not there.
        mismatched: Pairs left out because they are not of the same examples as the first.
    """

    labels: npt.NDArray[np.uint16]
    a: npt.NDArray[np.bool_]
    b: npt.NDArray[np.bool_]
    seeds: tuple[int, ...]
    absent: int
    mismatched: int

    @property
    def differences(self) -> npt.NDArray[np.float64]:
        """1 where the arm alone is right, -1 where the baseline alone is, 0 elsewhere."""
        return self.a.astype(np.float64) - self.b.astype(np.float64)


def correctness(pairs: pd.DataFrame, predictions: Mapping[int, Predictions]) -> Agreement:
    """Look every pair up, in the order of the pairs."""
    known = [
        (int(seed), predictions[a], predictions[b])
        for seed, a, b in zip(pairs["seed"], pairs["number_a"], pairs["number_b"], strict=True)
        if a in predictions and b in predictions
    ]
    labels = known[0][1].label if known else np.array([], dtype=np.uint16)
    same = [each for each in known if all(np.array_equal(side.label, labels) for side in each[1:])]
    shape = (len(same), len(labels))
    return Agreement(
        labels=labels,
        a=np.array([a.correct for _, a, _ in same], dtype=bool).reshape(shape),
        b=np.array([b.correct for _, _, b in same], dtype=bool).reshape(shape),
        seeds=tuple(seed for seed, _, _ in same),
        absent=len(pairs) - len(known),
        mismatched=len(known) - len(same),
    )
