"""Numbers as people write them: YAML reads `1e-4` as text, because its exponents want a point before them.

One rule for every place where a real number is due: text that reads as a plain decimal, with an exponent or without,
is that number. In a list of choices text stays text; whoever meets it where a number was meant says what to write.
"""

from __future__ import annotations

import re

NUMBER_PATTERN = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
"""What text must look like to be read as a number; `nan`, `inf`, `1_000` and `0x10` do not."""

_PLAIN = re.compile(NUMBER_PATTERN.removesuffix("$") + r"\Z")


def read_number(value: object) -> object:
    """The number that a text reads as; anything else as it is."""
    return float(value) if isinstance(value, str) and _PLAIN.match(value) else value


def as_yaml(number: float) -> str:
    """A number so that YAML reads it as one: 1.0e-05 where Python writes 1e-05."""
    mantissa, e, exponent = repr(float(number)).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + e + exponent


def exponent_hint(value: object) -> str:
    """What to write instead of a text that was meant as a number; empty for anything else."""
    number = read_number(value)
    if isinstance(value, str) and isinstance(number, float):
        return f" (YAML reads it as text; write {as_yaml(number)})"
    return ""
