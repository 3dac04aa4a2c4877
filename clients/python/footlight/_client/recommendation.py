"""What to show a person next, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from footlight._client.aio import AsyncCalls
from footlight._client.sync import SyncCalls
from footlight._wire import recommendation as wire
from footlight._wire.filtering import Terms
from footlight.types import (
    HistoryItem,
    ItemFilter,
    PredictedRatings,
    Recommendations,
    RecordedRecommendation,
    SimilarItems,
)


class RecommendationMethods(SyncCalls):
    """Recommend."""

    def recommend(
        self,
        user_id: str = "",
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        include_seen: bool = False,
        reasons: int = 2,
        filter: ItemFilter | None = None,
        history: Iterable[HistoryItem | str] | None = None,
        session_start: datetime | None = None,
        diversity: float = 0.0,
        seed: int | None = None,
        chooser: str = "",
        timeout: float | None = None,
    ) -> Recommendations:
        """Ranks items for a person. A person nobody knows gets what is popular, marked as `fallback`.

        Exactly `count` items come back whenever there are so many that satisfy the filter and are new to the person.

        Args:
            user_id: the person; left out where `history` is given.
            count: how many items, 1 to 1,000.
            deployment: which one answers; empty means the best that can.
            exclude: items that must not be in the answer.
            include_seen: whether items that the person has met may come back.
            reasons: how many reasons each item carries at most, 0 to 3; 0 is the fastest.
            filter: which items may come back; None means all that are available now.
            history: what a visitor without a name has met, in order, or with times; the answer goes by nothing else.
            session_start: only what the person did from then on counts.
            diversity: how much the items shall differ from each other, 0 to 1.
            seed: where all chance comes from; the answer says which it was, where chance played a part.
            chooser: an agent that chooses the deployment; what the person then does with an item is its reward.
            timeout: seconds.

        Raises:
            NotFound: there is no such deployment.
            InvalidArgument: names the field that cannot be, for instance an attribute that no item has.
            FailedPrecondition: the deployment was never trained.
        """
        terms = Terms(filter, history, session_start, diversity, seed, chooser)
        wanted = wire.Wanted(deployment, count, exclude, include_seen, reasons, terms)
        return self._run(wire.recommend(user_id, wanted), timeout)

    def recommend_batch(
        self,
        user_ids: Iterable[str],
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        include_seen: bool = False,
        reasons: int = 0,
        filter: ItemFilter | None = None,
        diversity: float = 0.0,
        seed: int | None = None,
        timeout: float | None = None,
    ) -> list[Recommendations]:
        """Ranks items for many people, each as `recommend` would, in the order asked. Large batches are split."""
        terms = Terms(filter, None, None, diversity, seed)
        calls = wire.recommend_batch(user_ids, wire.Wanted(deployment, count, exclude, include_seen, reasons, terms))
        return [answer for call in calls for answer in self._run(call, timeout)]

    def similar_items(
        self,
        item_id: str,
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        filter: ItemFilter | None = None,
        timeout: float | None = None,
    ) -> SimilarItems:
        """The items that the same people like. Raises NotFound, or FailedPrecondition where the engine has none."""
        wanted = wire.Wanted(deployment, count, exclude, terms=Terms(filter))
        return self._run(wire.similar_items(item_id, wanted), timeout)

    def predict_ratings(
        self, user_id: str, item_ids: Iterable[str], *, deployment: str = "", timeout: float | None = None
    ) -> PredictedRatings:
        """The ratings that a person would give, at most 1,000 at once. Raises NotFound for an unknown item, and
        FailedPrecondition, naming the engines that can, where the deployment's cannot."""
        return self._run(wire.predict_ratings(user_id, item_ids, deployment), timeout)

    def get_decision(
        self, decision_id: str, *, recompute: bool = False, timeout: float | None = None
    ) -> RecordedRecommendation:
        """A recommendation as it was answered; with `recompute` also computed anew, from the state as of then.

        Raises NotFound within the second that it takes to be written, and for good once its person was forgotten.
        """
        return self._run(wire.get_decision(decision_id, recompute), timeout)


class AsyncRecommendationMethods(AsyncCalls):
    """Recommend."""

    async def recommend(
        self,
        user_id: str = "",
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        include_seen: bool = False,
        reasons: int = 2,
        filter: ItemFilter | None = None,
        history: Iterable[HistoryItem | str] | None = None,
        session_start: datetime | None = None,
        diversity: float = 0.0,
        seed: int | None = None,
        chooser: str = "",
        timeout: float | None = None,
    ) -> Recommendations:
        terms = Terms(filter, history, session_start, diversity, seed, chooser)
        wanted = wire.Wanted(deployment, count, exclude, include_seen, reasons, terms)
        return await self._run(wire.recommend(user_id, wanted), timeout)

    async def recommend_batch(
        self,
        user_ids: Iterable[str],
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        include_seen: bool = False,
        reasons: int = 0,
        filter: ItemFilter | None = None,
        diversity: float = 0.0,
        seed: int | None = None,
        timeout: float | None = None,
    ) -> list[Recommendations]:
        terms = Terms(filter, None, None, diversity, seed)
        calls = wire.recommend_batch(user_ids, wire.Wanted(deployment, count, exclude, include_seen, reasons, terms))
        return [answer for call in calls for answer in await self._run(call, timeout)]

    async def similar_items(
        self,
        item_id: str,
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        filter: ItemFilter | None = None,
        timeout: float | None = None,
    ) -> SimilarItems:
        wanted = wire.Wanted(deployment, count, exclude, terms=Terms(filter))
        return await self._run(wire.similar_items(item_id, wanted), timeout)

    async def predict_ratings(
        self, user_id: str, item_ids: Iterable[str], *, deployment: str = "", timeout: float | None = None
    ) -> PredictedRatings:
        return await self._run(wire.predict_ratings(user_id, item_ids, deployment), timeout)

    async def get_decision(
        self, decision_id: str, *, recompute: bool = False, timeout: float | None = None
    ) -> RecordedRecommendation:
        return await self._run(wire.get_decision(decision_id, recompute), timeout)
