"""CatalogService."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from footlight.v1 import catalog_pb2 as pb
from footlight.v1 import catalog_pb2_grpc as stubs
from footlight_server.convert import catalog as convert
from footlight_server.dispatch.cataloguing import Cataloguing
from footlight_server.dispatch.exporting import Exporting
from footlight_server.services.asking import asking

Context = grpc.aio.ServicerContext[Any, Any]


class CatalogService(stubs.CatalogServiceServicer):
    """Items, events, erasures."""

    def __init__(self, cataloguing: Cataloguing, exporting: Exporting) -> None:
        self._cataloguing = cataloguing
        self._exporting = exporting

    async def PutItems(self, request: pb.PutItemsRequest, context: Context) -> pb.PutItemsResponse:
        created, updated = await self._cataloguing.put_items(asking(context), convert.items(request.items))
        return pb.PutItemsResponse(created_count=created, updated_count=updated)

    async def GetItem(self, request: pb.GetItemRequest, context: Context) -> pb.GetItemResponse:
        item = self._cataloguing.get_item(asking(context), request.item_id)
        return pb.GetItemResponse(item=convert.item_message(item))

    async def BatchGetItems(self, request: pb.BatchGetItemsRequest, context: Context) -> pb.BatchGetItemsResponse:
        items = self._cataloguing.get_items(asking(context), request.item_ids)
        return pb.BatchGetItemsResponse(items=map(convert.item_message, items))

    async def ListItems(self, request: pb.ListItemsRequest, context: Context) -> pb.ListItemsResponse:
        page = self._cataloguing.list_items(asking(context), request.page_size, request.page_token)
        items, token, total = page
        return pb.ListItemsResponse(items=map(convert.item_message, items), next_page_token=token, total_count=total)

    async def DeleteItem(self, request: pb.DeleteItemRequest, context: Context) -> pb.DeleteItemResponse:
        await self._cataloguing.delete_item(asking(context), request.item_id)
        return pb.DeleteItemResponse()

    async def RecordEvents(self, request: pb.RecordEventsRequest, context: Context) -> pb.RecordEventsResponse:
        appended = await self._cataloguing.record_events(asking(context), convert.events(request.events))
        return convert.appended_message(appended)

    async def ForgetUser(self, request: pb.ForgetUserRequest, context: Context) -> pb.ForgetUserResponse:
        receipt, states, listeners = await self._cataloguing.forget_user(asking(context), request.user_id)
        return convert.receipt_message(receipt, states, listeners)

    async def ExportUser(self, request: pb.ExportUserRequest, context: Context) -> AsyncIterator[pb.ExportUserResponse]:
        async for records in self._exporting.export(asking(context), request.user_id):
            for message in convert.personal_messages(records):
                yield message
