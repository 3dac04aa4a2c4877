"""Calls of the RecommendationService."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from footlight._wire.building import built, several
from footlight._wire.calls import Unary
from footlight._wire.filtering import (
    PLAINLY,
    Terms,
    filter_from_wire,
    filter_to_wire,
    history_from_wire,
    history_to_wire,
)
from footlight._wire.values import from_enum, from_timestamp, to_timestamp
from footlight.types import (
    DiversityBasis,
    PredictedRatings,
    Reason,
    ReasonKind,
    Recommendations,
    RecommendedItem,
    Recomputation,
    RecomputationOutcome,
    RecordedRecommendation,
    SimilarItems,
)
from footlight.v1 import recommendation_pb2 as pb

MAX_USERS = 1_000  # people a request
MAX_LINES = 20_000  # lines an answer, so that it stays at a few MiB


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, but for whom."""

    deployment: str = ""
    count: int = 10
    exclude: Iterable[str] = ()
    include_seen: bool = False
    reasons: int = 0
    terms: Terms = PLAINLY


def recommend(user_id: str, wanted: Wanted) -> Unary[pb.RecommendResponse, Recommendations]:
    terms = wanted.terms
    request = built(
        pb.RecommendRequest,
        user_id=user_id,
        deployment=wanted.deployment,
        count=wanted.count,
        exclude_item_ids=list(several("exclude", wanted.exclude)),
        include_seen=wanted.include_seen,
        reason_count=wanted.reasons,
        filter=filter_to_wire(terms.filter),
        history=history_to_wire(terms.history),
        session_start_time=to_timestamp(terms.session_start, "session_start"),
        diversity=terms.diversity,
        seed=terms.seed,
        chooser=terms.chooser,
    )
    read = partial(_recommendations, user_id)
    return Unary("RecommendationService/Recommend", request, pb.RecommendResponse, read)


def recommend_batch(
    user_ids: Iterable[str], wanted: Wanted
) -> Iterator[Unary[pb.BatchRecommendResponse, list[Recommendations]]]:
    """One call for as many people as one answer should hold; person n of all has the seed plus n."""
    people, terms = list(several("user_ids", user_ids)), wanted.terms
    exclude = list(several("exclude", wanted.exclude))
    size = max(1, min(MAX_USERS, MAX_LINES // max(1, wanted.count)))
    for start in range(0, len(people), size):
        some = people[start : start + size]
        request = built(
            pb.BatchRecommendRequest,
            user_ids=some,
            deployment=wanted.deployment,
            count=wanted.count,
            include_seen=wanted.include_seen,
            reason_count=wanted.reasons,
            filter=filter_to_wire(terms.filter),
            exclude_item_ids=exclude,
            diversity=terms.diversity,
            seed=None if terms.seed is None else terms.seed + start,
        )
        read = partial(_many, some)
        yield Unary("RecommendationService/BatchRecommend", request, pb.BatchRecommendResponse, read)


def similar_items(item_id: str, wanted: Wanted) -> Unary[pb.ListSimilarItemsResponse, SimilarItems]:
    request = built(
        pb.ListSimilarItemsRequest,
        item_id=item_id,
        deployment=wanted.deployment,
        count=wanted.count,
        filter=filter_to_wire(wanted.terms.filter),
        exclude_item_ids=list(several("exclude", wanted.exclude)),
    )
    read = partial(_similar, item_id)
    return Unary("RecommendationService/ListSimilarItems", request, pb.ListSimilarItemsResponse, read)


def predict_ratings(
    user_id: str, item_ids: Iterable[str], deployment: str
) -> Unary[pb.PredictRatingsResponse, PredictedRatings]:
    items = list(several("item_ids", item_ids))
    request = built(pb.PredictRatingsRequest, user_id=user_id, item_ids=items, deployment=deployment)
    read = partial(_predicted, user_id, items)
    return Unary("RecommendationService/PredictRatings", request, pb.PredictRatingsResponse, read)


def get_decision(decision_id: str, recompute: bool) -> Unary[pb.GetDecisionResponse, RecordedRecommendation]:
    request = built(pb.GetDecisionRequest, decision_id=decision_id, recompute=recompute)
    return Unary("RecommendationService/GetDecision", request, pb.GetDecisionResponse, _recorded)


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
        items=_lines(answer.items),
        nothing_matches=answer.nothing_matches,
        unknown_items=tuple(answer.unknown_item_ids),
        seed=answer.seed if answer.HasField("seed") else None,
        pending_events=answer.pending_event_count,
        diversity_basis=from_enum(
            pb.DiversityBasis.DESCRIPTOR, "DIVERSITY_BASIS_", answer.diversity_basis, DiversityBasis
        ),
    )


def _many(user_ids: list[str], answer: pb.BatchRecommendResponse) -> list[Recommendations]:
    return [_recommendations(user_id, one) for user_id, one in zip(user_ids, answer.results, strict=True)]


def _similar(item_id: str, answer: pb.ListSimilarItemsResponse) -> SimilarItems:
    return SimilarItems(
        item_id=item_id,
        deployment=answer.deployment,
        model_version=answer.model_version,
        log_position=answer.log_position,
        items=_lines(answer.items),
        nothing_matches=answer.nothing_matches,
        pending_events=answer.pending_event_count,
    )


def _predicted(user_id: str, items: list[str], answer: pb.PredictRatingsResponse) -> PredictedRatings:
    ratings = dict(zip(items, answer.ratings, strict=True))
    source = (answer.deployment, answer.model_version, answer.log_position)
    return PredictedRatings(user_id, *source, ratings, answer.pending_event_count)


def _recorded(answer: pb.GetDecisionResponse) -> RecordedRecommendation:
    asked, told = answer.request, answer.response
    return RecordedRecommendation(
        decision_id=told.decision_id,
        user_id=asked.user_id,
        time=from_timestamp(answer, "time"),
        deployment=told.deployment,
        answered_by=answer.answered_by,
        model_version=told.model_version,
        log_position=told.log_position,
        count=asked.count,
        items=_lines(told.items),
        exclude=tuple(asked.exclude_item_ids),
        include_seen=asked.include_seen,
        filter=filter_from_wire(asked.filter) if asked.HasField("filter") else None,
        history=history_from_wire(asked.history),
        session_start=from_timestamp(asked, "session_start_time"),
        diversity=asked.diversity,
        seed=asked.seed if asked.HasField("seed") else None,
        pending_events=told.pending_event_count,
        recomputation=_recomputation(answer.recomputation) if answer.HasField("recomputation") else None,
    )


def _recomputation(found: pb.Recomputation) -> Recomputation:
    outcome = from_enum(
        pb.RecomputationOutcome.DESCRIPTOR, "RECOMPUTATION_OUTCOME_", found.outcome, RecomputationOutcome
    )
    return Recomputation(outcome, found.explanation, _lines(found.items))


def _lines(lines: Iterable[pb.RecommendedItem]) -> tuple[RecommendedItem, ...]:
    return tuple(_line(rank, line) for rank, line in enumerate(lines, 1))


def _line(rank: int, line: pb.RecommendedItem) -> RecommendedItem:
    reasons = tuple(map(_reason, line.reasons))
    propensity = line.propensity if line.HasField("propensity") else None
    return RecommendedItem(line.item_id, line.score, reasons, rank, line.other_share, line.filled, propensity)


def _reason(reason: pb.Reason) -> Reason:
    kind = from_enum(pb.ReasonKind.DESCRIPTOR, "REASON_KIND_", reason.kind, ReasonKind)
    return Reason(kind, reason.item_id, reason.share, reason.people_count)
