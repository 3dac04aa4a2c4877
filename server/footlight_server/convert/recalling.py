"""Recommendations that are read back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from footlight.v1 import recommendation_pb2 as pb
from footlight_server.convert.filtering import filter_message
from footlight_server.convert.values import timestamp
from footlight_server.dispatch.recalling import Recalled, Recomputation
from footlight_server.dispatch.wanting import Met


def decision(recalled: Recalled) -> pb.GetDecisionResponse:
    """A recommendation as it was answered, and what came of computing it anew."""
    return pb.GetDecisionResponse(
        request=_request(recalled),
        response=_response(recalled),
        answered_by=recalled.ranked.deployment,
        time=timestamp(recalled.ranked.time),
        recomputation=None if recalled.recomputation is None else _recomputation(recalled.recomputation, recalled.ids),
    )


def _request(recalled: Recalled) -> pb.RecommendRequest:
    said, terms = recalled.said, recalled.terms
    request = pb.RecommendRequest(
        user_id=recalled.user_id,
        deployment=recalled.deployment,
        count=recalled.count,
        exclude_item_ids=[recalled.ids[item] for item in said.get("exclude", ())],
        include_seen=said.get("include_seen", False),
        reason_count=said.get("reasons", 0),
        history=map(_met_message, terms.history or ()),
        diversity=terms.diversity,
        seed=terms.seed,
    )
    if terms.filter is not None:
        request.filter.CopyFrom(filter_message(terms.filter))
    if terms.session_start is not None:
        request.session_start_time.CopyFrom(timestamp(terms.session_start))
    return request


def _met_message(met: Met) -> pb.HistoryItem:
    time = None if met.time is None else timestamp(met.time)
    return pb.HistoryItem(item_id=met.item_id, value=met.value, time=time)


def _response(recalled: Recalled) -> pb.RecommendResponse:
    ranked = recalled.ranked
    response = pb.RecommendResponse(
        decision_id=recalled.decision_id,
        deployment=recalled.deployment,
        model_version=ranked.model_version,
        log_position=ranked.log_position,
        fallback=ranked.deployment != recalled.deployment,
        items=_lines(ranked.items.tolist(), ranked.scores.tolist(), recalled.ids),
        seed=recalled.terms.seed,
        pending_event_count=recalled.said.get("pending", 0),
    )
    for line in response.items[recalled.said.get("filled_from", len(response.items)) :]:
        line.filled = True
    if ranked.propensity is not None:
        for line, chance in zip(response.items, ranked.propensity.tolist(), strict=True):
            if not math.isnan(chance):
                line.propensity = chance
    return response


def _recomputation(found: Recomputation, ids: Sequence[str]) -> pb.Recomputation:
    outcome = pb.RecomputationOutcome.ValueType(found.outcome)
    return pb.Recomputation(
        outcome=outcome, explanation=found.explanation, items=_lines(found.items, found.scores, ids)
    )


def _lines(items: Sequence[int], scores: Sequence[float], ids: Sequence[str]) -> Iterable[pb.RecommendedItem]:
    return [pb.RecommendedItem(item_id=ids[item], score=score) for item, score in zip(items, scores, strict=True)]
