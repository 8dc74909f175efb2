"""Bad input is refused with the argument, the rule and the value, whichever function receives it."""

from __future__ import annotations

import numpy as np
import pytest

from reports import statistics
from reports.statistics.checks import aligned, count, oriented, positive, sample, share, sign, table

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample("a", [1, NAN]), "a: must hold finite numbers, got nan at 1"),
        (lambda: sample("a", [INF]), "a: must hold finite numbers, got inf at 0"),
        (lambda: sample("a", [1, NAN], infinite=True), "a: must not hold NaN, got nan at 1"),
        (lambda: sample("a", []), "a: needs at least 1 values, got 0"),
        (lambda: sample("a", [[1]]), r"a: must be one-dimensional, got shape \(1, 1\)"),
        (lambda: table("t", [[1, 2], [3, NAN]]), r"t: must hold finite numbers, got nan at \(1, 1\)"),
        (lambda: table("t", [[1, 2]]), r"t: must be a table of at least 2 by 2, got shape \(1, 2\)"),
        (lambda: table("t", [1, 2]), "t: must be a table"),
        (lambda: aligned([1, 2], [1]), "a and b: pairs must be complete, got 2 and 1 values"),
        (lambda: share("alpha", 0), "alpha: must lie between 0 and 1, got 0"),
        (lambda: share("alpha", 1), "alpha: must lie between 0 and 1, got 1"),
        (lambda: share("alpha", NAN), "alpha: must lie between 0 and 1, got nan"),
        (lambda: positive("margin", 0), "margin: must be a finite number above 0, got 0"),
        (lambda: positive("margin", INF), "margin: must be a finite number above 0, got inf"),
        (lambda: count("n", 1.5), "n: must be a whole number of at least 0, got 1.5"),
        (lambda: count("n", 0, least=1), "n: must be a whole number of at least 1, got 0"),
        (lambda: count("n", 9, least=1, most=5), "n: must be a whole number from 1 to 5, got 9"),
        (lambda: sign("up"), "direction: must be 'maximize' or 'minimize', got 'up'"),
        (lambda: oriented("s", [1, INF], "maximize"), "s: a failed run is the infinity that is worst, got inf"),
        (lambda: oriented("s", [1, -INF], "minimize"), "s: a failed run is the infinity that is worst, got -inf"),
    ],
)
def test_a_refusal_names_argument_rule_and_value(call, message) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


def test_numbers_come_back_in_double_precision() -> None:
    assert sample("a", np.array([0.5, 0.25], dtype=np.float32)).dtype == np.float64
    assert oriented("s", [1, -INF], "maximize").tolist() == [1, -INF]
    assert oriented("s", [1, INF], "minimize").tolist() == [-1, -INF]


PAIRED = {
    "paired_comparison": {"margin": 0.1},
    "paired_t": {},
    "tost": {"margin": 0.1},
    "hedges_gz": {},
    "pairing_gain": {},
    "crossing": {},
    "kendall_tau": {},
    "geometric_ratio": {},
    "probability_of_improvement": {"paired": True},
    "improvement_interval": {},
    "selection_gap": {},
    "best_so_far_by_cost": {"budgets": [1]},
    "shuffled_best_by_cost": {"budgets": [1], "rng": np.random.default_rng(0)},
    "expected_calibration_error": {},
}


@pytest.mark.parametrize("name", PAIRED)
def test_no_function_of_pairs_takes_a_gap_or_a_half(name) -> None:
    function = getattr(statistics, name)
    with pytest.raises(ValueError, match=r"NaN|finite"):
        function([1, NAN, 1], [1, 1, 1], **PAIRED[name])
    with pytest.raises(ValueError, match=r"NaN|finite"):
        function([1, 1, 1], [1, 1, NAN], **PAIRED[name])
    with pytest.raises(ValueError, match="pairs must be complete, got 3 and 2 values"):
        function([1, 1, 1], [1, 1], **PAIRED[name])


@pytest.mark.parametrize(
    "call",
    [
        lambda bad: statistics.iqm(bad),
        lambda bad: statistics.mean_interval(bad),
        lambda bad: statistics.median_interval(bad),
        lambda bad: statistics.bootstrap(np.mean, bad, rng=np.random.default_rng(0)),
        lambda bad: statistics.sign_flip_p(bad),
        lambda bad: statistics.welch(bad, [1, 2]),
        lambda bad: statistics.welch([1, 2], bad),
        lambda bad: statistics.interaction_contrast(bad, [1, 2]),
        lambda bad: statistics.cohen_d(bad, [1, 2]),
        lambda bad: statistics.holm(bad),
        lambda bad: statistics.benjamini_hochberg(bad),
        lambda bad: statistics.performance_profile(bad, [1]),
        lambda bad: statistics.performance_profile([1], bad),
        lambda bad: statistics.expected_max_curve(bad),
        lambda bad: statistics.median_tuning_curve(bad),
        lambda bad: statistics.equal_budget_chance(bad, [1]),
        lambda bad: statistics.overtuning(bad),
        lambda bad: statistics.run_curve([bad]),
        lambda bad: statistics.restricted_mean(bad, [True] * len(bad), horizon=1),
        lambda bad: statistics.kaplan_meier(bad, [True] * len(bad)),
        lambda bad: statistics.median_over_studies([bad]),
        lambda bad: statistics.variance_components([bad, bad]),
        lambda bad: statistics.crossed_standard_error([bad, bad]),
        lambda bad: statistics.crossed_bootstrap([bad, bad], rng=np.random.default_rng(0)),
        lambda bad: statistics.functional_anova([bad, bad]),
        lambda bad: statistics.friedman_nemenyi([bad, bad]),
        lambda bad: statistics.pareto_front([bad, bad]),
        lambda bad: statistics.hypervolume([bad], [1, 1]),
    ],
)
def test_no_function_takes_a_gap(call) -> None:
    with pytest.raises(ValueError, match=r"NaN|finite"):
        call([0.5, NAN])
