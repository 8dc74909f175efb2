"""What a user's function returned as data: checked, cast, digested."""

from __future__ import annotations

import numpy as np

from sweeps.datasets.dataset import Array, RawData
from sweeps.datasets.digest import ARRAYS, digest_named
from sweeps.datasets.held_out import check_like, count_repeats
from sweeps.datasets.splits import VALIDATION_SHARE
from sweeps.errors import DataError
from sweeps.functions import in_words, is_interrupt

_EXACT = 2**24
_RETURNS = "must return (x, y) or ((x, y), (x_test, y_test))"
_LABELS = np.iinfo(np.int32)


def as_raw(result: object, *, source: str) -> RawData:
    """Read `(x, y)` or `((x, y), (x_test, y_test))`.

    Raises:
        DataError: It is neither, or an array breaks a rule of `sweeps.datasets.own`.
    """
    arrays = [_as_array(name, value) for name, value in zip(ARRAYS, _four(result), strict=False)]
    for place in range(0, len(arrays), 2):
        _check_pair(arrays[place], arrays[place + 1], part="_test" if place else "")
    x, y = arrays[:2]
    if len(x) < VALIDATION_SHARE:
        raise DataError(f"must return at least {VALIDATION_SHARE} examples, one of them to validate on, got {len(x)}")
    classes, gap, targets = _targets(y)
    rows = _as_float32("x", x)
    test, repeats = _look_at_test(arrays, rows)
    return RawData(
        x=rows,
        y=targets,
        test=test,
        digest=digest_named(zip(ARRAYS, arrays, strict=False)),
        source=source,
        classes=classes,
        gap=gap,
        things="examples",
        may_be_random=True,
        repeats=repeats,
    )


def _look_at_test(arrays: list[Array], rows: Array) -> tuple[int, int]:
    """Check the test pair, if there is one; its length, and how many of its rows can be trained on too."""
    if not arrays[2:]:
        return 0, 0
    x, y, x_test, y_test = arrays
    check_like((x, y), (x_test, y_test))
    if y.dtype.kind == "f":
        _as_float32("y_test", y_test)
    return len(y_test), count_repeats(rows, _as_float32("x_test", x_test))


def _check_pair(x: Array, y: Array, *, part: str) -> None:
    if x.ndim < 2 or 0 in x.shape[1:]:
        fix = "; x[:, None] makes a column of numbers" if x.ndim == 1 else ""
        raise DataError(f"x{part} must have the shape (n, ...), one example in each row, got {x.shape}{fix}")
    if len(x) != len(y):
        raise DataError(f"x{part} and y{part} must be of one length, got {len(x):,} and {len(y):,}")


def _four(result: object) -> list[object]:
    """The examples and their targets, and those of the test set if there is one."""
    parts = _pair(result)
    if parts is None:
        length = f" of {len(result)}" if isinstance(result, tuple | list) else ""
        raise DataError(f"{_RETURNS}, got {type(result).__name__}{length}")
    first, second = (_pair(part) for part in parts)
    return [*first, *second] if first and second else parts


def _pair(value: object) -> list[object] | None:
    return list(value) if isinstance(value, tuple | list) and len(value) == 2 else None


def _as_array(name: str, value: object) -> Array:
    name = name.removesuffix("_train")
    if _is_masked(value):
        raise DataError(f"{name} must hold numbers alone, got a masked array; fill what is masked, or leave it out")
    try:
        array = np.asarray(value)
    except BaseException as error:  # a user's object may refuse in any way
        if is_interrupt(error):
            raise
        raise DataError(f"{name} must be an array, got {type(value).__name__}: {in_words(error)}") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} must hold numbers, got {type(value).__name__} of {array.dtype}")
    if array.ndim == 0:
        raise DataError(f"{name} must be an array, got the number {array}")
    return array


def _is_masked(value: object) -> bool:
    """Whether NumPy would take for numbers what somebody has marked as none."""
    some = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(each, np.ma.MaskedArray) for each in some)


def _targets(y: Array) -> tuple[int | None, str, Array]:
    """The number of classes, why they are not numbered from 0, and what the model gets."""
    if y.dtype.kind == "f":
        if 0 in y.shape:
            raise DataError(f"y must have the shape (n,) or (n, ...), got {y.shape}")
        return None, "", _as_float32("y", y)
    if y.ndim > 1 and y.shape[1:] != (1,):
        raise DataError(f"y must hold one label an example, (n,) or (n, 1), got {y.shape}; return others as floats")
    labels = y.reshape(-1)
    known = np.unique(labels)
    if known[0] < _LABELS.min or known[-1] > _LABELS.max:
        raise DataError(f"y must hold labels that int32 holds, got {known[0]} to {known[-1]}; return floats")
    if len(known) == 1:
        raise DataError(f"y must hold two different labels at least, got {known[0]} alone; floats are quantities")
    return len(known), _gap(known.astype(np.int64)), labels.astype(np.int32)


def _gap(known: Array) -> str:
    if known[0] < 0:
        return f"must be 0 to {len(known) - 1}, has {known[0]}"
    missing = np.flatnonzero(known != np.arange(len(known)))
    return f"must be 0 to {known[-1]}, lacks {missing[0]}" if len(missing) else ""


def _as_float32(name: str, array: Array) -> Array:
    if array.dtype.kind in "iu" and max(-int(array.min()), int(array.max())) > _EXACT:
        raise DataError(
            f"{name} must hold whole numbers within 2**24 of 0, where float32 tells them apart, got {array.min()} to "
            f"{array.max()}; number them anew, or return floats"
        )
    with np.errstate(over="ignore"):
        cast = array.astype(np.float32, order="C")
    finite = np.isfinite(cast)
    if not finite.all():
        place = tuple(int(index) for index in np.argwhere(~finite)[0])
        raise DataError(f"{name} must be finite as float32, got {array[place]} in example {place[0]}")
    return cast
