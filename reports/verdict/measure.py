"""How a metric is said: an accuracy as an error in per cent, anything else as it is."""

from __future__ import annotations

from dataclasses import dataclass

from reports.evidence import Evidence
from reports.verdict.estimate import Estimate
from reports.words import minus, number

_LOSS = 0.05
"""The largest part of a margin that rounding it to be read may take."""


@dataclass(frozen=True)
class Measure:
    """A metric as the report words it.

    Attributes:
        name: What is reported: `test error`, or the metric's own name with the data it is of.
        unit: Of a value, with the space before it; empty for none.
        difference_unit: Of a difference.
        factor: What a value is multiplied by, after `offset` was taken from it.
        offset: See `factor`.
        decimals: Of a value in text; None for four digits.
    """

    name: str
    unit: str = ""
    difference_unit: str = ""
    factor: float = 1.0
    offset: float = 0.0
    decimals: int | None = None

    def value(self, value: float) -> float:
        """A value of the metric, as it is reported."""
        return (value - self.offset) * self.factor

    def difference(self, difference: float) -> float:
        """A difference of the metric, as it is reported."""
        return difference * self.factor

    def text(self, value: float | None) -> str:
        """A value with its unit."""
        if value is None:
            return "–"
        shown = self.value(value)
        return f"{number(shown) if self.decimals is None else f'{shown:.{self.decimals}f}'}{self.unit}"

    def difference_text(self, difference: float, *, signed: bool = False) -> str:
        """A difference with its unit."""
        return f"{self.bare(difference, signed=signed)}{self.difference_unit}"

    def margin_text(self, margin: float) -> str:
        """A margin with its unit, and with two digits where rounding would make another margin of it."""
        shown = abs(self.difference(margin))
        text = f"{shown:.3g}" if self.decimals is None else f"{shown:.{self.decimals}f}"
        if abs(float(text) - shown) > _LOSS * shown:
            text = f"{shown:.2g}"
        return f"{minus(text)}{self.difference_unit}"

    def bare(self, difference: float, *, signed: bool = False) -> str:
        """A difference without its unit."""
        shown = self.difference(difference)
        sign = "+" if signed else ""
        text = f"{shown:{sign}.3g}" if self.decimals is None else f"{shown:{sign}.{self.decimals}f}"
        return minus(text)


def is_accuracy(metric: str) -> bool:
    """Whether a metric by Keras' name is a share of examples that are right."""
    bare = metric.removeprefix("val_")
    return bare == "accuracy" or bare.endswith("_accuracy")


def measure_of(metric: str, data: str) -> Measure:
    """The measure of a metric by Keras' name, on `data` (`test` or `validation`)."""
    bare = metric.removeprefix("val_")
    if is_accuracy(metric):
        kind = bare.removesuffix("accuracy").replace("_", " ").strip()
        name = " ".join(filter(None, (data, kind, "error")))
        return Measure(name, " %", " pp", -100.0, 1.0, 2)
    return Measure(f"{data} {bare}")


def measured(estimate: Estimate, evidence: Evidence) -> Measure:
    """How the estimate's metric is said: on the test set, but for the swaps, which are judged on validation data."""
    return measure_of(evidence.config.objective.metric, "validation" if estimate.estimand == "E3" else "test")


def evidence_margin(evidence: Evidence) -> float:
    """The margin that the plan froze, or the sweep file's before there is one."""
    plan = evidence.plan
    return float(plan["margin"]) if plan else evidence.config.confirm.margin
