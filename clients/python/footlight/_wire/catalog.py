"""Calls of the CatalogService."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from footlight._wire.building import built, each, one_of, several
from footlight._wire.calls import Page, Stream, Unary, batches
from footlight._wire.ids import new_id
from footlight._wire.values import from_struct, from_timestamp, to_enum, to_struct, to_timestamp
from footlight.types import (
    Erasure,
    Event,
    EventKind,
    ForgottenListener,
    ForgottenState,
    Item,
    PersonalRecord,
    PutItems,
    RecordedEvents,
)
from footlight.v1 import catalog_pb2 as pb

MAX_WRITES = 5_000  # items or events a request
MAX_READS = 1_000  # items a request


def put_items(items: Iterable[Item]) -> Iterator[Unary[pb.PutItemsResponse, PutItems]]:
    """One call for every MAX_WRITES items."""
    for batch in batches(each("items", items, Item, item_to_wire), MAX_WRITES):
        yield Unary("CatalogService/PutItems", pb.PutItemsRequest(items=batch), pb.PutItemsResponse, _put)


def get_item(item_id: str) -> Unary[pb.GetItemResponse, Item]:
    request = built(pb.GetItemRequest, item_id=item_id)
    return Unary("CatalogService/GetItem", request, pb.GetItemResponse, lambda answer: item_from_wire(answer.item))


def get_items(item_ids: Iterable[str]) -> Iterator[Unary[pb.BatchGetItemsResponse, list[Item]]]:
    """One call for every MAX_READS items."""
    wanted = list(several("item_ids", item_ids))
    for start in range(0, len(wanted), MAX_READS):
        request = built(pb.BatchGetItemsRequest, item_ids=wanted[start : start + MAX_READS])
        yield Unary("CatalogService/BatchGetItems", request, pb.BatchGetItemsResponse, _items)


def list_items(page_token: str) -> Unary[pb.ListItemsResponse, Page[Item]]:
    request = pb.ListItemsRequest(page_size=MAX_READS, page_token=page_token)
    return Unary("CatalogService/ListItems", request, pb.ListItemsResponse, _page)


def delete_item(item_id: str) -> Unary[pb.DeleteItemResponse, None]:
    request = built(pb.DeleteItemRequest, item_id=item_id)
    return Unary("CatalogService/DeleteItem", request, pb.DeleteItemResponse, lambda _: None)


def record_events(events: Iterable[Event]) -> Iterator[Unary[pb.RecordEventsResponse, RecordedEvents]]:
    """One call for every MAX_WRITES events."""
    for batch in batches(each("events", events, Event, event_to_wire), MAX_WRITES):
        yield Unary(
            "CatalogService/RecordEvents", pb.RecordEventsRequest(events=batch), pb.RecordEventsResponse, _recorded
        )


def forget_user(user_id: str) -> Unary[pb.ForgetUserResponse, Erasure]:
    request = built(pb.ForgetUserRequest, user_id=user_id)
    return Unary("CatalogService/ForgetUser", request, pb.ForgetUserResponse, _erasure)


def export_user(user_id: str) -> Stream[pb.ExportUserResponse, list[PersonalRecord]]:
    request = built(pb.ExportUserRequest, user_id=user_id)
    return Stream("CatalogService/ExportUser", request, pb.ExportUserResponse, _records)


def item_to_wire(item: Item) -> pb.Item:
    """The times of its puts are the server's and are left out."""
    attributes = to_struct(item.attributes, "attributes") if item.attributes else None
    return built(
        pb.Item,
        item_id=item.item_id,
        title=item.title,
        kind=item.kind,
        tags=several("tags", item.tags),
        attributes=attributes,
        available_from=to_timestamp(item.available_from, "available_from"),
        available_until=to_timestamp(item.available_until, "available_until"),
    )


def item_from_wire(item: pb.Item) -> Item:
    return Item(
        item_id=item.item_id,
        title=item.title,
        kind=item.kind,
        tags=tuple(item.tags),
        attributes=from_struct(item.attributes),
        create_time=from_timestamp(item, "create_time"),
        update_time=from_timestamp(item, "update_time"),
        available_from=from_timestamp(item, "available_from"),
        available_until=from_timestamp(item, "available_until"),
    )


def event_to_wire(event: Event) -> pb.Event:
    """An event without an id gets a new UUID, so that a retry of the request records it once."""
    return built(
        pb.Event,
        event_id=event.event_id or new_id(),
        user_id=event.user_id,
        item_id=event.item_id,
        kind=to_enum(pb.EventKind.DESCRIPTOR, "EVENT_KIND_", one_of("kind", EventKind, event.kind)),
        value=event.value,
        event_time=to_timestamp(event.time),
        decision_id=event.decision_id,
    )


def add_puts(total: PutItems, more: PutItems) -> PutItems:
    return PutItems(total.created + more.created, total.updated + more.updated)


def add_recorded(total: RecordedEvents, more: RecordedEvents) -> RecordedEvents:
    position = max(total.log_position, more.log_position)
    return RecordedEvents(total.recorded + more.recorded, total.duplicates + more.duplicates, position)


def _put(answer: pb.PutItemsResponse) -> PutItems:
    return PutItems(answer.created_count, answer.updated_count)


def _items(answer: pb.BatchGetItemsResponse) -> list[Item]:
    return [item_from_wire(item) for item in answer.items]


def _page(answer: pb.ListItemsResponse) -> Page[Item]:
    return Page([item_from_wire(item) for item in answer.items], answer.next_page_token)


def _recorded(answer: pb.RecordEventsResponse) -> RecordedEvents:
    return RecordedEvents(answer.recorded_count, answer.duplicate_count, answer.log_position)


def _records(answer: pb.ExportUserResponse) -> list[PersonalRecord]:
    return [PersonalRecord(record.kind, from_struct(record.fields)) for record in answer.records]


def _erasure(answer: pb.ForgetUserResponse) -> Erasure:
    states = tuple(ForgottenState(s.deployment, s.log_position, s.touched_count, s.gone) for s in answer.states)
    listeners = tuple(ForgottenListener(one.name, one.plugin, one.told) for one in answer.listeners)
    return Erasure(answer.event_count, answer.decision_count, answer.erasure_epoch, states, listeners)
