"""The short form of `tests/benchmarks/planted_truth.py`: fewer runs, and bars by the binomial of the same rates.

A machine whose rates just keep to the benchmark's bars would pass each of these but for one choice of seeds in 100.
"""

from __future__ import annotations

import pytest
from scipy import stats

from reports.statistics import Verdict
from tests.benchmarks.planted_truth import EFFECTS, FALSE, FEWEST, RIGHT, claims_of_nothing, find, starve


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_planted_effect_is_found_on_its_side(effect: str) -> None:
    found = find(effect, runs=25)
    assert min(found.right["E1"], found.right["E3"]) >= stats.binom.ppf(0.01, found.runs, RIGHT)
    assert min(found.covered["E1"], found.covered["E3"]) >= stats.binom.ppf(0.01, found.runs, 0.95)


def test_where_nothing_was_planted_little_is_claimed() -> None:
    replays = 150
    better, worse = claims_of_nothing(replays=replays)
    low, high = stats.binom.ppf(0.01, replays, FALSE[0]), stats.binom.ppf(0.99, replays, FALSE[1])
    assert low <= better + worse <= high
    assert stats.binomtest(better, better + worse).pvalue > 0.01, "one side is claimed oftener than the other"


def test_too_few_pairs_are_undetermined() -> None:
    found = starve(runs=12)
    few = [said for pairs, said in found if 0 < pairs < FEWEST]
    assert len(few) >= 6
    assert set(few) == {Verdict.UNDETERMINED}
