"""A user's own data: the contract of `dataset.load`, each rule with its message."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeps.cli.options import configure, relocated
from sweeps.config import SweepConfig
from sweeps.datasets import DataFacts, Dataset, load_own_dataset
from sweeps.datasets.arrays import as_raw
from sweeps.errors import ConfigError, DataError, RunError
from sweeps.history import read_run
from sweeps.images import check_same_data, load_data, load_or_fall_back, may_fall_back
from sweeps.records import SweepStarted
from sweeps.runlog import RunDirectory, RunLog

MODULE = """
import os, sys
import numpy as np

def flowers(count=60, classes=3):
    x = np.arange(count * 4).reshape(count, 4) / 4
    return x, np.arange(count) % classes

def with_a_test_set():
    x, y = flowers()
    return (x[:48], y[:48]), (x[48:], y[48:])

def with_a_test_set_that_leaks():
    (x, y), (x_test, y_test) = with_a_test_set()
    x_test[3:5] = x[7]
    return (x, y), (x_test, y_test)

def prices():
    x, _ = flowers()
    return x, x.sum(axis=1)

def heavy():
    import keras
    keras.ops.ones(2)
    return flowers()

def where():
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    print("noise")
    return flowers()

def missing_file():
    path = "prices.csv"
    open(path)

def leaves():
    sys.exit(3)

def dies():
    os.write(2, b"the allocator gave up")
    os._exit(7)

def unpicklable():
    class Odd(Exception):
        def __reduce__(self):
            raise TypeError("no")
    raise Odd("planted")

THREE = 3
"""


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_data_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))


def load(function: str, *, split_seed: int = 0, **sizes: int | None) -> tuple[Dataset, DataFacts]:
    asked = {"train": None, "validation": None, **sizes}
    args: dict[str, Any] = {}
    return load_own_dataset(f"own_data_module:{function}", args, name="mine", split_seed=split_seed, **asked)  # type: ignore[arg-type]


def rows(x: Any) -> set[bytes]:
    return {row.tobytes() for row in x}


def test_labels_are_split_five_to_one_each_label_in_both_parts() -> None:
    data, facts = load("flowers")
    assert (facts.train, facts.validation, facts.test, facts.classes, facts.shape) == (50, 10, 0, 3, (4,))
    assert (data.x_train.dtype, data.y_train.dtype) == (np.float32, np.int32)
    assert not rows(data.x_train) & rows(data.x_validation)
    assert np.bincount(data.y_validation).tolist() in ([4, 3, 3], [3, 4, 3], [3, 3, 4])
    assert "60 examples were split by scikit-learn, stratified by label, seed 0, into 50 for training" in facts.split
    assert json.loads(json.dumps(asdict(facts)))["shape"] == [4]


def test_nothing_is_scaled_or_moved_and_an_example_keeps_its_label() -> None:
    data, _ = load("flowers")
    for x, y in ((data.x_train, data.y_train), (data.x_validation, data.y_validation)):
        np.testing.assert_array_equal(x[:, 0] % 3, y)
    assert data.x_train.max() > 50


def test_quantities_are_split_at_random_by_the_seed_and_have_no_classes() -> None:
    (data, facts), (again, _), (other, _) = load("prices"), load("prices"), load("prices", split_seed=1)
    assert (facts.classes, data.classes, data.y_train.dtype, data.y_train.shape) == (None, None, np.float32, (50,))
    assert "split at random, seed 0" in facts.split
    np.testing.assert_array_equal(data.x_validation, again.x_validation)
    assert rows(data.x_validation) != rows(other.x_validation)
    few, _ = load("prices", train=5, validation=2)
    assert rows(few.x_train) < rows(data.x_train)
    assert rows(few.x_validation) < rows(data.x_validation)


def test_a_test_set_is_counted_and_digested_and_stays_behind() -> None:
    data, facts = load("with_a_test_set")
    assert (facts.train, facts.validation, facts.test) == (40, 8, 12)
    assert float(max(data.x_train.max(), data.x_validation.max())) < 48
    assert facts.digest != load("flowers")[1].digest


def test_test_examples_that_can_be_trained_on_are_warned_of(make_config: Callable[..., SweepConfig]) -> None:
    *_, facts, notes = load_or_fall_back(own(make_config, "with_a_test_set_that_leaks"), may_fall_back=False)
    assert facts.repeats == 2
    assert notes == (
        "warning: dataset.load: 2 of the 12 test examples are also among those to train and validate on, so they "
        "measure no generalisation",
    )
    assert load_or_fall_back(own(make_config, "with_a_test_set"), may_fall_back=False)[3] == ()


def test_a_function_may_import_keras_and_sees_no_gpu(capfd: pytest.CaptureFixture[str]) -> None:
    assert load("heavy")[1].train == 50
    assert load("where")[1].train == 50
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nothing", "dataset.load: cannot import 'own_data_module:nothing': AttributeError"),
        ("THREE", "dataset.load: 'own_data_module:THREE' must be a function, got int"),
        (
            "missing_file",
            r"dataset.load: own_data_module:missing_file fails \(own_data_module.py, line 34\): FileNotFoundError: .*",
        ),
        ("leaves", r"dataset.load: own_data_module:leaves fails .*SystemExit: 3"),
        (
            "dies",
            "dataset.load: own_data_module:dies ended the process that called it: exit code 7: the allocator gave up",
        ),
        ("unpicklable", "dataset.load: own_data_module:unpicklable fails .*Odd: planted"),
        ("flowers.x", "dataset.load: cannot import"),
    ],
)
def test_a_function_that_fails_is_named_with_its_key(function: str, message: str) -> None:
    with pytest.raises((ConfigError, DataError), match=f"^{message}"):
        load(function)


X = np.zeros((12, 3))
Y = np.arange(12) % 2


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, r"must return \(x, y\) or \(\(x, y\), \(x_test, y_test\)\), got NoneType"),
        ((X, Y, X), "got tuple of 3"),
        ((X, Y[:10]), "x and y must be of one length, got 12 and 10"),
        (((X, Y), (X[:4], Y[:3])), "x_test and y_test must be of one length, got 4 and 3"),
        ((X[:, 0], Y), r"x must have the shape \(n, ...\).*got \(12,\); x\[:, None\] makes a column"),
        ((X[:, :0], Y), r"x must have the shape \(n, ...\), one example in each row, got \(12, 0\)"),
        ((X[:5], Y[:5]), "must return at least 6 examples, one of them to validate on, got 5"),
        ((X.astype(str), Y), "x must hold numbers, got ndarray of <U32"),
        ((X, [None] * 12), "y must hold numbers, got list of object"),
        ((X.astype(complex), Y), "x must hold numbers, got ndarray of complex128"),
        (([[1, 2], [3]] * 6, Y), "x must be an array, got list: .*inhomogeneous"),
        ((X, 3), "y must be an array, got the number 3"),
        ((np.where(X == 0, np.nan, X), Y), "x must be finite as float32, got nan in example 0"),
        ((X, np.where(Y > 0, 1e300, 0.0)), r"y must be finite as float32, got 1e\+300 in example 1"),
        ((np.full((12, 1), 2**24 + 1), Y), r"x must hold whole numbers within 2\*\*24 of 0.* got 16777217 to 16777217"),
        ((X, np.eye(12, dtype=int)), r"y must hold one label an example.*got \(12, 12\); return others as floats"),
        ((np.ma.masked_equal(X, 1), Y), "x must hold numbers alone, got a masked array; fill what is masked, or leave"),
        ((X, list(np.ma.masked_equal(Y, 1))), "y must hold numbers alone, got a masked array"),
        (((X, Y), (X, np.ma.masked_equal(Y, 1))), "y_test must hold numbers alone, got a masked array"),
        ((X, Y * 0 + 3), "y must hold two different labels at least, got 3 alone; floats are quantities"),
        ((X, Y + 2**40), "y must hold labels that int32 holds, got 1099511627776 to"),
    ],
)
def test_what_breaks_the_contract_is_refused(result: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_raw(result, source="test")


@pytest.mark.parametrize(
    ("pair", "test", "message"),
    [
        ((X, Y), (X[:0], Y[:0]), r"x_test must hold at least one example, got none; return \(x, y\) alone"),
        ((X, Y), (X[:, :2], Y), r"x_test must have the shape \(n, ...\) of x, got \(12, 2\) beside \(12, 3\)"),
        ((X, Y), (X, Y[:, None]), r"y_test must have the shape \(n, ...\) of y, got \(12, 1\) beside \(12,\)"),
        ((X, Y), (X.astype(np.uint8), Y), "x_test must hold the same kind of numbers as x, floats of float64, got who"),
        ((X, Y), (X, Y / 1), "y_test must hold .* as y, whole numbers of int64, got floats of float64; prepare both"),
        ((X, Y), (X, Y + 1), "y_test must hold labels that y has, got 2, which y lacks"),
        ((X, Y), (X + np.nan, Y), "x_test must be finite as float32, got nan in example 0"),
        ((X, Y / 1), (X, Y * np.nan), "y_test must be finite as float32, got nan in example 0"),
        ((X.astype(int), Y), (X.astype(int) + 2**25, Y), r"x_test must hold whole numbers within 2\*\*24 of 0"),
        ((X, Y), (X.astype(str), Y), "x_test must hold numbers, got ndarray of <U32"),
    ],
)
def test_a_test_pair_keeps_to_the_rules_of_the_first(pair: object, test: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_raw((pair, test), source="test")


def test_a_test_pair_of_another_width_is_taken() -> None:
    raw = as_raw(((X, Y), (np.ones((4, 3), np.float32), Y[:4].astype(np.uint8))), source="test")
    assert (raw.test, raw.repeats) == (4, 0)


@pytest.mark.parametrize(
    ("y", "classes", "gap"),
    [
        (Y, 2, ""),
        (Y[:, None], 2, ""),
        (Y.astype(bool), 2, ""),
        (Y * 2, 2, "must be 0 to 2, lacks 1"),
        (Y + 1, 2, "must be 0 to 2, lacks 0"),
        (Y * 2 - 1, 2, "must be 0 to 1, has -1"),
    ],
)
def test_whole_numbers_are_labels(y: np.ndarray, classes: int, gap: str) -> None:
    raw = as_raw((X, y), source="test")
    assert (raw.classes, raw.gap, raw.y.dtype, raw.y.shape) == (classes, gap, np.int32, (12,))


@pytest.mark.parametrize("shape", [(12,), (12, 1), (12, 2, 2)])
def test_floats_are_quantities_in_the_shape_they_have(shape: tuple[int, ...]) -> None:
    raw = as_raw((X, np.zeros(shape)), source="test")
    assert (raw.classes, raw.y.dtype, raw.y.shape) == (None, np.float32, shape)


def test_the_digest_is_of_bytes_types_and_shapes() -> None:
    arrays = [(X, Y), (X + 1, Y), (X.astype(np.int64), Y), (X.reshape(12, 3, 1), Y), (X, Y + 1)]
    assert len({as_raw(each, source="test").digest for each in arrays}) == len(arrays)
    assert as_raw((X.copy(), Y.copy()), source="test").digest == as_raw((X, Y), source="other").digest
    turned = np.asfortranarray(np.random.default_rng(0).random((12, 3)))
    assert as_raw((turned, Y), source="").digest == as_raw((turned.copy(order="C"), Y), source="").digest


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train": 51}, "dataset.train must be at most 50, the size of its part of the data, got 51; leave it out"),
        ({"validation": 11}, "dataset.validation must be at most 10"),
        ({"train": 2}, "dataset.train must be at least 3, the number of classes, got 2"),
    ],
)
def test_sizes_that_the_data_cannot_serve_name_their_key(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load("flowers", **sizes)


def test_labels_that_cannot_be_in_both_parts_are_split_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeps.datasets.splits import describe, split

    rare = as_raw((X, np.r_[Y[:11], 2]), source="test")
    data = split(rare, train=None, validation=None, split_seed=0)
    assert (len(data.y_train), len(data.y_validation)) == (10, 2)
    assert "split at random" in describe(rare, data, split_seed=0)


def own(make_config: Callable[..., SweepConfig], function: str = "flowers", **dataset: Any) -> SweepConfig:
    return make_config(dataset={"load": f"own_data_module:{function}", **dataset})


def test_a_sweep_gets_its_own_data_with_its_sizes_written_out(make_config: Callable[..., SweepConfig]) -> None:
    config, data, facts, notes = load_or_fall_back(own(make_config, args={"count": 120}), may_fall_back=False)
    assert (config.dataset.train, config.dataset.validation, notes) == (100, 20, ())
    assert (len(data.y_train), facts.name, facts.source) == (
        100,
        "own_data_module:flowers",
        "own_data_module:flowers(count=120)",
    )
    assert load_data(config)[1] == facts


def test_arguments_that_do_not_fit_are_one_message(make_config: Callable[..., SweepConfig]) -> None:
    with pytest.raises(DataError, match=r"own_data_module:flowers fails: TypeError: .*unexpected keyword argument 'n'"):
        load_data(own(make_config, args={"n": 3}))


def test_other_data_than_the_run_had_is_refused(make_config: Callable[..., SweepConfig], tmp_path: Path) -> None:
    config = own(make_config)
    facts = load_data(config)[1]
    log = RunLog.create(RunDirectory(tmp_path / "run"))
    document: dict[str, Any] = config.model_dump(mode="json")
    header: dict[str, Any] = {"sweep": "s", "name": "n", "config": document, "config_digest": "", "versions": {}}
    log.append(SweepStarted(**header, data=asdict(facts), commit=None, dirty=None))
    log.close()
    history = read_run(tmp_path / "run")
    check_same_data(history, facts)
    other = load_data(own(make_config, args={"count": 66}))[1]
    with pytest.raises(RunError, match="own_data_module:flowers must return the same again; seed what it draws"):
        check_same_data(history, other)


def test_the_option_for_a_file_is_refused(make_config: Callable[..., SweepConfig], tmp_path: Path) -> None:
    message = "--dataset: the data of this sweep come from own_data_module:flowers, got 'digits'; leave the option out"
    with pytest.raises(ConfigError, match=message):
        relocated(own(make_config), dataset="digits")
    (tmp_path / "own.yaml").write_text("dataset: {load: 'own_data_module:flowers'}\nspace: {width: [1, 2]}\n")
    with pytest.raises(ConfigError, match="--dataset: the data of this sweep come from"):
        configure(str(tmp_path / "own.yaml"), workers=None, gpus=None, dataset="digits", changes=None)


def test_nothing_stands_in_for_own_data(make_config: Callable[..., SweepConfig]) -> None:
    assert not may_fall_back("quickstart", own(make_config), dataset=None)
    assert may_fall_back("quickstart", make_config(dataset={"name": "mnist"}), dataset=None)
