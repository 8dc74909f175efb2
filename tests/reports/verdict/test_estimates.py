"""What is estimated of confirmations whose answer is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from reports.evidence import Evidence
from reports.statistics import Verdict, match_pairs, pairs_to_tell
from reports.verdict import Estimate, Rules, estimates, level
from reports.verdict.estimates import champions_compared, swaps_compared
from reports.verdict.outcomes import Outcome

MakeEvidence = Callable[..., Evidence]
A = [0.9905, 0.9912, 0.9918, 0.9921, 0.9899, 0.9926, 0.9909, 0.9915, 0.9920, 0.9907]
B = [0.9893, 0.9901, 0.9910, 0.9908, 0.9885, 0.9911, 0.9898, 0.9906, 0.9912, 0.9890]
RULES = Rules(margin=0.001, alpha=0.05, direction="maximize")


def only(found: list[Estimate]) -> Estimate:
    (each,) = found
    return each


def judged(a: np.ndarray, b: np.ndarray, *, planned: int) -> Estimate:
    pairs = match_pairs(enumerate(a.tolist()), enumerate(b.tolist()))
    return only(estimates("E1", [Outcome("capsule", "max", pairs, None, 0)], RULES, planned=planned))


def claims(estimate: Estimate) -> int:
    return Verdict(estimate.verdict).claims


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two arms that are alike, as MNIST shows them: 0.1 points between seeds, half of it common to both."""
    common, a, b = rng.normal(0, 0.001 / np.sqrt(2), (3, n))
    return tuple(rng.binomial(10_000, 0.992 + common + own) / 10_000 for own in (a, b))  # type: ignore[return-value]


def test_a_confirmation_with_a_known_answer(make_evidence: MakeEvidence) -> None:
    found = only(champions_compared(make_evidence(capsule=A, max=B)))
    assert found.difference == pytest.approx(0.00118, abs=1e-12)
    assert found.low == pytest.approx(9.645995537e-4, abs=1e-12)
    assert found.high == pytest.approx(1.3954004463e-3, abs=1e-12)
    assert found.deviation == pytest.approx(3.011090611e-4, abs=1e-12)
    assert (found.p, found.adjusted_p) == (2 / 1024, 2 / 1024)
    assert found.correlation == pytest.approx(0.9528527964, abs=1e-9)
    assert (found.n, found.planned, found.won, found.ties) == (10, 10, 10, 0)
    assert found.verdict == "better, size uncertain"


@pytest.mark.parametrize("arms", [("capsule",), ("capsule", "average")])
def test_more_pairs_are_reckoned_as_the_next_look_will_judge_them(
    make_evidence: MakeEvidence, arms: tuple[str, ...]
) -> None:
    gains = np.array([2.9, -1.6, 2.7, -1.5, 1.8, 1.4, -1.7, 0.6, -1.2, 1.5]) / 1000
    scores = {arm: [x + gain for x, gain in zip(B, gains, strict=True)] for arm in arms}
    found = champions_compared(make_evidence(**scores, max=B))
    assert {each.verdict for each in found} == {"undetermined"}
    shown = gains.mean(), gains.std(ddof=1), len(gains)
    expected = pairs_to_tell(*shown, margin=0.001, alpha=0.05 / 2 / len(arms))
    assert [each.pairs_needed for each in found] == [expected] * len(arms)
    assert expected > pairs_to_tell(*shown, margin=0.001)


def test_the_other_direction_mirrors_the_effect_and_keeps_the_verdict(make_evidence: MakeEvidence) -> None:
    for a, b in ((A, B), (B, A)):
        up = only(champions_compared(make_evidence(capsule=a, max=b)))
        less = {"capsule": [-x for x in a], "max": [-x for x in b]}
        down = only(champions_compared(make_evidence(**less, direction="minimize")))
        assert down.verdict == up.verdict
        assert (down.difference, down.low, down.high) == pytest.approx((-up.difference, -up.high, -up.low), abs=1e-15)
        assert (down.won, down.p, down.n) == (up.won, up.p, up.n)
    assert up.verdict == "worse, size uncertain"


def test_the_order_of_rows_changes_nothing(make_evidence: MakeEvidence) -> None:
    scores = {"capsule": A, "max": B, "average": B[::-1]}
    plain = make_evidence(**scores, swap=scores)
    mixed = make_evidence(**scores, swap=scores, rows=lambda frame: frame.sample(frac=1, random_state=3))
    assert [asdict(each) for each in champions_compared(mixed)] == [asdict(each) for each in champions_compared(plain)]
    assert [asdict(each) for each in swaps_compared(mixed)] == [asdict(each) for each in swaps_compared(plain)]


def test_another_arm_changes_adjusted_p_and_nothing_else(make_evidence: MakeEvidence) -> None:
    third = (np.array(B) + np.random.default_rng(1).normal(0, 0.001, 10)).tolist()
    alone = asdict(only(champions_compared(make_evidence(capsule=A, max=B))))
    for average in (third, [None, *third[1:9]]):  # one that is whole, and one that lacks two of ten
        among, other = map(asdict, champions_compared(make_evidence(capsule=A, max=B, average=average)))
        assert other["arm"] == "average"
        assert {name for name in alone if among[name] != alone[name]} == {
            "adjusted_p",
            "comparisons",
            "size_low",
            "size_high",
        }
        assert among["adjusted_p"] == 2 * alone["adjusted_p"]


def test_the_family_is_counted_though_an_arm_was_given_up(make_evidence: MakeEvidence) -> None:
    six = {"capsule": [0.995, 0.996, 0.994, 0.997, 0.995, 0.996], "max": [0.990, 0.990, 0.991, 0.991, 0.990, 0.990]}
    assert only(champions_compared(make_evidence(**six))).verdict == "better, practically"
    first, gone = champions_compared(make_evidence(**six, average=[None] * 6))
    assert (first.adjusted_p, first.verdict) == (0.0625, "not shown after correction")
    assert gone.verdict == "not comparable"


def test_an_arm_that_always_fails_is_not_comparable(make_evidence: MakeEvidence) -> None:
    found = only(champions_compared(make_evidence(capsule=[None] * 10, max=B)))
    assert (found.n, found.failed_arm, found.lost, found.verdict) == (0, 10, 10, "not comparable")
    assert found.difference is None
    assert found.p == 1.0


def test_fewer_pairs_than_planned_are_interim_whatever_they_show(make_evidence: MakeEvidence) -> None:
    assert only(champions_compared(make_evidence(capsule=A, max=B, planned=11))).verdict == "interim"
    short = only(champions_compared(make_evidence(capsule=A, max=B[:9])))
    assert (short.n, short.unpaired, short.verdict) == (9, 1, "interim")
    assert only(champions_compared(make_evidence(capsule=[*A[:9], ...], max=B))).verdict == "interim"


def test_a_failure_leaves_its_pair_out_and_does_not_leave_the_verdict_open(make_evidence: MakeEvidence) -> None:
    found = only(champions_compared(make_evidence(capsule=[None, *A[1:]], max=B)))
    assert (found.n, found.lost, found.failed_arm, found.planned) == (9, 1, 1, 10)
    assert (found.verdict, found.verdict_survivors, found.verdict_worst) == (
        "undetermined",
        "better, size uncertain",
        "undetermined",
    )
    assert found.difference == pytest.approx(np.mean(np.subtract(A[1:], B[1:])))
    assert found.difference_worst == pytest.approx(np.mean(np.subtract([0.1, *A[1:]], B)))
    both = only(champions_compared(make_evidence(capsule=[None, *A[1:9], ...], max=[None, *B[1:]])))
    assert (both.lost, both.failed_arm + both.failed_baseline, both.verdict) == (1, 2, "interim")


def test_too_few_pairs_claim_nothing(make_evidence: MakeEvidence) -> None:
    for left in range(1, 6):
        found = only(champions_compared(make_evidence(capsule=[*A[:left], *[None] * (10 - left)], max=B)))
        assert (found.n, found.verdict) == (left, "undetermined")
    assert claims(only(champions_compared(make_evidence(capsule=A, max=[*B[:6], *[None] * 4])))) == 1


def test_an_arm_that_mostly_fails_is_not_called_better(make_evidence: MakeEvidence) -> None:
    good = [0.999 + 0.0001 * (place % 3) for place in range(30)]
    plain = [0.990 + 0.0001 * (place % 5) for place in range(30)]
    failing = only(champions_compared(make_evidence(capsule=[*[None] * 24, *good[24:]], max=plain)))
    assert (failing.verdict, failing.n, failing.failed_arm) == ("undetermined", 6, 24)
    assert (failing.verdict_survivors, failing.verdict_worst) == ("better, practically", "worse, practically")
    assert failing.pairs_needed is None
    turned = only(champions_compared(make_evidence(capsule=good, max=[*[None] * 24, *plain[24:]])))
    assert turned.verdict == "better, practically", "failures of the baseline speak for the arm"


def test_the_worst_case_is_judged_as_one_of_the_family(make_evidence: MakeEvidence) -> None:
    losses = {"capsule": [0.2, 0.25, 0.2, 0.25, 0.2, 0.2], "max": [0.9, 0.9, 0.9, 0.9, None, 0.9]}
    how = {"metric": "val_loss", "direction": "minimize"}
    assert only(champions_compared(make_evidence(**losses, **how))).verdict_worst == "better, practically"
    assert champions_compared(make_evidence(**losses, **how, average=[0.9] * 6))[0].verdict_worst == Verdict.NOT_SHOWN


def test_settings_are_what_a_swap_counts(make_evidence: MakeEvidence) -> None:
    swap = {"capsule": [0.99, 0.98, 0.97, 0.96, None, None, 0.95, None], "max": [0.9] * 8}
    found = only(swaps_compared(make_evidence(capsule=A, max=B, swap=swap, swap_seeds=2)))
    assert found.ids == ("swap:0", "swap:1", "swap:3")
    assert found.scores_arm == pytest.approx((0.985, 0.965, 0.95))
    assert (found.n, found.planned, found.lost, found.failed_arm) == (3, 4, 1, 3)
    assert found.verdict == "undetermined"


def test_a_setting_counts_once_all_of_it_has_ended(make_evidence: MakeEvidence) -> None:
    swap = {"capsule": [0.990 + 0.001 * (place % 3) for place in range(16)], "max": [0.98] * 16}
    assert claims(only(swaps_compared(make_evidence(swap=swap, swap_seeds=2)))) == 1
    swap["capsule"][-1] = ...  # type: ignore[call-overload]
    found = only(swaps_compared(make_evidence(swap=swap, swap_seeds=2)))
    assert (found.n, found.lost, found.verdict) == (7, 0, "interim")


def test_each_further_look_has_half_the_level_of_the_one_before(make_evidence: MakeEvidence) -> None:
    scores = {"capsule": A, "max": B}
    seeds, swap = [{"seeds": 9}, {"seeds": 10}], [{"swap": {"settings": 9, "seeds": 1}}]
    for revised, plans, e1, e3 in (
        ((), (100.0,), 0.05, 0.05),
        (seeds[:1], (100.0, 100.5), 0.025, 0.05),
        (seeds, (100.0, 100.5, 100.6), 0.0125, 0.05),
        (swap, (100.0, 100.5), 0.05, 0.025),
        ([{"cost_probe": 3}], (100.0, 100.5), 0.05, 0.05),
    ):
        evidence = make_evidence(**scores, swap=scores, plans=plans, revised=revised)
        first, other = only(champions_compared(evidence)), only(swaps_compared(evidence))
        assert (first.alpha, other.alpha) == (e1, e3)
        half = stats.t.ppf(1 - e1 / 2, first.n - 1) * (first.deviation or 0) / np.sqrt(first.n)
        assert first.high == pytest.approx((first.difference or 0) + half)


def test_seeds_that_are_asked_for_later_are_no_further_look(make_evidence: MakeEvidence) -> None:
    evidence = make_evidence(capsule=A, max=B, planned=0, plans=(100.0, 100.5), revised=[{"seeds": 10}])
    assert only(champions_compared(evidence)).further == 0


def test_a_claim_at_the_planned_level_may_be_none_at_a_further_look(make_evidence: MakeEvidence) -> None:
    scores = {"capsule": [0.990 + 0.001 * place for place in range(1, 7)], "max": [0.990] * 6}
    assert only(champions_compared(make_evidence(**scores))).verdict.startswith("better")
    again = make_evidence(**scores, planned=5, plans=(100.0, 100.5), revised=[{"seeds": 6}])
    assert only(champions_compared(again)).verdict == "undetermined", "p 2/64 is above 2.5 %"


def test_looking_again_and_again_makes_few_false_claims_where_each_look_has_half_the_level() -> None:
    """Pairs are added whenever nothing was claimed: 20, then 40, then 60."""
    differences = np.random.default_rng(20_260_203).normal(size=(20_000, 60))
    p = [stats.ttest_1samp(differences[:, :n], 0, axis=1).pvalue for n in (20, 40, 60)]
    full = np.any([each <= 0.05 for each in p], axis=0).mean()
    spent = np.any([each <= level(0.05, look) for look, each in enumerate(p)], axis=0).mean()
    assert full > 0.09, "the trap is one"
    assert spent < 0.08


def test_arms_that_are_alike_are_told_apart_as_seldom_as_alpha_says() -> None:
    """Ten pairs: the exact test's attainable level is 50/1024, and with the interval beside it about 0.044."""
    rng = np.random.default_rng(20_260_201)
    found = [claims(judged(*drawn(rng, 10), planned=10)) for _ in range(2000)]
    assert 0.035 <= np.mean(np.abs(found)) <= 0.065
    assert stats.binomtest(found.count(1), found.count(1) + found.count(-1)).pvalue > 0.01, "both sides alike"


def test_looking_after_every_pair_makes_no_false_claims() -> None:
    """A claim at any look from 5 to 30 pairs is what a reader in a hurry would take; the plan says 30."""
    rng = np.random.default_rng(20_260_202)
    runs = [drawn(rng, 30) for _ in range(2000)]
    differences = np.array([a - b for a, b in runs])
    looks = [stats.ttest_1samp(differences[:, :n], 0, axis=1).pvalue <= 0.05 for n in range(5, 31)]
    assert np.mean(np.any(looks, axis=0)) == pytest.approx(0.23, abs=0.03), "the trap is one"
    for a, b in runs[:20]:
        assert {judged(a[:n], b[:n], planned=30).verdict for n in range(5, 30)} == {"interim"}
    # The exact test of 30 pairs takes its time, and claims nothing where the interval does not.
    final = [bool(last) and claims(judged(a, b, planned=30)) != 0 for last, (a, b) in zip(looks[-1], runs, strict=True)]
    assert 0.035 <= np.mean(final) <= 0.065
