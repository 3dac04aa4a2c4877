"""Items and events, in memory."""

from __future__ import annotations

from typing import Any

from footlight import errors
from footlight.testing.faults import abort, invalid, unknown
from footlight.v1 import catalog_pb2 as pb
from footlight.v1 import catalog_pb2_grpc as stubs

PREFERENCES = {
    pb.EVENT_KIND_VIEW,
    pb.EVENT_KIND_PLAY,
    pb.EVENT_KIND_LIKE,
    pb.EVENT_KIND_RATING,
    pb.EVENT_KIND_PURCHASE,
}


class Catalogue(stubs.CatalogServiceServicer):
    """CatalogService."""

    def __init__(self) -> None:
        self.items: dict[str, pb.Item] = {}
        self.events: dict[str, pb.Event] = {}
        self._erasures = 0

    def PutItems(self, request: pb.PutItemsRequest, context: Any) -> pb.PutItemsResponse:
        for number, item in enumerate(request.items):
            if not item.item_id:
                invalid(context, f"items[{number}].item_id", "must not be empty")
        created = sum(item.item_id not in self.items for item in request.items)
        self.items.update((item.item_id, item) for item in request.items)
        return pb.PutItemsResponse(created_count=created, updated_count=len(request.items) - created)

    def GetItem(self, request: pb.GetItemRequest, context: Any) -> pb.GetItemResponse:
        return pb.GetItemResponse(item=self.item(request.item_id, context))

    def BatchGetItems(self, request: pb.BatchGetItemsRequest, context: Any) -> pb.BatchGetItemsResponse:
        return pb.BatchGetItemsResponse(items=[self.item(item_id, context) for item_id in request.item_ids])

    def ListItems(self, request: pb.ListItemsRequest, context: Any) -> pb.ListItemsResponse:
        begin, size = int(request.page_token or 0), request.page_size or 100
        page = list(self.items.values())[begin : begin + size]
        more = str(begin + size) if begin + size < len(self.items) else ""
        return pb.ListItemsResponse(items=page, next_page_token=more, total_count=len(self.items))

    def DeleteItem(self, request: pb.DeleteItemRequest, context: Any) -> pb.DeleteItemResponse:
        del self.items[self.item(request.item_id, context).item_id]
        return pb.DeleteItemResponse()

    def RecordEvents(self, request: pb.RecordEventsRequest, context: Any) -> pb.RecordEventsResponse:
        for number, event in enumerate(request.events):
            self._check(number, event, context)
        new = [event for event in request.events if event.event_id not in self.events]
        self.events.update((event.event_id, event) for event in new)
        duplicates = len(request.events) - len(new)
        return pb.RecordEventsResponse(
            recorded_count=len(new), duplicate_count=duplicates, log_position=len(self.events)
        )

    def ForgetUser(self, request: pb.ForgetUserRequest, context: Any) -> pb.ForgetUserResponse:
        theirs = [name for name, event in self.events.items() if event.user_id == request.user_id]
        for name in theirs:
            del self.events[name]
        self._erasures += 1
        return pb.ForgetUserResponse(event_count=len(theirs), erasure_epoch=self._erasures)

    def item(self, item_id: str, context: Any) -> pb.Item:
        """The item; ends the call where there is none."""
        if item_id not in self.items:
            unknown(context, "item", item_id)
        return self.items[item_id]

    def preferences(self) -> list[tuple[str, str]]:
        """Who likes what, each once, in the order in which it was recorded."""
        likes = ((event.user_id, event.item_id) for event in self.events.values() if event.kind in PREFERENCES)
        return list(dict.fromkeys(likes))

    def _check(self, number: int, event: pb.Event, context: Any) -> None:
        at = f"events[{number}]"
        if not event.user_id:
            invalid(context, f"{at}.user_id", "must not be empty")
        if event.kind == pb.EVENT_KIND_RATING and not event.HasField("value"):
            invalid(context, f"{at}.value", "is required for a rating")
        self.item(event.item_id, context)
        before = self.events.get(event.event_id)
        if before is not None and (before.user_id, before.item_id) != (event.user_id, event.item_id):
            facts = {"resource": "event", "name": event.event_id}
            abort(context, errors.AlreadyExists("the event id was used for another event", metadata=facts))
