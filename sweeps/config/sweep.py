"""A whole sweep file, and what its sections must agree on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from search_spaces import Choice, ParamValue, SpaceError, exponent_hint, is_same
from sweeps.config.changes import with_changes
from sweeps.config.fields import Space, Text, Whole
from sweeps.config.inheritance import EXTENDS, SweepText, find, resolve
from sweeps.config.machine import FaultsConfig, WorkersConfig
from sweeps.config.objective import ObjectiveConfig
from sweeps.config.phases import (
    ConfirmConfig,
    ControlsConfig,
    SwapConfig,
    check_same_network,
    default_baseline,
)
from sweeps.config.question import DatasetConfig, ModelConfig
from sweeps.config.search import SearchConfig
from sweeps.config.section import Section
from sweeps.config.training import TrainingConfig
from sweeps.errors import ConfigError
from sweeps.messages import explain


class SweepConfig(Section):
    """One sweep: one question asked over one space.

    Raises:
        ConfigError: From `from_text` and its kin, with every broken rule on a line of its own.
    """

    name: Text = Field("sweep", max_length=120, description="What reports call the sweep, and its run directory.")
    seed: Whole = Field(0, ge=0, lt=2**31, description="Decides every random choice of the sweep.")
    model: ModelConfig = Field(ModelConfig(), description="Who builds the network.")
    dataset: DatasetConfig = Field(DatasetConfig(), description="Which data, and how it is split.")
    space: Space = Field(description="What is searched: each param with the values it may have, in order.")
    compare: Text | None = Field(
        None, description="A param of the space, an unconditional list: one study and an equal budget for each value."
    )
    objective: ObjectiveConfig = Field(ObjectiveConfig(), description="What trials are judged by.")
    search: SearchConfig = Field(SearchConfig(), description="The budget of the search, and how it is spent.")
    confirm: ConfirmConfig = Field(
        ConfirmConfig(), description="Fresh seeds for each arm's champions, and how the verdict is drawn."
    )
    swap: SwapConfig = Field(SwapConfig(), description="Only the compared param replaced, in many settings.")
    controls: ControlsConfig = Field(ControlsConfig(), description="Comparisons that must show nothing.")
    cost_probe: Whole = Field(
        0, ge=0, description="Replicates of each champion that are trained alone on their machine, for honest times."
    )
    training: TrainingConfig = Field(TrainingConfig(), description="How a trial is trained.")
    workers: WorkersConfig = Field(WorkersConfig(), description="How many training processes, and what each holds.")
    faults: FaultsConfig = Field(FaultsConfig(), description="What the sweep puts up with before it stops.")

    def having(self, *, gpus: float) -> Self:
        """The same, with so many GPUs for each worker."""
        return self.model_copy(update={"workers": self.workers.model_copy(update={"gpus": gpus})})

    @model_validator(mode="after")
    def _compare_names_a_choice(self) -> Self:
        if self.compare is None:
            return self
        parameter = self.space.parameters.get(self.compare)
        known = [name for name, p in self.space.parameters.items() if isinstance(p.domain, Choice) and not p.when]
        if parameter is None or self.compare not in known:
            raise ValueError(
                f"compare: must name a parameter of the space that is an unconditional list of choices "
                f"({', '.join(known) or 'there is none'}), got {self.compare!r}"
            )
        if len({str(value) for value in self.arms}) < len(self.arms):
            raise ValueError(f"compare: the values name the studies, so they must differ as text, got {self.arms}")
        return self

    @model_validator(mode="after")
    def _space_agrees_with_the_rest(self) -> Self:
        twice = [name for name in self.space.parameters if name in self.model.args]
        if twice:
            raise ValueError(f"model.args.{twice[0]}: is a parameter of the space too; keep one of them")
        for name in TrainingConfig.model_fields:
            parameter = self.space.parameters.get(name)
            for value in parameter.domain.corners() if parameter else ():
                if isinstance(value, str) and name == "learning_rate":  # in a list, text stays text
                    raise ValueError(f"space: {name}: must be a number, got {value!r}{exponent_hint(value)}")
                try:
                    TrainingConfig.model_validate({name: value}, strict=True)
                except ValidationError as error:
                    raise ValueError(explain(error, TrainingConfig, source="space")) from None
        return self

    @model_validator(mode="after")
    def _a_schedule_ends_with_the_trial(self) -> Self:
        at, epochs = self.training.schedule.at, self.search.epochs
        if at and at[-1] >= epochs:
            raise ValueError(f"training.schedule.at: must name epochs below search.epochs, {epochs}, got {list(at)}")
        return self

    @model_validator(mode="after")
    def _first_points_lie_in_the_space(self) -> Self:
        points: list[dict[str, ParamValue]] = []
        for place, point in enumerate(self.search.first):
            try:
                points.append(self.space.coerce(point))
            except SpaceError as error:
                raise ValueError(f"search.first.{place}: {error}") from None
            if self.search.repeats == "skip" and points[-1] in points[:-1]:
                raise ValueError(f"search.first.{place}: stands there before, and repeats: skip tries nothing twice")
        for arm in self.arms:
            asked, trials = len(self.first_points(arm)), self.search.trials
            if trials is not None and asked + (self.search.cohort or 0) > trials:
                of_arm = "" if arm is None else f" for {self.compare} {arm}"
                cohort = f" beside a cohort of {self.search.cohort}" if self.search.cohort else ""
                raise ValueError(
                    f"search.first: has {asked} points{of_arm}{cohort}, which search.trials does not allow, got "
                    f"{trials}; ask for more trials"
                )
        return self

    @model_validator(mode="after")
    def _later_phases_can_be_judged(self) -> Self:
        asked = [key for key, amount in self.later_amounts.items() if amount]
        if not asked:
            return self
        if self.compare is None or len(self.arms) < 2:
            raise ValueError(f"{asked[0]}: compares arms; name the param with at least two values by compare")
        if not self.objective.metric.startswith("val_"):
            raise ValueError(
                f"objective.metric: {asked[0]} is judged by a metric of data that is not trained on, whose name begins "
                f"with val_, got {self.objective.metric}"
            )
        if (baseline := self.baseline) is None or not any(is_same(baseline, arm) for arm in self.arms):
            given = "it is not given" if self.confirm.baseline is None else f"got {self.confirm.baseline!r}"
            raise ValueError(f"confirm.baseline: must be one of {', '.join(map(str, self.arms))}; {given}")
        self._check_same_networks(self.compare, baseline)
        self._check_enough_pairs(len(self.arms) - 1)
        return self

    def _check_enough_pairs(self, comparisons: int) -> None:
        """Refuse what could never show anything: the seeds, settings or runs of which one makes one pair."""
        fewest = self.confirm.fewest_seeds(comparisons)
        pairs = {"confirm.seeds": self.confirm.seeds, "swap.settings": self.swap.settings}
        asked = {key: amount for key, amount in pairs.items() if amount}
        if self.confirm.runs is not None:
            asked["confirm.runs"] = self.confirm.runs
        for key, amount in asked.items():
            if amount < fewest:
                exact = f"{comparisons} exact comparison{'s' if comparisons > 1 else ''}"
                raise ValueError(
                    f"{key}: must be at least {fewest}, with which {exact} can claim anything at alpha "
                    f"{self.confirm.alpha:g}, got {amount}"
                )

    def _check_same_networks(self, compare: str, baseline: ParamValue) -> None:
        for place, both in enumerate(self.controls.same):
            for side, given in enumerate(both):
                try:
                    check_same_network(self.space, compare=compare, baseline=baseline, given=given)
                except ValueError as error:
                    raise ValueError(f"controls.same.{place}.{side}: {error}") from None

    @property
    def later_amounts(self) -> dict[str, int]:
        """What is asked for after the search: each key that says how much of a phase, with its value."""
        return {
            "confirm.seeds": self.confirm.seeds,
            "swap.settings": self.swap.settings,
            "controls.pairs": self.controls.pairs,
            "controls.sources": self.controls.sources,
            "cost_probe": self.cost_probe,
        }

    def asks_for(self, phase: str) -> bool:
        """Whether anything of a phase after the search is wanted."""
        return any(amount for key, amount in self.later_amounts.items() if key.partition(".")[0] == phase)

    @property
    def baseline(self) -> ParamValue | None:
        """The arm that the others are compared with."""
        given = self.confirm.baseline
        if given is None:
            return default_baseline(self.arms)
        return next((arm for arm in self.arms if is_same(arm, given)), given)  # 1.0 means the arm 1

    def first_points(self, arm: ParamValue | None) -> tuple[dict[str, ParamValue], ...]:
        """The params to try first in an arm's study; None for a joint search."""
        points = tuple(self.space.coerce(point) for point in self.search.first)
        return points if self.compare is None else tuple(p for p in points if is_same(p[self.compare], arm))

    def study_of(self, arm: ParamValue | None) -> str:
        """What the study of an arm is called."""
        return self.name if arm is None else f"{self.name}/{arm}"

    @property
    def arms(self) -> tuple[Any, ...]:
        """The values of the compared parameter; `(None,)` for one joint search."""
        if self.compare is None:
            return (None,)
        return self.space.parameters[self.compare].domain.corners()

    @classmethod
    def from_text(cls, text: str, *, source: str, changes: tuple[str, ...] = ()) -> Self:
        """Read a sweep file's text.

        Args:
            text: YAML; its paths are relative to the current directory.
            source: How messages name it.
            changes: `key.key=value` overrides, their values read as YAML.
        """
        return cls._resolved(SweepText(text, source), changes)

    @classmethod
    def from_mapping(cls, document: Mapping[str, object], *, source: str) -> Self:
        """Check a document already read; `source` is how messages name it."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise ConfigError(explain(error, cls, source=source, also=(EXTENDS,))) from None

    @classmethod
    def load(cls, name: str, *, changes: tuple[str, ...] = ()) -> Self:
        """Read a sweep file, or a preset where no file has that name, with what it extends below it.

        Paths in the file are relative to it.
        """
        return cls._resolved(find(name), changes)

    @classmethod
    def _resolved(cls, found: SweepText, changes: tuple[str, ...]) -> Self:
        document, source = resolve(found, known=[*cls.model_fields, EXTENDS])
        return cls.from_mapping(with_changes(document, changes), source=source)
