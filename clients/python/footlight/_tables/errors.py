"""What is wrong with a cell."""

from __future__ import annotations


class BadCell(ValueError):
    """`field` is the column, `expected` says what should stand there and what does."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


def shown(text: str) -> str:
    """A cell as an error shows it: quoted, safe to print, and short."""
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
