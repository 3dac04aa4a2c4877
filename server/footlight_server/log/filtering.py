"""What a caller may ask of items: kinds, tags, attributes, a time. Checked here; `facets` finds the items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from footlight_server.errors import InvalidArgument
from footlight_server.log.validation import check_number, check_size, check_text, check_time

Scalar: TypeAlias = float | str | bool
MOST_LABELS = 64
MOST_PREDICATES = 32
MOST_VALUES = 100
LONGEST_LABEL = 64
LONGEST_TEXT = 256
"""Longer texts of attributes cannot be filtered by; nobody would."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """What an attribute must be: one of some values, or a number in a range."""

    name: str
    values: tuple[Scalar, ...] = ()
    """All of one sort. Empty: a range."""
    single: bool = True
    """Whether the one value was asked for as such, and not as a list; for messages."""
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    """Whether the lower bound itself is left out."""
    open_high: bool = False

    @property
    def sort(self) -> str:
        """``number``, ``text`` or ``truth``."""
        return sort_of(self.values[0]) if self.values else "number"

    @property
    def test(self) -> str:
        """What the request calls it."""
        return "range" if not self.values else "equals" if self.single else "any_of"


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What items must satisfy; what is empty does not restrict."""

    kinds: tuple[str, ...] = ()
    tags_all: tuple[str, ...] = ()
    tags_any: tuple[str, ...] = ()
    tags_none: tuple[str, ...] = ()
    where: tuple[Predicate, ...] = ()
    available_at: int | None = None
    """In microseconds since 1970; None: now."""


def sort_of(value: object) -> str:
    """``number``, ``text`` or ``truth``; empty for anything else."""
    match value:
        case bool():
            return "truth"
        case int() | float():
            return "number"
        case str():
            return "text"
    return ""


def check_filter(field: str, asked: ItemFilter) -> ItemFilter:
    """The filter, when it can mean something.

    Raises
    ------
    InvalidArgument
        Names the field that is wrong, such as ``filter.where[0].range``.
    """
    for name in ("kinds", "tags_all", "tags_any", "tags_none"):
        _check_labels(f"{field}.{name}", getattr(asked, name))
    for i, tag in enumerate(asked.tags_none):
        if tag in asked.tags_all:
            raise InvalidArgument(f"{field}.tags_none[{i}]", f"is {tag!r}, which tags_all asks for")
    check_size(f"{field}.where", asked.where, MOST_PREDICATES, 0)
    for i, predicate in enumerate(asked.where):
        _check_predicate(f"{field}.where[{i}]", predicate)
    _check_ranges(field, asked.where)
    if asked.available_at is not None:
        check_time(f"{field}.available_at", asked.available_at)
    return asked


def _check_labels(field: str, labels: Sequence[str]) -> None:
    check_size(field, labels, MOST_LABELS, 0)
    for i, label in enumerate(labels):
        check_text(f"{field}[{i}]", label, LONGEST_LABEL, 1)


def _check_predicate(field: str, predicate: Predicate) -> None:
    check_text(f"{field}.name", predicate.name, LONGEST_TEXT, 1)
    if not predicate.values:
        _check_range(f"{field}.range", predicate)
        return
    check_size(f"{field}.{predicate.test}", predicate.values, MOST_VALUES)
    for i, value in enumerate(predicate.values):
        place = f"{field}.equals" if predicate.single else f"{field}.any_of[{i}]"
        if sort_of(value) != predicate.sort:
            raise InvalidArgument(place, f"must be a {predicate.sort} like the first of the list, not {value!r}")
        if isinstance(value, str):
            check_text(place, value, LONGEST_TEXT)
        else:
            check_number(place, value)


def _check_range(field: str, predicate: Predicate) -> None:
    low, high = predicate.low, predicate.high
    if math.isnan(low) or math.isnan(high) or low == math.inf or high == -math.inf:
        raise InvalidArgument(field, "must have finite bounds")
    if low == -math.inf and high == math.inf:
        raise InvalidArgument(field, "must have a min or a max")
    if low > high or (low == high and (predicate.open_low or predicate.open_high)):
        raise InvalidArgument(field, f"holds no number: min is {low:,g} and max is {high:,g}")


def _check_ranges(field: str, where: Sequence[Predicate]) -> None:
    """No two ranges of one attribute may exclude each other."""
    first: dict[str, int] = {}
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for i, predicate in enumerate(where):
        if predicate.values:
            continue
        name = predicate.name
        low[name] = max(low.get(name, -math.inf), predicate.low)
        high[name] = min(high.get(name, math.inf), predicate.high)
        if low[name] > high[name]:
            raise InvalidArgument(f"{field}.where[{i}].range", f"excludes {field}.where[{first[name]}].range")
        first.setdefault(name, i)
