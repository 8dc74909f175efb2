"""What every section of a sweep file is made of."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sweeps.config.fields import plain


class Section(BaseModel):
    """A mapping with known keys, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Named(BaseModel):
    """Something by its name (a sampler, a pruner, an optimizer), with its settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(strict=True, description="Which one.")

    @model_validator(mode="after")
    def _settings_are_plain(self) -> Self:
        plain(self.settings)
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


def named(value: object) -> object:
    """A bare name is short for `{name: ...}`."""
    return {"name": value} if isinstance(value, str) else value
