from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import Verdict, judge, paired_comparison

NOISE = 0.0005


def arms(seed, n=10, **effects):
    """Comparisons with one baseline over common seeds, of arms that are better by their effects."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0.99, 0.001, n)
    baseline = common + rng.normal(0, NOISE, n)
    drawn = {name: common + effect + rng.normal(0, NOISE, n) for name, effect in effects.items()}
    return {name: paired_comparison(scores, baseline, margin=0.001) for name, scores in drawn.items()}


def test_another_arm_changes_adjusted_p_and_nothing_else() -> None:
    two, three = arms(1, capsule=0.002, strided=0.0003), arms(1, capsule=0.002, strided=0.0003, average=0.0)
    before, after = judge(two, planned=10), judge(three, planned=10)
    for name in two:
        assert before[name].comparison == after[name].comparison
    assert [before[name].adjusted_p for name in two] != [after[name].adjusted_p for name in two]
    assert list(after) == ["capsule", "strided", "average"]


def test_a_claim_that_the_correction_takes_back_is_not_shown() -> None:
    family = arms(1, n=6, capsule=0.004)
    alone, among = judge(family, planned=6)["capsule"], judge(family, planned=6, comparisons=2)["capsule"]
    assert (alone.adjusted_p, alone.verdict, alone.comparisons) == (0.03125, Verdict.BETTER, 1)
    assert (among.adjusted_p, among.verdict, among.comparisons) == (0.0625, Verdict.NOT_SHOWN, 2)
    assert among.comparison.verdict is Verdict.BETTER


def test_a_worse_that_the_correction_takes_back_is_not_shown_either() -> None:
    family = arms(1, n=6, capsule=-0.004)
    assert judge(family, planned=6)["capsule"].verdict is Verdict.WORSE
    assert judge(family, planned=6, comparisons=2)["capsule"].verdict is Verdict.NOT_SHOWN


@pytest.mark.parametrize(("effect", "said"), [(0.004, Verdict.BETTER_NEGLIGIBLE), (-0.004, Verdict.WORSE_NEGLIGIBLE)])
def test_what_lies_within_the_margin_stays_equivalent_whatever_the_correction_takes_back(effect, said) -> None:
    scores = np.linspace(0.99, 0.991, 6)
    family = {"capsule": paired_comparison(scores + effect + np.linspace(0, 1e-4, 6), scores, margin=0.01)}
    assert judge(family, planned=6)["capsule"].verdict is said
    assert judge(family, planned=6, comparisons=2)["capsule"].verdict is Verdict.EQUIVALENT


def test_fewer_pairs_than_planned_are_interim() -> None:
    family = arms(1, capsule=0.004)
    assert judge(family, planned=11)["capsule"].verdict is Verdict.INTERIM
    assert judge(family, planned=10)["capsule"].verdict is Verdict.BETTER
    assert judge(family, planned=9)["capsule"].verdict is Verdict.BETTER


def test_what_claims_nothing_keeps_its_verdict() -> None:
    same = {"same": paired_comparison(np.arange(8.0), np.arange(8.0), margin=0.1)}
    assert judge(same, planned=8, comparisons=5)["same"].verdict is Verdict.IDENTICAL
    none = {"none": paired_comparison([], [], margin=0.1)}
    assert judge(none, planned=8)["none"].verdict is Verdict.NOT_COMPARABLE


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="planned: must be a whole number of at least 1, got 0"):
        judge({}, planned=0)
    with pytest.raises(ValueError, match="alpha: must lie between 0 and 1"):
        judge({}, planned=1, alpha=1)
    with pytest.raises(ValueError, match="comparisons: must be a whole number of at least 1, got 0"):
        judge(arms(1, capsule=0.0), planned=1, comparisons=0)
    assert judge({}, planned=1) == {}


def test_identical_arms_are_told_apart_as_often_as_alpha_allows() -> None:
    claims = 0
    for seed in range(2_000):
        claims += judge(arms(seed, copy=0.0), planned=10)["copy"].verdict.claims != 0
    assert 0.035 <= claims / 2_000 <= 0.065


def test_looking_after_every_pair_claims_no_more_than_looking_once() -> None:
    runs, false, naive = 200, 0, 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        differences = rng.normal(size=30)
        looks = [paired_comparison(differences[:n], np.zeros(n), margin=0.0) for n in range(5, 31)]
        false += any(judge({"a": look}, planned=30)["a"].verdict.claims for look in looks)
        naive += any(look.low > 0 or look.high < 0 for look in looks)
    assert false / runs <= 0.065
    assert naive / runs > 0.15


def test_sizes_are_held_against_the_margin_at_the_level_of_the_family() -> None:
    # 10 differences of mean 0.004 and standard error 0.001 / sqrt(10): t(0.975, 9) = 2.262, t(0.9875, 9) = 2.685.
    spread = np.array([1, -1] * 5) * 0.001 * np.sqrt(0.9)
    half = {k: stats.t.ppf(1 - 0.05 / k / 2, 9) * 0.001 / np.sqrt(10) for k in (1, 2)}
    between = 0.004 - (half[1] + half[2]) / 2

    def said(margin, comparisons, shift=0.004):
        comparison = paired_comparison(spread + shift, np.zeros(10), margin=margin)
        assert comparison.deviation == pytest.approx(0.001)
        return judge({"a": comparison}, planned=10, comparisons=comparisons)["a"]

    assert (said(between, 1).verdict, said(between, 2).verdict) == (Verdict.BETTER, Verdict.BETTER_SIZE_UNCERTAIN)
    assert (said(between, 2).low, said(between, 2).high) == pytest.approx((0.004 - half[2], 0.004 + half[2]))
    assert said(between, 2).comparison == said(between, 1).comparison
    beyond = 0.004 + (half[1] + half[2]) / 2
    assert said(beyond, 1).verdict is Verdict.BETTER_NEGLIGIBLE
    assert said(beyond, 2).verdict is Verdict.BETTER_SIZE_UNCERTAIN
    around = (half[1] + half[2]) / 2
    assert (said(around, 1, 0.0).verdict, said(around, 2, 0.0).verdict) == (Verdict.EQUIVALENT, Verdict.UNDETERMINED)
    assert said(1.01 * half[2], 2, 0.0).verdict is Verdict.EQUIVALENT


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_size_of_either_side_mirrors(side, direction) -> None:
    spread = np.array([1, -1] * 5) * 0.001
    better = (side > 0) == (direction == "maximize")
    comparison = paired_comparison(spread + side * 0.004, np.zeros(10), margin=0.002, direction=direction)
    word = "better" if better else "worse"
    assert judge({"a": comparison}, planned=10, comparisons=3)["a"].verdict == f"{word}, practically"


def test_sizes_are_false_as_often_as_alpha_allows_however_many_comparisons() -> None:
    rng, runs, within, beyond = np.random.default_rng(3), 1_500, 0, 0
    for _ in range(runs):
        base = rng.normal(0, 0.2, 12)
        family = {str(k): paired_comparison(1 + rng.normal(0, 0.2, 12), base, margin=1.0) for k in range(4)}
        said = [each.verdict for each in judge(family, planned=12).values()]
        within += any(each.is_negligible or each is Verdict.EQUIVALENT for each in said)
        beyond += any(each in (Verdict.BETTER, Verdict.WORSE) for each in said)
    assert within / runs <= 0.045
    assert beyond / runs <= 0.045
