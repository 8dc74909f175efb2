"""The analysis plan: who the champions are, and that nothing of it changes once it is frozen."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from sweeps.codec import config_hash, digest, from_line, to_line
from sweeps.phases import champions_of, plan_due
from sweeps.phases.plan import freeze
from sweeps.records import PlanFrozen
from tests.sweeps.later_world import PARAMS, Searched, make_config


def frozen(searched: Searched) -> PlanFrozen:
    plan = freeze(searched.config, searched.history)
    assert plan is not None
    return plan


def chosen(searched: Searched) -> list[tuple[Any, int, tuple[int, ...], float]]:
    return [(each.arm, each.place, each.trials, each.value) for each in champions_of(frozen(searched))]


def both_arms(**changes: Any) -> Searched:
    searched = Searched(make_config(**changes))
    searched.trial("capsule", 0.8)
    searched.trial("max", 0.7)
    return searched


def test_the_champion_of_an_arm_is_its_best_complete_trial() -> None:
    searched = both_arms()
    best = searched.trial("capsule", 0.9, size=4)
    searched.trial("capsule", 0.99, size=3, state="pruned")
    searched.trial("capsule", None, size=3, state="failed")
    searched.trial("capsule", 0.98, size=3, excess=0.1)
    searched.trial("capsule", math.nan, size=3)
    searched.trial("capsule", None, size=3, state=None)
    assert chosen(searched) == [("capsule", 0, (best,), 0.9), ("max", 0, (1,), 0.7)]
    champion = champions_of(frozen(searched))[0]
    assert repr(champion.params) == repr({**PARAMS["capsule"], "pool_size": 4})
    assert champion.config_hash == config_hash(champion.params)


def test_less_is_better_where_the_sweep_says_so() -> None:
    searched = both_arms(objective={"metric": "val_loss", "direction": "minimize"})
    searched.trial("capsule", 0.6, size=3)
    assert chosen(searched)[0] == ("capsule", 0, (2,), 0.6)
    assert frozen(searched).plan["metric"] == "loss"


def test_a_tie_goes_to_the_config_that_was_tried_first() -> None:
    searched = both_arms()
    searched.trial("capsule", 0.8, size=4)
    assert chosen(searched)[0] == ("capsule", 0, (0,), 0.8)


def test_all_replicates_of_a_config_speak_for_it_best_first() -> None:
    searched = both_arms()
    searched.trial("capsule", 0.9)
    searched.trial("capsule", 0.7)
    assert chosen(searched)[0] == ("capsule", 0, (2, 0, 3), 0.9)


def test_several_champions_of_an_arm_are_different_configs_in_their_places() -> None:
    searched = both_arms(confirm__champions=3)
    searched.trial("capsule", 0.79)
    searched.trial("capsule", 0.9, size=3)
    searched.trial("capsule", 0.6, size=4)
    assert chosen(searched) == [
        ("capsule", 0, (3,), 0.9),
        ("capsule", 1, (0, 2), 0.8),
        ("capsule", 2, (4,), 0.6),
        ("max", 0, (1,), 0.7),
    ]


def test_the_best_mean_is_of_configs_that_were_trained_more_than_once() -> None:
    searched = both_arms(confirm__rule="best_mean")
    searched.trial("capsule", 0.95, size=3)
    searched.trial("capsule", 0.6)
    (arm, place, trials, value), _ = chosen(searched)
    assert (arm, place, trials) == ("capsule", 0, (0, 3))
    assert value == pytest.approx(0.7)


def test_the_plan_says_what_will_be_claimed_and_from_what() -> None:
    searched = Searched(
        make_config(confirm={"seeds": 6, "margin": 0.01, "alpha": 0.04, "runs": 7}, swap={"settings": 6})
    )
    searched.trial("capsule", 0.7, kept=True)
    searched.trial("max", 0.7, kept=True)
    searched.trial("capsule", 0.8, kept=True)
    searched.trial("capsule", 0.5)
    searched.trial("max", None, state="failed")
    plan = frozen(searched).plan
    assert {key: plan[key] for key in ("metric", "chosen_by", "direction", "at", "compare", "baseline", "rule")} == {
        "metric": "accuracy",
        "chosen_by": "val_accuracy",
        "direction": "maximize",
        "at": "last",
        "compare": "pooling",
        "baseline": "max",
        "rule": "best",
    }
    assert (plan["arms"], plan["comparisons"]) == (["capsule", "max"], 1)
    assert (plan["margin"], plan["alpha"], plan["runs"], plan["epochs"]) == (0.01, 0.04, 7, 4)
    assert plan["budget"] == {"unit": "trials", "amount": 5}
    assert plan["spent"] == [
        {"arm": "capsule", "trials": 3, "states": {"complete": 3}, "seconds": 4.5},
        {"arm": "max", "trials": 2, "states": {"complete": 1, "failed": 1}, "seconds": 3.0},
    ]
    # In the order in which they ended, which need not be that of their numbers.
    assert plan["incumbents"] == [{"arm": "capsule", "trials": [2, 0]}, {"arm": "max", "trials": [1]}]
    assert (plan["seeds"], plan["swap"]) == (6, {"settings": 6, "seeds": 1})
    assert (plan["controls"], plan["cost_probe"]) == ({"pairs": 0, "sources": 0, "same": []}, 0)


def test_the_digest_is_of_the_plan_as_the_log_holds_it() -> None:
    plan = frozen(both_arms(controls={"pairs": 2, "same": [[{"pool_size": 1}, {"learning_rate": "1e-3"}]]}))
    found = from_line(to_line(plan))
    assert isinstance(found, PlanFrozen)
    assert (found.revision, found.digest) == (1, digest(found.plan))
    assert found.plan == plan.plan
    assert champions_of(found) == champions_of(plan)
    other = both_arms(controls={"pairs": 2, "same": [[{"pool_size": 1}, {"learning_rate": "2e-3"}]]})
    assert frozen(other).digest != plan.digest


def resumed(searched: Searched, plan: PlanFrozen, **changes: Any) -> Searched:
    """The same run as its log tells it, with another sweep file."""
    searched.history.fold(from_line(to_line(plan)))
    searched.config = make_config(**changes)
    return searched


ASKED: dict[str, Any] = {"swap": {"settings": 6}, "controls": {"pairs": 2, "same": [[{}, {"pool_size": 1}]]}}


def test_a_plan_that_still_holds_is_not_frozen_again() -> None:
    searched = both_arms(**ASKED)
    searched = resumed(searched, frozen(searched), **ASKED)
    searched.trial("capsule", 0.99, size=4)
    assert freeze(searched.config, searched.history) is None
    assert plan_due(searched.config, searched.history) is None


def test_a_plan_that_was_frozen_before_a_key_was_there_still_holds() -> None:
    searched = both_arms(**ASKED)
    plan = frozen(searched)
    controls = {key: value for key, value in plan.plan["controls"].items() if key != "sources"}  # type: ignore[attr-defined]
    searched = resumed(searched, replace(plan, plan={**plan.plan, "controls": controls}), **ASKED)
    assert freeze(searched.config, searched.history) is None


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"confirm": {"seeds": 9}}, "seeds", 9),
        ({"swap": {"settings": 6}}, "swap", {"settings": 6, "seeds": 1}),
        ({"controls": {"pairs": 3}}, "controls", {"pairs": 3, "sources": 0, "same": []}),
        ({"controls": {"sources": 2}}, "controls", {"pairs": 0, "sources": 2, "same": []}),
        ({"cost_probe": 1}, "cost_probe", 1),
    ],
)
def test_another_amount_makes_a_revision_with_the_champions_and_rules_of_the_first(
    changes: dict[str, Any], key: str, value: object
) -> None:
    searched = both_arms()
    first = frozen(searched)
    searched = resumed(searched, first, **{"confirm": {"seeds": 6, "margin": 0.5}, **changes})
    searched.trial("capsule", 0.99, size=4)
    second = frozen(searched)
    assert second.revision == 2
    assert second.plan == {**first.plan, key: value}
    assert second.digest == digest(second.plan) != first.digest
    searched = resumed(searched, second, **changes, **({} if "confirm" in changes else {"confirm": {"seeds": 7}}))
    third = freeze(searched.config, searched.history)
    assert (third and third.revision) == (None if "confirm" in changes else 3)


def test_the_shifted_copies_are_part_of_the_plan_and_of_its_digest() -> None:
    plain, shifted = both_arms(), both_arms(confirm__shifts={"rotate": [10], "translate": [2, 1]})
    assert frozen(plain).plan["shifts"] == []
    plan = frozen(shifted)
    assert plan.plan["shifts"] == ["translate 2", "translate 1", "rotate 10"]
    assert plan.digest != frozen(plain).digest


def test_a_plan_of_before_there_were_shifted_copies_holds_and_is_revised_as_it_is() -> None:
    searched = both_arms()
    old = {key: value for key, value in frozen(searched).plan.items() if key != "shifts"}
    searched = resumed(searched, PlanFrozen(revision=1, plan=old, digest=digest(old)))
    assert freeze(searched.config, searched.history) is None
    searched.config = make_config(confirm__seeds=9)
    assert frozen(searched).plan == {**old, "seeds": 9}


def test_no_plan_is_due_where_nothing_is_asked_for() -> None:
    assert plan_due(make_config(confirm={"seeds": 0}), both_arms().history) is None


@pytest.mark.parametrize("asked", [{}, {"confirm": {}, "swap": {"settings": 6}}, {"confirm": {}, "cost_probe": 1}])
def test_a_plan_is_due_where_anything_is_asked_for(asked: dict[str, Any]) -> None:
    searched = both_arms(**asked)
    assert plan_due(searched.config, searched.history) is not None


@pytest.mark.parametrize("arm", ["capsule", "max"])
def test_an_arm_without_a_complete_trial_has_no_champion_and_one_arm_alone_no_plan(arm: str) -> None:
    searched = Searched(make_config())
    searched.trial(arm, 0.9)
    searched.trial({"capsule": "max", "max": "capsule"}[arm], 0.9, state="pruned")
    assert [each.arm for each in champions_of(frozen(searched))] == [arm]
    assert plan_due(searched.config, searched.history) is None


def test_no_plan_is_due_without_a_champion_of_the_baseline() -> None:
    space = {"pooling": ["capsule", "max", "average"], "pool_size": {"int": [2, 4]}, "learning_rate": [1]}
    config = make_config(space=space, confirm={"seeds": 7, "baseline": "average"})
    searched = Searched(config)
    searched.trial("capsule", 0.8)
    searched.trial("max", 0.7)
    assert plan_due(config, searched.history) is None
