"""What the sections of a sweep file refuse and allow beyond single values: budgets, objectives, data, schedules."""

from __future__ import annotations

import re

import pytest

from sweeps.config import Bound, DatasetConfig, Schedule, SweepConfig, Target
from sweeps.errors import ConfigError

SPACE = "space: {pooling: [capsule, max], width: {int: [1, 4]}}\n"


def read(text: str, *changes: str) -> SweepConfig:
    return SweepConfig.from_text(SPACE + text, source="s", changes=changes)


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("search", "budget", "trials", "seconds"),
    [
        ("{}", "trials", 60, None),
        ("{budget: trials}", "trials", 60, None),
        ("{trials: 7}", "trials", 7, None),
        ("{trials: 7, seconds: null}", "trials", 7, None),
        ("{budget: trials, trials: 7}", "trials", 7, None),
        ("{seconds: 90}", "seconds", None, 90.0),
        ("{seconds: 9e1}", "seconds", None, 90.0),
        ("{budget: seconds, seconds: 0.5}", "seconds", None, 0.5),
        ("{budget: seconds, seconds: 1, trials: null}", "seconds", None, 1.0),
    ],
)
def test_an_amount_says_what_the_budget_is(search: str, budget: str, trials: int | None, seconds: float | None) -> None:
    found = read(f"search: {search}").search
    assert (found.budget, found.trials, found.seconds) == (budget, trials, seconds)
    assert found.amount == (trials if seconds is None else seconds)


@pytest.mark.parametrize(
    ("amount", "words"),
    [("trials: 1", "1 trial"), ("trials: 1200", "1,200 trials"), ("seconds: 3600", "3,600 worker seconds")],
)
def test_a_budget_is_told_in_words(amount: str, words: str) -> None:
    assert read(f"search: {{{amount}}}").search.budget_in_words == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("search: {budget: seconds}", "search.seconds: is needed under budget: seconds, and not given"),
        ("search: {budget: seconds, trials: 3}", "search.seconds: is needed under budget: seconds"),
        ("search: {budget: trials, seconds: 3}", "search.seconds: does not go with budget: trials; leave it out"),
        ("search: {trials: 3, seconds: 3}", "search.trials: does not go with budget: seconds; leave it out"),
        ("search: {budget: hours}", "search.budget: must be one of trials, seconds, got 'hours'"),
        ("search: {seconds: 0}", "search.seconds: must be more than 0, got 0"),
        ("search: {seconds: .inf}", "search.seconds: must be a finite number, got inf"),
        ("search: {seconds: long}", "search.seconds: must be a number, got 'long'"),
        ("search: {trials: 3.0}", "search.trials: must be a whole number, got 3.0"),
        ("search: {trials: 4, cohort: 5}", "search.cohort: must be at most 4, the trials of an arm, got 5"),
        ("search: {cohort: 61}", "search.cohort: must be at most 60, the trials of an arm, got 61"),
        ("search: {cohort: -1}", "search.cohort: must be at least 0, got -1"),
        ("search: {repeats: again}", "search.repeats: must be one of replicate, skip, got 'again'"),
        ("search: {repeats: true}", "search.repeats: must be one of replicate, skip, got True"),
        ("search: {warm_start: runs/a}", "search.warm_start: must be a list, got 'runs/a'"),
        ("search: {warm_start: [3]}", "search.warm_start.0: must be text, got 3"),
        ("search: {warm_start: ['']}", "search.warm_start.0: must be text that is not empty, got ''"),
        ("search: {warm_start: [a, b, a]}", "search.warm_start: names a twice; its trials count once"),
        ("search: {first: {pooling: max}}", "search.first: must be a list, got {'pooling': 'max'}"),
        ("search: {first: [max]}", "search.first.0: must be a mapping of names to values, got 'max'"),
        (
            "search: {trials: 3, cohort: 2, first: [{pooling: max, width: 1}, {pooling: max, width: 2}]}",
            "search.first: has 2 points beside a cohort of 2, which search.trials does not allow, got 3",
        ),
        (
            "search: {repeats: skip, first: [{pooling: max, width: 1}, {width: 1, pooling: max}]}",
            "search.first.1: stands there before, and repeats: skip tries nothing twice",
        ),
        ("objective: {at: 3}", "objective.at: must be one of last, best, got 3"),
        ("objective: {metric: ''}", "objective.metric: must be text that is not empty, got ''"),
        ("objective: {metric: val_loss}", "objective: val_loss needs a direction: add direction: minimize"),
        ("objective: {metric: macs}", "objective.metric: macs is a cost, which cannot decide alone; put it into also"),
        ("objective: {also: macs}", "objective.also: must be a list, got 'macs'"),
        ("objective: {also: [f1]}", "objective.also.0: f1 needs a direction: maximize or minimize"),
        ("objective: {also: [{metric: f1}]}", "objective.also.0: f1 needs a direction"),
        ("objective: {also: [{direction: maximize}]}", "objective.also.0.metric: is needed and not given"),
        (
            "objective: {also: [{metric: macs, direction: maximize}]}",
            "objective.also.0.direction: macs is a cost, which can only be minimized",
        ),
        (
            "objective: {also: [{metric: f1, directoin: maximize}]}",
            "objective.also.0.directoin: unknown key; did you mean direction? known keys of objective.also.0 are "
            "metric, direction",
        ),
        ("objective: {also: [macs, parameters, macs]}", "objective.also: macs is an objective twice; keep one of them"),
        (
            "objective: {metric: acc, also: [{metric: acc, direction: maximize}]}",
            "objective.also: acc is an objective twice",
        ),
        (
            "objective: {constraints: {macs: 3}}",
            "objective.constraints.macs: must be a mapping with keys at_most, at_l",
        ),
        ("objective: {constraints: {macs: {}}}", "objective.constraints.macs: needs at_most or at_least"),
        ("objective: {constraints: {macs: {at_most: null}}}", "objective.constraints.macs: needs at_most or at_least"),
        (
            "objective: {constraints: {macs: {at_least: 3, at_most: 2.5}}}",
            "objective.constraints.macs: at_least must not exceed at_most, got 3 and 2.5",
        ),
        ("objective: {constraints: {macs: {at_most: .nan}}}", "objective.constraints.macs.at_most: must be a finite"),
        ("objective: {constraints: {macs: {atmost: 1}}}", "objective.constraints.macs.atmost: unknown key; did you"),
        ("objective: {constraints: {3: {at_most: 1}}}", "objective.constraints.3: keys must be text, got 3"),
        ("dataset: {name: ''}", "dataset.name: must be text that is not empty"),
        ("dataset: {load: digits}", "dataset.load: must read \"package.module:function\", got 'digits'"),
        ("dataset: {args: {a: 1}}", "dataset.args: are those of load, which is not given"),
        ("dataset: {load: 'a:b', args: [1]}", "dataset.args: must be a mapping of names to values, got [1]"),
        ("dataset: {load: 'a:b', args: {x: .nan}}", "dataset.args: must be made of text, finite numbers"),
        ("dataset: {load: 'a:b', file: x.npz}", "dataset.file: is where MNIST lies; a function named by load takes"),
        (
            "dataset: {load: 'a:b', name: mnist}",
            "dataset.name: must not be that of a built-in data set beside load, got",
        ),
        ("dataset: {load: 'a:b', name: digits}", "dataset.name: must not be that of a built-in data set"),
        ("dataset: {file: ''}", "dataset.file: must be text that is not empty, got ''"),
        ("training: {optimizer: adm}", "training.optimizer.name: must be one of adam, adamw, nadam,"),
        ("training: {optimizer: 3}", "training.optimizer: must be a name, or a mapping with name and settings, got 3"),
        ("training: {optimizer: {momentum: 0.9}}", "training.optimizer.name: is needed and not given"),
        ("training: {optimizer: {name: sgd, momentum: .nan}}", "training.optimizer: must be made of text, finite"),
        ("training: {schedule: cosin}", "training.schedule.name: must be one of constant, cosine, steps, got 'cosin'"),
        ("training: {schedule: 3}", "training.schedule: must be a mapping with keys name, factors, at, fresh"),
        (
            "training: {schedule: {factors: [1, 0.5]}}",
            "training.schedule.factors: goes with name: steps, got name: con",
        ),
        (
            "training: {schedule: {name: cosine, at: [3, 6]}}",
            "training.schedule.at: goes with name: steps, got name: c",
        ),
        (
            "training: {schedule: {name: cosine, fresh_optimizer: true}}",
            "training.schedule.fresh_optimizer: goes with name: steps",
        ),
        ("training: {schedule: {name: steps, factors: []}}", "training.schedule.factors: must be a list of at least 1"),
        (
            "training: {schedule: {name: steps, factors: [1, 0]}}",
            "training.schedule.factors.1: must be more than 0, got 0",
        ),
        ("training: {schedule: {name: steps, at: [3]}}", "training.schedule.at: must name 2 rising epochs, where each"),
        ("training: {schedule: {name: steps, at: [6, 3]}}", "training.schedule.at: must name 2 rising epochs"),
        ("training: {schedule: {name: steps, at: [3, 3]}}", "training.schedule.at: must name 2 rising epochs"),
        ("training: {schedule: {name: steps, at: [0, 3]}}", "training.schedule.at.0: must be at least 1, got 0"),
        (
            "training: {schedule: {name: steps, step: 3}}",
            "training.schedule.step: unknown key; known keys of training.",
        ),
        (
            "training: {schedule: {name: steps, fresh_optimizer: 3}}",
            "training.schedule.fresh_optimizer: must be true or false, got 3",
        ),
        (
            "search: {epochs: 9}\ntraining: {schedule: {name: steps, at: [3, 9]}}",
            "training.schedule.at: must name epochs below search.epochs, 9, got [3, 9]",
        ),
        (
            "training: {schedule: {name: steps, factors: [fast]}}",
            "training.schedule.factors.0: must be a number, got 'fast'",
        ),
        ("training: {early_stopping: -1}", "training.early_stopping: must be at least 0, got -1"),
        ("training: {early_stopping: 1.5}", "training.early_stopping: must be a whole number, got 1.5"),
        ("faults: {trial_timeout: 0}", "faults.trial_timeout: must be more than 0, got 0"),
        ("workers: {count: 2, autoscale_to: 4}", "workers.autoscale_to: 4 goes with count: auto, got count: 2"),
    ],
)
def test_a_broken_rule_names_key_rule_and_value(text: str, message: str) -> None:
    (line,) = refused(text).splitlines()
    assert line.startswith(f"s: {message}")


def test_a_cohort_may_be_all_trials_and_has_no_limit_under_seconds() -> None:
    assert read("search: {trials: 4, cohort: 4}").search.cohort == 4
    assert read("search: {seconds: 4, cohort: 400}").search.cohort == 400
    points = "first: [{pooling: max, width: 1}, {pooling: max, width: 1}]"
    assert len(read(f"search: {{seconds: 4, cohort: 400, {points}}}").first_points(None)) == 2
    assert len(read(f"search: {{trials: 4, cohort: 2, {points}}}").first_points(None)) == 2
    # Of an arm: the points of another arm do not count.
    assert read(f"compare: pooling\nsearch: {{trials: 2, {points}}}").first_points("capsule") == ()
    message = refused(f"compare: pooling\nsearch: {{trials: 1, {points}}}")
    assert "search.first: has 2 points for pooling max, which search.trials does not allow, got 1" in message


def test_a_point_to_try_first_is_read_like_the_space() -> None:
    text = "space: {rate: {float: [1e-5, 1]}}\nsearch: {repeats: skip, first: [{rate: 1e-3}, {rate: 1}]}"
    config = SweepConfig.from_text(text, source="s")
    assert repr(config.first_points(None)) == "({'rate': 0.001}, {'rate': 1.0})"
    with pytest.raises(ConfigError, match=r"search\.first\.1: stands there before"):
        SweepConfig.from_text(text.replace("{rate: 1}", "{rate: 0.001}"), source="s")


def test_objectives_stand_beside_the_metric_with_their_directions() -> None:
    objective = read("objective: {also: [macs, {metric: f1, direction: maximize}], constraints: {loss: {at_most: 1}}}")
    found = objective.objective
    assert found.also == (Target(metric="macs"), Target(metric="f1", direction="maximize"))
    assert found.directions == ("maximize", "minimize", "maximize")
    assert found.measures == ("val_accuracy", "macs", "f1", "loss")
    assert read("objective: {constraints: {val_accuracy: {at_least: 0.5}}}").objective.measures == ("val_accuracy",)


@pytest.mark.parametrize(
    ("bound", "value", "excess"),
    [
        ({"at_most": 2}, 3, 1),
        ({"at_most": 2}, 2, 0),
        ({"at_least": 2}, 1.5, 0.5),
        ({"at_least": 1, "at_most": 2}, 4, 2),
        ({"at_least": 1, "at_most": 2}, 1.5, -0.5),
        ({"at_least": "1e-3"}, 0, 1e-3),
    ],
)
def test_a_bound_says_how_far_a_value_lies_outside(bound: dict[str, float], value: float, excess: float) -> None:
    assert Bound.model_validate(bound).excess(value) == excess


def test_data_of_ones_own_is_named_after_its_function_unless_it_has_a_name() -> None:
    assert DatasetConfig.model_validate({"load": "a.b:c", "args": {"path": "x"}}).name == "a.b:c"
    assert DatasetConfig.model_validate({"load": "a.b:c", "name": "cells"}).name == "cells"
    assert DatasetConfig.model_validate({"load": None}).name == "mnist"


def test_an_optimizer_is_a_name_or_a_name_with_arguments() -> None:
    assert read("training: {optimizer: sgd}").training.optimizer.settings == {}
    found = read("training: {optimizer: {name: adamw, weight_decay: 1e-4, amsgrad: true}}").training.optimizer
    assert (found.name, found.settings) == ("adamw", {"weight_decay": 1e-4, "amsgrad": True})


def test_a_schedule_is_a_name_or_a_name_with_settings() -> None:
    assert read("training: {schedule: cosine}").training.schedule == Schedule(name="cosine")
    found = read("training: {schedule: {name: steps, factors: [1, 1e-1], at: [3], fresh_optimizer: true}}")
    assert found.training.schedule == Schedule(name="steps", factors=(1.0, 0.1), at=(3,), fresh_optimizer=True)


def test_a_step_may_begin_with_the_last_epoch() -> None:
    read("search: {epochs: 10}\ntraining: {schedule: {name: steps, at: [3, 9]}}")


@pytest.mark.parametrize(
    ("schedule", "epochs", "factors"),
    [
        (Schedule(), 3, [1, 1, 1]),
        (Schedule(name="steps"), 6, [1, 1, 0.1, 0.1, 0.01, 0.01]),
        (Schedule(name="steps"), 2, [1, 0.1]),
        (Schedule(name="steps", factors=(1.0, 0.5), at=(3,)), 5, [1, 1, 1, 0.5, 0.5]),
        (Schedule(name="cosine"), 2, [1, 0.5]),
    ],
)
def test_a_schedule_gives_every_epoch_its_factor(schedule: Schedule, epochs: int, factors: list[float]) -> None:
    assert [schedule.factor(epoch, epochs) for epoch in range(epochs)] == pytest.approx(factors)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("learning_rate: [1e-4, 1e-3]", "learning_rate: must be a number, got '1e-4' (YAML reads it as text; write 0."),
        ("learning_rate: [fast]", "learning_rate: must be a number, got 'fast'"),
        ("learning_rate: {choice: [0.1, 1e-5]}", "learning_rate: must be a number, got '1e-5' (YAML reads it as text;"),
        ("batch_size: ['16']", "batch_size: must be a whole number, got '16'"),
        ("optimizer: [adam, adm]", "optimizer.name: must be one of adam,"),
        ("schedule: [cosine, stairs]", "schedule.name: must be one of constant, cosine, steps, got 'stairs'"),
        ("early_stopping: {int: [-1, 3]}", "early_stopping: must be at least 0, got -1"),
    ],
)
def test_a_training_key_in_the_space_obeys_its_own_rules(space: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"s: space: {message}")):
        SweepConfig.from_text(f"space: {{{space}}}", source="s")


def test_training_keys_may_be_searched() -> None:
    space = "{learning_rate: {float: [1e-4, 1e-2]}, optimizer: [adam, sgd], schedule: [constant, cosine, steps]}"
    config = SweepConfig.from_text(f"space: {space}", source="s")
    assert config.space.parameters["learning_rate"].domain.corners() == (1e-4, 1e-2)
