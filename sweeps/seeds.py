"""Every seed of a sweep, derived from its one seed: the same question gives the same answer on every machine."""

from __future__ import annotations

import hashlib

from sweeps.records import Phase, Seeds

SOURCES = ("init", "order", "dropout", "augment")


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
