"""What a sweep file may ask for after the search, and what the sections must agree on for a verdict."""

from __future__ import annotations

import pytest

from sweeps.config import ConfirmConfig, SweepConfig
from sweeps.config.phases import same_network
from sweeps.errors import ConfigError

SPACE = """\
space:
  pooling: [capsule, max, average]
  width: {int: [1, 4]}
  rate: {float: [0.1, 1]}
  steps: {int: [1, 3], when: {pooling: capsule}}
  deep: {int: [1, 3], when: {pooling: capsule, width: 4}}
compare: pooling
"""
OF_MAX = "confirm: {baseline: max}\n"


def read(text: str) -> SweepConfig:
    return SweepConfig.from_text(SPACE + text, source="s")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("", [0, 0, 0, 0, 0]),
        ("confirm: {seeds: 7, baseline: max}", [7, 0, 0, 0, 0]),
        (f"{OF_MAX}swap: {{settings: 7}}", [0, 7, 0, 0, 0]),
        (f"{OF_MAX}controls: {{pairs: 3}}", [0, 0, 3, 0, 0]),
        (f"{OF_MAX}controls: {{sources: 2}}", [0, 0, 0, 2, 0]),
        (f"{OF_MAX}cost_probe: 4", [0, 0, 0, 0, 4]),
    ],
)
def test_every_phase_is_asked_for_by_its_amount_alone(text: str, amounts: list[int]) -> None:
    config = read(text)
    assert [*config.later_amounts.values()] == amounts
    phases = ["confirm", "swap", "controls", "cost_probe"]
    asked = [*amounts[:2], amounts[2] + amounts[3], amounts[4]]
    assert [config.asks_for(phase) for phase in phases] == [bool(amount) for amount in asked]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("confirm: {seeds: 7}", "confirm.baseline: must be one of capsule, max, average; it is not given"),
        ("cost_probe: 1", "confirm.baseline: must be one of capsule, max, average; it is not given"),
        ("confirm: {seeds: 7, baseline: min}", "confirm.baseline: must be one of capsule, max, average; got 'min'"),
        ("confirm: {baseline: [max]}", "confirm.baseline: must be text, a finite number or true/false, got ['max']"),
        ("confirm: {baseline: .inf}", "confirm.baseline: must be text, a finite number or true/false, got inf"),
        (
            "confirm: {seeds: 6, baseline: max}",
            "confirm.seeds: must be at least 7, with which 2 exact comparisons can claim anything at alpha 0.05, got 6",
        ),
        (
            "confirm: {seeds: 7, runs: 6, baseline: max}",
            "confirm.runs: must be at least 7, with which 2 exact comparisons can claim anything at alpha 0.05, got 6",
        ),
        (
            "confirm: {seeds: 7, runs: 0, baseline: max}",
            "confirm.runs: must be at least 7, with which 2 exact comparisons can claim anything at alpha 0.05, got 0",
        ),
        (
            f"{OF_MAX}swap: {{settings: 6}}",
            "swap.settings: must be at least 7, with which 2 exact comparisons can claim anything at alpha 0.05, got 6",
        ),
        ("confirm: {champions: 0}", "confirm.champions: must be at least 1, got 0"),
        ("confirm: {rule: worst}", "confirm.rule: must be one of best, best_mean, got 'worst'"),
        ("confirm: {margin: 0}", "confirm.margin: must be more than 0, got 0"),
        ("confirm: {alpha: 0}", "confirm.alpha: must be more than 0, got 0"),
        ("confirm: {alpha: 0.5}", "confirm.alpha: must be less than 0.5, got 0.5"),
        ("confirm: {shifts: [1]}", "confirm.shifts: must be a mapping with keys translate, rotate, got [1]"),
        (
            "confirm: {shifts: {turn: [1]}}",
            "confirm.shifts.turn: unknown key; known keys of confirm.shifts are translate, rotate",
        ),
        ("confirm: {shifts: {translate: 1}}", "confirm.shifts.translate: must be a list, got 1"),
        ("confirm: {shifts: {translate: [1, 0]}}", "confirm.shifts.translate.1: must be at least 1, got 0"),
        ("confirm: {shifts: {translate: [1.5]}}", "confirm.shifts.translate.0: must be a whole number, got 1.5"),
        (
            "confirm: {shifts: {translate: [1, 2, 3, 4, 5]}}",
            "confirm.shifts.translate: must be a list of at most 4, got [1, 2, 3, 4, 5]",
        ),
        (
            "confirm: {shifts: {rotate: [10, 5, 1e1]}}",
            "confirm.shifts.rotate: must hold each amount once, got [10.0, 5.0, 10.0]; leave out what is there twice",
        ),
        ("confirm: {shifts: {rotate: [0]}}", "confirm.shifts.rotate.0: must be more than 0, got 0"),
        ("confirm: {shifts: {rotate: [180.5]}}", "confirm.shifts.rotate.0: must be at most 180, got 180.5"),
        ("confirm: {shifts: {rotate: [far]}}", "confirm.shifts.rotate.0: must be a number, got 'far'"),
        ("swap: {settings: 2, seeds: 0}", "swap.seeds: must be at least 1, got 0"),
        (
            "controls: {sources: 1}",
            "controls.sources: must be at least 2, for one replicate has no deviation, or 0 for none, got 1",
        ),
        ("controls: {same: [[{}, {}]]}", "controls.same: needs pairs, the number of seeds of each comparison"),
        ("controls: {pairs: 1, same: [[{}]]}", "controls.same.0.1: is needed and not given"),
        ("controls: {pairs: 1, same: [[{}, 3]]}", "controls.same.0.1: must be a mapping of names to values, got 3"),
        (
            "controls: {pairs: 1, same: [[{}, {width: null}]]}",
            "controls.same.0.1: width: must be text, a finite number or true/false, got None",
        ),
        (
            f"{OF_MAX}controls: {{pairs: 1, same: [[{{}}, {{widht: 1}}]]}}",
            "controls.same.0.1: widht: is no parameter of the space, which has pooling, width, rate, steps, deep",
        ),
        (
            f"{OF_MAX}controls: {{pairs: 1, same: [[{{}}, {{}}], [{{pooling: min}}, {{}}]]}}",
            "controls.same.1.0: pooling: must be one of capsule, max, average, got 'min'",
        ),
        (
            f"{OF_MAX}controls: {{pairs: 1, same: [[{{}}, {{pooling: capsule}}]]}}",
            "controls.same.0.1: steps: is needed for pooling capsule, and the champion of max has none; give it",
        ),
        (
            f"{OF_MAX}controls: {{pairs: 1, same: [[{{rate: fast}}, {{}}]]}}",
            "controls.same.0.0: rate: must be a number, got 'fast'",
        ),
        (
            f"{OF_MAX}controls: {{pairs: 1, same: [[{{rate: true}}, {{}}]]}}",
            "controls.same.0.0: rate: must be a number, got True",
        ),
        (
            f"{OF_MAX}swap: {{settings: 1}}\nobjective: {{metric: accuracy}}",
            "objective.metric: swap.settings is judged by a metric of data that is not trained on, whose name begins "
            "with val_, got accuracy",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_by_its_key(text: str, message: str) -> None:
    assert refused(text) == f"s: {message}"


def test_every_shifted_copy_has_a_name_by_which_the_records_know_it() -> None:
    shifts = read("confirm: {shifts: {rotate: [180, 2.5, 1e1], translate: [2, 1]}}").confirm.shifts
    assert [(each.kind, each.amount) for each in shifts.each] == [
        *(("translate", 2), ("translate", 1), ("rotate", 180), ("rotate", 2.5), ("rotate", 10)),
    ]
    assert [*map(str, shifts.each)] == ["translate 2", "translate 1", "rotate 180", "rotate 2.5", "rotate 10"]
    assert read("").confirm.shifts.each == ()


@pytest.mark.parametrize(
    ("space", "compare"), [("{pooling: [max, min]}", ""), ("{pooling: [max]}", "compare: pooling\n")]
)
def test_a_later_phase_needs_two_arms(space: str, compare: str) -> None:
    message = r"^s: cost_probe: compares arms; name the param with at least two values by compare$"
    with pytest.raises(ConfigError, match=message):
        SweepConfig.from_text(f"space: {space}\n{compare}cost_probe: 1", source="s")


def test_of_two_arms_the_second_is_the_baseline_unless_one_is_named() -> None:
    text = "space: {pooling: [capsule, max]}\ncompare: pooling\n"
    assert SweepConfig.from_text(text, source="s").baseline == "max"
    assert SweepConfig.from_text(f"{text}confirm: {{baseline: capsule}}", source="s").baseline == "capsule"
    assert read("").baseline is None


def test_a_baseline_is_the_arm_that_it_means() -> None:
    text = "space: {width: [1, 2, 3]}\ncompare: width\nconfirm: {baseline: 2.0}\ncost_probe: 1"
    assert repr(SweepConfig.from_text(text, source="s").baseline) == "2"


@pytest.mark.parametrize(
    ("comparisons", "alpha", "fewest"), [(1, 0.05, 6), (2, 0.05, 7), (3, 0.05, 7), (1, 0.25, 3), (1, 0.01, 8)]
)
def test_the_fewest_seeds_are_those_of_the_exact_test(comparisons: int, alpha: float, fewest: int) -> None:
    assert ConfirmConfig(alpha=alpha).fewest_seeds(comparisons) == fewest
    assert 2 / 2**fewest <= alpha / comparisons < 2 / 2 ** (fewest - 1)


@pytest.mark.parametrize(
    ("given", "params"),
    [
        ({}, {"pooling": "max", "width": 4, "rate": 0.5}),
        ({"width": 1, "rate": "1e-1"}, {"pooling": "max", "width": 1, "rate": 0.1}),
        ({"rate": 1}, {"pooling": "max", "width": 4, "rate": 1.0}),
        ({"pooling": "capsule", "steps": 1}, {"pooling": "capsule", "width": 4, "rate": 0.5, "steps": 1}),
        (
            {"pooling": "capsule", "steps": 1, "deep": 2},
            {"pooling": "capsule", "width": 4, "rate": 0.5, "steps": 1, "deep": 2},
        ),
        (
            {"pooling": "capsule", "steps": 1, "deep": 2, "width": 9},
            {"pooling": "capsule", "width": 9, "rate": 0.5, "steps": 1},
        ),
        ({"steps": 3}, {"pooling": "max", "width": 4, "rate": 0.5}),
    ],
)
def test_the_same_network_has_the_params_that_apply(given: dict[str, str | int], params: dict[str, object]) -> None:
    base = {"pooling": "max", "width": 4, "rate": 0.5}
    found = same_network(read("").space, compare="pooling", base=base, given=given)
    assert repr(found) == repr(params)
