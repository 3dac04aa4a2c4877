"""Rankings as messages. The plain ones, which are nearly all, are written as bytes by `encoding`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from google.protobuf import timestamp_pb2

from footlight.v1 import recommendation_pb2 as pb
from footlight_plugins import Basis
from footlight_server.convert.filtering import filter_of
from footlight_server.convert.values import micros
from footlight_server.dispatch.filling import Reasons, reasoned
from footlight_server.dispatch.predicting import Predicted
from footlight_server.dispatch.wanting import MOST_MET, Met, More, Recommended, Terms, Wanted
from footlight_server.log.validation import check_size

_WITH_PEOPLE = (Basis.SIMILAR_PEOPLE, Basis.POPULAR, Basis.TRENDING)
_NEARLY_NOTHING = 1e-9


def wanted(request: pb.RecommendRequest) -> Wanted:
    """What somebody asks for."""
    has = request.HasField
    special = has("filter") or request.history or has("session_start_time") or request.diversity or has("seed")
    return Wanted(
        request.user_id,
        request.deployment,
        request.count,
        request.exclude_item_ids,
        request.include_seen,
        request.reason_count,
        _terms(request) if special else None,
    )


def _terms(request: pb.RecommendRequest) -> Terms:
    check_size("history", request.history, MOST_MET, 0)
    start = request.session_start_time if request.HasField("session_start_time") else None
    return Terms(
        filter_of(request.filter) if request.HasField("filter") else None,
        tuple(_met(i, each) for i, each in enumerate(request.history)) if request.history else None,
        None if start is None else micros("session_start_time", start),
        request.diversity,
        request.seed if request.HasField("seed") else None,
    )


def _met(i: int, message: pb.HistoryItem) -> Met:
    time: timestamp_pb2.Timestamp | None = message.time if message.HasField("time") else None
    value = message.value if message.HasField("value") else None
    return Met(message.item_id, value, None if time is None else micros(f"history[{i}].time", time))


def wanted_by_many(request: pb.BatchRecommendRequest) -> Wanted:
    """What each of many people asks for."""
    has = request.HasField
    terms = None
    if has("filter") or request.diversity or has("seed"):
        asked = filter_of(request.filter) if has("filter") else None
        terms = Terms(asked, None, None, request.diversity, request.seed if has("seed") else None)
    plain = (request.exclude_item_ids, request.include_seen, request.reason_count)
    return Wanted("", request.deployment, request.count, *plain, terms)


def wanted_neighbours(request: pb.ListSimilarItemsRequest) -> Wanted:
    """What somebody asks for who names an item."""
    terms = Terms(filter_of(request.filter)) if request.HasField("filter") else None
    return Wanted("", request.deployment, request.count, request.exclude_item_ids, terms=terms)


def recommendation(answer: Recommended) -> pb.RecommendResponse:
    """One answer."""
    response = pb.RecommendResponse(
        decision_id=answer.decision_id,
        deployment=answer.deployment,
        model_version=answer.model_version,
        log_position=answer.log_position,
        fallback=answer.fallback,
        pending_event_count=answer.pending,
    )
    for item, score in zip(answer.items, answer.scores, strict=True):
        response.items.add(item_id=answer.ids[item], score=score)
    filled_from = len(answer.items)
    if (more := answer.more) is not None:
        filled_from = more.filled_from
        _add_more(response, answer, more)
    if answer.reasons or filled_from < len(answer.items):
        _add_reasons(response.items, answer, filled_from)
    return response


def _add_more(response: pb.RecommendResponse, answer: Recommended, more: More) -> None:
    response.nothing_matches = more.nothing_matches
    response.unknown_item_ids.extend(more.unknown)
    response.diversity_basis = pb.DiversityBasis.ValueType(more.compared_by)
    if more.seed is not None:
        response.seed = more.seed
    for line in response.items[more.filled_from :]:
        line.filled = True
    if answer.ranking.propensity is not None:
        for line, chance in zip(response.items, answer.ranking.propensity.tolist(), strict=True):
            if not math.isnan(chance):
                line.propensity = chance


def similar(answer: Recommended) -> pb.ListSimilarItemsResponse:
    """The neighbours of an item."""
    response = pb.ListSimilarItemsResponse(
        deployment=answer.deployment,
        model_version=answer.model_version,
        log_position=answer.log_position,
        nothing_matches=answer.more is not None and answer.more.nothing_matches,
        pending_event_count=answer.pending,
    )
    for item, score in zip(answer.items, answer.scores, strict=True):
        response.items.add(item_id=answer.ids[item], score=score)
    return response


def ratings(predicted: Predicted) -> pb.PredictRatingsResponse:
    """What was predicted."""
    return pb.PredictRatingsResponse(
        deployment=predicted.deployment,
        model_version=predicted.model_version,
        log_position=predicted.log_position,
        ratings=predicted.ratings,
        pending_event_count=predicted.pending,
    )


def _add_reasons(lines: Iterable[pb.RecommendedItem], answer: Recommended, filled_from: int) -> None:
    """Those that were asked for, and that of each line that was filled up."""
    reasons = reasoned(answer.ranking, max(1, answer.reasons))
    for row, line in enumerate(lines):
        if answer.reasons or row >= filled_from:
            _add_to(line, row, reasons, answer)


def _add_to(line: pb.RecommendedItem, row: int, reasons: Reasons, answer: Recommended) -> None:
    rows = (column[row].tolist() for column in (reasons.because, reasons.shares, reasons.bases))
    told = 0.0
    for item, share, basis in zip(*rows, strict=True):
        if not basis:
            break
        added = line.reasons.add(kind=basis, share=share)
        told += share
        if item >= 0:
            added.item_id = answer.ids[item]
        if basis in _WITH_PEOPLE:
            added.people_count = int(reasons.people[row])
    if told and 1.0 - told > _NEARLY_NOTHING:
        line.other_share = 1.0 - told
