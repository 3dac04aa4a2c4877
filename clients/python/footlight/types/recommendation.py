"""Answers of Recommend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from footlight.types.filtering import HistoryItem, ItemFilter


class ReasonKind(StrEnum):
    """What sort of reason it is. `UNKNOWN` is one that a newer server knows and this client does not."""

    UNKNOWN = "unknown"
    BECAUSE_OF_ITEM = "because_of_item"
    SIMILAR_PEOPLE = "similar_people"
    POPULAR = "popular"
    SIMILAR_CONTENT = "similar_content"
    TRENDING = "trending"
    EXPLORATION = "exploration"
    NEWEST = "newest"


class DiversityBasis(StrEnum):
    """By what items were compared where diversity was asked for; `UNKNOWN` where it was not."""

    UNKNOWN = "unknown"
    CONTENT = "content"
    NEIGHBOURS = "neighbours"
    NONE = "none"


class RecomputationOutcome(StrEnum):
    """Whether a recommendation is the same when it is computed anew."""

    UNKNOWN = "unknown"
    SAME = "same"
    DIFFERENT = "different"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of the explanation of a score.

    `share` is the part of the score that comes from here, 0 to 1; 0 means that it was not computed.
    """

    kind: ReasonKind
    item_id: str = ""
    share: float = 0.0
    people_count: int = 0


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """One line of an answer. Scores compare within one answer only; larger is better.

    `rank` counts from 1. The shares of the `reasons` and `other_share` add up to 1 where shares were computed. A line that
    is `filled` was put in because the engine ranked fewer items than were asked for. `propensity` is the probability with
    which the item came to its place; None where chance played no part.
    """

    item_id: str
    score: float
    reasons: tuple[Reason, ...] = ()
    rank: int = 0
    other_share: float = 0.0
    filled: bool = False
    propensity: float | None = None


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The answer for one person, best item first; iterating gives the items.

    `fallback` is true when the deployment does not know the person. `model_version` 0 means a state that follows the
    log and was never trained. The answer has seen every event up to `log_position` but for `pending_events`, which the
    engine put off. `nothing_matches` says that no item satisfies the filter; `unknown_items` are those of the history that
    are not in the catalogue. `seed` is where chance came from, if it played a part.
    """

    user_id: str
    decision_id: str
    deployment: str
    model_version: int
    log_position: int
    fallback: bool
    items: tuple[RecommendedItem, ...]
    nothing_matches: bool = False
    unknown_items: tuple[str, ...] = ()
    seed: int | None = None
    pending_events: int = 0
    diversity_basis: DiversityBasis = DiversityBasis.UNKNOWN

    def __iter__(self) -> Iterator[RecommendedItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        known = ", the fallback" if self.fallback else ""
        return _table(f"for {self.user_id or 'a visitor'}, by {self.deployment}{known}", self.items)


@dataclass(frozen=True, slots=True)
class SimilarItems:
    """The items that the same people like, most similar first; iterating gives the items."""

    item_id: str
    deployment: str
    model_version: int
    log_position: int
    items: tuple[RecommendedItem, ...]
    nothing_matches: bool = False
    pending_events: int = 0

    def __iter__(self) -> Iterator[RecommendedItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        return _table(f"like {self.item_id}, by {self.deployment}", self.items)


@dataclass(frozen=True, slots=True)
class PredictedRatings:
    """The ratings that a person would give, by item."""

    user_id: str
    deployment: str
    model_version: int
    log_position: int
    ratings: Mapping[str, float]
    pending_events: int = 0

    def _repr_html_(self) -> str:
        from footlight._notebook.tables import table

        return table(f"for {self.user_id}, by {self.deployment}", ("item", "rating"), self.ratings.items())


@dataclass(frozen=True, slots=True)
class Recomputation:
    """A recommendation computed anew; `explanation` says why it is not the same where it is not."""

    outcome: RecomputationOutcome
    explanation: str
    items: tuple[RecommendedItem, ...]


@dataclass(frozen=True, slots=True)
class RecordedRecommendation:
    """A recommendation as it was asked for and answered.

    `user_id` is empty for a visitor without a name. `answered_by` is the deployment whose engine ranked the items, which is
    the fallback where the one that was asked did not know the person. Scores are kept in single precision.
    """

    decision_id: str
    user_id: str
    time: datetime | None
    deployment: str
    answered_by: str
    model_version: int
    log_position: int
    count: int
    items: tuple[RecommendedItem, ...]
    exclude: tuple[str, ...] = ()
    include_seen: bool = False
    filter: ItemFilter | None = None
    history: tuple[HistoryItem, ...] = ()
    session_start: datetime | None = None
    diversity: float = 0.0
    seed: int | None = None
    pending_events: int = 0
    recomputation: Recomputation | None = None


def _table(caption: str, items: tuple[RecommendedItem, ...]) -> str:
    from footlight._notebook.tables import reason_text, table

    rows = ((one.rank, one.item_id, one.score, "; ".join(map(reason_text, one.reasons))) for one in items)
    return table(caption, ("", "item", "score", "why"), rows)
