"""What people see in tables: numbers of a column can be compared at a glance."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from footlight.cli.tables import table


def column(values: Sequence[object]) -> list[str]:
    """The cells of a column of numbers as they are shown."""
    out = io.StringIO()
    Console(file=out, width=80).print(table(("item", "#score"), [("x", value) for value in values]))
    return [line.split()[1] for line in out.getvalue().splitlines() if line.startswith(("x ", " x "))]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((102.84, 102.0, 97.19), ["102.8", "102.0", "97.2"]),
        ((0.5, 0.25, 0.0), ["0.5000", "0.2500", "0.0000"]),
        ((-1.5, 12.0), ["-1.50", "12.00"]),
        ((12_345.6, 100.25), ["12,346", "100"]),
        ((0.5, None), ["0.5000", "-"]),
    ],
)
def test_broken_numbers_of_a_column_have_as_many_decimals(values: Sequence[float], shown: list[str]) -> None:
    assert column(values) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((3.0, 12.0), ["3", "12"]),
        ((0.5, 0.000012), ["0.5", "1.2e-05"]),
        ((0.5, float("nan")), ["0.5", "nan"]),
        ((7, 1_200), ["7", "1,200"]),
        ((), []),
    ],
)
def test_others_are_shown_each_by_itself(values: Sequence[object], shown: list[str]) -> None:
    assert column(values) == shown
