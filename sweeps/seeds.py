"""Every seed of a sweep, derived from its one seed: the same question gives the same answer on every machine."""

from __future__ import annotations

import hashlib

from sweeps.records import Phase, Seeds

SOURCES = ("init", "order", "dropout", "augment")
VARIED = ("init", "order", "dropout", "device")
"""What a replicate may differ in alone; of the device only the order of its sums may, where that is not fixed."""


def derive(*parts: object) -> int:
    """A whole number below 2**31 that depends on every part and on nothing else."""
    text = "/".join(map(repr, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def trial_seeds(seed: int, phase: Phase, index: int, *, split: int) -> Seeds:
    """The seeds of the `index`-th trial of an arm in a phase.

    They do not depend on the arm: the trials of two arms with the same index start from the same seeds. No two phases
    share a seed but by the chance of one in two billion.

    Args:
        seed: The sweep's.
        phase: Part of the derivation, so that confirm never meets a seed that search has used.
        index: Order of the trial in its arm, from 0.
        split: Seed of the data split, the same for the whole sweep.
    """
    return Seeds(split=split, **{source: derive(seed, phase, index, source) for source in SOURCES})


def source_seeds(seed: int, source: str, index: int, *, split: int) -> Seeds:
    """The seeds of the `index`-th replicate that differs from the others in one of `VARIED` alone.

    Args:
        seed: The sweep's.
        source: What is new in each replicate; the rest is the same in all of them, whatever the source.
        index: From 0.
        split: Seed of the data split.
    """
    held = {name: derive(seed, "sources", name) for name in SOURCES}
    fresh = {source: derive(seed, "sources", source, index)} if source in SOURCES else {}
    return Seeds(split=split, **(held | fresh))
