"""Shifted copies of the test pictures: how far each is moved or turned, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from sweeps.config.fields import Real, Whole
from sweeps.config.section import Section

_MOST = 4


@dataclass(frozen=True)
class Shift:
    """One shifted copy of all pictures.

    Attributes:
        kind: Whether they are moved or turned.
        amount: Pixels, or degrees.
    """

    kind: Literal["translate", "rotate"]
    amount: float

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:g}"


def _different(amounts: tuple[float, ...]) -> tuple[float, ...]:
    if len({f"{amount:g}" for amount in amounts}) < len(amounts):
        raise ValueError(f"must hold each amount once, got {list(amounts)}; leave out what is there twice")
    return amounts


Pixels: TypeAlias = Annotated[Whole, Field(ge=1)]
Degrees: TypeAlias = Annotated[Real, Field(gt=0, le=180)]


class ShiftsConfig(Section):
    """Shifted copies of the test pictures, on which every confirmed replicate is tested too: does a difference hold?"""

    translate: Annotated[tuple[Pixels, ...], AfterValidator(_different)] = Field(
        (),
        max_length=_MOST,
        description="Pixels by which each picture, (h, w) or (h, w, c), is moved up, down, left or right, a copy each.",
    )
    rotate: Annotated[tuple[Degrees, ...], AfterValidator(_different)] = Field(
        (),
        max_length=_MOST,
        description="Degrees by which each picture is turned about its centre, to either side, a copy each.",
    )

    @property
    def each(self) -> tuple[Shift, ...]:
        """Every copy, those that are moved first."""
        moved = tuple(Shift("translate", amount) for amount in self.translate)
        return (*moved, *(Shift("rotate", amount) for amount in self.rotate))
