"""GenerationService."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from footlight.v1 import generation_pb2 as pb
from footlight.v1 import generation_pb2_grpc as stubs
from footlight_server.convert import generation as convert
from footlight_server.convert.tracing import traced_message, verified_message
from footlight_server.dispatch.collecting import Collecting
from footlight_server.dispatch.generating import Generating, Started
from footlight_server.dispatch.tracing import Tracing
from footlight_server.log.records import Item
from footlight_server.services.asking import asking

Context = grpc.aio.ServicerContext[Any, Any]


class GenerationService(stubs.GenerationServiceServicer):
    """Corpora and assets."""

    def __init__(self, generating: Generating, collecting: Collecting, tracing: Tracing) -> None:
        self._tracing = tracing
        self._generating = generating
        self._collecting = collecting

    async def UploadCorpus(
        self, request_iterator: AsyncIterator[pb.UploadCorpusRequest], context: Context
    ) -> pb.UploadCorpusResponse:
        parts = convert.upload_parts(request_iterator)
        corpus = await self._collecting.upload(asking(context), parts)
        return pb.UploadCorpusResponse(corpus=convert.corpus_message(corpus))

    async def ListCorpora(self, request: pb.ListCorporaRequest, context: Context) -> pb.ListCorporaResponse:
        corpora, token = self._collecting.list(asking(context), request.page_size, request.page_token)
        return pb.ListCorporaResponse(corpora=map(convert.corpus_message, corpora), next_page_token=token)

    async def DeleteCorpus(self, request: pb.DeleteCorpusRequest, context: Context) -> pb.DeleteCorpusResponse:
        await self._collecting.delete(asking(context), request.corpus_id)
        return pb.DeleteCorpusResponse()

    async def Generate(self, request: pb.GenerateRequest, context: Context) -> AsyncIterator[pb.GenerateResponse]:
        done = redraws = 0
        async for part in self._generating.generate(asking(context), convert.generate_request(request)):
            if isinstance(part, Started):
                yield convert.started_message(part)
                continue
            done, redraws = done + 1, redraws + part.asset.redraw_count
            for message in convert.made_messages(part, done, redraws):
                yield message

    async def GetAsset(self, request: pb.GetAssetRequest, context: Context) -> AsyncIterator[pb.GetAssetResponse]:
        made = await self._generating.get_asset(asking(context), request.asset_id)
        for message in convert.read_messages(made):
            yield message

    async def PublishAsset(self, request: pb.PublishAssetRequest, context: Context) -> pb.PublishAssetResponse:
        item = Item(request.item_id, request.title, request.kind, tuple(request.tags))
        item_id, created = await self._tracing.publish(asking(context), request.asset_id, item)
        return pb.PublishAssetResponse(item_id=item_id, created=created)

    async def VerifyAsset(self, request: pb.VerifyAssetRequest, context: Context) -> pb.VerifyAssetResponse:
        found = await self._tracing.verify(asking(context), request.data, request.sidecar, request.media_type)
        return verified_message(found)

    async def TraceContent(self, request: pb.TraceContentRequest, context: Context) -> pb.TraceContentResponse:
        found = await self._tracing.trace(asking(context), request.data, request.file_name, request.count)
        return traced_message(found)
