"""The statistics of the verdict: numbers in, estimates with their uncertainty out, by numpy and scipy.

`comparison` weighs one arm against another over the pairs that `pairs` has matched, by `t_tests` and the exact
`sign_flips`; `verdicts` says in words what an interval shows, `family` what is left of it among other comparisons and
before the planned pairs are there, and `planning` how many it takes; `changes` asks whether a difference is another one
under other conditions. `location` and `effects` describe samples, `improvement` and `profiles` their distributions,
`counts`, `calibration` and `predictions` single examples. `tuning` and `budgets` draw what a search is worth at a
budget, over the exact `bands`; `overtaking` says from which budget on an arm is no worse, by `quantile_order`, and
`selection` what a search's choice was worth. `variance` and `crossed`, `costs`, `survival`, `ranks` and `dunnett` look
at where differences come from, what they cost, when they show, and across many arms; `crossings` at which setting they
change sides.

Differences are a - b in the unit of the metric; where better matters, a function takes the `direction`. Whatever is
random takes a generator, and the order of the rows changes no result.
"""

from reports.statistics.bands import Band, cdf_band, dkw_epsilon, ks_epsilon
from reports.statistics.budgets import (
    StudyCurve,
    best_so_far_by_cost,
    median_over_studies,
    searches_within_cost,
    shuffled_best_by_cost,
)
from reports.statistics.calibration import Reliability, expected_calibration_error, reliability
from reports.statistics.changes import paired_change
from reports.statistics.checks import Direction
from reports.statistics.comparison import PairedComparison, paired_comparison
from reports.statistics.costs import geometric_ratio, hypervolume, pareto_front, price
from reports.statistics.counts import McNemar, clopper_pearson, mcnemar_exact, wilson
from reports.statistics.crossed import crossed_bootstrap
from reports.statistics.crossings import Crossing, LineBand, crossing, line_band
from reports.statistics.dunnett import ManyToOne, blocked_dunnett, dunnett_p, dunnett_quantile
from reports.statistics.effects import (
    PairingGain,
    cliffs_delta,
    cohen_d,
    hedges_g,
    hedges_gz,
    pairing_gain,
    relative_reduction,
)
from reports.statistics.family import Judgement, judge
from reports.statistics.improvement import improvement_interval, improvement_zone, probability_of_improvement
from reports.statistics.location import Estimate, bootstrap, deviation_interval, iqm, mean_interval, median_interval
from reports.statistics.multiplicity import benjamini_hochberg, holm
from reports.statistics.overtaking import Overtaking, overtaking, overtaking_by_cost
from reports.statistics.pairs import Pairs, match_pairs
from reports.statistics.planning import (
    detectable_difference,
    noether_pairs,
    pairs_needed,
    pairs_to_tell,
    replicates_needed,
)
from reports.statistics.predictions import brier_score, error_rate, negative_log_likelihood
from reports.statistics.profiles import Profile, performance_profile
from reports.statistics.quantile_order import quantile_order_p
from reports.statistics.ranks import FriedmanNemenyi, friedman_nemenyi, nemenyi_quantile
from reports.statistics.selection import (
    KendallTau,
    Overtuning,
    SelectionGap,
    kendall_tau,
    overtuning,
    selection_gap,
    winners_curse,
)
from reports.statistics.sign_flips import EXACT_PAIRS, fewest_pairs, sign_flip_p
from reports.statistics.survival import RestrictedMean, RunCurve, Survival, kaplan_meier, restricted_mean, run_curve
from reports.statistics.t_tests import Tost, TTest, interaction_contrast, paired_t, tost, welch
from reports.statistics.tuning import (
    TuningCurve,
    equal_budget_chance,
    equal_budget_interval,
    expected_max_curve,
    median_tuning_curve,
)
from reports.statistics.variance import (
    CrossedError,
    VarianceComponents,
    crossed_standard_error,
    functional_anova,
    variance_components,
)
from reports.statistics.verdicts import Verdict, verdict

__all__ = [
    "EXACT_PAIRS",
    "Band",
    "CrossedError",
    "Crossing",
    "Direction",
    "Estimate",
    "FriedmanNemenyi",
    "Judgement",
    "KendallTau",
    "LineBand",
    "ManyToOne",
    "McNemar",
    "Overtaking",
    "Overtuning",
    "PairedComparison",
    "PairingGain",
    "Pairs",
    "Profile",
    "Reliability",
    "RestrictedMean",
    "RunCurve",
    "SelectionGap",
    "StudyCurve",
    "Survival",
    "TTest",
    "Tost",
    "TuningCurve",
    "VarianceComponents",
    "Verdict",
    "benjamini_hochberg",
    "best_so_far_by_cost",
    "blocked_dunnett",
    "bootstrap",
    "brier_score",
    "cdf_band",
    "cliffs_delta",
    "clopper_pearson",
    "cohen_d",
    "crossed_bootstrap",
    "crossed_standard_error",
    "crossing",
    "detectable_difference",
    "deviation_interval",
    "dkw_epsilon",
    "dunnett_p",
    "dunnett_quantile",
    "equal_budget_chance",
    "equal_budget_interval",
    "error_rate",
    "expected_calibration_error",
    "expected_max_curve",
    "fewest_pairs",
    "friedman_nemenyi",
    "functional_anova",
    "geometric_ratio",
    "hedges_g",
    "hedges_gz",
    "holm",
    "hypervolume",
    "improvement_interval",
    "improvement_zone",
    "interaction_contrast",
    "iqm",
    "judge",
    "kaplan_meier",
    "kendall_tau",
    "ks_epsilon",
    "line_band",
    "match_pairs",
    "mcnemar_exact",
    "mean_interval",
    "median_interval",
    "median_over_studies",
    "median_tuning_curve",
    "negative_log_likelihood",
    "nemenyi_quantile",
    "noether_pairs",
    "overtaking",
    "overtaking_by_cost",
    "overtuning",
    "paired_change",
    "paired_comparison",
    "paired_t",
    "pairing_gain",
    "pairs_needed",
    "pairs_to_tell",
    "pareto_front",
    "performance_profile",
    "price",
    "probability_of_improvement",
    "quantile_order_p",
    "relative_reduction",
    "reliability",
    "replicates_needed",
    "restricted_mean",
    "run_curve",
    "searches_within_cost",
    "selection_gap",
    "shuffled_best_by_cost",
    "sign_flip_p",
    "tost",
    "variance_components",
    "verdict",
    "welch",
    "wilson",
    "winners_curse",
]
