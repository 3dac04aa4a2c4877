"""RecommendationService."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs
from footlight_server.convert import recommendation as convert
from footlight_server.convert.encoding import Lines, encoded
from footlight_server.dispatch.recommending import Recommending
from footlight_server.services.asking import asking

ENCODED = ("/footlight.v1.RecommendationService/Recommend",)
"""The methods that answer bytes in the wire format instead of a message."""

Context = grpc.aio.ServicerContext[Any, Any]


class RecommendationService(stubs.RecommendationServiceServicer):
    """Rankings."""

    def __init__(self, recommending: Recommending) -> None:
        self._recommending = recommending
        self._lines = Lines(recommending.item_ids)

    # It answers bytes, not a message: see ENCODED.
    async def Recommend(self, request: pb.RecommendRequest, context: Context) -> bytes:  # type: ignore[override]
        answer = await self._recommending.recommend(asking(context), convert.wanted(request))
        if answer.reasons:
            return convert.recommendation(answer).SerializeToString()
        return encoded(answer, self._lines)

    async def BatchRecommend(self, request: pb.BatchRecommendRequest, context: Context) -> pb.BatchRecommendResponse:
        wanted = convert.wanted_by_many(request)
        answers = await self._recommending.recommend_batch(asking(context), wanted, request.user_ids)
        return await asyncio.to_thread(convert.recommendations, answers)  # up to a million lines

    async def ListSimilarItems(
        self, request: pb.ListSimilarItemsRequest, context: Context
    ) -> pb.ListSimilarItemsResponse:
        answer = await self._recommending.similar(asking(context), request.item_id, request.deployment, request.count)
        return convert.similar(answer)
