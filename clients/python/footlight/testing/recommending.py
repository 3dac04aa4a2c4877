"""Recommends what is popular and was not met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import count
from typing import Any

from footlight.testing.catalogue import Catalogue
from footlight.testing.faults import invalid
from footlight.v1 import catalog_pb2, recommendation_pb2_grpc
from footlight.v1 import recommendation_pb2 as pb

DEPLOYMENT = "popular"


class Recommending(recommendation_pb2_grpc.RecommendationServiceServicer):
    """RecommendationService."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._numbers = count(1)

    def Recommend(self, request: pb.RecommendRequest, context: Any) -> pb.RecommendResponse:
        if not request.user_id and not request.history:
            invalid(context, "user_id", "must not be empty")
        if not 0 <= request.count <= 1_000:
            invalid(context, "count", f"must be between 1 and 1,000, not {request.count:,}")
        likes = self._catalogue.preferences()
        met = {item for user, item in likes if user == request.user_id} | {one.item_id for one in request.history}
        barred = set(request.exclude_item_ids) | (set() if request.include_seen else met)
        popular = Counter(item for _, item in likes)
        allowed = [item for item in self._catalogue.items.values() if _passes(item, request.filter)]
        ranked = sorted((item.item_id for item in allowed), key=lambda name: -popular[name])
        lines = [(name, popular[name]) for name in ranked if name not in barred]
        return pb.RecommendResponse(
            decision_id=f"r-{next(self._numbers)}",
            deployment=DEPLOYMENT,
            log_position=len(self._catalogue.events),
            fallback=not met,
            items=_lines(lines[: request.count or 10]),
            nothing_matches=not allowed,
        )

    def BatchRecommend(self, request: pb.BatchRecommendRequest, context: Any) -> pb.BatchRecommendResponse:
        shared = {
            "count": request.count,
            "include_seen": request.include_seen,
            "filter": request.filter,
            "exclude_item_ids": request.exclude_item_ids,
        }
        asked = (pb.RecommendRequest(user_id=user, **shared) for user in request.user_ids)  # type: ignore[arg-type]
        return pb.BatchRecommendResponse(results=[self.Recommend(one, context) for one in asked])

    def ListSimilarItems(self, request: pb.ListSimilarItemsRequest, context: Any) -> pb.ListSimilarItemsResponse:
        self._catalogue.item(request.item_id, context)
        likes = self._catalogue.preferences()
        people = {user for user, item in likes if item == request.item_id}
        together = Counter(item for user, item in likes if user in people and item != request.item_id)
        lines = together.most_common(request.count or 10)
        return pb.ListSimilarItemsResponse(deployment=DEPLOYMENT, items=_lines(lines))


def _lines(lines: Iterable[tuple[str, int]]) -> list[pb.RecommendedItem]:
    return [pb.RecommendedItem(item_id=name, score=float(score)) for name, score in lines]


def _passes(item: catalog_pb2.Item, wanted: pb.ItemFilter) -> bool:
    """By kinds and tags; attributes and availability are not looked at."""
    tags = set(item.tags)
    return (
        (not wanted.kinds or item.kind in wanted.kinds)
        and tags.issuperset(wanted.tags_all)
        and (not wanted.tags_any or not tags.isdisjoint(wanted.tags_any))
        and tags.isdisjoint(wanted.tags_none)
    )
