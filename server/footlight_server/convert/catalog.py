"""Items, events, erasures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from google.protobuf import timestamp_pb2

from footlight.v1 import catalog_pb2 as pb
from footlight_plugins import EventKind
from footlight_server.convert.values import mapping, micros, struct, timestamp
from footlight_server.errors import InvalidArgument
from footlight_server.log.batch import LARGEST_BATCH
from footlight_server.log.item_rows import LARGEST_PUT
from footlight_server.log.records import Appended, Event, Forgotten, Item, Receipt
from footlight_server.log.validation import check_size
from footlight_server.parts.listener_host import ToldOf

LARGEST_PART = 1 << 20
"""A message of ExportUser is sent when its records are so large, in bytes."""
LARGEST_WHOLE = 1 << 53

_KINDS = {kind.value: kind for kind in EventKind}


def items(messages: Sequence[pb.Item]) -> list[Item]:
    """Items as asked to be put; counted first, because converting takes the event loop as long as there are many."""
    check_size("items", messages, LARGEST_PUT)
    return [_item(index, message) for index, message in enumerate(messages)]


def _item(index: int, message: pb.Item) -> Item:
    has = message.HasField
    attributes = mapping(message.attributes) if has("attributes") else {}
    item = Item(message.item_id, message.title, message.kind, tuple(message.tags), attributes)
    if not (has("available_from") or has("available_until")):
        return item
    field = f"items[{index}]"
    return replace(
        item,
        available_from=micros(f"{field}.available_from", message.available_from) if has("available_from") else None,
        available_until=micros(f"{field}.available_until", message.available_until) if has("available_until") else None,
    )


def item_message(item: Item) -> pb.Item:
    """An item as answered."""
    return pb.Item(
        item_id=item.item_id,
        title=item.title,
        kind=item.kind,
        tags=item.tags,
        attributes=struct(item.attributes) if item.attributes else None,
        create_time=timestamp(item.create_time),
        update_time=timestamp(item.update_time),
        available_from=None if item.available_from is None else timestamp(item.available_from),
        available_until=None if item.available_until is None else timestamp(item.available_until),
    )


def events(messages: Sequence[pb.Event]) -> list[Event]:
    """Events as asked to be recorded."""
    check_size("events", messages, LARGEST_BATCH)
    return [_event(index, message) for index, message in enumerate(messages)]


def _event(index: int, message: pb.Event) -> Event:
    if (kind := _KINDS.get(message.kind)) is None:
        raise InvalidArgument(f"events[{index}].kind", "must be one of " + ", ".join(k.name for k in EventKind))
    has = message.HasField
    return Event(
        message.event_id,
        message.user_id,
        message.item_id,
        kind,
        message.value if has("value") else None,
        _time(index, message.event_time) if has("event_time") else None,
        message.decision_id,
    )


def _time(index: int, time: timestamp_pb2.Timestamp) -> int:
    nanos = time.nanos
    if 0 <= nanos < 1_000_000_000:
        return time.seconds * 1_000_000 + nanos // 1_000
    return micros(f"events[{index}].event_time", time)  # which says what is wrong


def appended_message(appended: Appended) -> pb.RecordEventsResponse:
    """What the log did with a batch."""
    return pb.RecordEventsResponse(
        recorded_count=appended.recorded,
        duplicate_count=appended.duplicates,
        log_position=appended.position,
    )


def receipt_message(
    receipt: Receipt, states: Sequence[Forgotten], listeners: Sequence[ToldOf]
) -> pb.ForgetUserResponse:
    """What an erasure took away."""
    return pb.ForgetUserResponse(
        event_count=receipt.event_count,
        decision_count=receipt.decision_count,
        erasure_epoch=receipt.epoch,
        states=[
            pb.ForgottenState(
                deployment=state.deployment,
                log_position=state.position,
                touched_count=state.touched,
                gone=state.gone,
            )
            for state in states
        ],
        listeners=[pb.ForgottenListener(name=one.name, plugin=one.plugin, told=one.told) for one in listeners],
    )


def personal_messages(records: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[pb.ExportUserResponse]:
    """The records of a person in messages of about a mebibyte at most."""
    message, size = pb.ExportUserResponse(), 0
    for kind, fields in records:
        record = message.records.add(kind=kind)
        record.fields.update({name: _plain(value) for name, value in fields.items() if value is not None})
        size += record.ByteSize()
        if size >= LARGEST_PART:
            yield message
            message, size = pb.ExportUserResponse(), 0
    if message.records:
        yield message


def _plain(value: Any) -> Any:
    """A value as JSON has it; a whole number that a double cannot hold becomes text, as in protobuf's own JSON."""
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case bool() | float() | str() | None:
            return value if not isinstance(value, float) or math.isfinite(value) else str(value)
        case int():
            return value if abs(value) <= LARGEST_WHOLE else str(value)
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return str(value)
