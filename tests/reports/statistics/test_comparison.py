from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.statistics import Verdict, match_pairs, paired_comparison, pairs_to_tell

EXPERIMENTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)


def split(rows):
    return np.array([x for x, _ in rows]) / 500, np.array([y for _, y in rows]) / 500


def test_the_sample_data(a, b) -> None:
    found = paired_comparison(a, b, margin=0.001)
    assert (found.n, found.p, found.pairs_needed) == (10, 0.001953125, 0)
    assert (found.mean, found.low, found.high) == pytest.approx((0.00118, 9.645995537e-4, 1.3954004463e-3), abs=1e-12)
    assert found.deviation == pytest.approx(3.011090611e-4, abs=1e-12)
    assert found.verdict is Verdict.BETTER_SIZE_UNCERTAIN
    assert paired_comparison(a, b, margin=0.0005).verdict is Verdict.BETTER
    assert paired_comparison(a, b, margin=0.002).verdict is Verdict.BETTER_NEGLIGIBLE
    assert paired_comparison(a, b, margin=0.0005, direction="minimize").verdict is Verdict.WORSE


@given(EXPERIMENTS, st.sampled_from([0, 0.01, 0.1]))
@settings(max_examples=80, deadline=None)
def test_turning_values_and_direction_turns_the_effect_and_keeps_the_verdict(rows, margin) -> None:
    a, b = split(rows)
    one, two = paired_comparison(a, b, margin=margin), paired_comparison(-a, -b, margin=margin, direction="minimize")
    assert (one.verdict, one.p, one.pairs_needed) == (two.verdict, two.p, two.pairs_needed)
    assert one.mean == -two.mean
    if one.low is not None:
        assert (one.low, one.high) == (-two.high, -two.low)


@given(EXPERIMENTS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_neither_the_rows_nor_the_names_of_the_seeds_matter_to_the_byte(rows, random) -> None:
    order = random.sample(range(len(rows)), len(rows))
    first, second = ([(seed, score) for seed, score in enumerate(column)] for column in split(rows))
    renamed = [[(f"s{order[seed]}", score) for seed, score in column] for column in (first, second)]
    random.shuffle(renamed[0])
    found = [match_pairs(*columns) for columns in ((first, second), renamed)]
    texts = [json.dumps(asdict(paired_comparison(each.a, each.b, margin=0.01))) for each in found]
    assert texts[0] == texts[1]


def test_single_precision_columns_give_the_same_bytes(a, b) -> None:
    single = a.astype(np.float32), b.astype(np.float32)
    double = single[0].astype(np.float64), single[1].astype(np.float64)
    assert paired_comparison(*single, margin=0.001) == paired_comparison(*double, margin=0.001)


def test_identical_arms_are_equivalent() -> None:
    found = paired_comparison([0.1, 0.7, 0.3], [0.1, 0.7, 0.3], margin=0.001)
    assert (found.mean, found.low, found.high, found.p, found.pairs_needed) == (0, 0, 0, 1, 0)
    assert found.verdict == "equivalent (identical)"


def test_constant_differences_have_a_point_and_no_nan() -> None:
    found = paired_comparison([0.75] * 6, [0.5] * 6, margin=0.001)
    assert (found.low, found.high, found.p, found.verdict) == (0.25, 0.25, 0.03125, Verdict.BETTER)


def test_one_pair_has_a_value_and_no_interval() -> None:
    found = paired_comparison([0.75], [0.5], margin=0.001)
    assert (found.n, found.mean, found.low, found.high, found.deviation, found.p) == (1, 0.25, None, None, None, 1)
    assert (found.verdict, found.pairs_needed) == (Verdict.UNDETERMINED, 5)


def test_an_arm_whose_runs_all_failed_is_not_comparable() -> None:
    pairs = match_pairs([(1, None), (2, None)], [(1, 0.5), (2, 0.5)])
    found = paired_comparison(pairs.a, pairs.b, margin=0.001)
    assert (found.n, found.mean, found.low, found.verdict, found.pairs_needed) == (0, None, None, "not comparable", 6)
    assert found.p == 1


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_too_few_pairs_are_undetermined_and_never_a_claim(n) -> None:
    a = np.linspace(0.9, 0.91, n)
    for offset in (0.1, -0.1):
        found = paired_comparison(a + offset * np.linspace(1, 1.01, n), a, margin=0.001)
        assert abs(found.low) > 0
        assert (found.verdict, found.pairs_needed) == (Verdict.UNDETERMINED, 6 - n)


def test_a_difference_within_the_margin_needs_no_side() -> None:
    found = paired_comparison([0.5002, 0.6003, 0.7002], [0.5, 0.6, 0.7], margin=0.01)
    assert found.low > 0
    assert found.p > 0.05
    assert found.verdict is Verdict.EQUIVALENT


def test_what_is_undetermined_says_how_many_pairs_more() -> None:
    differences = np.array([0.004, -0.003, 0.002, -0.001, 0.003, -0.004, 0.001, 0.0])
    found = paired_comparison(differences, np.zeros(8), margin=0.0015)
    assert found.verdict is Verdict.UNDETERMINED
    assert found.pairs_needed == pairs_to_tell(found.mean, found.deviation, 8, margin=0.0015)
    wide = paired_comparison(differences + 0.0012, np.zeros(8), margin=0.0015)
    assert wide.pairs_needed == pairs_to_tell(wide.mean, wide.deviation, 8, margin=0.0015)
    assert 0 < wide.pairs_needed < found.pairs_needed


def test_where_no_number_of_pairs_would_do_none_is_given() -> None:
    found = paired_comparison([1, -1, 1, -1], [0, 0, 0, 0], margin=0)
    assert (found.verdict, found.pairs_needed) == (Verdict.UNDETERMINED, None)
    # The mean of these is 0 but for the last bit of a double.
    assert paired_comparison([0.002, 0.016], [0.0, 0.018], margin=0).pairs_needed is None


def test_the_test_holds_even_where_the_interval_is_clear_of_nothing() -> None:
    # Seven clear wins and one tie: the interval excludes 0, and so does the exact test.
    a = np.array([0.2, 0.3, 0.2, 0.3, 0.2, 0.3, 0.2, 0.0])
    assert paired_comparison(a, np.zeros(8), margin=0.01).verdict.claims == 1
    # Five pairs cannot reach .05, however far apart.
    assert paired_comparison(a[:5], np.zeros(5), margin=0.01).verdict.claims == 0
    assert paired_comparison(a[:5], np.zeros(5), margin=0.01, alpha=0.1).verdict.claims == 1


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="margin: must be a finite number of at least 0, got -1"):
        paired_comparison([], [], margin=-1)
    with pytest.raises(ValueError, match="direction: must be"):
        paired_comparison([1], [1], margin=1, direction="up")
    with pytest.raises(ValueError, match="alpha: must lie between 0 and 1, got 5"):
        paired_comparison([], [], margin=1, alpha=5)
    with pytest.raises(ValueError, match="rng: more than"):
        paired_comparison(np.arange(50), np.zeros(50), margin=1)
