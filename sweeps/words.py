"""Numbers as people say them."""

from __future__ import annotations


def counted(many: int, thing: str, things: str | None = None) -> str:
    """A count with its noun, in the plural where it is not one."""
    return f"{many:,} {thing if many == 1 else things or thing + 's'}"
