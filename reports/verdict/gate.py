"""A condition of validity: it passes, warns, fails, or had nothing to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "warn", "fail", "open", "not run"]


@dataclass(frozen=True)
class Gate:
    """One condition of validity.

    Attributes:
        key: A constant.
        name: In the reader's words.
        status: `open` while the plan's number of pairs is not there yet: then every verdict is interim. `fail` makes
            the verdict invalid, and `because` says why in the middle of a sentence.
        detail: What was found.
        because: See `status`; empty unless it failed.
    """

    key: str
    name: str
    status: Status
    detail: str
    because: str = ""
