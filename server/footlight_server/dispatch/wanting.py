"""What somebody may ask of a recommender, and what they get."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from footlight_plugins import Ranking
from footlight_server.errors import InvalidArgument
from footlight_server.log.filtering import ItemFilter, Predicate, check_filter
from footlight_server.log.validation import check_id, check_number, check_size, check_time

MOST_ITEMS = 1_000
MOST_EXCLUDED = 10_000
MOST_REASONS = 3
MOST_MET = 1_000
STRONGEST = 1_000.0


@dataclass(frozen=True, slots=True)
class Met:
    """One thing that a visitor without a name has met."""

    item_id: str
    value: float | None = None
    time: int | None = None
    """In microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What most requests do not say."""

    filter: ItemFilter | None = None
    history: tuple[Met, ...] | None = None
    """Of a visitor without a name; in the order in which it happened where no times are given."""
    session_start: int | None = None
    """Only what the person did at this time or later counts."""
    diversity: float = 0.0
    """How much the items shall differ, 0 to 1."""
    seed: int | None = None


PLAINLY = Terms()


@dataclass(slots=True)  # not frozen: it is made with every call, and that would take twice as long
class Wanted:
    """What somebody asks for."""

    user_id: str
    deployment: str = ""
    count: int = 0
    exclude: Sequence[str] = ()
    include_seen: bool = False
    reasons: int = 0
    terms: Terms | None = None


class Basis(IntEnum):
    """By what items were compared; the numbers are those of the wire."""

    UNASKED = 0
    CONTENT = 1
    NEIGHBOURS = 2
    NOTHING = 3


@dataclass(frozen=True, slots=True)
class More:
    """What is to be said of an answer beside its items."""

    filled_from: int
    """From this place on the lines were filled up."""
    nothing_matches: bool = False
    unknown: tuple[str, ...] = ()
    """Items of the history that are not in the catalogue."""
    seed: int | None = None
    compared_by: Basis = Basis.UNASKED


class Recommended(NamedTuple):
    """What they get."""

    decision_id: str
    deployment: str
    model_version: int
    log_position: int
    fallback: bool
    items: Sequence[int]
    """Ordinals, best first."""
    scores: Sequence[float]
    ranking: Ranking
    """What the engine answered, for its reasons."""
    ids: Sequence[str]
    """The names of all items by ordinal."""
    reasons: int = 0
    """At most so many of the ranking's reasons were asked for with each item."""
    pending: int = 0
    """So many events up to the position are not in the answer yet."""
    more: More | None = None
    """None where there is nothing more to say."""


def check_terms(user_id: str, terms: Terms) -> None:
    """Whether the request can mean something, its plain fields apart.

    Raises
    ------
    InvalidArgument
        Names the field that is wrong.
    """
    if terms.filter is not None:
        check_filter("filter", terms.filter)
    if terms.history is not None:
        if user_id:
            raise InvalidArgument("history", "must not be given with user_id: the answer goes by one of them")
        _check_history(terms.history)
    if terms.session_start is not None:
        check_time("session_start_time", terms.session_start)
        if not user_id:
            raise InvalidArgument("session_start_time", "needs user_id")
    if not 0.0 <= terms.diversity <= 1.0:  # also where it is not a number
        raise InvalidArgument("diversity", f"must be between 0 and 1, not {terms.diversity:g}")


def _check_history(history: Sequence[Met]) -> None:
    check_size("history", history, MOST_MET)
    for i, met in enumerate(history):
        check_id(f"history[{i}].item_id", met.item_id)
        if met.value is not None:
            check_number(f"history[{i}].value", met.value, -STRONGEST, STRONGEST)
        if met.time is not None:
            check_time(f"history[{i}].time", met.time)
        if (met.time is None) != (history[0].time is None):
            raise InvalidArgument(f"history[{i}].time", "must be set for all entries or for none")


def check_reasons(count: int) -> int:
    """0 to 3."""
    if not 0 <= count <= MOST_REASONS:
        raise InvalidArgument("reason_count", f"must be between 0 and {MOST_REASONS}, not {count:,}")
    return count


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """The terms as JSON can hold them; what says nothing is left out."""
    said = {name: value for name, value in asdict(terms).items() if value is not None}
    if not terms.diversity:
        del said["diversity"]
    if terms.filter is not None:
        where = [_finite(asdict(predicate)) for predicate in terms.filter.where]
        parts = (said["filter"] | {"where": where}).items()
        said["filter"] = {name: value for name, value in parts if value or value == 0}
    return said


def terms_from_json(said: Mapping[str, Any]) -> Terms:
    """The terms that `terms_to_json` wrote."""
    values = dict(said)
    if "filter" in values:
        parts: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values["filter"].items()}
        parts["where"] = tuple(_predicate(each) for each in parts.get("where", ()))
        values["filter"] = ItemFilter(**parts)
    if "history" in values:
        values["history"] = tuple(Met(**met) for met in values["history"])
    return Terms(**values)


def _finite(predicate: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in predicate.items() if value not in (math.inf, -math.inf)}


def _predicate(said: Mapping[str, Any]) -> Predicate:
    return Predicate(**{**said, "values": tuple(said.get("values", ()))})
