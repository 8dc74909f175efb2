"""Any model on any data: what is trained, with which loss, and what is refused before a sweep starts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest

from sweeps.config import SweepConfig
from sweeps.datasets import Dataset
from sweeps.errors import ConfigError
from sweeps.images import load_or_fall_back
from sweeps.records import EpochEnded, TrialSpec
from sweeps.training.inspection import Corner, Inspection, child_for, inspect
from sweeps.training.preflight import inspect_space
from sweeps.training.trainer import Trainer

MakeConfig = Callable[..., SweepConfig]
MakeSpec = Callable[..., TrialSpec]
LOSS = {"metric": "val_loss", "direction": "minimize"}


@pytest.fixture(autouse=True)
def _policy() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def own(make_config: MakeConfig) -> MakeConfig:
    """A sweep of a model of `own_models`."""

    def make(build: str, **changes: Any) -> SweepConfig:
        space = changes.pop("space", {"width": {"int": [4, 8]}})
        model = {"build": f"tests.sweeps.own_models:{build}"}
        return make_config(**{"model": model, "space": space, "compare": None, "training": {}, **changes})

    return make


def rows(y: Any, *, classes: int | None = None, gap: str = "") -> Dataset:
    """48 rows of four numbers, from which the targets can be told."""
    x = np.random.default_rng(0).normal(size=(48, 4)).astype(np.float32)
    targets = np.asarray(y(x))
    return Dataset(x[:32], targets[:32], x[32:], targets[32:], classes=classes, gap=gap)


def labels(classes: int = 3) -> Dataset:
    return rows(lambda x: (np.arange(48) % classes).astype(np.int32), classes=classes)


def quantity(x: Any) -> Any:
    return x.sum(axis=1)


DATA: dict[str, Callable[[], Dataset]] = {
    "classifier": labels,
    "regressor": lambda: rows(quantity),
    "flat_number": lambda: rows(quantity),
    "two_numbers": lambda: rows(lambda x: x[:, :2]),
    "tokens": lambda: dataclasses.replace(
        labels(), x_train=np.ones((32, 4), np.float32), x_validation=np.full((16, 4), 9, np.float32)
    ),
    "binary": lambda: labels(2),
    "count": labels,
    "one_hot": lambda: rows(lambda x: np.eye(3, dtype=np.float32)[np.arange(48) % 3]),
    "hinge": lambda: rows(lambda x: np.arange(48, dtype=np.int32) % 2 * 2 - 1, classes=2, gap="has -1"),
    "own_steps": labels,
}
METRICS = {"regressor": "val_mean_absolute_error", "count": "val_mae", "own_steps": "val_error", "hinge": "val_loss"}


def spec_of(make_spec: MakeSpec, number: int = 0, *, epochs: int = 2, **params: Any) -> TrialSpec:
    return dataclasses.replace(make_spec(number, epochs=epochs), params=params)


def run(trainer: Trainer, spec: TrialSpec) -> list[EpochEnded]:
    return [trainer.train(spec, epoch, attempt=1) for epoch in range(spec.epochs)]


@pytest.mark.parametrize("build", DATA)
def test_every_kind_of_model_passes_the_preflight_and_trains_warm(
    own: MakeConfig, make_spec: MakeSpec, build: str
) -> None:
    metric = METRICS.get(build, "val_loss")
    config, data = own(build, objective={"metric": metric, "direction": "minimize"}), DATA[build]()
    assert metric in inspect_space(config, data, limit=64).metrics
    trainer = Trainer(config, data, worker="w")
    first = run(trainer, spec_of(make_spec, width=8))
    run(trainer, spec_of(make_spec, 1, width=8))
    again = run(trainer, spec_of(make_spec, width=8))
    assert [report.metrics for report in again] == [report.metrics for report in first]
    assert again[0].traces == 0
    assert metric in first[0].metrics


@pytest.mark.parametrize("build", ["regressor", "flat_number", "two_numbers"])
def test_a_quantity_is_judged_by_its_squared_and_absolute_error(
    own: MakeConfig, make_spec: MakeSpec, build: str
) -> None:
    data = DATA[build]()
    trainer = Trainer(own(build, objective=LOSS), data, worker="w")
    last = run(trainer, spec_of(make_spec, width=8))[-1].metrics
    assert set(last) == {f"{part}{name}" for part in ("", "val_") for name in ("loss", "mean_absolute_error")}
    guess = trainer._course.warm.model.predict(data.x_validation, verbose=0)  # type: ignore[union-attr]
    error = guess.reshape(data.y_validation.shape) - data.y_validation
    assert last["val_loss"] == pytest.approx(float((error**2).mean()), rel=1e-5)
    assert last["val_mean_absolute_error"] == pytest.approx(float(np.abs(error).mean()), rel=1e-5)


def test_own_data_reaches_the_model_as_it_is(own: MakeConfig, data: Dataset) -> None:
    from sweeps.training.epochs import Examples

    mine = labels()
    np.testing.assert_array_equal(np.asarray(Examples.of(mine).x), mine.x_train)
    grey = np.asarray(Examples.of(data).x)
    assert (grey.shape, grey.max()) == ((64, 28, 28, 1), pytest.approx(data.x_train.max() / 255))


@pytest.mark.parametrize(
    ("build", "data", "message"),
    [
        ("two_numbers", rows(quantity), r"must give outputs of shape \(1,\) as y, got \(2,\)"),
        ("regressor", rows(lambda x: x[:, :2]), r"must give outputs of shape \(2,\) as y, got \(1,\)"),
        ("regressor", labels(), r"must give 3 outputs an example, one for each class, got \(1,\) .* comes compiled"),
        (
            "classifier",
            dataclasses.replace(labels(), gap="must be 0 to 4, lacks 3"),
            "dataset.load: labels must be 0 to 4, lacks 3; number them anew, or return y as floats for a quantity",
        ),
        ("graph_breaks", labels(), "graph_breaks gives a model that cannot be trained for .*planted: not as a graph"),
    ],
)
def test_what_a_plain_model_cannot_learn_is_refused(own: MakeConfig, build: str, data: Dataset, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        inspect_space(own(build, objective=LOSS), data, limit=64, measure=True)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            "logits",
            r"gives outputs that are no probabilities: -[0-9.]+ is one of them; .* end the model with a softmax",
        ),
        ("sigmoids", r"gives outputs that are no probabilities: those of an example add up to [0-9.]+; cross-entropy"),
        ("frozen", "gives a model without trainable weights for {'width': 4}"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*does not have any trainable weights")
def test_a_model_that_will_learn_little_is_warned_of(own: MakeConfig, build: str, message: str) -> None:
    found = inspect_space(own(build), labels(), limit=64).warnings
    assert len(found) == 1
    assert re.match(f"model.build: tests.sweeps.own_models:{build} {message}", found[0])


@pytest.mark.parametrize("build", ["classifier", "binary", "regressor", "two_numbers", "own_steps"])
def test_other_models_are_not(own: MakeConfig, build: str) -> None:
    config = own(build, objective={"metric": METRICS.get(build, "val_loss"), "direction": "minimize"})
    assert inspect_space(config, DATA[build](), limit=64).warnings == ()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_probabilities_in_half_precision_are_some(own: MakeConfig, policy: str) -> None:
    assert inspect_space(own("classifier", training={"dtype_policy": policy}), labels(), limit=64).warnings == ()


def test_a_plan_and_a_launch_tell_what_was_found(own: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeps import plan, preparation

    corners = (Corner({"width": 4}, 9, 9),)
    found = Inspection((), frozenset(), corners, example_seconds=(1.0,), warnings=("model.build: planted",))
    said: list[str] = []
    for module in (plan, preparation):
        monkeypatch.setattr(module, "inspect", lambda *args, **kwargs: found)
    config = own("classifier", dataset={"name": "digits"})
    assert "warning: model.build: planted" in list(plan.describe(config))
    preparation.prepare(config, preparation.Means(True, None, said.append, lambda event: None))
    assert "warning: model.build: planted" in said


RATE = {"learning_rate": {"float": [0.01, 0.1]}}


@pytest.mark.parametrize(
    ("build", "changes", "message"),
    [
        ("settable", {"training": {"optimizer": "sgd"}}, "training.optimizer: would change nothing.*:settable comes"),
        ("settable", {"training": {"schedule": "cosine"}}, "training.schedule: would change nothing"),
        ("settable", {"training": {"learning_rate": 0.1}}, "training.learning_rate: would change nothing"),
        ("settable", {"space": {"optimizer": ["adam", "sgd"]}}, "space: optimizer: would change nothing"),
        ("settable", {"space": {"schedule": ["constant", "cosine"]}}, "space: schedule: would change nothing"),
        ("scheduled", {"space": RATE}, "space: learning_rate: cannot be set, .* whose rate is a ExponentialDecay"),
    ],
)
def test_a_setting_that_a_compiled_model_would_not_get_is_refused(
    own: MakeConfig, build: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        inspect_space(own(build, **changes), labels(), limit=64)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_searched_learning_rate_is_set_on_a_compiled_model(own: MakeConfig, make_spec: MakeSpec, policy: str) -> None:
    config = own("settable", space=RATE, training={"dtype_policy": policy})
    inspect_space(config, labels(), limit=64)
    trainer = Trainer(config, labels(), worker="w")
    run(trainer, spec_of(make_spec, learning_rate=0.05))
    assert float(trainer._course.warm.model.optimizer.learning_rate) == pytest.approx(0.05)  # type: ignore[union-attr]


def test_batch_size_and_policy_hold_for_a_compiled_model(own: MakeConfig, make_spec: MakeSpec) -> None:
    config = own("settable", training={"batch_size": 8, "dtype_policy": "mixed_bfloat16", "early_stopping": 2})
    inspect_space(config, labels(), limit=64)
    trainer = Trainer(config, labels(), worker="w")
    assert run(trainer, spec_of(make_spec))[0].step == 4
    assert trainer._course.warm.model.layers[0].compute_dtype == "bfloat16"  # type: ignore[union-attr]


FACTOR = {"factor": {"float": [0.5, 8.0]}}


@pytest.mark.parametrize(
    ("build", "message"),
    [
        ("with_list", r"runtime_values must map names of params to functions of \(model, value\), got \['factor'\]"),
        ("with_text", r"runtime_values must map names of params to functions of \(model, value\), got \{'factor'"),
        ("with_rate", "runtime_values must not name learning_rate, which is a setting of training"),
        (
            "with_typo",
            "runtime_values must name params of the space or arguments of the function, got 'factro'; the params are "
            "factor, the arguments width, factor, kind",
        ),
        (
            "with_attribute",
            r"runtime_values: factor set from 0.5 to 8.0 changes no variable of the model for {.*}: .* must "
            "assign a variable, not a Python attribute; .*",
        ),
        ("with_small", "runtime_values: factor cannot be set to 8.0: ValueError: planted: too large"),
    ],
)
def test_runtime_values_that_would_spoil_trials_are_refused(own: MakeConfig, build: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^model.build: tests.sweeps.own_models:{build}.{message}"):
        inspect_space(own(build, space=FACTOR), labels(), limit=64)


@pytest.mark.parametrize(
    ("build", "space"),
    [
        ("with_factor", FACTOR),
        ("with_factor", {"kind": ["plain", "scaled"], "factor": {**FACTOR["factor"], "when": {"kind": "scaled"}}}),
        ("with_attribute", {"width": [4, 8]}),
        ("with_attribute", {"factor": [2.0]}),
        ("weighted", FACTOR),
    ],
)
def test_runtime_values_that_do_what_they_should_pass(own: MakeConfig, build: str, space: dict[str, Any]) -> None:
    assert inspect_space(own(build, space=space), labels(), limit=64).runtime_values == {"factor"}


@pytest.mark.parametrize("kinds", [["plain", "scaled"], ["scaled", "plain"]])
def test_a_runtime_value_must_work_in_every_corner(own: MakeConfig, kinds: list[str]) -> None:
    config = own("with_factor", space={**FACTOR, "kind": kinds})
    message = "changes no variable of the model for {.*'kind': 'plain'}: .* or have factor apply only `when` it does"
    with pytest.raises(ConfigError, match=message):
        inspect_space(config, labels(), limit=64)


KINDS = {"kind": ["sound", "odd"], "width": [4, 8]}


@pytest.mark.parametrize(
    ("compare", "odd", "message"),
    [
        (
            "kind",
            "breaks",
            "gives a model that cannot be trained for {'kind': 'odd', 'width': 4}: ValueError: planted",
        ),
        ("kind", "silent", "objective.metric: no model reports 'val_accuracy'; they report loss, val_loss"),
        (None, "silent", "objective.metric: no model reports 'val_accuracy'; they report loss, val_loss"),
        (
            "kind",
            "infinite",
            "cannot be trained for {'kind': 'odd', 'width': 4}: ValueError: its loss is nan before any train",
        ),
    ],
)
def test_one_network_of_every_kind_is_trained_before_a_sweep(
    own: MakeConfig, compare: str | None, odd: str, message: str
) -> None:
    config = own("of_two_kinds", space=KINDS, compare=compare)
    config = config.model_copy(update={"model": config.model.model_copy(update={"args": {"odd": odd}})})
    with pytest.raises(ConfigError, match=message):
        inspect_space(config, labels(), limit=64)


def test_metrics_found_are_those_that_every_model_reports(own: MakeConfig) -> None:
    config = own("of_two_kinds", space=KINDS, objective={"metric": "val_loss", "direction": "minimize"})
    config = config.model_copy(update={"model": config.model.model_copy(update={"args": {"odd": "silent"}})})
    assert inspect_space(config, labels(), limit=64).metrics == ("loss", "val_loss")


@pytest.mark.parametrize(
    ("training", "space", "key"),
    [
        ({"batch_size": 65}, {"width": [4]}, "training.batch_size"),
        ({"batch_size": 8}, {"batch_size": [16, 65]}, "space: batch_size"),
    ],
)
def test_a_batch_that_the_data_cannot_fill_is_refused(
    own: MakeConfig, training: dict[str, Any], space: dict[str, Any], key: str
) -> None:
    dataset = {"name": "digits", "train": 64, "validation": 32}
    with pytest.raises(ConfigError, match=f"^{key}: must be at most 64, the examples to train on, got 65$"):
        load_or_fall_back(own("classifier", training=training, space=space, dataset=dataset), may_fall_back=False)


ALSO = "objective.also: no model reports 'val_f1'; they report accuracy, loss, val_accuracy, val_loss"


@pytest.mark.parametrize(
    ("build", "objective", "message"),
    [
        ("classifier", {"metric": "val_f1"}, "objective.metric: no model reports 'val_f1'"),
        ("classifier", {"also": [{"metric": "val_f1", "direction": "maximize"}]}, ALSO),
        ("classifier", {"constraints": {"val_f1": {"at_least": 0.5}}}, "objective.constraints: no model reports"),
        ("attended", {"also": ["macs"]}, "objective.also: macs cannot be counted for {'width': 4}: a layer"),
        ("attended", {"constraints": {"macs": {"at_most": 10}}}, "objective.constraints: macs cannot be counted"),
        (
            "no_predict",
            {"also": ["inference_seconds"]},
            "cannot be trained for .*: ValueError: .*planted: never predicts",
        ),
    ],
)
def test_what_a_sweep_judges_by_must_be_there(
    own: MakeConfig, build: str, objective: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        inspect_space(own(build, objective=objective), labels(), limit=64)


def test_a_model_whose_champions_are_to_be_tested_must_predict(own: MakeConfig) -> None:
    config = own("no_predict", space={"width": [4, 8]}, compare="width", confirm={"seeds": 6})
    with pytest.raises(ConfigError, match="planted: never predicts"):
        inspect_space(config, labels(), limit=64)


def test_costs_that_are_there_pass_and_inference_is_timed_only_where_it_is_asked_for(
    own: MakeConfig, make_spec: MakeSpec
) -> None:
    costs = {"also": ["macs", "parameters"], "constraints": {"inference_seconds": {"at_most": 1}}}
    asks, asks_not = own("classifier", objective=costs), own("classifier")
    inspect_space(asks, labels(), limit=64)
    timed, untimed = (run(Trainer(config, labels(), worker="w"), spec_of(make_spec)) for config in (asks, asks_not))
    assert timed[0].model is not None
    assert untimed[0].model is not None
    assert 0 < (timed[0].model.inference_seconds or 0) < 0.1
    assert untimed[0].model.inference_seconds is None
    assert [report.metrics for report in timed] == [report.metrics for report in untimed]


def test_inference_is_timed_per_example_over_the_batch_of_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeps.training import costs

    class Clock:
        now = 0.0
        sizes: list[int] = []  # noqa: RUF012

        def predict_on_batch(self, x: Any) -> None:
            self.sizes.append(len(x))
            Clock.now += 100.0 if len(self.sizes) == 1 else 4.0 if len(self.sizes) == 3 else 6.0

    monkeypatch.setattr(costs.time, "perf_counter", lambda: Clock.now)
    assert costs.measure_inference(Clock(), np.zeros((900, 2))) == 4.0 / 500
    assert set(Clock.sizes) == {500}
    assert costs.measure_inference(Clock(), np.zeros((20, 2))) == 6.0 / 20


def test_a_build_function_that_kills_its_process_is_named(own: MakeConfig) -> None:
    config = own("kills")
    with pytest.raises(ConfigError) as caught, child_for(config) as child:
        inspect(child, config, labels(), limit=64)
    ended = "model.build: tests.sweeps.own_models:kills ended the process that built its models: by SIGABRT"
    assert str(caught.value) == f"{ended}: planted last words"


def test_a_look_at_a_data_set_is_from_all_over_it() -> None:
    few = labels().few(5)
    assert (len(few.x_train), len(few.y_validation), few.classes) == (5, 5, 3)
    np.testing.assert_array_equal(few.x_train[[0, -1]], labels().x_train[[0, -1]])
    assert len(labels().few(500).x_train) == 32
