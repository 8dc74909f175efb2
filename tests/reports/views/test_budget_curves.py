"""Tuning curves over random draws, and the search at equal spend."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from reports.views import budget_curves
from tests.reports.views.conftest import HOSTILE, as_json, drawn, evidence, permuted


def cohort(scores, arm="capsule", **row):
    return [
        {
            "arm": arm,
            "value": None if score is None else score,
            "state": "pruned" if score is None else "complete",
            **row,
        }
        for score in scores
    ]


def views(made):
    return {view.key: view for view in budget_curves.draw(budget_curves.analyse(made), made)}


def test_pruned_draws_count_as_the_worst() -> None:
    result = budget_curves.analyse(evidence(cohort([0.72, 0.83, 0.92, None, None])))
    (curve,) = result.curves
    assert curve.draws == [1, 2, 3, 4, 5]
    assert curve.median[:4] == [0.72, 0.83, 0.83, 0.92]
    assert result.draws[0].unusable == 2
    assert result.draws[0].states == {"complete": 3, "pruned": 2}


def test_a_failed_infeasible_or_infinite_draw_counts_as_the_worst_too() -> None:
    broken = {"arm": "capsule", "value": 0.99, "feasible": False}
    rows = [*cohort([0.72, 0.83, 0.92]), {"arm": "capsule", "state": "failed"}, broken]
    assert budget_curves.analyse(evidence(rows)).curves[0].median[:4] == [0.72, 0.83, 0.83, 0.92]
    rows[-1] = {"arm": "capsule", "value": math.nan}
    assert budget_curves.analyse(evidence(rows)).curves[0].median[:4] == [0.72, 0.83, 0.83, 0.92]


def test_the_expected_best_is_unbiased_and_takes_the_unusable_for_the_worst_seen() -> None:
    curve = budget_curves.analyse(evidence(cohort([0.72, 0.83, 0.92, 0.68, 0.75]))).curves[0]
    assert curve.expected == pytest.approx([0.78, 0.839, 0.876, 0.902, 0.92], abs=1e-9)
    assert curve.median[0] == 0.75
    filled = budget_curves.analyse(evidence(cohort([0.72, 0.83, 0.92, None, 0.75]))).curves[0]
    assert filled.expected[0] == pytest.approx((0.72 + 0.83 + 0.92 + 0.72 + 0.75) / 5)


def test_curves_stop_at_the_shorter_cohort() -> None:
    made = evidence(cohort(np.linspace(0.8, 0.9, 12)) + cohort(np.linspace(0.7, 0.95, 7), "max"))
    result = budget_curves.analyse(made)
    assert result.stop == 7
    assert [curve.draws[-1] for curve in result.curves] == [7, 7]
    figure = views(made)["budget-draws"].figure
    assert max(max(trace.x) for trace in figure.data) == 7
    assert [shape.x0 for shape in figure.layout.shapes] == [7]


def test_identical_arms_with_unequal_budgets_have_equal_chances() -> None:
    rng = np.random.default_rng(3)
    chances = []
    for _ in range(80):
        made = evidence(cohort(rng.normal(size=25)) + cohort(rng.normal(size=5), "max"))
        chances.append(budget_curves.analyse(made).chances[0].chance)
    assert np.mean(chances) == pytest.approx(0.5, abs=0.08)  # naively 25 / 30


def test_the_search_stops_at_the_smallest_spend() -> None:
    rows = cohort([0.80, 0.85, 0.90], spent=10.0) + cohort([0.7, 0.75], "max", spent=4.0)
    result = budget_curves.analyse(evidence(rows))
    assert result.trials_stop == 2
    assert result.seconds_stop == 8.0
    capsule, plain = result.trials
    assert (capsule.spent, capsule.best) == ([1.0, 2.0], [0.80, 0.85])
    assert (plain.spent, plain.best) == ([1.0, 2.0], [0.7, 0.75])
    assert result.seconds[0].spent == []  # its first trial took longer than all that the other spent
    assert result.seconds[1].spent == [4.0, 8.0]


def test_random_draws_by_cost_do_not_depend_on_the_order_they_ran_in() -> None:
    result = budget_curves.analyse(evidence(cohort([0.9, 0.8, 0.7], spent=10.0)))
    curve = result.seconds[0]
    assert curve.best[0] == 0.9  # as it happened
    assert curve.median[-1] == 0.9
    assert curve.median[[spent >= 10 for spent in curve.by_chance].index(True)] == 0.8  # the median of one draw


def test_startup_trials_stand_in_for_a_cohort_and_are_named() -> None:
    made = evidence(cohort([0.8, 0.9], sampler_phase="startup") + cohort([0.95], sampler_phase="model"))
    result = budget_curves.analyse(made)
    assert result.draws[0].phases == ["startup"]
    assert result.draws[0].n == 2
    assert "Ended startup draws" in views(made)["budget-draws"].caption


def test_draws_of_the_model_are_no_draws() -> None:
    made = evidence(
        cohort([0.8, 0.9, 0.7]) + cohort([0.99], sampler_phase="model") + cohort([0.5], sampler_phase="startup")
    )
    assert budget_curves.analyse(made).draws[0].n == 3


def test_without_random_draws_the_command_asks_for_some() -> None:
    view = views(evidence(cohort([0.8, 0.9], sampler_phase="plan")))["budget-draws"]
    assert view.figure is None
    assert view.command == "capsweep launch SWEEP --set search.cohort=5"


def test_direction_mirrors() -> None:
    scores, other = [0.72, 0.83, 0.92, None, 0.75], [0.6, 0.7, 0.9]
    loss = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    up = budget_curves.analyse(evidence(cohort(scores) + cohort(other, "max")))
    negative = cohort([None if s is None else -s for s in scores]) + cohort([-s for s in other], "max")
    down = budget_curves.analyse(evidence(negative, sweep=loss))
    assert down.chances == up.chances
    for ours, theirs in zip(down.curves, up.curves, strict=True):
        assert [None if v is None else -v for v in ours.median] == theirs.median
        assert [None if v is None else -v for v in ours.high] == theirs.low
        assert [-v for v in ours.expected] == pytest.approx(theirs.expected)
    assert [[-v for v in c.best] for c in down.seconds] == [c.best for c in up.seconds]


def test_a_crossing_of_losses_is_the_same() -> None:
    loss = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    rows = far_apart()
    up = budget_curves.analyse(evidence(rows))
    down = budget_curves.analyse(evidence([{**row, "value": -row["value"]} for row in rows], sweep=loss))
    for ours, theirs in ((up.crossings, down.crossings), (up.crossings_seconds, down.crossings_seconds)):
        assert ours[0].worse
        assert [replace(each, best=-each.best) for each in ours] == theirs


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    made = evidence(cohort(rng.normal(size=30)) + cohort([*rng.normal(size=20), None], "max"))
    assert as_json(budget_curves.analyse(made)) == as_json(budget_curves.analyse(permuted(made)))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        cohort([0.5]),
        cohort([None, None]),
        cohort([math.nan]),
        [{"arm": "capsule", "state": "running"}],
        [{"arm": "capsule", "state": "failed"}, {"arm": "max", "value": 0.5}],
        cohort([0.5, 0.5, 0.5]),
    ],
)
def test_odd_runs(rows) -> None:
    made = evidence(rows)
    as_json(budget_curves.analyse(made))
    for view in views(made).values():
        assert view.figure is not None or view.command
        assert view.question


def test_a_joint_search_has_one_curve_and_no_line() -> None:
    made = evidence(cohort([0.7, 0.8], "all"), sweep={"compare": None})
    result = budget_curves.analyse(made)
    assert [curve.arm for curve in result.curves] == ["all"]
    assert result.chances == []
    assert not views(made)["budget-draws"].figure.layout.shapes


def test_hostile_names_are_literal() -> None:
    space = {"pooling": list(HOSTILE), "pool_size": {"int": [2, 4]}}
    rows = [row for arm in HOSTILE for row in cohort([0.7, 0.8, 0.9], arm)]
    made = evidence(rows, sweep={"space": space})
    text = "".join(view.figure.to_json() for view in views(made).values() if view.figure)
    assert "\\u003cscript" not in text.replace("&lt;", "")
    assert "x" * 100 not in text


def test_a_long_search_is_drawn_with_few_points() -> None:
    rng = np.random.default_rng(0)
    rows = [row for arm in ("capsule", "max") for row in cohort(rng.normal(size=700), arm)]
    made = evidence(rows)
    shown = views(made)
    assert all(drawn(view.figure) <= 2000 for view in shown.values())
    assert budget_curves.analyse(made).stop == 500
    assert "the first 500 of an arm drawn" in shown["budget-draws"].caption


def test_the_chance_is_over_all_ways_to_draw_half_of_the_shorter_cohort() -> None:
    made = evidence(cohort([0.1, 0.4, 0.5, 0.6]) + cohort([0.2, 0.3, 0.45, 0.7], "max"))
    (chance,) = budget_curves.analyse(made).chances
    assert (chance.arm, chance.other, chance.draws) == ("capsule", "max", 2)
    assert chance.chance == pytest.approx(16 / 36)
    assert (chance.n, chance.others) == (4, 4)
    assert 0 < chance.low < 0.05
    assert 0.95 < chance.high < 1
    view = views(made)["budget-draws"]
    assert "in 44 % of all ways to draw them from 4 and 4 [95 % for the arms themselves: 0 % to" in view.caption
    told = view.data[view.data["arm"] == "capsule"]
    assert set(told["chance to beat the baseline"]) == {chance.chance}
    assert set(told["chance high"]) == {chance.high}
    assert set(told["at draws of each"]) == {2}
    assert view.data[view.data["arm"] == "max"]["chance low"].isna().all()


def test_a_running_draw_is_left_out_and_counted() -> None:
    made = evidence([*cohort([0.8, 0.9]), {"arm": "capsule", "state": "running"}])
    (draws,) = budget_curves.analyse(made).draws
    assert (draws.n, draws.left) == (2, 1)
    assert "1 still running left out" in views(made)["budget-draws"].caption


def test_the_first_draws_are_those_drawn_first() -> None:
    made = evidence(cohort(np.arange(510) / 1000))
    assert budget_curves.analyse(permuted(made)).curves[0].expected[-1] == pytest.approx(0.499)


def test_the_caption_says_how_far_the_band_reaches() -> None:
    few = views(evidence(cohort([0.8, 0.9])))["budget-draws"].caption
    assert "capsule 0.9000 (too few draws for a band)" in few
    many = views(evidence(cohort(np.linspace(0.8, 0.9, 40))))["budget-draws"].caption
    assert "capsule 0.9000 (95 % band from 0.8" in many
    loss = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    other = views(evidence(cohort(np.linspace(0.8, 0.9, 40)), sweep=loss))["budget-draws"].caption
    assert "capsule 0.8000 (95 % band up to 0.8" in other


def test_what_was_best_stays_so_up_to_where_the_curves_stop() -> None:
    rows = cohort([0.8, 0.9, 0.95], spent=3.0) + cohort([0.7, 0.75], "max", spent=4.0)
    capsule = budget_curves.analyse(evidence(rows)).seconds[0]
    assert (capsule.spent, capsule.best) == ([3.0, 6.0, 8.0], [0.8, 0.9, 0.9])


def far_apart(many=20, others=20):
    """Every draw of max is better than every draw of capsule but its one best."""
    return cohort([*np.linspace(0.1, 0.5, many - 1), 0.95], spent=10.0) + cohort(
        np.linspace(0.8, 0.9, others), "max", spent=10.0
    )


def test_where_an_arm_passes_the_baseline_for_good() -> None:
    made = evidence(far_apart())
    (found,) = budget_curves.analyse(made).crossings
    # ⌈20 · ½^(1/n)⌉ is 20 from n = 14 on: ½^(1/13) is .9481, ½^(1/14) .9517.
    assert (found.arm, found.other, found.n, found.others) == ("capsule", "max", 20, 20)
    assert (found.at, found.best, found.low, found.high, found.stop) == (14, 0.95, 3, None, 20)
    assert (found.better, found.worse, found.reach) == ([], [[1, 2]], 3)
    view = views(made)["budget-draws"]
    assert (
        "From 14 draws on the median of capsule is no worse than that of max [95 %: from 3 to beyond 20 draws]; 20 "
        "against 20 draws show capsule worse at 1 to 2 draws, each budget by itself, and can show nothing beyond 3 "
        "draws." in view.caption
    )
    mark = view.figure.data[-1]
    assert (list(mark.x), list(mark.y)) == ([3, 14, 20], [0.95] * 3)
    assert list(mark.marker.symbol)[-1] == "triangle-right"
    rows = view.data[view.data["arm"] == "capsule"]
    assert set(rows["no worse than the baseline from"]) == {14}
    assert set(rows["crossing at the earliest"]) == {3}
    assert rows["crossing at the latest"].isna().all()
    assert rows["shown against the baseline"].tolist() == ["worse"] * 2 + [""] * 18


def test_by_seconds_it_is_where_the_drawn_medians_cross() -> None:
    made = evidence(far_apart(40, 40))
    result = budget_curves.analyse(made)
    (found,) = result.crossings_seconds
    curves = {curve.arm: curve for curve in result.seconds}
    ahead = [a >= b for a, b in zip(curves["capsule"].median, curves["max"].median, strict=True) if a and b]
    since = curves["capsule"].by_chance[len(curves["capsule"].median) - ahead[::-1].index(False)]
    assert (found.at, found.best, found.high, found.stop) == (since, 0.95, None, 400)
    assert found.low < found.at
    assert [first for first, _ in found.worse] == [pytest.approx(400 * 2 / 60)], "the first step past a draw"
    view = views(made)["budget-seconds"]
    assert f"Random draws alone: from {found.at:.3g} s on the median of capsule is no worse" in view.caption
    assert list(view.figure.data[-1].x) == pytest.approx([found.low / 60, found.at / 60, 400 / 60])
    drawn_alone = view.data[(view.data["arm"] == "capsule") & (view.data["line"] != "search")]
    assert set(drawn_alone["no worse than the baseline from"]) == {found.at}
    assert view.data[view.data["line"] == "search"]["no worse than the baseline from"].isna().all()
    assert "no worse than the baseline from" not in views(made)["budget-trials"].data


def test_an_interval_with_two_ends_and_none_at_all() -> None:
    made = evidence(cohort(np.linspace(0.95, 0.99, 20)) + cohort(np.linspace(0.5, 0.6, 400), "max"))
    (found,) = budget_curves.analyse(made).crossings
    assert (found.at, found.low, found.high, found.better) == (1, 1, 1, [[1, 20]])
    caption = views(made)["budget-draws"].caption
    assert (
        "no worse than that of max [95 %: 1 draw]; 20 against 400 draws show capsule better at 1 to 20 draws, each "
        "budget by itself. Ended" in caption
    )
    turned = views(evidence(cohort(np.linspace(0.5, 0.6, 400)) + cohort(np.linspace(0.95, 0.99, 20), "max")))
    assert (
        "No crossing within 20 draws, where the median of capsule is worse than that of max [95 %: beyond 20 draws]"
        in turned["budget-draws"].caption
    )
    assert len(turned["budget-draws"].figure.data) == 6, "no mark without a crossing"


def test_few_draws_say_that_they_say_nothing() -> None:
    made = evidence(cohort([0.9, 0.8]) + cohort([0.5, 0.7, 0.6], "max"))
    for key, start in (("budget-draws", "1 draw"), ("budget-seconds", "2 s")):
        caption = views(made)[key].caption
        assert f"rom {start} on the median of capsule is no worse than that of max" in caption
        assert "[95 %: anywhere, 2 against 3 draws are too few to say]." in caption


def test_without_seconds_or_a_baseline_there_is_no_crossing() -> None:
    made = evidence(cohort([0.9, 0.8], spent=0.0) + cohort([0.5, 0.7], "max"))
    assert budget_curves.analyse(made).crossings_seconds == []
    alone = budget_curves.analyse(evidence(cohort([0.9, 0.8])))
    assert (alone.crossings, alone.crossings_seconds, alone.chances) == ([], [], [])
    assert "no worse" not in views(evidence(cohort([0.9, 0.8])))["budget-draws"].caption


def test_the_search_is_said_against_so_many_draws() -> None:
    rows = [*cohort([0.8, 0.9, 0.7]), *cohort([0.95], sampler_phase="model")]
    caption = views(evidence(rows))["budget-trials"].caption
    assert "capsule 0.9500 (3 random draws alone 0.9000 after 3 trials)" in caption


def test_where_nothing_is_shown_it_says_what_could_be() -> None:
    scores = np.random.default_rng(0).random((2, 30))
    caption = views(evidence(cohort(scores[0]) + cohort(scores[1], "max")))["budget-draws"].caption
    shown = "30 against 30 draws show capsule neither better nor worse, and can show nothing beyond 5 draws."
    assert f"[95 %: anywhere]; {shown}" in caption
