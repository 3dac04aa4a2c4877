"""What a request can ask of items, and of whom it speaks."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_OPERATOR = re.compile(r"(?P<name>.+?)\s*(?P<operator>>=|<=|=|>|<|\s+in\s+)\s*(?P<value>.*)", re.DOTALL)
_RANGE = re.compile(r"(?P<min>-?[\d.eE+]+)?\.\.(?P<max>-?[\d.eE+]+)?")

Scalar = float | str | bool


@dataclass(frozen=True, slots=True)
class Where:
    """What an attribute of an item must be: one value, one of several, or a number between bounds.

        Where("country", equals="FR")
        Where("country", any_of=("FR", "IT"))
        Where("year", min=1990, max=1999)

    An item without the attribute is left out. `exclude_min` and `exclude_max` leave out the bounds themselves.
    """

    name: str
    equals: Scalar | None = None
    any_of: Sequence[Scalar] = ()
    min: float | None = None
    max: float | None = None
    exclude_min: bool = False
    exclude_max: bool = False

    @classmethod
    def parse(cls, text: str) -> Where:
        """From words: `year>=1990`, `year<2000`, `year=1990..1999`, `country=FR`, `country in FR,IT`.

        A value is read as JSON where it is JSON (1990, true, "1990"), else as text. Raises ValueError, saying what may stand
        there.
        """
        match = _OPERATOR.fullmatch(text.strip())
        if match is None or not match["value"].strip():
            raise ValueError(
                f"expected a condition such as year>=1990, year=1990..1999, country=FR or country in FR,IT, got {text!r}"
            )
        name, operator, value = match["name"].strip(), match["operator"].strip(), match["value"].strip()
        if operator == "in":
            return cls(name, any_of=tuple(_scalar(part.strip()) for part in value.split(",")))
        if operator == "=":
            bounds = _RANGE.fullmatch(value)
            if bounds is None or not (bounds["min"] or bounds["max"]):
                return cls(name, equals=_scalar(value))
            return cls(name, min=_bound(bounds["min"], text), max=_bound(bounds["max"], text))
        number = _bound(value, text)
        if operator.startswith(">"):
            return cls(name, min=number, exclude_min=operator == ">")
        return cls(name, max=number, exclude_max=operator == "<")


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items may come back. What is empty does not restrict; an item must satisfy all that is given.

    `available_at` is when they are to be available; None means now.
    """

    kinds: Sequence[str] = ()
    tags_all: Sequence[str] = ()
    tags_any: Sequence[str] = ()
    tags_none: Sequence[str] = ()
    where: Sequence[Where] = ()
    available_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One thing that a visitor without a name has met. None as `value` counts as 1; times are given for all or for none."""

    item_id: str
    value: float | None = None
    time: datetime | None = None


def _scalar(text: str) -> Scalar:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str | int | float | bool) else text


def _bound(text: str | None, whole: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"expected a number after the operator, got {whole!r}")
    return int(number) if number.is_integer() else number
