"""A user's own data: `dataset: {load: "package.module:function", args: {...}}`.

The contract with the function, which is found from the current directory: called once, with `dataset.args` by keyword,
it returns `(x, y)`, or `((x, y), (x_test, y_test))`, of anything that NumPy makes arrays of.

- `x` holds one example in each row: numbers, (n, ...) with at least one axis more. The model gets them as they are,
  cast to float32: nothing is scaled, and no axis is added. Whole numbers (token ids) are cast too, so they must lie
  within 2**24 of 0, where float32 holds them exactly; Keras' `Embedding` takes them so.
- `y` says what the question is. Whole numbers or truth values, (n,) or (n, 1), are labels, two different ones at least,
  and reach the model as int32, (n,). Floats, (n,) or (n, ...), are quantities, and reach it as float32 in the shape
  they have. One-hot rows and anything else that is no label of one example are returned as floats. A model that does
  not come compiled needs labels 0 to k - 1.
- The second pair, if there is one, is set aside: checked, digested and counted, and never given to a model by a
  search. It keeps to the same rules, in the shapes and kinds of numbers of the first, with no label that `y` lacks.

Of the first pair, 5/6 are for training and 1/6 for validation, by `dataset.split_seed`: stratified by label where
every label can be in both parts, at random where not. `dataset.train` and `dataset.validation` take fewer of a part;
by default all are used. The digest, which a resume must find again, is over the bytes, types and shapes of the arrays
as they are returned: a function that draws at random must seed what it draws.

The function runs in a process of its own without a GPU, so it may import Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.child import run_in_child
from sweeps.datasets.arrays import as_raw
from sweeps.datasets.dataset import RawData
from sweeps.errors import DataError
from sweeps.functions import check_not_hidden, import_function, in_words, is_interrupt, place_of


def load_own(load: str, args: Mapping[str, Any]) -> RawData:
    """Call a user's function in a child process, and check what it returns.

    Args:
        load: `package.module:function`.
        args: Its arguments.

    Raises:
        ConfigError: It cannot be imported, or is no function.
        DataError: It raises, ends its process, or returns what breaks a rule.
    """

    def died(words: str) -> DataError:
        return DataError(f"dataset.load: {load} ended the process that called it: {words}")

    raw: RawData = run_in_child("sweeps.datasets.own:call_here", load, dict(args), on_death=died)
    return raw


def call_here(load: str, args: Mapping[str, Any]) -> RawData:
    """The same in this process."""
    check_not_hidden(load, key="dataset.load")
    function = import_function(load, key="dataset.load")
    try:
        result = function(**args)
    except BaseException as error:
        if is_interrupt(error):
            raise
        raise DataError(f"dataset.load: {load} fails{place_of(error, function)}: {in_words(error)}") from None
    settings = ", ".join(f"{name}={value!r}" for name, value in args.items())
    try:
        return as_raw(result, source=f"{load}({settings})")
    except (DataError, MemoryError) as error:
        words = str(error) if isinstance(error, DataError) else in_words(error)
        raise DataError(f"dataset.load: {load}: {words}") from None
