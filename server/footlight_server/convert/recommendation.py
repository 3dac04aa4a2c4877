"""Rankings. This is the hot path: messages are built straight from the engine's arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from footlight.v1 import recommendation_pb2 as pb
from footlight_plugins import Basis
from footlight_server.dispatch.recommending import Recommended, Wanted


def wanted(request: pb.RecommendRequest) -> Wanted:
    """What somebody asks for."""
    return Wanted(
        request.user_id,
        request.deployment,
        request.count,
        request.exclude_item_ids,
        request.include_seen,
        request.reason_count,
    )


def wanted_by_many(request: pb.BatchRecommendRequest) -> Wanted:
    """What each of many people asks for."""
    return Wanted(
        "", request.deployment, request.count, include_seen=request.include_seen, reasons=request.reason_count
    )


def recommendation(answer: Recommended) -> pb.RecommendResponse:
    """One answer."""
    response = pb.RecommendResponse()  # to set its fields takes less time than to name them here
    response.decision_id = answer.decision_id
    response.deployment = answer.deployment
    response.model_version = answer.model_version
    response.log_position = answer.log_position
    response.fallback = answer.fallback
    ids, add = answer.ids, response.items.add
    for item, score in zip(answer.items, answer.scores, strict=True):
        line = add()
        line.item_id = ids[item]
        line.score = score
    if answer.reasons:
        _add_reasons(response.items, answer)
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
    for item, score in zip(answer.items, answer.scores, strict=True):
        response.items.add(item_id=answer.ids[item], score=score)
    return response


def _add_reasons(lines: Iterable[pb.RecommendedItem], answer: Recommended) -> None:
    ranking = answer.ranking
    if ranking.basis is Basis.BECAUSE_OF_ITEM:
        assert ranking.because is not None
        assert ranking.shares is not None
        because, shares = (array[:, : answer.reasons].tolist() for array in (ranking.because, ranking.shares))
        for line, reasons, parts in zip(lines, because, shares, strict=True):
            _add_because(line, reasons, parts, answer.ids)
    elif ranking.people is not None:
        for line, people in zip(lines, ranking.people.tolist(), strict=True):
            line.reasons.add(kind=ranking.basis, people_count=people)


def _add_because(line: pb.RecommendedItem, because: Sequence[int], shares: Sequence[float], ids: Sequence[str]) -> None:
    for reason, share in zip(because, shares, strict=True):
        if reason < 0:
            break
        added = line.reasons.add()
        added.kind = pb.REASON_KIND_BECAUSE_OF_ITEM
        added.item_id = ids[reason]
        added.share = share
