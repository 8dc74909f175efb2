"""The sweep file: one YAML document that says what is asked, of which model and data, and with which means.

Every key is checked before anything is started. Unknown keys are refused with the known ones listed. What needs a
library to be checked (a sampler's settings, a model's metrics) is checked by the part that owns the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from search_spaces import Choice, ParamValue, SpaceError, is_same, preset_names, read_preset
from sweeps.document import override, read_yaml
from sweeps.errors import ConfigError
from sweeps.fields import Count, FunctionPath, Gpus, NotYet, Plain, Real, Space, Whole, named, plain
from sweeps.messages import explain


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ModelConfig(_Section):
    """Who builds the network: `build(**params, **args)` returns a Keras model."""

    build: FunctionPath = "capsule_layer:build_classifier"
    args: Plain = {}


class DatasetConfig(_Section):
    """Which images, how many of each part, and the seed of the split."""

    name: str = "mnist"
    train: Whole = Field(50_000, ge=1)
    validation: Whole = Field(10_000, ge=1)
    split_seed: Whole = Field(0, ge=0, lt=2**31)
    file: str | None = None


class ObjectiveConfig(_Section):
    """What is compared: a metric of the epoch reports, at the last or at the best epoch."""

    metric: str = "val_accuracy"
    direction: Literal["maximize", "minimize"] = "maximize"
    at: Literal["last", "best"] = "last"

    @model_validator(mode="after")
    def _a_loss_needs_a_direction(self) -> Self:
        if self.metric.endswith("loss") and "direction" not in self.model_fields_set:
            raise ValueError(f"{self.metric} needs a direction: add direction: minimize")
        return self


class Named(BaseModel):
    """A sampler or pruner by name, with its settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @model_validator(mode="after")
    def _settings_are_plain(self) -> Self:
        plain(self.settings)
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


class SearchConfig(_Section):
    """The budget of the search phase, per arm under `compare`, and how Optuna spends it.

    Attributes:
        trials: Of an arm.
        epochs: Of a trial.
        sampler: Who chooses params.
        pruner: Who stops trials that fall behind.
        first: Params to try before the sampler chooses any, in this order; part of the trials.
    """

    trials: Whole = Field(60, ge=1)
    epochs: Whole = Field(15, ge=1)
    sampler: Annotated[Named, BeforeValidator(named)] = Named(name="tpe")
    pruner: Annotated[Named, BeforeValidator(named)] = Named(name="median")
    first: tuple[Plain, ...] = ()


class ConfirmConfig(_Section):
    """Fresh paired seeds for each arm's champion."""

    seeds: NotYet = 0


class SwapConfig(_Section):
    """The same shared params and seed, only the pooling replaced."""

    settings: NotYet = 0


class TrainingConfig(_Section):
    """How a trial is trained; a parameter of the space with one of these names replaces the value."""

    batch_size: Whole = Field(128, ge=1)
    learning_rate: Real = Field(1e-3, gt=0)
    dtype_policy: Literal["float32", "mixed_bfloat16", "mixed_float16", "float64"] = "float32"


class WorkersConfig(_Section):
    """How many warm training processes, and what each of them holds.

    Attributes:
        count: `auto` for as many as fit.
        cpus: Cores of each, with a thread for each.
        gpus: GPUs of each, or a share of one; `auto` for one where there are any.
        autoscale_to: With count auto, workers to ask a cluster's autoscaler for. 0 takes the nodes as they come, and
            while all workers are busy asks an autoscaler that tells what it may start for as many again, up to one a
            trial.
        recycle_trials: Trials after which a process is replaced by a fresh one; 0 for never.
        recycle_gib: Growth of a process since its first trial after which it is replaced; 0 for never.
    """

    count: Count = "auto"
    cpus: Real = Field(1.0, gt=0)
    gpus: Gpus = "auto"
    autoscale_to: Whole = Field(0, ge=0)
    recycle_trials: Whole = Field(0, ge=0)
    recycle_gib: Real = Field(4.0, ge=0)

    @model_validator(mode="after")
    def _an_autoscaler_needs_a_count_of_auto(self) -> Self:
        if self.autoscale_to and self.count != "auto":
            raise ValueError(f"autoscale_to: {self.autoscale_to} goes with count: auto, got count: {self.count}")
        return self


class FaultsConfig(_Section):
    """What a sweep puts up with before it stops.

    Attributes:
        retries: Times that a trial which raises is tried again. Out of memory is tried again once without being asked,
            alone on its device.
        losses: Workers that a trial may lose in a row, with no new checkpoint between them, before it has failed.
        same_error: Trials of an arm that may fail in a row by the same error; 0 allows any number.
        trial_timeout: Seconds of training after which an attempt has failed its trial; None never ends one.
        no_progress: Seconds without a word after which a worker is ended, and its trial goes on with another; None
            waits for ever.
        checkpoint_every: Epochs between two checkpoints of a trial; 0 takes none.
        checkpoint_gib: What the checkpoints of all trials together may take of the disk.
    """

    retries: Whole = Field(0, ge=0)
    losses: Whole = Field(3, ge=1)
    same_error: Whole = Field(5, ge=0)
    trial_timeout: Real | None = Field(None, gt=0)
    no_progress: Real | None = Field(3600.0, gt=0)
    checkpoint_every: Whole = Field(5, ge=0)
    checkpoint_gib: Real = Field(10.0, ge=0)


class SweepConfig(_Section):
    """One sweep: one question asked over one space.

    Raises:
        ConfigError: From `from_text` and its kin, with every broken rule on a line of its own.
    """

    name: str = Field("sweep", min_length=1, max_length=120)
    seed: Whole = Field(0, ge=0, lt=2**31)
    model: ModelConfig = ModelConfig()
    dataset: DatasetConfig = DatasetConfig()
    space: Space
    compare: str | None = None
    objective: ObjectiveConfig = ObjectiveConfig()
    search: SearchConfig = SearchConfig()
    confirm: ConfirmConfig = ConfirmConfig()
    swap: SwapConfig = SwapConfig()
    controls: NotYet = 0
    cost_probe: NotYet = 0
    training: TrainingConfig = TrainingConfig()
    workers: WorkersConfig = WorkersConfig()
    faults: FaultsConfig = FaultsConfig()

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
                try:
                    TrainingConfig.model_validate({name: value}, strict=True)
                except ValidationError as error:
                    raise ValueError(explain(error, TrainingConfig, source="space")) from None
        return self

    @model_validator(mode="after")
    def _first_points_lie_in_the_space(self) -> Self:
        for place, point in enumerate(self.search.first):
            try:
                self.space.validate(point)
            except SpaceError as error:
                raise ValueError(f"search.first.{place}: {error}") from None
        for arm in self.arms:
            asked = len(self.first_points(arm))
            if asked > self.search.trials:
                of_arm = "" if arm is None else f" for {self.compare} {arm}"
                raise ValueError(
                    f"search.first: has {asked} points{of_arm}, which search.trials does not allow, got "
                    f"{self.search.trials}; ask for more trials"
                )
        return self

    def first_points(self, arm: ParamValue | None) -> tuple[dict[str, Any], ...]:
        """The params to try first in an arm's study; None for a joint search."""
        points = self.search.first
        return points if self.compare is None else tuple(p for p in points if is_same(p[self.compare], arm))

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
            text: YAML.
            source: How messages name it.
            changes: `key.key=value` overrides, their values read as YAML.
        """
        document = read_yaml(text, source=source)
        if not isinstance(document, Mapping):
            raise ConfigError(
                f"{source}: a sweep file maps keys to values; known keys are {', '.join(cls.model_fields)}"
            )
        for change in changes:
            document = override(document, change)
        return cls.from_mapping(document, source=source)

    @classmethod
    def from_mapping(cls, document: Mapping[str, object], *, source: str) -> Self:
        """Check a document already read; `source` is how messages name it."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise ConfigError(explain(error, cls, source=source)) from None

    @classmethod
    def load(cls, name: str, *, changes: tuple[str, ...] = ()) -> Self:
        """Read a sweep file, or a preset where no file has that name."""
        path = Path(name)
        is_path = path.suffix in {".yaml", ".yml"} or "/" in name
        if is_path or path.is_file() or (path.exists() and name not in preset_names()):
            try:
                return cls.from_text(path.read_text(encoding="utf-8"), source=name, changes=changes)
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                raise ConfigError(f"{name}: cannot be read as a sweep file: {reason}") from None
        return cls.from_text(read_preset(name), source=f"preset {name}", changes=changes)
