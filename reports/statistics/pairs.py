"""Which replicates belong together, and which are left over: nothing is averaged, guessed or dropped unseen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Failures = Literal["excluded", "worst"]
Replicates = Iterable[tuple[object, float | None]]


@dataclass(frozen=True)
class Pairs:
    """Complete pairs in the order of their ids, and the account of everything else.

    Attributes:
        ids: What names each pair.
        a: Scores of the first arm.
        b: Scores of the second arm at the same places.
        unpaired: Ids that only one arm has.
        failed: Ids of pairs in which at least one arm has no finite score.
        failed_a: How many replicates of the first arm have none.
        failed_b: How many replicates of the second arm have none.
    """

    ids: tuple[str, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]
    unpaired: tuple[str, ...]
    failed: tuple[str, ...]
    failed_a: int
    failed_b: int


def match_pairs(a: Replicates, b: Replicates, *, failures: Failures = "excluded", worst: float | None = None) -> Pairs:
    """Pair the replicates of two arms by id; the order of either does not matter, and 1 is the same id as "1".

    Args:
        a: Ids with scores; None, NaN or an infinity is a replicate that failed.
        b: The same of the other arm.
        failures: Whether pairs with a failure are left out, or count with the `worst` score.
        worst: The score of a failure where failures count as the worst.

    Raises:
        ValueError: If an arm has one id twice, `failures` is neither, or `worst` is missing or not finite.
    """
    if failures not in ("excluded", "worst"):
        raise ValueError(f"failures: must be 'excluded' or 'worst', got {failures!r}")
    if failures == "worst" and (worst is None or not math.isfinite(worst)):
        raise ValueError(f"worst: failures that count as worst need a finite score, got {worst}")
    first, second = _by_id("a", a), _by_id("b", b)
    both = sorted(first.keys() & second.keys(), key=_natural)
    failed = tuple(name for name in both if first[name] is None or second[name] is None)
    ids = [name for name in both if failures == "worst" or name not in failed]
    return Pairs(
        ids=tuple(ids),
        a=tuple(_scores(first, ids, worst)),
        b=tuple(_scores(second, ids, worst)),
        unpaired=tuple(sorted(first.keys() ^ second.keys(), key=_natural)),
        failed=failed,
        failed_a=sum(score is None for score in first.values()),
        failed_b=sum(score is None for score in second.values()),
    )


def _by_id(arm: str, replicates: Replicates) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for identity, score in replicates:
        name = _name(identity)
        if name in found:
            raise ValueError(f"{arm}: every pair id must occur once, got {name!r} twice")
        found[name] = None if score is None or not math.isfinite(score) else float(score)
    return found


def _name(identity: object) -> str:
    # A column of seeds with a gap comes back from a table as floats.
    whole = isinstance(identity, float) and identity.is_integer()
    return str(int(identity)) if whole and isinstance(identity, float) else str(identity)


def _natural(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


def _scores(scores: dict[str, float | None], ids: list[str], worst: float | None) -> Iterable[float]:
    for name in ids:
        score = scores[name] if scores[name] is not None else worst
        if score is not None:
            yield score
