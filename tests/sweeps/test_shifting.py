"""Shifted pictures: where every pixel comes from, that all see the same ones, and which data can have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from sweeps.config import Shift, SweepConfig
from sweeps.errors import ConfigError
from sweeps.images import load_or_fall_back
from sweeps.training.shifting import shifted

TRANSLATIONS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
ONE = np.arange(12, dtype=np.uint8).reshape(3, 4)
"""
 0  1  2  3
 4  5  6  7
 8  9 10 11
"""


def pictures(dtype: str, shape: tuple[int, ...] = (9, 12), many: int = 700) -> np.ndarray:
    drawn = np.random.default_rng(3)
    size = (many, *shape)
    return drawn.integers(0, 256, size, dtype=np.uint8) if dtype == "uint8" else drawn.normal(size=size).astype(dtype)


def of_one(shift: Shift) -> set[str]:
    """What becomes of one picture in every direction, as text."""
    return {str(each.tolist()) for each in shifted(np.stack([ONE] * 60), shift)}


def test_a_picture_is_moved_by_whole_pixels_and_its_border_repeated() -> None:
    assert of_one(Shift("translate", 1)) == {
        "[[4, 5, 6, 7], [8, 9, 10, 11], [8, 9, 10, 11]]",
        "[[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, 7]]",
        "[[1, 2, 3, 3], [5, 6, 7, 7], [9, 10, 11, 11]]",
        "[[0, 0, 1, 2], [4, 4, 5, 6], [8, 8, 9, 10]]",
    }
    assert "[[8, 9, 10, 11], [8, 9, 10, 11], [8, 9, 10, 11]]" in of_one(Shift("translate", 2))


def test_a_picture_is_turned_about_its_centre() -> None:
    assert of_one(Shift("rotate", 180)) == {"[[11, 10, 9, 8], [7, 6, 5, 4], [3, 2, 1, 0]]"}
    square = pictures("float32", (7, 7), 60)
    turned = shifted(square, Shift("rotate", 90))
    pairs = zip(square, turned, strict=True)
    sides = [[np.array_equal(after, np.rot90(before, k)) for k in (1, -1)] for before, after in pairs]
    assert {tuple(each) for each in sides} == {(True, False), (False, True)}


@pytest.mark.parametrize("shape", [(9, 12), (8, 8, 1), (7, 10, 3)])
@pytest.mark.parametrize("angle", [3.5, 20, 135])
def test_a_turn_is_that_of_scipy(shape: tuple[int, ...], angle: float) -> None:
    before = pictures("float32", shape, 40)
    sides = []
    for one, other in zip(before, shifted(before, Shift("rotate", angle)), strict=True):
        known = [ndimage.rotate(one, side * angle, reshape=False, order=1, mode="nearest") for side in (1, -1)]
        sides.append([bool(np.allclose(other, each, atol=1e-5)) for each in known])
    assert {tuple(each) for each in sides} == {(True, False), (False, True)}


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("shift", [Shift("translate", 3), Shift("rotate", 17)])
def test_type_and_range_are_kept_and_what_was_given_stays_as_it_was(dtype: str, shift: Shift) -> None:
    given = pictures(dtype) * (200 if dtype == "float32" else 1)
    before = given.copy()
    after = shifted(given, shift)
    np.testing.assert_array_equal(given, before)
    assert (after.dtype, after.shape) == (given.dtype, given.shape)
    assert (after.min(axis=(1, 2)) >= given.min(axis=(1, 2))).all()
    assert (after.max(axis=(1, 2)) <= given.max(axis=(1, 2))).all()
    level = np.full((4, 5, 5), 0.1, np.float32)
    np.testing.assert_array_equal(shifted(level, shift), level)


def test_grey_values_between_pixels_are_rounded_not_cut_off() -> None:
    before = pictures("uint8", many=40)
    after, real = (shifted(before.astype(dtype), Shift("rotate", 17)) for dtype in ("uint8", "float32"))
    np.testing.assert_array_equal(after, np.rint(real))


@pytest.mark.parametrize(("kind", "ways"), [("translate", 4), ("rotate", 2)])
def test_the_direction_is_that_of_the_place_whatever_the_picture_and_the_amount(kind: Any, ways: int) -> None:
    """The direction of each picture, told from a bright spot off the centre."""
    spots = np.zeros((1_300, 21, 21), np.float32)
    spots[:, 10, 13] = 1.0

    def directions(amount: int, given: np.ndarray) -> list[tuple[int, ...]]:
        moved = [np.unravel_index(each.argmax(), each.shape) for each in shifted(given, Shift(kind, amount))]
        return [tuple(np.sign(np.subtract(place, (10, 13))[: ways // 2]).tolist()) for place in moved]

    found = directions(4 if kind == "translate" else 90, spots)
    assert found == directions(2 if kind == "translate" else 60, spots)
    shares = [found.count(each) / len(found) for each in set(found)]
    assert len(shares) == ways
    assert max(abs(share - 1 / ways) for share in shares) < 0.05
    np.testing.assert_array_equal(shifted(spots, Shift(kind, 2)), shifted(spots, Shift(kind, 2)))


def loading(shape: tuple[int, ...]) -> str:
    return f"import numpy as np\n\ndef load():\n    return (np.ones((60, *{shape})), np.arange(60) % 3)\n"


def prepared(shifts: dict[str, list[float]], **dataset: Any) -> None:
    document = {
        "space": {"a": [1, 2]},
        "training": {"batch_size": 8},
        "confirm": {"shifts": shifts},
        "dataset": dataset,
    }
    load_or_fall_back(SweepConfig.from_mapping(document, source="s"), may_fall_back=False)


DIGITS: dict[str, Any] = {"name": "digits", "train": 64, "validation": 32}


def test_a_picture_is_not_moved_out_of_itself() -> None:
    prepared({"translate": [27], "rotate": [180]}, **DIGITS)
    message = r"^confirm\.shifts\.translate: must be below 28, the smaller side of a picture of digits, got 28$"
    with pytest.raises(ConfigError, match=message):
        prepared({"translate": [1, 28]}, **DIGITS)


@pytest.mark.parametrize(
    ("shape", "refusal"),
    [
        ((6, 4), None),
        ((4, 6, 3), None),
        ((3, 6, 9), "must be below 3, the smaller side of a picture of mine, got 3"),
        (
            (6,),
            "moves and turns pictures, (h, w) or (h, w, c), and an example of mine has the shape (6,); leave it out",
        ),
        ((4, 6, 6, 1), "and an example of mine has the shape (4, 6, 6, 1); leave it out"),
    ],
)
def test_only_pictures_are_shifted(
    shape: tuple[int, ...], refusal: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pictures_of_tests.py").write_text(loading(shape))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = {"name": "mine", "load": "pictures_of_tests:load"}
    prepared({}, **own)
    if refusal is None:
        prepared({"translate": [3]}, **own)
        return
    with pytest.raises(ConfigError) as caught:
        prepared({"translate": [3]}, **own)
    assert refusal in str(caught.value)
