"""What champions and past incumbents were chosen by, against the test set."""

from __future__ import annotations

import math

import pytest

from reports.views import selection_honesty
from tests.reports.views.conftest import HOSTILE, as_json, evidence, permuted

VALIDATION = [0.9938, 0.9941, 0.9944, 0.9946, 0.9950]
TEST = [0.9916, 0.9923, 0.9918, 0.9925, 0.9921]


def champion(arm="capsule", value=0.99, *, config="best", place=0, trials=(0,)):
    entry = {"arm": arm, "place": place, "config_hash": config, "params": {}, "trials": list(trials), "value": value}
    return {"metric": "accuracy", "champions": [entry], "incumbents": []}


def replicates(values, tests, arm="capsule", config="best"):
    return [
        {"arm": arm, "phase": "confirm", "value": value, "test": test, "config_hash": config, "sampler_phase": "frozen"}
        for value, test in zip(values, tests, strict=True)
    ]


def incumbents(validation=VALIDATION, test=TEST, arm="capsule", start=0):
    rows = [
        {"arm": arm, "value": value, "test": tested, "number": start + place}
        for place, (value, tested) in enumerate(zip(validation, test, strict=True))
    ]
    plan = {
        "metric": "accuracy",
        "champions": [],
        "incumbents": [{"arm": arm, "trials": [row["number"] for row in rows]}],
    }
    return rows, plan


def views(made):
    return {view.key: view for view in selection_honesty.draw(selection_honesty.analyse(made), made)}


def test_a_champion_is_held_to_its_fresh_seeds() -> None:
    rows = [{"arm": "capsule", "value": value} for value in (0.99, 0.98, 0.97, 0.96)]
    rows += replicates([0.985, 0.983, 0.981], [0.980, 0.978, 0.976])
    (choice,) = selection_honesty.analyse(evidence(rows, plan=champion())).choices
    assert (choice.n, choice.candidates) == (3, 4)
    assert choice.validation == pytest.approx(0.983)
    assert choice.test == pytest.approx(0.978)
    assert choice.gap == pytest.approx(0.012)
    assert choice.regression == pytest.approx(0.007)
    assert choice.shift == pytest.approx(0.005)
    half = 4.302652729911275 * 0.002 / math.sqrt(3)
    assert (choice.low, choice.high) == pytest.approx((0.978 - half, 0.978 + half))
    assert choice.curse == pytest.approx(1.0293753730 * 0.002)  # the largest of four normals


def test_replicates_of_another_config_or_without_a_test_are_not_its() -> None:
    rows = [{"arm": "capsule", "value": 0.99}]
    rows += replicates([0.985], [0.980]) + replicates([0.5], [0.5], config="other") + replicates([0.5], [0.5], "max")
    rows += replicates([0.7, math.nan], [math.nan, 0.7])
    (choice,) = selection_honesty.analyse(evidence(rows, plan=champion())).choices
    assert (choice.n, choice.test, choice.low, choice.curse) == (1, 0.980, None, None)


def test_incumbents_have_gap_regret_order_and_overtuning() -> None:
    rows, plan = incumbents()
    (path,) = selection_honesty.analyse(evidence(rows, plan=plan)).paths
    assert path.gap == pytest.approx(0.0029)
    assert path.regret == pytest.approx(0.0004)
    assert path.order.tau == pytest.approx(0.4)
    assert path.order.p == pytest.approx(0.4833333333)
    assert path.overtuning.absolute == pytest.approx(0.0004)
    assert path.overtuning.relative == pytest.approx(0.0004 / 0.0009)
    caption = views(evidence(rows, plan=plan))["selection-incumbents"].caption
    assert "tests 0.0029 worse than it validated and is 0.0004 (44 % of all that was gained) behind the best" in caption


def test_incumbents_go_in_the_order_of_the_plan_and_the_untested_are_counted() -> None:
    rows, plan = incumbents()
    plan["incumbents"][0]["trials"] = [4, 3, 2, 1, 0, 77]
    (path,) = selection_honesty.analyse(evidence(rows, plan=plan)).paths
    assert [each.number for each in path.incumbents] == [4, 3, 2, 1, 0]
    assert path.untested == 1
    assert path.overtuning.absolute == pytest.approx(0.9925 - 0.9916)


def test_direction_mirrors() -> None:
    loss = {"objective": {"metric": "val_loss", "direction": "minimize"}}
    rows, plan = incumbents([-value for value in VALIDATION], [-value for value in TEST])
    rows += replicates([-0.985, -0.983], [-0.980, -0.978])
    plan["champions"] = champion(value=-0.99)["champions"]
    result = selection_honesty.analyse(evidence(rows, plan=plan, sweep=loss))
    assert result.paths[0].gap == pytest.approx(0.0029)
    assert result.paths[0].regret == pytest.approx(0.0004)
    assert result.paths[0].overtuning.absolute == pytest.approx(0.0004)
    assert result.choices[0].gap == pytest.approx(0.011)
    assert result.choices[0].regression == pytest.approx(0.006)


def test_a_lone_incumbent_says_little() -> None:
    rows, plan = incumbents(VALIDATION[:1], TEST[:1])
    made = evidence(rows, plan=plan)
    (path,) = selection_honesty.analyse(made).paths
    assert path.overtuning is None
    assert "too few to say more" in views(made)["selection-incumbents"].caption


def test_constant_scores_are_no_order() -> None:
    rows, plan = incumbents([0.9, 0.9], [0.8, 0.8])
    (path,) = selection_honesty.analyse(evidence(rows, plan=plan)).paths
    assert (path.order.tau, path.regret) == (None, 0.0)


def test_the_order_of_rows_does_not_matter() -> None:
    rows, plan = incumbents()
    rows += replicates([0.985, 0.983, 0.981, 0.9813], [0.980, 0.978, 0.976, 0.9771])
    plan["champions"] = champion()["champions"]
    made = evidence(rows, plan=plan)
    assert as_json(selection_honesty.analyse(made)) == as_json(selection_honesty.analyse(permuted(made)))


THREE = {"space": {"pooling": ["capsule", "it's max", "other"], "size": [1, 2]}}


@pytest.mark.parametrize(
    ("sweep", "plan", "command"),
    [
        (None, None, "capsweep resume RUN --set confirm.seeds=10"),
        (THREE, None, "capsweep resume RUN --set confirm.seeds=10 --set confirm.baseline=other"),
        ({"confirm": {"seeds": 8}}, champion(), "capsweep resume RUN"),
        ({"compare": None}, None, "capsweep launch SWEEP --set compare=pooling --set confirm.seeds=10"),
    ],
)
def test_where_nothing_was_tested_the_command_tests(sweep, plan, command) -> None:
    made = evidence([{"arm": "capsule", "value": 0.9}], sweep=sweep, plan=plan)
    (view,) = views(made).values()
    assert (view.figure, view.command) == (None, command)
    assert selection_honesty.analyse(made).why
    as_json(selection_honesty.analyse(made))


def test_an_empty_run_and_failed_replicates() -> None:
    assert [view.figure for view in views(evidence([])).values()] == [None]
    rows = [{"arm": "capsule", "phase": "confirm", "state": "failed", "config_hash": "best"}]
    assert [view.figure for view in views(evidence(rows, plan=champion())).values()] == [None]


def test_hostile_names_are_literal() -> None:
    rows, plan = incumbents(arm=HOSTILE[0])
    rows += replicates([0.985, 0.983], [0.980, 0.978], HOSTILE[0])
    rows += replicates([0.985, 0.983], [0.980, 0.978], HOSTILE[2])
    plan["champions"] = [*champion(HOSTILE[0])["champions"], *champion(HOSTILE[2])["champions"]]
    plan["metric"] = "<b>accuracy</b>"
    shown = views(evidence(rows, plan=plan, sweep={"space": {"pooling": list(HOSTILE), "size": [1, 2]}}))
    text = "".join(view.figure.to_json() for view in shown.values())
    assert len(shown) == 2
    assert "\\u003cscript" not in text
    assert "\\u003cb\\u003e" not in text
    assert "x" * 100 not in text
    assert all(len(view.caption) < 1500 for view in shown.values())
