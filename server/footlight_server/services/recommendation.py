"""RecommendationService."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import grpc

from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs
from footlight_server.convert import recommendation as convert
from footlight_server.convert.encoding import Lines, encoded, is_plain, results
from footlight_server.convert.recalling import decision
from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.choosing import Choosing
from footlight_server.dispatch.predicting import Predicting
from footlight_server.dispatch.recalling import Recalling
from footlight_server.dispatch.recommending import Recommending
from footlight_server.dispatch.wanting import Recommended
from footlight_server.errors import InvalidArgument
from footlight_server.services.asking import asking

ENCODED = (
    "/footlight.v1.RecommendationService/Recommend",
    "/footlight.v1.RecommendationService/BatchRecommend",
)
"""The methods that answer bytes in the wire format instead of a message."""

Context = grpc.aio.ServicerContext[Any, Any]


class RecommendationService(stubs.RecommendationServiceServicer):
    """Rankings."""

    def __init__(
        self, recommending: Recommending, predicting: Predicting, recalling: Recalling, choosing: Choosing
    ) -> None:
        self._choosing = choosing
        self._recommending = recommending
        self._predicting = predicting
        self._recalling = recalling
        self._lines = Lines(recommending.item_ids)

    # It answers bytes, not a message: see ENCODED.
    async def Recommend(self, request: pb.RecommendRequest, context: Context) -> bytes:  # type: ignore[override]
        if request.chooser:
            answer = await self._chosen(asking(context), request)
        else:
            answer = await self._recommending.recommend(asking(context), convert.wanted(request))
        return encoded(answer, self._lines) if is_plain(answer) else convert.recommendation(answer).SerializeToString()

    async def _chosen(self, asked: Asking, request: pb.RecommendRequest) -> Recommended:
        """Recommend by whom an agent chooses."""
        if request.deployment:
            raise InvalidArgument("chooser", "must be empty where a deployment is named")
        chosen = await self._choosing.choose(asked, request.chooser, request.user_id)
        wanted = replace(convert.wanted(request), deployment=chosen.deployment)
        answer = await self._recommending.recommend(asked, wanted)
        await self._choosing.remember(asked, chosen, answer.decision_id)
        return answer

    # It answers bytes as well.
    async def BatchRecommend(  # type: ignore[override]
        self, request: pb.BatchRecommendRequest, context: Context
    ) -> bytes:
        wanted = convert.wanted_by_many(request)
        answers = await self._recommending.recommend_batch(asking(context), wanted, request.user_ids)
        return await asyncio.to_thread(self._encoded_batch, answers)  # up to a million lines

    def _encoded_batch(self, answers: Sequence[Recommended]) -> bytes:
        lines = self._lines
        return results(
            encoded(answer, lines) if is_plain(answer) else convert.recommendation(answer).SerializeToString()
            for answer in answers
        )

    async def ListSimilarItems(
        self, request: pb.ListSimilarItemsRequest, context: Context
    ) -> pb.ListSimilarItemsResponse:
        wanted = convert.wanted_neighbours(request)
        return convert.similar(await self._recommending.similar(asking(context), request.item_id, wanted))

    async def PredictRatings(self, request: pb.PredictRatingsRequest, context: Context) -> pb.PredictRatingsResponse:
        asked = (request.user_id, request.item_ids, request.deployment)
        return convert.ratings(await self._predicting.predict(asking(context), *asked))

    async def GetDecision(self, request: pb.GetDecisionRequest, context: Context) -> pb.GetDecisionResponse:
        recalled = await self._recalling.recall(asking(context), request.decision_id, request.recompute)
        return decision(recalled)
