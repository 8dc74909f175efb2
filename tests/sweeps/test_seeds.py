"""Every seed follows from the sweep's one seed, the same on every machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from sweeps.records import Phase, Seeds
from sweeps.seeds import derive, trial_seeds


@given(st.lists(st.one_of(st.integers(), st.text(), st.floats()), max_size=4))
def test_a_seed_is_a_whole_number_below_two_to_the_31(parts: list[object]) -> None:
    assert 0 <= derive(*parts) < 2**31
    assert derive(*parts) == derive(*parts)


def test_seeds_never_change() -> None:
    # sha256 of "0/'a'", its first 31 bits: by hand.
    assert derive(0, "a") == 0x43876D9B >> 1
    assert trial_seeds(0, "search", 0, split=5) == Seeds(
        init=derive(0, "search", 0, "init"),
        order=derive(0, "search", 0, "order"),
        dropout=derive(0, "search", 0, "dropout"),
        augment=derive(0, "search", 0, "augment"),
        split=5,
    )


def test_every_part_counts_and_none_runs_into_the_next() -> None:
    parts = [(), (0,), ("0",), (0, 0), ("0/0",), (0, "a"), ("a", 0), ("a/0",), ("'a'", 0), (0.0,), (True,), ("ab",)]
    assert len({derive(*part) for part in parts}) == len(parts)


def test_no_two_trials_phases_or_sources_share_a_seed() -> None:
    seen: set[int] = set()
    count = 0
    for seed in range(3):
        for phase in get_args(Phase):
            for index in range(50):
                seeds = asdict(trial_seeds(seed, phase, index, split=1))
                assert seeds.pop("split") == 1
                seen.update(seeds.values())
                count += len(seeds)
    assert len(seen) == count
