"""What failures leave of a claim."""

from __future__ import annotations

import pytest

from reports.statistics import Verdict
from reports.verdict.worst import claimed

BETTER, UNCERTAIN, SMALL = Verdict.BETTER, Verdict.BETTER_SIZE_UNCERTAIN, Verdict.BETTER_NEGLIGIBLE


@pytest.mark.parametrize("worst", [Verdict.UNDETERMINED, Verdict.WORSE, Verdict.EQUIVALENT, Verdict.NOT_SHOWN])
@pytest.mark.parametrize("said", [BETTER, UNCERTAIN, Verdict.WORSE_SIZE_UNCERTAIN, Verdict.WORSE])
def test_a_claim_that_the_worst_case_does_not_share_is_not_made(said: Verdict, worst: Verdict) -> None:
    found = claimed(said, worst, failed_arm=1, failed_baseline=1)
    shares = said.claims == worst.claims
    assert found is (Verdict.UNDETERMINED if not shares else said if said is worst else Verdict.WORSE_SIZE_UNCERTAIN)


def test_equivalence_is_a_claim_too() -> None:
    for said in (Verdict.EQUIVALENT, Verdict.IDENTICAL):
        assert claimed(said, Verdict.UNDETERMINED, failed_arm=0, failed_baseline=1) is Verdict.UNDETERMINED
        assert claimed(said, SMALL, failed_arm=0, failed_baseline=1) is Verdict.EQUIVALENT
    assert claimed(SMALL, Verdict.EQUIVALENT, failed_arm=1, failed_baseline=0) is Verdict.EQUIVALENT


@pytest.mark.parametrize(("said", "worst"), [(BETTER, UNCERTAIN), (SMALL, BETTER), (UNCERTAIN, SMALL)])
def test_a_size_that_the_worst_case_does_not_share_is_uncertain(said: Verdict, worst: Verdict) -> None:
    assert claimed(said, worst, failed_arm=1, failed_baseline=0) is UNCERTAIN


def test_failures_of_the_arm_that_comes_out_worse_take_nothing_from_the_claim() -> None:
    for said, failed in ((BETTER, (0, 3)), (Verdict.WORSE, (3, 0))):
        arm, baseline = failed
        assert claimed(said, Verdict.UNDETERMINED, failed_arm=arm, failed_baseline=baseline) is said
        turned = claimed(said, Verdict.UNDETERMINED, failed_arm=baseline, failed_baseline=arm)
        assert turned is Verdict.UNDETERMINED


@pytest.mark.parametrize("said", [Verdict.INTERIM, Verdict.NOT_SHOWN, Verdict.UNDETERMINED, Verdict.NOT_COMPARABLE])
def test_what_claims_nothing_stays_as_it_is(said: Verdict) -> None:
    assert claimed(said, Verdict.WORSE, failed_arm=1, failed_baseline=1) is said
