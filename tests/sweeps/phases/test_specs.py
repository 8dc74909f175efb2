"""What each phase after the search trains: which configs, over which seeds, in which pairs."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

import pytest

from search_spaces import Params
from sweeps.codec import config_hash
from sweeps.config import SweepConfig
from sweeps.phases.plan import Frozen
from sweeps.phases.specs import confirm_specs, control_specs, cost_specs, key_of, swap_specs
from sweeps.records import Phase, TrialSpec
from sweeps.seeds import VARIED, trial_seeds
from tests.sweeps.later_world import CHAMPIONS, PARAMS, by_pair, make_config

SPECS = {"confirm": confirm_specs, "swap": swap_specs, "controls": control_specs, "cost_probe": cost_specs}
ALL: dict[str, Any] = {
    "confirm": {"seeds": 6, "champions": 2},
    "swap": {"settings": 6, "seeds": 2},
    "controls": {"pairs": 3, "same": [[{"pool_size": 1}, {"pooling": "capsule", "pool_size": 1, "steps": 1}]]},
    "cost_probe": 2,
}


def second(champion: Frozen) -> Frozen:
    params = {**champion.params, "pool_size": 4, **({"steps": 1} if champion.arm == "capsule" else {})}
    return replace(champion, place=1, params=params, config_hash=config_hash(params))


TWO_EACH = [each for champion in CHAMPIONS for each in (champion, second(champion))]


def specs_of(phase: str, champions: list[Frozen] = CHAMPIONS, **changes: Any) -> list[TrialSpec]:
    return list(SPECS[phase](make_config(**{**ALL, **changes}), champions))


@pytest.mark.parametrize("phase", SPECS)
def test_every_trial_is_one_of_a_phase_with_its_own_key_and_the_seeds_of_its_index(phase: Phase) -> None:
    specs = specs_of(phase, TWO_EACH)
    assert len({key_of(spec) for spec in specs}) == len(specs) > 0
    for spec in specs:
        assert (spec.phase, spec.study, spec.sampler_phase) == (phase, f"s/{spec.arm}", "frozen")
        assert spec.params["pooling"] == spec.arm
        assert spec.config_hash == config_hash(spec.params)
        assert spec.replicate == spec.order == spec.seed_index
        assert spec.seeds == trial_seeds(0, phase, spec.seed_index or 0, split=0)
        assert spec.epochs == (3 if phase == "cost_probe" else 4)


def test_no_seed_of_one_phase_is_a_seed_of_another_or_of_the_search() -> None:
    used = {phase: {spec.seeds.init for spec in specs_of(phase)} for phase in SPECS}
    used["search"] = {trial_seeds(0, "search", index, split=0).init for index in range(100)}
    together = [seed for seeds in used.values() for seed in seeds]
    assert len(together) == len(set(together))


def test_another_sweep_has_other_seeds() -> None:
    one, other = (specs_of("confirm", seed=seed) for seed in (0, 1))
    assert not {spec.seeds.init for spec in one} & {spec.seeds.init for spec in other}


def test_confirm_trains_every_champion_over_the_same_seeds_which_grow_at_the_end() -> None:
    specs = specs_of("confirm", TWO_EACH)
    pairs = by_pair(specs)
    assert [spec for pair in pairs.values() for spec in pair] == specs, "pair after pair"
    assert list(pairs) == [f"confirm:{place}:{seed}" for seed in range(6) for place in range(2)]
    for name, pair in pairs.items():
        assert [spec.arm for spec in pair] == ["capsule", "max"]
        assert len({spec.seeds for spec in pair}) == 1
        place = int(name.split(":")[1])
        assert [dict(spec.params) for spec in pair] == [each.params for each in TWO_EACH if each.place == place]
    assert pairs["confirm:0:3"][0].seeds == pairs["confirm:1:3"][0].seeds
    assert len({spec.seeds for spec in specs}) == 6
    assert keys_and_params(specs_of("confirm", TWO_EACH, confirm__seeds=9))[: len(specs)] == keys_and_params(specs)


def keys_and_params(specs: list[TrialSpec]) -> list[object]:
    return [(key_of(spec), dict(spec.params), spec.seeds) for spec in specs]


def test_a_swap_replaces_the_pooling_and_nothing_that_the_arms_share() -> None:
    pairs = by_pair(specs_of("swap", TWO_EACH))
    assert list(pairs) == [f"swap:{setting}:{seed}" for setting in range(6) for seed in range(2)]
    settings = {}
    for name, (capsule, other) in pairs.items():
        assert (capsule.arm, other.arm) == ("capsule", "max")
        assert (capsule.seeds, capsule.shared_hash) == (other.seeds, other.shared_hash)
        assert {**other.params, "pooling": "capsule", "steps": 3} == capsule.params, "steps are the champion's"
        settings.setdefault(name.split(":")[1], set()).add(other.config_hash)
    assert all(len(configs) == 1 for configs in settings.values()), "one setting, two seeds"
    assert len(set.union(*settings.values())) == 6
    assert len({spec.seeds for pair in pairs.values() for spec in pair}) == 12


@pytest.mark.parametrize("settings", [6, 8])
def test_settings_that_come_later_change_none_before_them(settings: int) -> None:
    few, many = (specs_of("swap", swap={"settings": amount, "seeds": 2}) for amount in (settings, 9))
    assert keys_and_params(many)[: len(few)] == keys_and_params(few)


SPACE: dict[str, Any] = {
    "pooling": ["capsule", "max"],
    "whole": {"int": [3, 5]},
    "log_whole": {"int": [1, 1000], "log": True},
    "real": {"float": [-1, 1]},
    "log_real": {"float": [1e-6, 1], "log": True},
    "one": {"float": [2, 2]},
    "kind": ["a", 7, True],
    "only": ["x"],
    "deep": {"int": [1, 9], "when": {"kind": "a"}},
    "own": {"int": [1, 9], "when": {"pooling": "capsule", "whole": 5}},
    "mine": {"float": [0, 9], "when": {"pooling": "capsule"}},
}


def drawn(settings: int) -> tuple[SweepConfig, list[Params]]:
    config = make_config(space=SPACE, swap={"settings": settings})
    base: dict[str, Any] = {"whole": 3, "log_whole": 1, "real": 0.0, "log_real": 1e-6, "one": 2.0, "kind": 7}
    base |= {"only": "x"}
    params = [{"pooling": "capsule", **base, "mine": 4.5}, {"pooling": "max", **base}]
    champions = [Frozen(str(each["pooling"]), 0, "", each, (0,), 0.9) for each in params]
    return config, [spec.params for spec in swap_specs(config, champions)]


def test_every_setting_is_a_point_of_the_space_with_the_types_that_a_search_gives() -> None:
    config, points = drawn(200)
    for params in points:
        config.space.validate(params)
        assert repr(config.space.coerce(params)) == repr(params)
        assert params.get("mine", 4.5) == 4.5
    own = [params for params in points if "own" in params]
    assert own, "what the champion lacks is drawn where it applies"
    assert {params["pooling"] for params in own} == {"capsule"}
    assert {len({str(params.get("deep")) for params in points[at : at + 2]}) for at in range(0, 400, 2)} == {1}


def test_settings_are_spread_over_the_whole_of_every_range() -> None:
    points = drawn(400)[1][1::2]
    for name, values in (("whole", {3, 4, 5}), ("kind", {"a", 7, True})):
        counts = [sum(repr(params[name]) == repr(value) for params in points) for value in values]
        assert min(counts) > 400 / 3 * 0.7
    assert 0.4 < sum(float(params["real"]) < 0 for params in points) / 400 < 0.6
    for name, middle in (("log_real", 1e-3), ("log_whole", math.sqrt(0.5 * 1000.5))):
        assert 0.4 < sum(float(params[name]) < middle for params in points) / 400 < 0.6
    assert {params["log_whole"] for params in points} >= {1, 2, 3}


def test_controls_train_the_baselines_champion_twice_by_seeds_of_their_own() -> None:
    pairs = by_pair([spec for spec in specs_of("controls", TWO_EACH) if (spec.pair_id or "").startswith("aa:")])
    assert list(pairs) == ["aa:0", "aa:1", "aa:2"]
    for a, b in pairs.values():
        assert (a.side, b.side, a.arm, b.arm) == ("a", "b", "max", "max")
        assert dict(a.params) == dict(b.params) == PARAMS["max"]
    assert len({spec.seeds for pair in pairs.values() for spec in pair}) == 6


def test_controls_of_the_same_network_share_their_seeds_and_not_their_params() -> None:
    pairs = by_pair([spec for spec in specs_of("controls") if (spec.pair_id or "").startswith("same:")])
    assert list(pairs) == ["same:0:0", "same:0:1", "same:0:2"]
    for a, b in pairs.values():
        assert (a.side, b.side, a.arm, b.arm, a.study, b.study) == ("a", "b", "max", "capsule", "s/max", "s/capsule")
        assert a.seeds == b.seeds
        assert dict(a.params) == {**PARAMS["max"], "pool_size": 1}
        assert dict(b.params) == {**PARAMS["max"], "pooling": "capsule", "pool_size": 1, "steps": 1}
    assert len({a.seeds for a, _ in pairs.values()}) == 3


def test_controls_of_a_source_differ_in_its_seed_alone() -> None:
    asked = {"pairs": 1, "sources": 3}
    specs = [
        each for each in specs_of("controls", TWO_EACH, controls=asked) if (each.pair_id or "").startswith("source:")
    ]
    assert [spec.pair_id for spec in specs] == [f"source:{name}:{index}" for index in range(3) for name in VARIED]
    assert {spec.arm for spec in specs} == {"max"}
    assert all(dict(spec.params) == PARAMS["max"] for spec in specs)
    held = {spec.seeds for spec in specs if "device" in str(spec.pair_id)}
    assert len(held) == 1
    usual = asdict(held.pop())
    for source in ("init", "order", "dropout"):
        found = [asdict(spec.seeds) for spec in specs if f":{source}:" in str(spec.pair_id)]
        assert len({each.pop(source) for each in found} | {usual[source]}) == 4
        assert all(each == {name: usual[name] for name in each} for each in found)
    others = {spec.seeds for phase in SPECS for spec in specs_of(phase, TWO_EACH)}
    others |= {trial_seeds(make_config().seed, "search", index, split=0) for index in range(20)}
    for source in ("init", "order", "dropout"):
        assert not {getattr(seeds, source) for seeds in others} & {getattr(spec.seeds, source) for spec in specs}
    more = specs_of("controls", TWO_EACH, controls={"pairs": 2, "sources": 4})
    assert {key_of(spec): spec.seeds for spec in specs}.items() <= {key_of(spec): spec.seeds for spec in more}.items()


def test_more_controls_change_none_of_those_before() -> None:
    few, many = (
        {key_of(spec): (dict(spec.params), spec.seeds) for spec in specs_of("controls", controls__pairs=pairs)}
        for pairs in (2, 5)
    )
    assert few.items() <= many.items()
    assert len(many) == 20


def test_a_cost_probe_is_short_and_of_the_first_champions_alone() -> None:
    specs = specs_of("cost_probe", TWO_EACH)
    assert [(spec.pair_id, spec.arm) for spec in specs] == [
        (f"cost:{seed}", arm) for seed in range(2) for arm in ("capsule", "max")
    ]
    assert {spec.params["pool_size"] for spec in specs} == {2, 3}
    assert specs[0].seeds == specs[1].seeds != specs[2].seeds
    assert [spec.epochs for spec in specs_of("cost_probe", search__epochs=2)] == [2] * 4


@pytest.mark.parametrize("phase", SPECS)
def test_nothing_is_trained_of_what_is_not_asked_for(phase: str) -> None:
    nothing = make_config(confirm={"seeds": 0}, cost_probe=0)
    assert not list(islice(SPECS[phase](nothing, TWO_EACH), 1))
