"""The sweep file: one YAML document that says what is asked, of which model and data, and with which means.

Every key is checked before anything is started. Unknown keys are refused with the known ones listed. What needs a
library to be checked (a sampler's settings, a model's metrics) is checked by the part that owns the library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from search_spaces import Choice, SearchSpace, read_preset
from sweeps.errors import ConfigError
from sweeps.messages import explain

# The phases after search are keys of the contract already, so that a sweep file written for them fails loudly.
_LATER = "is not run by this version: only 0 works; leave it out"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _read_space(value: object) -> SearchSpace:
    return value if isinstance(value, SearchSpace) else SearchSpace.from_mapping(value)


def _named(value: object) -> object:
    """A bare name is short for `{name: ...}`."""
    return {"name": value} if isinstance(value, str) else value


def _function_path(value: str) -> str:
    module, _, function = value.partition(":")
    if not (all(part.isidentifier() for part in module.split(".")) and function.isidentifier()):
        raise ValueError(f'must read "package.module:function", got {value!r}')
    return value


def _zero(value: int) -> int:
    if value != 0:
        raise ValueError(f"{_LATER} (got {value})")
    return value


def _count(value: object) -> object:
    if value == "auto" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise ValueError(f"must be auto or a whole number of at least 1, got {value!r}")


def _gpus(value: object) -> object:
    if value == "auto" or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf):
        return value
    raise ValueError(f"must be auto or a number of at least 0, got {value!r}")


Space = Annotated[SearchSpace, BeforeValidator(_read_space), PlainSerializer(SearchSpace.to_mapping)]
NotYet = Annotated[int, AfterValidator(_zero)]


class ModelConfig(_Section):
    """Who builds the network: `build(**params, **args)` returns a Keras model."""

    build: Annotated[str, AfterValidator(_function_path)] = "capsule_layer:build_classifier"
    args: dict[str, Any] = {}


class DatasetConfig(_Section):
    """Which images, how many of each part, and the seed of the split."""

    name: str = "mnist"
    train: int = Field(50_000, ge=1)
    validation: int = Field(10_000, ge=1)
    split_seed: int = Field(0, ge=0, lt=2**31)
    file: str | None = None


class ObjectiveConfig(_Section):
    """What is compared: a metric of the epoch reports, at the last or at the best epoch."""

    metric: str = "val_accuracy"
    direction: Literal["maximize", "minimize"] = "maximize"
    at: Literal["last", "best"] = "last"


class Named(BaseModel):
    """A sampler or pruner by name, with its settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


class SearchConfig(_Section):
    """The budget of the search phase, per arm under `compare`, and how Optuna spends it."""

    trials: int = Field(60, ge=1)
    epochs: int = Field(15, ge=1)
    sampler: Annotated[Named, BeforeValidator(_named)] = Named(name="tpe")
    pruner: Annotated[Named, BeforeValidator(_named)] = Named(name="median")


class ConfirmConfig(_Section):
    """Fresh paired seeds for each arm's champion."""

    seeds: NotYet = 0


class SwapConfig(_Section):
    """The same shared params and seed, only the pooling replaced."""

    settings: NotYet = 0


class TrainingConfig(_Section):
    """How a trial is trained; a parameter of the space with one of these names replaces the value."""

    batch_size: int = Field(128, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    dtype_policy: Literal["float32", "mixed_bfloat16", "mixed_float16", "float64"] = "float32"


class WorkersConfig(_Section):
    """How many warm training processes, and what each of them holds."""

    count: Annotated[Literal["auto"] | int, BeforeValidator(_count)] = "auto"
    cpus: float = Field(1, gt=0)
    gpus: Annotated[Literal["auto"] | float, BeforeValidator(_gpus)] = "auto"


class SweepConfig(_Section):
    """One sweep: one question asked over one space.

    Raises:
        ConfigError: From `from_text` and its kin, with every broken rule on a line of its own.
    """

    name: str = Field("sweep", min_length=1, max_length=120)
    seed: int = Field(0, ge=0, lt=2**31)
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
        return self

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
        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"{source}: not YAML: {' '.join(str(error).split())}") from None
        if not isinstance(document, Mapping):
            raise ConfigError(
                f"{source}: a sweep file maps keys to values; known keys are {', '.join(cls.model_fields)}"
            )
        for change in changes:
            document = _override(dict(document), change)
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
        if path.suffix in {".yaml", ".yml"} or path.exists() or "/" in name:
            try:
                return cls.from_text(path.read_text(encoding="utf-8"), source=name, changes=changes)
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                raise ConfigError(f"{name}: cannot be read as a sweep file: {reason}") from None
        return cls.from_text(read_preset(name), source=f"preset {name}", changes=changes)


def _override(document: dict[str, Any], change: str) -> dict[str, Any]:
    """Apply one `key.key=value`, making the sections on the way."""
    path, equals, text = change.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--set: must read key.key=value, got {change!r}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"--set {path}: the value is not YAML: {text!r}") from None
    return _replaced(document, keys, value)


def _replaced(section: object, keys: list[str], value: object) -> dict[str, Any]:
    if isinstance(section, str):  # a bare name is short for {name: ...}
        section = {"name": section}
    opened = dict(section) if isinstance(section, Mapping) else {}
    opened[keys[0]] = value if len(keys) == 1 else _replaced(opened.get(keys[0]), keys[1:], value)
    return opened
