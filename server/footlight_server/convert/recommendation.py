"""Rankings. This is the hot path: messages are built straight from the engine's arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from footlight.v1 import recommendation_pb2 as pb
from footlight_plugins import Basis, Ranking
from footlight_server.dispatch.recommending import Recommended, Wanted

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer


def wanted(request: pb.RecommendRequest) -> Wanted:
    """What somebody asks for."""
    return Wanted(
        request.user_id,
        request.deployment,
        request.count,
        request.exclude_item_ids,
        request.include_seen,
    )


def wanted_by_many(request: pb.BatchRecommendRequest) -> Wanted:
    """What each of many people asks for."""
    return Wanted("", request.deployment, request.count, include_seen=request.include_seen)


def recommendation(answer: Recommended) -> pb.RecommendResponse:
    """One answer."""
    response = pb.RecommendResponse(
        decision_id=answer.decision_id,
        deployment=answer.deployment,
        model_version=answer.model_version,
        log_position=answer.log_position,
        fallback=answer.fallback,
    )
    _add_items(response.items, answer)
    return response


def recommendations(answers: Iterable[Recommended]) -> pb.BatchRecommendResponse:
    """One answer for each of many people."""
    return pb.BatchRecommendResponse(results=[recommendation(answer) for answer in answers])


def similar(answer: Recommended) -> pb.ListSimilarItemsResponse:
    """The neighbours of an item."""
    response = pb.ListSimilarItemsResponse(
        deployment=answer.deployment,
        model_version=answer.model_version,
        log_position=answer.log_position,
    )
    _add_items(response.items, answer)
    return response


def _add_items(items: RepeatedCompositeFieldContainer[pb.RecommendedItem], answer: Recommended) -> None:
    ranking, ids = answer.ranking, answer.ids
    add = items.add
    rows = zip(ranking.items.tolist(), ranking.scores.tolist(), strict=True)
    if ranking.basis is Basis.BECAUSE_OF_ITEM:
        _add_because(add, ranking, ids, rows)
        return
    people = None if ranking.people is None else ranking.people.tolist()
    for index, (item, score) in enumerate(rows):
        line = add(item_id=ids[item], score=score)
        if people is not None:
            line.reasons.add(kind=ranking.basis, people_count=people[index])


def _add_because(
    add: Callable[..., pb.RecommendedItem], ranking: Ranking, ids: Sequence[str], rows: Iterable[tuple[int, float]]
) -> None:
    assert ranking.because is not None
    assert ranking.shares is not None
    kind = pb.REASON_KIND_BECAUSE_OF_ITEM
    for (item, score), because, shares in zip(rows, ranking.because.tolist(), ranking.shares.tolist(), strict=True):
        reasons = add(item_id=ids[item], score=score).reasons
        for reason, share in zip(because, shares, strict=True):
            if reason < 0:
                break
            reasons.add(kind=kind, item_id=ids[reason], share=share)
