"""Answers of Recommend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class ReasonKind(StrEnum):
    """What sort of reason it is. `UNKNOWN` is one that a newer server knows and this client does not."""

    UNKNOWN = "unknown"
    BECAUSE_OF_ITEM = "because_of_item"
    SIMILAR_PEOPLE = "similar_people"
    POPULAR = "popular"


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
    """One line of an answer. Scores compare within one answer only; larger is better."""

    item_id: str
    score: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The answer for one person, best item first; iterating gives the items.

    `fallback` is true when the deployment does not know the person. `model_version` 0 means a state that follows the
    log and was never trained. The answer has seen every event up to `log_position`.
    """

    user_id: str
    decision_id: str
    deployment: str
    model_version: int
    log_position: int
    fallback: bool
    items: tuple[RecommendedItem, ...]

    def __iter__(self) -> Iterator[RecommendedItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class SimilarItems:
    """The items that the same people like, most similar first; iterating gives the items."""

    item_id: str
    deployment: str
    model_version: int
    log_position: int
    items: tuple[RecommendedItem, ...]

    def __iter__(self) -> Iterator[RecommendedItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
