"""What a sweep's trials are judged by: one metric that decides, others beside it, and bounds that none may break."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from sweeps.config.fields import Real, Text
from sweeps.config.section import Section

COSTS = ("parameters", "macs", "train_seconds", "inference_seconds")
"""What a trial costs, known without an epoch report: weights, multiply-accumulates of one example's forward pass,
worker seconds of its epochs, seconds of one example's forward pass in a full batch."""

Direction = Literal["maximize", "minimize"]


class Target(Section):
    """Another objective beside the metric: a metric of the epoch reports, or a cost."""

    metric: Text = Field(description=f"A metric of the epoch reports, or one of {', '.join(COSTS)}.")
    direction: Direction | None = Field(None, description="Needed for a metric; a cost is minimized.")

    @model_validator(mode="before")
    @classmethod
    def _a_cost_is_minimized(cls, document: Any) -> Any:
        if isinstance(document, Mapping) and document.get("metric") in COSTS and document.get("direction") is None:
            return {**document, "direction": "minimize"}
        return document

    @model_validator(mode="after")
    def _a_metric_needs_a_direction(self) -> Self:
        if self.metric not in COSTS and self.direction is None:
            raise ValueError(f"{self.metric} needs a direction: maximize or minimize")
        if self.metric in COSTS and self.direction == "maximize":
            raise ValueError(f"direction: {self.metric} is a cost, which can only be minimized")
        return self

    @property
    def minimizes(self) -> bool:
        """Whether less is better."""
        return self.direction != "maximize"


class Bound(Section):
    """What a metric or cost must not pass."""

    at_most: Real | None = Field(None, description="The largest value that is allowed.")
    at_least: Real | None = Field(None, description="The smallest value that is allowed.")

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.at_most is None and self.at_least is None:
            raise ValueError("needs at_most or at_least")
        if self.at_most is not None and self.at_least is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least must not exceed at_most, got {self.at_least:g} and {self.at_most:g}")
        return self

    def excess(self, value: float) -> float:
        """How far a value lies outside; at most 0 inside."""
        over = [] if self.at_most is None else [value - self.at_most]
        under = [] if self.at_least is None else [self.at_least - value]
        return max(over + under)


class ObjectiveConfig(Section):
    """What is compared: a metric of the epoch reports, at the last or at the best epoch."""

    metric: Text = Field("val_accuracy", description="Decides: trials are ranked, pruned and stopped by it.")
    direction: Direction = Field("maximize", description="Whether more of it is better; a loss needs it said.")
    at: Literal["last", "best"] = Field("last", description="Which epoch counts.")
    also: tuple[Target, ...] = Field((), description="Objectives beside the metric, for samplers that take several.")
    constraints: dict[str, Bound] = Field(
        {}, description="Bounds by metric or cost; a trial that breaks one is never the best."
    )

    @model_validator(mode="before")
    @classmethod
    def _a_bare_name_is_a_target(cls, document: Any) -> Any:
        if isinstance(document, Mapping) and isinstance(document.get("also"), list):
            also = [{"metric": each} if isinstance(each, str) else each for each in document["also"]]
            return {**document, "also": also}
        return document

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.metric.endswith("loss") and "direction" not in self.model_fields_set:
            raise ValueError(f"{self.metric} needs a direction: add direction: minimize")
        if self.metric in COSTS:
            raise ValueError(f"metric: {self.metric} is a cost, which cannot decide alone; put it into also")
        for name, bound in self.constraints.items():
            if name.endswith("accuracy") and ((bound.at_least or 0) > 1 or (bound.at_most or 0) < 0):
                raise ValueError(f"constraints.{name}: can never be kept: an accuracy lies between 0 and 1")
        names = [self.metric, *(target.metric for target in self.also)]
        twice = [name for place, name in enumerate(names) if name in names[:place]]
        if twice:
            raise ValueError(f"also: {twice[0]} is an objective twice; keep one of them")
        return self

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Of the metric, and of what stands beside it."""
        return self.direction, *("minimize" if target.minimizes else "maximize" for target in self.also)

    @property
    def measures(self) -> tuple[str, ...]:
        """Every metric and cost that a trial's result needs, each once, the deciding one first."""
        return tuple(dict.fromkeys([self.metric, *(target.metric for target in self.also), *self.constraints]))
