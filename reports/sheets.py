"""Tables as comma-separated text for people, and the digest by which a reader knows them again."""

from __future__ import annotations

import csv
import hashlib

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(frame: pd.DataFrame) -> bytes:
    """A table for people: text that a spreadsheet would take for a formula begins with an apostrophe."""
    safe = {_defused(name): _safe_column(column) for name, column in frame.items()}
    return pd.DataFrame(safe, index=frame.index).to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC).encode()


def digest_of(frame: pd.DataFrame) -> str:
    """The sha256 of the table's file, as `sha256sum` of the exported one says it."""
    return hashlib.sha256(as_csv(frame)).hexdigest()


def _safe_column(column: pd.Series) -> pd.Series:
    is_text = not pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return column.map(_defused) if is_text else column


def _defused(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
