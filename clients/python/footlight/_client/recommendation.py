"""What to show a person next, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

from collections.abc import Iterable

from footlight._client.aio import AsyncCalls
from footlight._client.sync import SyncCalls
from footlight._wire import recommendation as wire
from footlight.types import Recommendations, SimilarItems


class RecommendationMethods(SyncCalls):
    """Recommend."""

    def recommend(
        self,
        user_id: str,
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        include_seen: bool = False,
        reasons: int = 2,
        timeout: float | None = None,
    ) -> Recommendations:
        """Ranks items for a person. A person nobody knows gets what is popular, marked as `fallback`.

        Args:
            user_id: the person.
            count: how many items, 1 to 1,000.
            deployment: which one answers; empty means the best that can.
            exclude: items that must not be in the answer.
            include_seen: whether items that the person has met may come back.
            reasons: how many reasons each item carries at most, 0 to 3; 0 is the fastest.
            timeout: seconds.

        Raises:
            NotFound: there is no such deployment.
            FailedPrecondition: the deployment was never trained.
        """
        return self._run(wire.recommend(user_id, deployment, count, exclude, include_seen, reasons), timeout)

    def recommend_batch(
        self,
        user_ids: Iterable[str],
        count: int = 10,
        *,
        deployment: str = "",
        include_seen: bool = False,
        reasons: int = 0,
        timeout: float | None = None,
    ) -> list[Recommendations]:
        """Ranks items for many people, each as `recommend` would, in the order asked. Large batches are split."""
        calls = wire.recommend_batch(user_ids, deployment, count, include_seen, reasons)
        return [answer for call in calls for answer in self._run(call, timeout)]

    def similar_items(
        self, item_id: str, count: int = 10, *, deployment: str = "", timeout: float | None = None
    ) -> SimilarItems:
        """The items that the same people like. Raises NotFound, or FailedPrecondition where the engine has none."""
        return self._run(wire.similar_items(item_id, deployment, count), timeout)


class AsyncRecommendationMethods(AsyncCalls):
    """Recommend."""

    async def recommend(
        self,
        user_id: str,
        count: int = 10,
        *,
        deployment: str = "",
        exclude: Iterable[str] = (),
        include_seen: bool = False,
        reasons: int = 2,
        timeout: float | None = None,
    ) -> Recommendations:
        return await self._run(wire.recommend(user_id, deployment, count, exclude, include_seen, reasons), timeout)

    async def recommend_batch(
        self,
        user_ids: Iterable[str],
        count: int = 10,
        *,
        deployment: str = "",
        include_seen: bool = False,
        reasons: int = 0,
        timeout: float | None = None,
    ) -> list[Recommendations]:
        calls = wire.recommend_batch(user_ids, deployment, count, include_seen, reasons)
        return [answer for call in calls for answer in await self._run(call, timeout)]

    async def similar_items(
        self, item_id: str, count: int = 10, *, deployment: str = "", timeout: float | None = None
    ) -> SimilarItems:
        return await self._run(wire.similar_items(item_id, deployment, count), timeout)
