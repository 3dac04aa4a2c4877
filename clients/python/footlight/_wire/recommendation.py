"""Calls of the RecommendationService."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from footlight._wire.calls import Unary
from footlight._wire.values import from_enum
from footlight.types import Reason, ReasonKind, Recommendations, RecommendedItem, SimilarItems
from footlight.v1 import recommendation_pb2 as pb

MAX_USERS = 1_000  # people a request
MAX_LINES = 20_000  # lines an answer, so that it stays at a few MiB


def recommend(
    user_id: str, deployment: str, count: int, exclude: Iterable[str], include_seen: bool, reasons: int
) -> Unary[pb.RecommendResponse, Recommendations]:
    request = pb.RecommendRequest(
        user_id=user_id,
        deployment=deployment,
        count=count,
        exclude_item_ids=exclude,
        include_seen=include_seen,
        reason_count=reasons,
    )
    read = partial(_recommendations, user_id)
    return Unary("RecommendationService/Recommend", request, pb.RecommendResponse, read)


def recommend_batch(
    user_ids: Iterable[str], deployment: str, count: int, include_seen: bool, reasons: int
) -> Iterator[Unary[pb.BatchRecommendResponse, list[Recommendations]]]:
    """One call for as many people as one answer should hold."""
    people = list(user_ids)
    size = max(1, min(MAX_USERS, MAX_LINES // max(1, count)))
    for start in range(0, len(people), size):
        some = people[start : start + size]
        request = pb.BatchRecommendRequest(
            user_ids=some, deployment=deployment, count=count, include_seen=include_seen, reason_count=reasons
        )
        read = partial(_many, some)
        yield Unary("RecommendationService/BatchRecommend", request, pb.BatchRecommendResponse, read)


def similar_items(item_id: str, deployment: str, count: int) -> Unary[pb.ListSimilarItemsResponse, SimilarItems]:
    request = pb.ListSimilarItemsRequest(item_id=item_id, deployment=deployment, count=count)
    read = partial(_similar, item_id)
    return Unary("RecommendationService/ListSimilarItems", request, pb.ListSimilarItemsResponse, read)


def joined(parts: Iterable[list[Recommendations]]) -> list[Recommendations]:
    return list(chain.from_iterable(parts))


def _recommendations(user_id: str, answer: pb.RecommendResponse) -> Recommendations:
    return Recommendations(
        user_id=user_id,
        decision_id=answer.decision_id,
        deployment=answer.deployment,
        model_version=answer.model_version,
        log_position=answer.log_position,
        fallback=answer.fallback,
        items=tuple(map(_line, answer.items)),
    )


def _many(user_ids: list[str], answer: pb.BatchRecommendResponse) -> list[Recommendations]:
    return [_recommendations(user_id, one) for user_id, one in zip(user_ids, answer.results, strict=True)]


def _similar(item_id: str, answer: pb.ListSimilarItemsResponse) -> SimilarItems:
    return SimilarItems(
        item_id=item_id,
        deployment=answer.deployment,
        model_version=answer.model_version,
        log_position=answer.log_position,
        items=tuple(map(_line, answer.items)),
    )


def _line(line: pb.RecommendedItem) -> RecommendedItem:
    return RecommendedItem(line.item_id, line.score, tuple(map(_reason, line.reasons)))


def _reason(reason: pb.Reason) -> Reason:
    kind = from_enum(pb.ReasonKind.DESCRIPTOR, "REASON_KIND_", reason.kind, ReasonKind)
    return Reason(kind, reason.item_id, reason.share, reason.people_count)
