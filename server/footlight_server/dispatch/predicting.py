"""Which ratings a person would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Recommender
from footlight_server.dispatch.abilities import cannot
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.recommender_host import FRESH_SECONDS, RecommenderHost
from footlight_server.dispatch.resolving import Resolver
from footlight_server.errors import FailedPrecondition, NotFound
from footlight_server.log.validation import check_id, check_size

MOST_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was predicted, and by whom."""

    deployment: str
    model_version: int
    log_position: int
    pending: int
    ratings: Sequence[float]


class Predicting:
    """Answers PredictRatings."""

    def __init__(self, deployments: Deployments, resolver: Resolver, policy: Policy) -> None:
        self._deployments = deployments
        self._resolver = resolver
        self._policy = policy

    async def predict(self, asking: Asking, user_id: str, item_ids: Sequence[str], deployment: str) -> Predicted:
        """Predict ratings, in the order of the items."""
        self._policy.check(asking, "read")
        check_id("user_id", user_id)
        check_size("item_ids", item_ids, MOST_ITEMS)
        question = self._resolver.people.ordinal(user_id), self._ordinals(item_ids)
        host = await self._deployments.awake(self._host(deployment).name)
        with host.admission.enter(asking):
            await host.fresh(FRESH_SECONDS)
            try:
                ratings = _checked(host.spec.name, await host.run(_predicted, question, asking.call), len(item_ids))
            except EngineFault as fault:
                if host.fault(fault):
                    raise
                raise host.care.down() from fault
            host.succeed()
        return Predicted(host.name, host.version, host.position, host.pending, ratings)

    def _ordinals(self, item_ids: Sequence[str]) -> NDArray[np.int32]:
        for index, item_id in enumerate(item_ids):
            check_id(f"item_ids[{index}]", item_id)
            if self._resolver.catalogue.ordinal(item_id) is None:
                raise NotFound("item", item_id)
        return np.array(self._resolver.catalogue.ordinals(item_ids), np.int32)

    def _host(self, deployment: str) -> RecommenderHost:
        if deployment:
            host = self._deployments.recommender(deployment)
            if not host.spec.can_predict:
                raise cannot(self._deployments.plugins, host.spec.name, "can_predict")
            return host
        able = [host for host in self._deployments.recommenders() if host.spec.can_predict]
        if not able:
            raise FailedPrecondition("no engine that is installed predicts ratings", "NOT_SUPPORTED")
        return max(able, key=lambda host: (host.able, host.spec.rank))


def _predicted(engine: Recommender, question: tuple[int, NDArray[np.int32]]) -> NDArray[np.float64]:
    return engine.predict(*question)


def _checked(engine: str, ratings: NDArray[np.float64], count: int) -> list[float]:
    found = np.asarray(ratings, np.float64)
    if found.shape != (count,) or not np.isfinite(found).all():
        raise EngineFault(f"engine {engine!r} predicted no {count} finite ratings: shape {found.shape}")
    return found.tolist()  # type: ignore[no-any-return]  # floats
