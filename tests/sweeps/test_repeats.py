"""Finite spaces: what has been run is run with new seeds or left out, and never trained twice without a word."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from sweeps.codec import config_hash
from sweeps.errors import ConfigError
from sweeps.records import BUDGET_MET, EXHAUSTED, TrialKnown, TrialStarted
from sweeps.search import Search
from tests.sweeps.search_world import World, ask, make_config

FEW = {"arm": ["a", "b"], "n": {"int": [1, 3]}, "m": {"choice": ["p", "q"], "when": {"arm": "b"}}}
SIZES = {"a": 3, "b": 6}


def few(**changes: Any) -> Search:
    return Search(make_config(**{"space": FEW, "compare": "arm", "search__trials": 10, **changes}))


def run(search: Search) -> list[TrialStarted]:
    world = World({})
    world.drive(search)
    return [event for event in world.log if isinstance(event, TrialStarted)]


@pytest.mark.parametrize("sampler", ["random", "tpe", "brute_force", "grid", "nsgaii"])
def test_a_config_that_comes_again_has_other_seeds_and_is_counted(sampler: str) -> None:
    specs = run(few(search__sampler=sampler, search__pruner="none"))
    assert len(specs) == 20
    for arm in SIZES:
        seen: Counter[str] = Counter()
        for spec in (each for each in specs if each.arm == arm):
            assert spec.replicate == seen[spec.config_hash]
            seen[spec.config_hash] += 1
    assert len({(spec.study, spec.config_hash, spec.seeds) for spec in specs}) == 20


@pytest.mark.parametrize("sampler", ["random", "tpe", "brute_force", "grid", "nsgaii", "qmc"])
def test_what_is_skipped_is_never_run_twice_and_the_search_ends_with_a_word(sampler: str) -> None:
    search = few(search__sampler=sampler, search__repeats="skip", search__pruner="none")
    specs = run(search)
    assert Counter(spec.arm for spec in specs) == SIZES
    assert len({(spec.study, spec.config_hash) for spec in specs}) == 9
    assert {spec.replicate for spec in specs} == {0}
    assert search.ask() is None
    assert search.reason() == EXHAUSTED
    assert [remark.partition(",")[0] for remark in search.remarks()] == [
        "s/a: every config of its space has been tried",
        "s/b: every config of its space has been tried",
    ]


def test_an_arm_that_has_run_out_lets_the_other_go_on() -> None:
    search = few(search__repeats="skip", search__trials=5)
    specs = run(search)
    assert Counter(spec.arm for spec in specs) == {"a": 3, "b": 5}
    (remark,) = search.remarks()
    assert remark.startswith("s/a: ")
    assert search.reason() == EXHAUSTED


def test_a_budget_that_is_met_is_no_space_that_has_run_out() -> None:
    search = few(search__repeats="skip", search__trials=3)
    run(search)
    assert (search.reason(), search.remarks()) == (BUDGET_MET, [])


@pytest.mark.parametrize("sampler", ["random", "tpe", "qmc"])
def test_nothing_is_left_out_of_a_space_without_an_end(sampler: str) -> None:
    search = Search(make_config(search__repeats="skip", search__sampler=sampler, search__trials=20))
    specs = run(search)
    assert len({spec.config_hash for spec in specs}) == len(specs) == 40


def test_a_grid_holds_every_combination_once_before_any_comes_again() -> None:
    space = {"arm": ["a"], "x": {"float": [0.001, 1.0], "log": True}, "n": {"int": [0, 100]}}
    config = make_config(space=space, compare="arm", search__trials=30, search__sampler={"name": "grid", "points": 4})
    specs = run(Search(config))
    first = specs[:16]
    assert sorted({spec.params["n"] for spec in first}) == [0, 33, 67, 100]
    assert sorted({float(spec.params["x"]) for spec in first}) == pytest.approx([0.001, 0.01, 0.1, 1.0])
    assert len({spec.config_hash for spec in first}) == 16
    assert {spec.sampler_phase for spec in specs} == {"plan"}
    assert [spec.replicate for spec in specs] == [0] * 16 + [1] * 14


def test_a_grid_that_is_all_known_has_run_out_though_the_space_has_not() -> None:
    space = {"arm": ["a"], "x": {"float": [0.0, 1.0]}}
    search = Search(
        make_config(
            space=space,
            compare="arm",
            search__repeats="skip",
            search__sampler={"name": "grid", "points": 3},
            search__first=[{"arm": "a", "x": 0.5}, {"arm": "a", "x": 0.25}],
        )
    )
    specs = run(search)
    assert sorted(float(spec.params["x"]) for spec in specs) == [0.0, 0.25, 0.5, 1.0]
    assert [spec.sampler_phase for spec in specs] == ["given", "given", "plan", "plan"]


def known(arm: str, order: int, **params: Any) -> TrialKnown:
    return TrialKnown(
        study=f"s/{arm}",
        sweep="other",
        number=order,
        seed_index=order,
        params={"arm": arm, **params},
        state="complete",
        values=(0.5,),
        course=(0.4, 0.5),
    )


def test_a_config_of_an_earlier_run_is_skipped_too_even_where_it_is_given() -> None:
    search = few(search__repeats="skip", search__first=[{"arm": "a", "n": 1}])
    search.know([known("a", 0, n=1)])
    specs = run(search)
    assert {spec.params["n"] for spec in specs if spec.arm == "a"} == {2, 3}


def test_a_config_of_an_earlier_run_comes_again_with_seeds_that_were_not_used_there() -> None:
    earlier = few()
    there = [ask(earlier).spec for _ in range(20)]
    search = few()
    search.know([replace(known(str(spec.arm), spec.order), params=spec.params) for spec in there])
    configs = {(spec.study, spec.config_hash) for spec in there}
    here = run(search)
    assert not {spec.seeds for spec in there} & {spec.seeds for spec in here}
    for spec in here:
        assert (spec.replicate >= 1) or (spec.study, spec.config_hash) not in configs


def test_a_point_is_the_same_point_however_it_is_written() -> None:
    space = {"arm": ["a"], "x": {"float": [0, 1]}, "k": [1, 2]}
    config = make_config(space=space, compare="arm", search__first=[{"k": 1.0, "x": 0, "arm": "a"}])
    spec = ask(Search(config)).spec
    assert spec.config_hash == config_hash({"arm": "a", "x": 0.0, "k": 1})
    assert list(spec.params) == ["arm", "x", "k"]
    assert (type(spec.params["x"]), type(spec.params["k"])) == (float, int)


def test_a_point_that_is_given_twice_is_refused_where_nothing_is_tried_twice() -> None:
    points = [{"arm": "a", "n": 1}, {"n": 1, "arm": "a"}]
    with pytest.raises(ConfigError, match=r"search\.first\.1: stands there before"):
        few(search__repeats="skip", search__first=points)
    assert [ask(few(search__first=points)).spec.sampler_phase]


def test_brute_force_needs_an_end_and_a_plan_has_one() -> None:
    with pytest.raises(ConfigError, match="brute_force needs a space with an end, and learning_rate is a real number"):
        Search(make_config(search__sampler="brute_force"))
    space = {"arm": ["a"], "n": {"int": [1, 2_000_000]}}
    with pytest.raises(ConfigError, match="plans more than 100,000 configs"):
        Search(make_config(space=space, compare="arm", search__sampler="brute_force"))


def test_the_last_config_that_is_left_is_found_in_a_large_space() -> None:
    space = {"arm": ["a"], "n": {"int": [1, 20_000]}}
    search = Search(make_config(space=space, compare="arm", search__repeats="skip", search__sampler="random"))
    arm = search._arms["s/a"]
    for n in range(1, 20_001):
        if n != 12_345:
            arm._proposals.know({"arm": "a", "n": n})
    assert ask(search).spec.params == {"arm": "a", "n": 12_345}
    assert search.ask() is None


def test_a_plan_is_run_in_an_order_that_only_the_seed_decides() -> None:
    def order(seed: int) -> list[object]:
        config = make_config(space={"arm": ["a"], "n": {"int": [1, 30]}}, compare="arm", seed=seed)
        search = Search(config.model_copy(update={"search": make_config(search__sampler="brute_force").search}))
        return [ask(search).spec.params["n"] for _ in range(5)]

    assert order(0) == order(0)
    assert order(0) != order(1)
    assert order(0) != sorted(order(0))  # type: ignore[type-var]
