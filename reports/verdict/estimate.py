"""One comparison with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Estimand = Literal["E1", "E2", "E3"]


@dataclass(frozen=True)
class Estimate:
    """One comparison of an estimand; differences are arm - baseline in the metric's unit.

    Attributes:
        estimand: E1 champion against champion, E2 tuned against tuned over runs, E3 only the compared param replaced.
        arm: In question.
        baseline: What it is compared with.
        planned: Pairs that the plan promised.
        n: Complete pairs.
        mean_arm: Mean score of the arm over them; None without a pair.
        mean_baseline: The same of the baseline.
        difference: Their mean difference.
        low: Lower end of its interval; None below two pairs.
        high: Upper end.
        deviation: Standard deviation of the differences.
        p: Exact two-sided sign-flip p.
        adjusted_p: Holm's, within the family.
        comparisons: Size of the family.
        size_low: Lower end of the interval that is held against the margin, see `statistics.judge`; None below two
            pairs.
        size_high: Upper end.
        alpha: The level at which the family was judged; one minus the coverage of every interval here.
        further: How often pairs were added after the planned look, see `rules.level`.
        verdict: In the words of `statistics.Verdict`: what holds with every failure left out, and in the worst case.
        pairs_needed: More pairs that an undetermined question takes; None where no number is of use.
        equivalence_p: Of the two one-sided tests against the margin; None below two pairs.
        effect_size: Hedges' g of the pairs; None below two pairs or without spread.
        won: Pairs in which the arm is better.
        ties: Pairs in which it is neither better nor worse.
        won_low: Lower end of Wilson's interval of the share won; None without a pair.
        won_high: Upper end.
        correlation: Of the arms' scores over the pairs; None below two pairs or without spread.
        gain: How many times the variance of separate arms is that of the pairs; as above.
        unpaired: Pairs that only one arm has.
        failed_arm: Replicates of the arm that failed.
        failed_baseline: Replicates of the baseline that failed.
        lost: Planned pairs that failures have left nothing of.
        unfinished: Replicates that have not ended.
        verdict_survivors: The verdict with every failure left out; None where nothing failed.
        verdict_worst: The verdict with every failure as `worst.worst_case` says; None where nothing failed.
        mean_arm_worst: As `mean_arm`, over the pairs of the worst case.
        mean_baseline_worst: The same of the baseline.
        ids: Of the pairs.
        scores_arm: At their places.
        scores_baseline: At their places.
    """

    estimand: Estimand
    arm: str
    baseline: str
    planned: int
    n: int
    mean_arm: float | None
    mean_baseline: float | None
    difference: float | None
    low: float | None
    high: float | None
    deviation: float | None
    p: float
    adjusted_p: float
    comparisons: int
    size_low: float | None
    size_high: float | None
    alpha: float
    further: int
    verdict: str
    pairs_needed: int | None
    equivalence_p: float | None
    effect_size: float | None
    won: int
    ties: int
    won_low: float | None
    won_high: float | None
    correlation: float | None
    gain: float | None
    unpaired: int
    failed_arm: int
    failed_baseline: int
    lost: int
    unfinished: int
    verdict_survivors: str | None
    verdict_worst: str | None
    mean_arm_worst: float | None
    mean_baseline_worst: float | None
    ids: tuple[str, ...]
    scores_arm: tuple[float, ...]
    scores_baseline: tuple[float, ...]

    @property
    def is_over(self) -> bool:
        """Whether every planned pair is there, but for those that failures have left nothing of."""
        return self.n + self.lost >= self.planned

    @property
    def difference_worst(self) -> float | None:
        """As `difference`, over the pairs of the worst case."""
        if self.mean_arm_worst is None or self.mean_baseline_worst is None:
            return None
        return self.mean_arm_worst - self.mean_baseline_worst
