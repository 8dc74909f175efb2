"""`load_dataset`, its promises on the arrays and the facts, with the digits of scikit-learn and the real MNIST."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sweeps.config.question import BUILT_IN
from sweeps.datasets import LOADERS, DataFacts, Dataset, load_dataset
from sweeps.datasets.digest import digest_arrays
from sweeps.errors import DataError


def digits(*, train: int = 1250, validation: int = 250, split_seed: int = 0) -> tuple[Dataset, DataFacts]:
    return load_dataset("digits", train=train, validation=validation, split_seed=split_seed)


def images(*arrays: np.ndarray) -> set[bytes]:
    return {image.tobytes() for array in arrays for image in array}


def test_importing_the_package_loads_no_library_but_numpy() -> None:
    code = (
        "import sys, sweeps.datasets;"
        "print(*({'sklearn', 'scipy', 'keras', 'tensorflow', 'ray', 'optuna'} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"^dataset\.name: must be one of mnist, digits, got 'cifar'; dataset\.load"):
        load_dataset("cifar", train=10, validation=10, split_seed=0)


def test_a_sweep_file_knows_the_names_of_all() -> None:
    assert set(BUILT_IN) == set(LOADERS)


def test_another_data_set_is_one_entry_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOADERS, "numerals", LOADERS["digits"])
    data, facts = load_dataset("numerals", train=20, validation=10, split_seed=0)
    assert (facts.name, len(data.y_train)) == ("numerals", 20)


def test_digits_have_the_layout_of_mnist() -> None:
    data, _ = digits()
    for x, y, length in ((data.x_train, data.y_train, 1250), (data.x_validation, data.y_validation, 250)):
        assert (x.shape, x.dtype, x.flags.c_contiguous) == ((length, 28, 28), np.uint8, True)
        assert (y.shape, y.dtype, y.flags.c_contiguous) == ((length,), np.uint8, True)
        assert (x.min(), x.max()) == (0, 255)
    assert data.classes == 10


def test_digits_are_enlarged_without_losing_their_corners() -> None:
    from sklearn.datasets import load_digits

    def rims(small: np.ndarray) -> set[tuple[int, ...]]:
        return {tuple(image.ravel()) for image in small}

    originals = np.rint(load_digits().images[:, ::7, ::7] * 255 / 16).astype(np.uint8)
    data, _ = digits()
    assert rims(data.x_train[:, ::27, ::27]) <= rims(originals)
    assert (data.x_train[:, :, 27] > 0).any()


def test_digits_are_enlarged_with_shades_between_their_own() -> None:
    assert len(np.unique(digits()[0].x_train)) > 200


def test_the_test_digits_are_the_same_whatever_the_seed_and_never_returned() -> None:
    first, second = digits(split_seed=0)[0], digits(split_seed=1)[0]
    known = images(first.x_train, first.x_validation)
    assert known == images(second.x_train, second.x_validation)
    assert len(known) <= 1500
    assert images(first.x_train) != images(second.x_train)


def test_ten_images_of_ten_nearly_even_classes_are_one_of_each() -> None:
    data, _ = digits(train=10, validation=10)
    assert sorted(data.y_train) == sorted(data.y_validation) == list(range(10))


def test_digits_take_no_file() -> None:
    with pytest.raises(DataError, match=r"^dataset\.file: digits .* takes no file, got some\.npz"):
        load_dataset("digits", train=10, validation=10, split_seed=0, file=Path("some.npz"))


def test_the_facts_say_what_was_used_and_survive_json() -> None:
    data, facts = digits(train=100, validation=50, split_seed=3)
    assert (facts.train, facts.validation, facts.test, facts.split_seed) == (100, 50, 297, 3)
    assert (len(data.y_train), len(data.y_validation)) == (100, 50)
    assert (facts.source, facts.classes, facts.shape) == ("scikit-learn", 10, (28, 28))
    for part in ("1,500", "1,250", "100 are", "250 for", "50 are", "seed 3", "297 test"):
        assert part in facts.split
    kept = json.loads(json.dumps(dataclasses.asdict(facts)))
    assert DataFacts(**kept | {"shape": tuple(kept["shape"])}) == facts


def test_the_digest_is_of_the_data_and_not_of_the_split() -> None:
    assert digits(train=100, split_seed=0)[1].digest == digits(train=200, split_seed=5)[1].digest


def test_the_digest_sees_names_and_shapes() -> None:
    pair = np.zeros(2, np.uint8)
    cuts = [(pair, pair, pair, pair), (pair[:, None], pair, pair, pair), (pair[:1], np.zeros(3, np.uint8), pair, pair)]
    assert len({digest_arrays(*cut) for cut in cuts}) == 3


def test_no_field_holds_test_data() -> None:
    fields = {field.name for field in dataclasses.fields(Dataset)}
    assert fields == {"x_train", "y_train", "x_validation", "y_validation", "classes", "gap"}


def test_mnist_is_split_50000_to_10000(mnist_file: Path) -> None:
    data, facts = load_dataset("mnist", train=50_000, validation=10_000, split_seed=0, file=mnist_file)
    with np.load(mnist_file) as stored:
        assert images(data.x_train, data.x_validation) == images(stored["x_train"])
        everything = np.bincount(stored["y_train"])
        np.testing.assert_array_equal(np.bincount(data.y_train) + np.bincount(data.y_validation), everything)
        assert np.abs(np.bincount(data.y_validation) - everything / 6).max() <= 1
        assert not images(data.x_train) & images(data.x_validation)
        by_image = dict(zip((image.tobytes() for image in stored["x_train"]), stored["y_train"], strict=True))
        assert all(by_image[x.tobytes()] == y for x, y in zip(data.x_validation, data.y_validation, strict=True))
    assert (facts.test, facts.source) == (10_000, f"file given: {mnist_file}")


def test_the_digest_of_mnist_does_not_depend_on_its_packing(mnist_file: Path, tmp_path: Path) -> None:
    with np.load(mnist_file) as stored:
        wide = {"y_test": stored["y_test"].astype(">i8"), "y_train": stored["y_train"].astype(np.int64)}
        np.savez(tmp_path / "repacked.npz", x_test=stored["x_test"], **wide, x_train=stored["x_train"])
    original, repacked = (
        load_dataset("mnist", train=100, validation=50, split_seed=0, file=file)
        for file in (mnist_file, tmp_path / "repacked.npz")
    )
    assert original[1].digest == repacked[1].digest
    np.testing.assert_array_equal(original[0].x_train, repacked[0].x_train)
    np.testing.assert_array_equal(original[0].y_validation, repacked[0].y_validation)
