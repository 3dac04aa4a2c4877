"""A batch of events on its way into the log: checked before anything is written."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple

from footlight_plugins import EventKind
from footlight_server.errors import InvalidArgument, NotFound
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.records import Event, now
from footlight_server.log.validation import (
    LATEST_TIME,
    check_id,
    check_number,
    check_size,
    check_time,
    check_unique,
    is_plain,
)

LARGEST_BATCH = 10_000
STRONGEST = 1_000.0
_HEAD = struct.Struct(">q24x").unpack
_KINDS = frozenset(int(kind) for kind in EventKind)


class Incoming(NamedTuple):
    """An event with its item resolved and its time known."""

    event_id: str
    user_id: str
    item: int
    kind: int
    value: float | None
    time: int
    timed: bool
    """Whether the caller said when it happened."""
    tie: int
    decision_id: str


def check_batch(events: Sequence[Event], catalogue: Catalogue) -> list[Incoming]:
    """The events as the log takes them.

    Raises
    ------
    InvalidArgument
        Names the field that is wrong, such as ``events[7].value``.
    NotFound
        For an item that is not in the catalogue.
    """
    check_size("events", events, LARGEST_BATCH)
    arrival = now()
    items = catalogue.ordinals([event.item_id for event in events])
    batch = [_incoming(i, event, item, arrival) for i, (event, item) in enumerate(zip(events, items, strict=True))]
    check_unique("events", [event.event_id for event in events], ".event_id")
    return batch


def tie_of(event_id: str) -> int:
    """Orders events of the same time: the first 8 bytes of the id's SHA-256, big-endian, signed."""
    return _HEAD(hashlib.sha256(event_id.encode()).digest())[0]  # type: ignore[no-any-return]  # ">q" is an int


def _incoming(i: int, event: Event, item: int | None, arrival: int) -> Incoming:
    """In a batch of thousands, naming the fields takes longer than checking them: only what looks wrong is named."""
    event_id, user_id, kind, value, time = event.event_id, event.user_id, event.kind, event.value, event.time
    if event.decision_id or not (is_plain(event_id) and is_plain(user_id) and is_plain(event.item_id)):
        _check_ids(i, event)
    if item is None:
        raise NotFound("item", event.item_id)
    if kind not in _KINDS:
        kinds = ", ".join(kind.name for kind in EventKind)
        raise InvalidArgument(f"events[{i}].kind", f"must be one of {kinds}, not {int(kind)}")
    if value is None or not -STRONGEST <= value <= STRONGEST:
        _check_value(i, event)
    if time is not None and not 0 <= time < LATEST_TIME:
        check_time(f"events[{i}].event_time", time)
    when = arrival if time is None else time
    return Incoming(
        event_id, user_id, item, int(kind), value, when, time is not None, tie_of(event_id), event.decision_id
    )


def _check_ids(i: int, event: Event) -> None:
    check_id(f"events[{i}].event_id", event.event_id)
    check_id(f"events[{i}].user_id", event.user_id)
    check_id(f"events[{i}].item_id", event.item_id)
    if event.decision_id:
        check_id(f"events[{i}].decision_id", event.decision_id)


def _check_value(i: int, event: Event) -> None:
    if event.value is not None:
        check_number(f"events[{i}].value", event.value, -STRONGEST, STRONGEST)
    elif event.kind == EventKind.RATING:
        raise InvalidArgument(f"events[{i}].value", "is required for a rating")
